#include "evaluator/files/json_field.h"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <sstream>

#include "evaluator/files/file_system.h"

namespace strata::evaluator {

absl::StatusOr<nlohmann::json> ReadJsonFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return FileStatus(errno, "open", path);
  std::stringstream contents;
  contents << file.rdbuf();
  try {
    return nlohmann::json::parse(contents.view());
  } catch (const nlohmann::json::exception& error) {
    return absl::InvalidArgumentError(fmt::format("{}: expected JSON: {}", path, ProblemOf(error)));
  }
}

std::string ProblemOf(const nlohmann::json::exception& error) {
  const std::string what = error.what();
  const size_t name_end = what.find("] ");
  return name_end == std::string::npos ? what : what.substr(name_end + 2);
}

absl::StatusOr<JsonField> JsonField::Member(const std::string& key) const {
  if (!value_->is_object()) return Expected("an object");
  const auto found = value_->find(key);
  if (found == value_->end()) return Expected(fmt::format("a field \"{}\"", key));
  return JsonField(&*found, file_, path_.empty() ? key : path_ + "." + key);
}

std::optional<JsonField> JsonField::Find(const std::string& key) const {
  if (!value_->is_object()) return std::nullopt;
  const auto found = value_->find(key);
  if (found == value_->end() || found->is_null()) return std::nullopt;
  return JsonField(&*found, file_, path_.empty() ? key : path_ + "." + key);
}

absl::StatusOr<std::string> JsonField::String() const {
  if (!value_->is_string()) return Expected("a string");
  return value_->get<std::string>();
}

absl::StatusOr<bool> JsonField::Bool() const {
  if (!value_->is_boolean()) return Expected("true or false");
  return value_->get<bool>();
}

absl::StatusOr<int64_t> JsonField::Integer() const {
  const bool fits = value_->is_number_integer() &&
                    (!value_->is_number_unsigned() ||
                     value_->get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()});
  if (!fits) return Expected("an integer");
  return value_->get<int64_t>();
}

absl::StatusOr<std::vector<JsonField>> JsonField::Items() const {
  if (!value_->is_array()) return Expected("an array");
  std::vector<JsonField> items;
  items.reserve(value_->size());
  for (const nlohmann::json& item : *value_) {
    items.push_back(JsonField(&item, file_, fmt::format("{}[{}]", path_, items.size())));
  }
  return items;
}

absl::StatusOr<bool> JsonField::BoolOr(const std::string& key, bool if_absent) const {
  const std::optional<JsonField> member = Find(key);
  if (!member.has_value()) return if_absent;
  return member->Bool();
}

absl::StatusOr<std::string> JsonField::StringOr(const std::string& key,
                                                const std::string& if_absent) const {
  const std::optional<JsonField> member = Find(key);
  if (!member.has_value()) return if_absent;
  return member->String();
}

absl::Status JsonField::Expected(const std::string& what) const {
  constexpr size_t kMostCharacters = 60;
  std::string found = value_->type_name();
  if (value_->is_primitive() && !value_->is_null()) {
    const std::string text = value_->dump(-1, ' ', /*ensure_ascii=*/true);
    found = text.size() > kMostCharacters ? text.substr(0, kMostCharacters) + "..." : text;
  }
  return absl::InvalidArgumentError(fmt::format("{} expected {}, found {}", Place(), what, found));
}

absl::Status JsonField::Unsupported(const std::string& what) const {
  return absl::UnimplementedError(fmt::format("{} {} is not supported", Place(), what));
}

}  // namespace strata::evaluator
