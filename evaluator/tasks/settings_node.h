// A mapping of a YAML file that knows where it stands, so that errors name file, line and key.
// Private to evaluator/tasks/.
#ifndef STRATA_EVALUATOR_TASKS_SETTINGS_NODE_H_
#define STRATA_EVALUATOR_TASKS_SETTINGS_NODE_H_

#include <absl/status/statusor.h>
#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strata::tasks {

class SettingsNode {
 public:
  // The one mapping that a file holds. NotFound; InvalidArgument for no YAML or another structure.
  static absl::StatusOr<SettingsNode> Load(const std::string& path);

  bool Has(const std::string& key) const;

  // InvalidArgument, naming the nearest known key, if there is another.
  absl::Status CheckKeys(std::vector<std::string_view> known) const;
  // InvalidArgument if there is one of these, which `what` does not have.
  absl::Status CheckAbsent(const std::vector<std::string>& keys, const std::string& what) const;

  // Of a value that may be absent, which leaves `value` as it is. A single text is a list of one.
  absl::Status Read(const std::string& key, std::string* value) const;
  absl::Status Read(const std::string& key, int64_t* value) const;
  absl::Status Read(const std::string& key, bool* value) const;
  absl::Status Read(const std::string& key, std::vector<std::string>* value) const;

  template <typename Value>
  absl::Status ReadRequired(const std::string& key, Value* value) const {
    return Has(key) ? Read(key, value) : Expected(key, "a value", "nothing");
  }

  // The mappings of a list.
  absl::StatusOr<std::vector<SettingsNode>> List(const std::string& key) const;

  // InvalidArgument with the line of the key, or of this mapping.
  absl::Status Expected(const std::string& key, const std::string& what,
                        const std::string& found) const;
  absl::Status Refuse(const std::string& what) const;

 private:
  SettingsNode(YAML::Node node, std::string file)
      : node_(std::move(node)), file_(std::move(file)) {}
  template <typename Value>
  absl::Status ReadScalar(const std::string& key, const char* what, Value* value) const;

  YAML::Node node_;
  std::string file_;
};

}  // namespace strata::tasks

#endif  // STRATA_EVALUATOR_TASKS_SETTINGS_NODE_H_
