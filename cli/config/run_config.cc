#include "cli/config/run_config.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>
#include <variant>

#include "cli/config/bytes_budget.h"
#include "cli/config/evopress_config.h"
#include "cli/config/run_config_options.h"
#include "cli/config/run_config_reader.h"
#include "evaluator/names.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

// Relative to the weights of the other mutations, which are 1 to 3.
constexpr double kAdjustWeight = 2;

// Sets what was not given and depends on the units. Units finer than blocks differ in size, kind
// and fan, and can be adjusted within their block.
void UseGranularityDefaults(RunConfig* config) {
  if (config->granularity == evaluator::Granularity::kBlock) return;
  const std::string origin = "granularity " + NameOf(config->granularity);
  if (config->origins.emplace("variation.sources", origin).second) {
    config->variation.sources.insert(config->variation.sources.end(), {"size", "fan", "attention"});
    if (config->granularity == evaluator::Granularity::kLinear) {
      // It takes as long as dozens of evaluations on linears, and slopes say more.
      std::erase(config->variation.sources, "distortion");
      config->variation.sources.insert(config->variation.sources.end(),
                                       {"query", "key", "value", "output", "gate", "up", "down"});
    }
  }
  if (config->origins.emplace("variation.excluded", origin).second) {
    for (const char* name : {"kindminmax", "blockwise", "shift"}) {
      std::erase(config->variation.excluded, name);
    }
  }
  if (config->origins.emplace("variation.adjust_weight", origin).second) {
    config->variation.adjust_weight = kAdjustWeight;
  }
  if (config->granularity != evaluator::Granularity::kLinear) return;
  // Hundreds of sparsities are learned from slopes, and forecasts hold near what was measured only
  // (docs/search.md, "Slopes in the search").
  const auto set_default = [&](const char* key, auto* value, auto to) {
    if (config->origins.emplace(key, origin).second) *value = to;
  };
  set_default("search.descent_interval", &config->descent_interval, 8);
  set_default("surrogate.generations", &config->surrogate.generations, 3);
  set_default("surrogate.optimism", &config->surrogate.optimism, 0.0);
  set_default("surrogate.trust_radius", &config->surrogate.trust_radius, 0.05);
}

// Returns the meaning of a setting; for an enumeration without one, its names.
std::string MeaningOf(const RunConfigOption& option) {
  const auto* const member = std::get_if<EnumMember>(&option.member);
  if (member == nullptr || option.meaning[0] != '\0') return option.meaning;
  return fmt::format("{}", fmt::join(member->names(), " | "));
}

// True if YAML must not take the value for something other than a text.
bool IsQuoted(const RunConfigOption& option) {
  return std::visit(
      [](auto member) {
        using Type = decltype(member);
        return std::is_same_v<Type, EnumMember> || std::is_same_v<Type, std::string RunConfig::*> ||
               std::is_same_v<Type, Names RunConfig::*> || std::is_same_v<Type, Names Variation::*>;
      },
      option.member);
}

// Returns the text of a configuration file. Errors say which of these it is: missing, no file, not
// readable, or empty.
absl::StatusOr<std::string> ConfigText(const std::string& path) {
  const auto refused = [&](const std::string& what) {
    return absl::InvalidArgumentError(fmt::format("configuration '{}': {}", path, what));
  };
  std::error_code error;
  const auto type = std::filesystem::status(path, error).type();
  if (type == std::filesystem::file_type::not_found) {
    return absl::NotFoundError(fmt::format("configuration '{}': there is no such file", path));
  }
  if (type == std::filesystem::file_type::directory) {
    return refused("expected a YAML file, found a folder");
  }
  std::ifstream file(path);
  if (!file.is_open()) {
    return absl::PermissionDeniedError(
        fmt::format("configuration '{}': {}", path, std::strerror(errno)));
  }
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (file.bad()) return refused("the file cannot be read to its end");
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    return refused("expected settings, KEY: VALUE, found an empty file");
  }
  return text;
}

}  // namespace

absl::StatusOr<RunConfig> RunConfigFromYaml(const std::string& yaml, const std::string& origin) {
  RunConfig config;
  STRATA_RETURN_IF_ERROR(RunConfigReader(ConfigWriter::kProgram, &config).ReadYaml(yaml, origin));
  return config;
}

absl::Status SetOption(const std::string& key, const std::string& text, const std::string& origin,
                       RunConfig* config) {
  return RunConfigReader(ConfigWriter::kPerson, config).Set(key, text, origin);
}

absl::StatusOr<RunConfig> LoadRunConfig(const std::string& path,
                                        const std::vector<std::string>& overrides) {
  RunConfig config;
  RunConfigReader reader(ConfigWriter::kPerson, &config);
  if (!path.empty()) {
    STRATA_ASSIGN_OR_RETURN(const auto text, ConfigText(path));
    STRATA_RETURN_IF_ERROR(reader.ReadYaml(text, path));
    if (config.origins.empty()) {
      return absl::InvalidArgumentError(fmt::format(
          "configuration '{}': expected settings, KEY: VALUE, found none, only comments or empty "
          "sections",
          path));
    }
  }
  for (const std::string& text : overrides) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos) {
      return absl::InvalidArgumentError(
          fmt::format("--set '{}': expected KEY=VALUE, e.g. search.seed=2", text));
    }
    STRATA_RETURN_IF_ERROR(reader.Set(text.substr(0, equals), text.substr(equals + 1), "--set"));
  }
  STRATA_RETURN_IF_ERROR(UseBytesShare(&config));
  UseEvoPressDefaults(&config);
  UseGranularityDefaults(&config);
  return config;
}

std::vector<ConfigEntry> DescribeRunConfig(const RunConfig& config) {
  std::vector<ConfigEntry> entries;
  for (const RunConfigOption& option : RunConfigOptions()) {
    const auto origin = config.origins.find(option.key);
    entries.push_back({option.key, ValueText(option, config),
                       origin == config.origins.end() ? "default" : origin->second,
                       MeaningOf(option), option.importance == Importance::kBasic});
  }
  return entries;
}

std::string RunConfigToYaml(const RunConfig& config) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  std::string section;
  for (const RunConfigOption& option : RunConfigOptions()) {
    std::string key = option.key;
    const size_t dot = key.find('.');
    const std::string wanted = dot == std::string::npos ? "" : key.substr(0, dot);
    if (wanted != section) {
      if (!section.empty()) out << YAML::EndMap;
      if (!wanted.empty()) out << YAML::Key << wanted << YAML::Value << YAML::BeginMap;
      section = wanted;
    }
    if (dot != std::string::npos) key = key.substr(dot + 1);
    out << YAML::Key << key << YAML::Value;
    if (IsQuoted(option)) out << YAML::DoubleQuoted;
    out << ValueText(option, config);
  }
  if (!section.empty()) out << YAML::EndMap;
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace strata::cli
