// JSON as it is printed and stored.
#ifndef STRATA_CLI_JSON_TEXT_H_
#define STRATA_CLI_JSON_TEXT_H_

#include <nlohmann/json.hpp>
#include <string>

namespace strata::cli {

// Indented, with a final newline; bytes that are not UTF-8 (a path can hold them) are replaced,
// since JSON cannot carry them.
std::string JsonText(const nlohmann::ordered_json& json);

// The same to standard output.
void PrintJson(const nlohmann::ordered_json& json);

}  // namespace strata::cli

#endif  // STRATA_CLI_JSON_TEXT_H_
