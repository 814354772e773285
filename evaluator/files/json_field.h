// A value of a JSON file that knows its place, so that errors name the file and the field.
#ifndef STRATA_EVALUATOR_FILES_JSON_FIELD_H_
#define STRATA_EVALUATOR_FILES_JSON_FIELD_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace strata::evaluator {

// Reads and parses a JSON file. Memory is proportional to the file, and nested values take no
// stack. Errors: those of FileStatus; InvalidArgument with the message and position of the parser.
absl::StatusOr<nlohmann::json> ReadJsonFile(const std::string& path);

// Returns what the library says about text that is no JSON, without its own name for the error.
std::string ProblemOf(const nlohmann::json::exception& error);

// A view of a JSON value, valid while that value lives. Errors are InvalidArgument with a message
// "FILE: FIELD: expected ..., found ...".
class JsonField {
 public:
  JsonField(const nlohmann::json& value, std::string file) : JsonField(&value, file + ":", "") {}

  const nlohmann::json& value() const { return *value_; }

  // Returns a member, which must exist.
  absl::StatusOr<JsonField> Member(const std::string& key) const;
  // Returns a member; nullopt if it is absent or null, or if this is not an object.
  std::optional<JsonField> Find(const std::string& key) const;

  absl::StatusOr<std::string> String() const;
  absl::StatusOr<bool> Bool() const;
  absl::StatusOr<int64_t> Integer() const;
  absl::StatusOr<std::vector<JsonField>> Items() const;  // the items of an array

  // Return the value of a member; `if_absent` if it is absent or null.
  absl::StatusOr<bool> BoolOr(const std::string& key, bool if_absent) const;
  absl::StatusOr<std::string> StringOr(const std::string& key, const std::string& if_absent) const;

  absl::Status Expected(const std::string& what) const;
  absl::Status Unsupported(const std::string& what) const;  // an Unimplemented error

 private:
  JsonField(const nlohmann::json* value, std::string file, std::string path)
      : value_(value), file_(std::move(file)), path_(std::move(path)) {}
  std::string Place() const { return path_.empty() ? file_ : file_ + " " + path_ + ":"; }

  const nlohmann::json* value_;
  std::string file_;  // ends with a colon
  std::string path_;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FILES_JSON_FIELD_H_
