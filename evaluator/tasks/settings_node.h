// A mapping of a YAML file together with its position, so that errors name file, line and key.
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
  // Loads a file that holds one mapping. Errors: those of evaluator::FileStatus; NotFound if
  // it is empty; InvalidArgument for invalid YAML or another structure.
  static absl::StatusOr<SettingsNode> Load(const std::string& path);

  bool Has(const std::string& key) const;

  // Errors: InvalidArgument, naming the nearest known key, for a key that is not in `known`.
  absl::Status CheckKeys(std::vector<std::string_view> known) const;
  // Errors: InvalidArgument for one of these keys, which `what` does not have.
  absl::Status CheckAbsent(const std::vector<std::string>& keys, const std::string& what) const;

  // Reads a value. An absent key leaves `value` as it is. A single text is read as a list of one.
  // Errors: InvalidArgument for a value of another type.
  absl::Status Read(const std::string& key, std::string* value) const;
  absl::Status Read(const std::string& key, int64_t* value) const;
  absl::Status Read(const std::string& key, bool* value) const;
  absl::Status Read(const std::string& key, std::vector<std::string>* value) const;

  template <typename Value>
  absl::Status ReadRequired(const std::string& key, Value* value) const {
    return Has(key) ? Read(key, value) : Expected(key, "a value", "nothing");
  }

  // Returns the mappings of a list.
  absl::StatusOr<std::vector<SettingsNode>> List(const std::string& key) const;

  // Return InvalidArgument with the line of the key if it is present, else of this mapping.
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
