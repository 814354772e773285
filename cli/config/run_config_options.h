// Every setting of a run by its key: what it is called in a file, which member it fills, and what
// it means. Private to the configuration.
#ifndef STRATA_CLI_RUN_CONFIG_OPTIONS_H_
#define STRATA_CLI_RUN_CONFIG_OPTIONS_H_

#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "cli/config/run_config.h"

namespace strata::cli {

using Names = std::vector<std::string>;
using Variation = expr::VariationOptions;
using Surrogate = search::SurrogateOptions;
using Member =
    std::variant<std::string RunConfig::*, double RunConfig::*, int64_t RunConfig::*,
                 bool RunConfig::*, Names RunConfig::*, int Variation::*, double Variation::*,
                 Names Variation::*, int Surrogate::*, double Surrogate::*, bool Surrogate::*>;

template <typename Value>
const Value& FieldOf(const RunConfig& config, Value RunConfig::*member) {
  return config.*member;
}
template <typename Value>
const Value& FieldOf(const RunConfig& config, Value Variation::*member) {
  return config.variation.*member;
}
template <typename Value>
const Value& FieldOf(const RunConfig& config, Value Surrogate::*member) {
  return config.surrogate.*member;
}
template <typename Member>
auto& FieldOf(RunConfig& config, Member member) {
  using Value = std::remove_cvref_t<decltype(FieldOf(std::as_const(config), member))>;
  return const_cast<Value&>(FieldOf(std::as_const(config), member));
}

struct RunConfigOption {
  const char* key;
  Member member;
  const char* meaning;
};

// In the order in which they are listed. Sections nest one level: "fitness.windows" is the key
// `windows` under `fitness`.
std::span<const RunConfigOption> RunConfigOptions();

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_CONFIG_OPTIONS_H_
