#include "evaluator/tasks/settings_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>

#include "evaluator/files/file_system.h"
#include "expr/nearest_name.h"

namespace strata::tasks {
namespace {

// Returns a value as messages show it.
std::string TextOf(const YAML::Node& node) {
  if (node.IsNull()) return "nothing";
  if (node.IsSequence()) return "a list";
  if (node.IsMap()) return "a mapping";
  return fmt::format("'{}'", node.Scalar().substr(0, 80));
}

}  // namespace

absl::StatusOr<SettingsNode> SettingsNode::Load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return evaluator::FileStatus(errno, "open", path);
  std::stringstream text;
  if (!(text << file.rdbuf())) {
    return absl::NotFoundError(fmt::format("{}: the file cannot be read, or is empty", path));
  }
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text.str());
    if (documents.size() != 1 || !documents.front().IsMap()) {
      return absl::InvalidArgumentError(
          fmt::format("{}:1: expected keys and values in one YAML document", path));
    }
    return SettingsNode(documents.front(), path);
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(
        fmt::format("{}:{}: not valid YAML: {}", path, error.mark.line + 1, error.msg));
  }
}

bool SettingsNode::Has(const std::string& key) const { return node_[key].IsDefined(); }

absl::Status SettingsNode::CheckKeys(std::vector<std::string_view> known) const {
  for (const auto& entry : node_) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    return absl::InvalidArgumentError(
        fmt::format("{}:{}: unknown key '{}'; the nearest known key is '{}'", file_,
                    entry.first.Mark().line + 1, key, expr::NearestName(key, known)));
  }
  return absl::OkStatus();
}

absl::Status SettingsNode::CheckAbsent(const std::vector<std::string>& keys,
                                       const std::string& what) const {
  for (const std::string& key : keys) {
    if (Has(key)) return Expected(key, "no such key for " + what, TextOf(node_[key]));
  }
  return absl::OkStatus();
}

template <typename Value>
absl::Status SettingsNode::ReadScalar(const std::string& key, const char* what,
                                      Value* value) const {
  const YAML::Node node = node_[key];
  if (!node.IsDefined()) return absl::OkStatus();
  if (!node.IsScalar() || !YAML::convert<Value>::decode(node, *value)) {
    return Expected(key, what, TextOf(node));
  }
  return absl::OkStatus();
}

absl::Status SettingsNode::Read(const std::string& key, std::string* value) const {
  return ReadScalar(key, "a text", value);
}

absl::Status SettingsNode::Read(const std::string& key, int64_t* value) const {
  return ReadScalar(key, "a whole number", value);
}

absl::Status SettingsNode::Read(const std::string& key, bool* value) const {
  return ReadScalar(key, "true or false", value);
}

absl::Status SettingsNode::Read(const std::string& key, std::vector<std::string>* value) const {
  const YAML::Node node = node_[key];
  if (!node.IsDefined()) return absl::OkStatus();
  if (node.IsScalar()) {
    *value = {node.Scalar()};
    return absl::OkStatus();
  }
  if (!node.IsSequence()) return Expected(key, "a list of texts", TextOf(node));
  value->clear();
  for (const YAML::Node& text : node) {
    if (!text.IsScalar()) return Expected(key, "a list of texts", TextOf(text) + " in it");
    value->push_back(text.Scalar());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SettingsNode>> SettingsNode::List(const std::string& key) const {
  const YAML::Node node = node_[key];
  if (!node.IsDefined() || !node.IsSequence()) {
    return Expected(key, "a list of mappings", node.IsDefined() ? TextOf(node) : "nothing");
  }
  std::vector<SettingsNode> list;
  for (const YAML::Node& entry : node) {
    if (!entry.IsMap()) return Expected(key, "a list of mappings", TextOf(entry) + " in it");
    list.push_back(SettingsNode(entry, file_));
  }
  return list;
}

absl::Status SettingsNode::Expected(const std::string& key, const std::string& what,
                                    const std::string& found) const {
  const int line = Has(key) ? node_[key].Mark().line : node_.Mark().line;
  return absl::InvalidArgumentError(
      fmt::format("{}:{}: \"{}\": expected {}, found {}", file_, line + 1, key, what, found));
}

absl::Status SettingsNode::Refuse(const std::string& what) const {
  return absl::InvalidArgumentError(fmt::format("{}:{}: {}", file_, node_.Mark().line + 1, what));
}

}  // namespace strata::tasks
