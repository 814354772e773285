#include "cli/config/run_config.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <utility>
#include <variant>

#include "cli/config/run_config_options.h"
#include "expr/nearest_name.h"

namespace strata::cli {
namespace {

const RunConfigOption* FindOption(const std::string& key) {
  for (const RunConfigOption& option : RunConfigOptions()) {
    if (option.key == key) return &option;
  }
  return nullptr;
}

bool IsList(const RunConfigOption& option) {
  return std::holds_alternative<Names RunConfig::*>(option.member) ||
         std::holds_alternative<Names Variation::*>(option.member);
}

bool IsSection(const std::string& name) {
  return std::any_of(RunConfigOptions().begin(), RunConfigOptions().end(),
                     [&](const RunConfigOption& option) {
                       return std::string_view(option.key).starts_with(name + ".");
                     });
}

absl::Status UnknownKey(const std::string& where, const std::string& key) {
  std::vector<std::string_view> known;
  for (const RunConfigOption& option : RunConfigOptions()) {
    // A key given without its section means that key, however far apart the spellings are.
    if (std::string_view(option.key).ends_with("." + key)) {
      known.assign(1, option.key);
      break;
    }
    known.emplace_back(option.key);
  }
  return absl::InvalidArgumentError(
      fmt::format("{}: unknown key '{}'; the nearest known key is '{}'", where, key,
                  expr::NearestName(key, known)));
}

template <typename Number>
bool ParseNumber(const std::string& text, Number* value) {
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && stopped == end;
}

std::string_view Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// "a, f(b, c)" and "[a, f(b, c)]" as {"a", "f(b, c)"}; no names for a blank text.
Names SplitNames(std::string_view text) {
  const bool bracketed = text.starts_with('[') && text.ends_with(']');
  if (bracketed) text = text.substr(1, text.size() - 2);
  Names names;
  size_t first = 0;
  int open = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size()) {
      open += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
      if (text[i] != ',' || open > 0) continue;
    }
    names.emplace_back(Trimmed(text.substr(first, i - first)));
    first = i + 1;
  }
  if (names.size() == 1 && names.front().empty()) names.clear();
  return names;
}

absl::Status Assign(const RunConfigOption& option, const std::string& text,
                    const std::string& where, RunConfig* config) {
  const auto wrong_type = [&](const char* expected) {
    return absl::InvalidArgumentError(
        fmt::format("{}: '{}' must be {}, found '{}'", where, option.key, expected, text));
  };
  const absl::Status status = std::visit(
      [&](auto member) -> absl::Status {
        auto& field = FieldOf(*config, member);
        using Value = std::remove_reference_t<decltype(field)>;
        if constexpr (std::is_same_v<Value, std::string>) {
          field = text;
        } else if constexpr (std::is_same_v<Value, Names>) {
          field = SplitNames(text);
        } else if constexpr (std::is_same_v<Value, bool>) {
          if (text != "true" && text != "false") return wrong_type("true or false");
          field = text == "true";
        } else if (!ParseNumber(text, &field)) {
          return wrong_type(std::is_floating_point_v<Value> ? "a number" : "a whole number");
        }
        return absl::OkStatus();
      },
      option.member);
  if (!status.ok()) return status;
  config->origins[option.key] = where;
  return absl::OkStatus();
}

std::string At(const std::string& origin, const YAML::Node& node) {
  return fmt::format("{}:{}", origin, node.Mark().line + 1);
}

std::string TextOf(const Names& names) { return fmt::format("{}", fmt::join(names, ", ")); }

template <typename Value>
std::string TextOf(const Value& value) {
  return fmt::format("{}", value);
}

// A scalar as written; a list as its elements with commas between.
absl::StatusOr<std::string> ScalarText(const YAML::Node& value, const std::string& key,
                                       const std::string& where) {
  if (value.IsScalar()) return value.Scalar();
  Names names;
  for (const auto& element : value) {
    if (!element.IsScalar() || SplitNames(element.Scalar()).size() > 1) {
      return absl::InvalidArgumentError(fmt::format(
          "{}: '{}' must be a list of names without commas outside parentheses", where, key));
    }
    names.push_back(element.Scalar());
  }
  return TextOf(names);
}

absl::Status ReadNode(const YAML::Node& node, const std::string& prefix, const std::string& origin,
                      RunConfig* config) {
  for (const auto& item : node) {
    const std::string key = prefix + item.first.as<std::string>();
    const std::string where = At(origin, item.first);
    if (IsSection(key) && prefix.empty()) {
      if (!item.second.IsMap()) {
        return absl::InvalidArgumentError(
            fmt::format("{}: '{}' must be a section with keys of its own", where, key));
      }
      if (absl::Status status = ReadNode(item.second, key + ".", origin, config); !status.ok()) {
        return status;
      }
      continue;
    }
    const RunConfigOption* option = FindOption(key);
    if (option == nullptr) return UnknownKey(where, key);
    const bool list = IsList(*option);
    if (!item.second.IsScalar() && !(list && item.second.IsSequence())) {
      return absl::InvalidArgumentError(fmt::format("{}: '{}' must be a {}, found a {}", where, key,
                                                    list ? "list of names" : "single value",
                                                    item.second.IsMap()        ? "section"
                                                    : item.second.IsSequence() ? "list"
                                                                               : "blank"));
    }
    if (config->origins.contains(key)) {
      return absl::InvalidArgumentError(
          fmt::format("{}: '{}' is set twice (first at {})", where, key, config->origins.at(key)));
    }
    const absl::StatusOr<std::string> text = ScalarText(item.second, key, where);
    if (!text.ok()) return text.status();
    if (absl::Status status = Assign(*option, *text, where, config); !status.ok()) return status;
  }
  return absl::OkStatus();
}

std::string ValueText(const RunConfigOption& option, const RunConfig& config) {
  return std::visit([&](auto member) { return TextOf(FieldOf(config, member)); }, option.member);
}

// Relative to the other mutations, which have 1 to 3.
constexpr double kRefineWeight = 2;

// Finer units than blocks differ in size, kind and fan, and have a block to be refined within.
void UseGranularityDefaults(RunConfig* config) {
  if (config->granularity == "block") return;
  const std::string origin = "granularity " + config->granularity;
  if (config->origins.emplace("variation.sources", origin).second) {
    config->variation.sources.insert(config->variation.sources.end(), {"size", "fan", "attention"});
    if (config->granularity == "linear") {
      config->variation.sources.insert(config->variation.sources.end(),
                                       {"query", "key", "value", "output", "gate", "up", "down"});
    }
  }
  if (config->origins.emplace("variation.excluded", origin).second) {
    for (const char* name : {"kindminmax", "blockwise", "shift"}) {
      std::erase(config->variation.excluded, name);
    }
  }
  if (config->origins.emplace("variation.refine_weight", origin).second) {
    config->variation.refine_weight = kRefineWeight;
  }
}

}  // namespace

absl::StatusOr<RunConfig> RunConfigFromYaml(const std::string& yaml, const std::string& origin) {
  RunConfig config;
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(yaml);
    if (documents.size() > 1) {
      return absl::InvalidArgumentError(fmt::format(
          "{}: expected one YAML document, found {} (separated by ---)", origin, documents.size()));
    }
    const YAML::Node root = documents.empty() ? YAML::Node() : documents.front();
    if (!root.IsNull() && !root.IsMap()) {
      return absl::InvalidArgumentError(
          fmt::format("{}: expected keys and values at the top level", origin));
    }
    if (absl::Status status = ReadNode(root, "", origin, &config); !status.ok()) return status;
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(
        fmt::format("{}:{}: not valid YAML: {}", origin, error.mark.line + 1, error.msg));
  }
  return config;
}

absl::Status SetOption(const std::string& key, const std::string& text, const std::string& origin,
                       RunConfig* config) {
  const RunConfigOption* option = FindOption(key);
  if (option == nullptr) return UnknownKey(origin, key);
  return Assign(*option, text, origin, config);
}

absl::StatusOr<RunConfig> LoadRunConfig(const std::string& path,
                                        const std::vector<std::string>& overrides) {
  absl::StatusOr<RunConfig> config = RunConfig();
  if (!path.empty()) {
    std::ifstream file(path);
    std::stringstream text;
    if (!file.is_open() || !(text << file.rdbuf())) {
      return absl::NotFoundError(fmt::format("cannot read the configuration '{}'", path));
    }
    config = RunConfigFromYaml(text.str(), path);
    if (!config.ok()) return config;
  }
  for (const std::string& text : overrides) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos) {
      return absl::InvalidArgumentError(
          fmt::format("--set '{}': expected KEY=VALUE, e.g. search.seed=2", text));
    }
    if (absl::Status status =
            SetOption(text.substr(0, equals), text.substr(equals + 1), "--set", &*config);
        !status.ok()) {
      return status;
    }
  }
  UseGranularityDefaults(&*config);
  return config;
}

std::vector<ConfigEntry> DescribeRunConfig(const RunConfig& config) {
  std::vector<ConfigEntry> entries;
  for (const RunConfigOption& option : RunConfigOptions()) {
    const auto origin = config.origins.find(option.key);
    entries.push_back({option.key, ValueText(option, config),
                       origin == config.origins.end() ? "default" : origin->second,
                       option.meaning});
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
    if (std::holds_alternative<std::string RunConfig::*>(option.member) || IsList(option)) {
      out << YAML::DoubleQuoted;
    }
    out << ValueText(option, config);
  }
  if (!section.empty()) out << YAML::EndMap;
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace strata::cli
