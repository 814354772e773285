// The table of settings: key, member, allowed values, importance and meaning of each. Private to
// the configuration.
#ifndef STRATA_CLI_CONFIG_RUN_CONFIG_OPTIONS_H_
#define STRATA_CLI_CONFIG_RUN_CONFIG_OPTIONS_H_

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

// A member that is an enumeration.
struct EnumMember {
  Names (*names)();  // of its values
  std::string (*get)(const RunConfig& config);
  void (*set)(size_t index, RunConfig* config);  // to the value of that name
};

using Member =
    std::variant<EnumMember, std::string RunConfig::*, double RunConfig::*, int64_t RunConfig::*,
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

// What a value may be. An enumeration may have any of its names.
struct Anything {};
struct NotEmpty {};  // for texts
struct NumberRange {
  double minimum, maximum;
  bool excludes_minimum = false, excludes_maximum = false;
};
using Allowed = std::variant<Anything, NotEmpty, NumberRange>;

// The maximum of numbers that have no natural one. Messages leave it out.
inline constexpr double kMany = 1e9;

enum class Importance {
  kBasic,     // most people set it for their own search
  kAdvanced,  // `strata config` shows it only with --all, or if it was set
};

struct RunConfigOption {
  const char* key;
  Member member;
  Allowed allowed;
  Importance importance;
  const char* meaning;  // empty: the names of the enumeration
};

// Returns the table in the order in which settings are listed. Sections nest one level:
// "fitness.windows" is the key `windows` under `fitness`.
std::span<const RunConfigOption> RunConfigOptions();

// Returns the value as a configuration writes it; a list as its elements with commas between.
std::string ValueText(const RunConfigOption& option, const RunConfig& config);
std::string TextOf(const Names& names);

// A key that has another name in this version, and the new name. The next version does not read
// the old one.
struct RenamedKey {
  const char* old_key;
  const char* key;
};
std::span<const RenamedKey> RenamedKeys();

// Returns the keys of settings that no longer exist, because measurements showed that they are of
// no use.
std::span<const char* const> RemovedKeys();

}  // namespace strata::cli

#endif  // STRATA_CLI_CONFIG_RUN_CONFIG_OPTIONS_H_
