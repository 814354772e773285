// A value of a JSON file that knows where it stands, so that errors name file and field. Private to
// evaluator/.
#ifndef STRATA_EVALUATOR_JSON_FIELD_H_
#define STRATA_EVALUATOR_JSON_FIELD_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace strata::evaluator {

// NotFound; InvalidArgument with the parser's message and place. Memory is proportional to the
// file, and nesting takes no stack.
absl::StatusOr<nlohmann::json> ReadJsonFile(const std::string& path);

// A view: valid while the JSON value is. Errors are InvalidArgument, as "FILE: FIELD: expected ...,
// found ...".
class JsonField {
 public:
  JsonField(const nlohmann::json& value, std::string file) : JsonField(&value, file + ":", "") {}

  const nlohmann::json& value() const { return *value_; }

  absl::StatusOr<JsonField> Member(const std::string& key) const;  // must be there
  // Nothing if absent, null, or this is no object.
  std::optional<JsonField> Find(const std::string& key) const;

  absl::StatusOr<std::string> String() const;
  absl::StatusOr<bool> Bool() const;
  absl::StatusOr<int64_t> Integer() const;
  absl::StatusOr<std::vector<JsonField>> Items() const;  // of an array

  // Of members that may be absent or null.
  absl::StatusOr<bool> BoolOr(const std::string& key, bool if_absent) const;
  absl::StatusOr<std::string> StringOr(const std::string& key, const std::string& if_absent) const;

  absl::Status Expected(const std::string& what) const;
  absl::Status Unsupported(const std::string& what) const;  // Unimplemented

 private:
  JsonField(const nlohmann::json* value, std::string file, std::string path)
      : value_(value), file_(std::move(file)), path_(std::move(path)) {}
  std::string Place() const { return path_.empty() ? file_ : file_ + " " + path_ + ":"; }

  const nlohmann::json* value_;
  std::string file_;  // with a colon
  std::string path_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_JSON_FIELD_H_
