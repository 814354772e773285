#include "cli/shared/json_text.h"

#include <fmt/format.h>

namespace strata::cli {

std::string JsonText(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

void PrintJson(const nlohmann::ordered_json& json) { fmt::print("{}", JsonText(json)); }

}  // namespace strata::cli
