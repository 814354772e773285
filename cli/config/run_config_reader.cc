#include "cli/config/run_config_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string_view>
#include <variant>

#include "expr/nearest_name.h"
#include "expr/shortened.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

const RunConfigOption* FindOption(const std::string& key) {
  for (const RunConfigOption& option : RunConfigOptions()) {
    if (option.key == key) return &option;
  }
  return nullptr;
}

const RenamedKey* FindRenamed(const std::string& name) {
  for (const RenamedKey& renamed : RenamedKeys()) {
    if (renamed.old_key == name) return &renamed;
  }
  return nullptr;
}

bool IsRemoved(const std::string& name) {
  return std::find(RemovedKeys().begin(), RemovedKeys().end(), name) != RemovedKeys().end();
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

std::vector<std::string_view> Sections() {
  std::vector<std::string_view> sections;
  for (const RunConfigOption& option : RunConfigOptions()) {
    const std::string_view key = option.key;
    const size_t dot = key.find('.');
    if (dot == std::string_view::npos) continue;
    if (sections.empty() || sections.back() != key.substr(0, dot)) {
      sections.push_back(key.substr(0, dot));
    }
  }
  return sections;
}

absl::Status UnknownSection(const std::string& where, const std::string& name) {
  return absl::InvalidArgumentError(
      fmt::format("{}: unknown section '{}'; the nearest known section is '{}'", where,
                  expr::Shortened(name), expr::NearestName(name, Sections())));
}

absl::Status UnknownKey(const std::string& where, const std::string& key) {
  // At the top level the name of a section may be meant.
  std::vector<std::string_view> known;
  if (key.find('.') == std::string::npos) known = Sections();
  for (const RunConfigOption& option : RunConfigOptions()) {
    // A key given without its section means that key, however far apart the spellings are.
    if (std::string_view(option.key).ends_with("." + key)) {
      known.assign(1, option.key);
      break;
    }
    known.emplace_back(option.key);
  }
  return absl::InvalidArgumentError(
      fmt::format("{}: unknown key '{}'; the nearest known key is '{}'", where,
                  expr::Shortened(key), expr::NearestName(key, known)));
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

// Returns "a, f(b, c)" and "[a, f(b, c)]" as {"a", "f(b, c)"}, and no names for a blank text.
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

// Returns "one", "one or two", "one, two or three".
std::string Alternatives(const Names& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    const bool is_last = i + 1 == names.size();
    text += fmt::format("{}{}", i == 0 ? "" : is_last ? " or " : ", ", names[i]);
  }
  return text;
}

// Returns an empty text, or what is wrong with the name: "A or B, found 'C', the nearest is 'B'".
std::string AssignName(const EnumMember& member, const std::string& text, RunConfig* config) {
  const Names names = member.names();
  const auto found = std::find(names.begin(), names.end(), text);
  if (found != names.end()) {
    member.set(static_cast<size_t>(found - names.begin()), config);
    return "";
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  return fmt::format("{}, found '{}', the nearest is '{}'", Alternatives(names),
                     expr::Shortened(text), expr::NearestName(text, known));
}

// Sets the value. Returns an empty text, or what was expected and found.
std::string AssignValue(const Member& option_member, const std::string& text, RunConfig* config) {
  return std::visit(
      [&](auto member) -> std::string {
        if constexpr (std::is_same_v<decltype(member), EnumMember>) {
          return AssignName(member, text, config);
        } else {
          auto& field = FieldOf(*config, member);
          using Value = std::remove_reference_t<decltype(field)>;
          const char* expected = nullptr;
          if constexpr (std::is_same_v<Value, std::string>) {
            field = text;
          } else if constexpr (std::is_same_v<Value, Names>) {
            field = SplitNames(text);
          } else if constexpr (std::is_same_v<Value, bool>) {
            if (text != "true" && text != "false") expected = "true or false";
            field = text == "true";
          } else if (!ParseNumber(text, &field)) {
            expected = std::is_floating_point_v<Value> ? "a number" : "a whole number";
          }
          return expected == nullptr
                     ? ""
                     : fmt::format("{}, found '{}'", expected, expr::Shortened(text));
        }
      },
      option_member);
}

std::string At(const std::string& origin, const YAML::Node& node) {
  return fmt::format("{}:{}", origin, node.Mark().line + 1);
}

// Returns a scalar as it is written, and a list as its elements with commas between.
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

}  // namespace

absl::StatusOr<const RunConfigOption*> RunConfigReader::OptionOf(const std::string& name,
                                                                 const std::string& where) {
  if (IsRemoved(name)) {
    if (writer_ == ConfigWriter::kProgram) return nullptr;
    return absl::InvalidArgumentError(fmt::format(
        "{}: '{}' was removed, because measurements showed that it is of no use: leave it out",
        where, name));
  }
  const RenamedKey* const renamed = FindRenamed(name);
  const std::string key = renamed == nullptr ? name : renamed->key;
  const RunConfigOption* const option = FindOption(key);
  if (option == nullptr) return UnknownKey(where, name);
  const auto [given, is_first] = given_names_.emplace(key, name);
  if (!is_first && given->second != name) {
    const auto first = config_->origins.find(key);
    return absl::InvalidArgumentError(fmt::format(
        "{}: '{}' and '{}' (at {}) are names of the same setting: expected '{}' alone", where, name,
        given->second, first == config_->origins.end() ? "default" : first->second, key));
  }
  if (renamed != nullptr && writer_ == ConfigWriter::kPerson) {
    fmt::print(stderr,
               "{}: '{}' is now called '{}'; the old name will not be read by the next version\n",
               where, name, key);
  }
  return option;
}

absl::Status RunConfigReader::Assign(const RunConfigOption& option, const std::string& text,
                                     const std::string& where) {
  const std::string wrong = AssignValue(option.member, text, config_);
  if (!wrong.empty()) {
    return absl::InvalidArgumentError(fmt::format("{}: '{}' must be {}", where, option.key, wrong));
  }
  config_->origins[option.key] = where;
  return absl::OkStatus();
}

absl::Status RunConfigReader::Set(const std::string& key, const std::string& text,
                                  const std::string& where) {
  STRATA_ASSIGN_OR_RETURN(const RunConfigOption* const option, OptionOf(key, where));
  return option == nullptr ? absl::OkStatus() : Assign(*option, text, where);
}

absl::Status RunConfigReader::ReadValue(const YAML::Node& value, const std::string& key,
                                        const std::string& where) {
  STRATA_ASSIGN_OR_RETURN(const RunConfigOption* const option, OptionOf(key, where));
  if (option == nullptr) return absl::OkStatus();
  const bool list = IsList(*option);
  if (!value.IsScalar() && !(list && value.IsSequence())) {
    return absl::InvalidArgumentError(fmt::format("{}: '{}' must be a {}, found a {}", where, key,
                                                  list ? "list of names" : "single value",
                                                  value.IsMap()        ? "section"
                                                  : value.IsSequence() ? "list"
                                                                       : "blank"));
  }
  if (const auto first = config_->origins.find(option->key); first != config_->origins.end()) {
    return absl::InvalidArgumentError(
        fmt::format("{}: '{}' is set twice (first at {})", where, key, first->second));
  }
  STRATA_ASSIGN_OR_RETURN(const std::string text, ScalarText(value, key, where));
  return Assign(*option, text, where);
}

absl::Status RunConfigReader::ReadNode(const YAML::Node& node, const std::string& prefix,
                                       const std::string& origin) {
  for (const auto& item : node) {
    const std::string key = prefix + item.first.as<std::string>();
    const std::string where = At(origin, item.first);
    if (prefix.empty() && item.second.IsMap() && !IsSection(key) && FindOption(key) == nullptr) {
      return UnknownSection(where, key);
    }
    if (!prefix.empty() || !IsSection(key)) {
      STRATA_RETURN_IF_ERROR(ReadValue(item.second, key, where));
    } else if (item.second.IsMap()) {
      STRATA_RETURN_IF_ERROR(ReadNode(item.second, key + ".", origin));
    } else {
      return absl::InvalidArgumentError(
          fmt::format("{}: '{}' must be a section with keys of its own", where, key));
    }
  }
  return absl::OkStatus();
}

absl::Status RunConfigReader::ReadYaml(const std::string& yaml, const std::string& origin) {
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
    return ReadNode(root, "", origin);
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(
        fmt::format("{}:{}: not valid YAML: {}", origin, error.mark.line + 1, error.msg));
  }
}

}  // namespace strata::cli
