#include "cli/stored_allocation.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "expr/status_macros.h"
#include "workers/wire/measurement_plan.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;

absl::Status Refuse(const std::string& path, const std::string& what) {
  return absl::InvalidArgumentError(fmt::format("'{}': {}", path, what));
}

absl::StatusOr<StoredAllocation> FromNumbers(const Json& json, const std::string& path,
                                             const evaluator::ModelSummary& model,
                                             evaluator::Granularity granularity) {
  StoredAllocation stored;
  stored.granularity = granularity;
  for (const Json& number : json) {
    if (!number.is_number()) {
      return Refuse(path, fmt::format("expected an array of numbers, found {} at position {}",
                                      number.type_name(), stored.allocation.size()));
    }
    stored.allocation.push_back(number.get<double>());
  }
  const absl::Status status =
      evaluator::SparsityOfLinears(model, granularity, stored.allocation).status();
  if (!status.ok()) return Refuse(path, std::string(status.message()));
  return stored;
}

// Reads units with their names. The granularity is the one whose units have exactly these names.
absl::StatusOr<StoredAllocation> FromUnits(const Json& units, const std::string& path,
                                           const evaluator::ModelSummary& model) {
  StoredAllocation stored;
  std::vector<std::string> names;
  for (const Json& unit : units) {
    if (!unit.is_object() || !unit.contains("name") || !unit["name"].is_string() ||
        !unit.contains("sparsity") || !unit["sparsity"].is_number()) {
      return Refuse(path,
                    fmt::format("\"allocation\": expected {{\"name\": a text, \"sparsity\": a "
                                "number}} at position {}",
                                names.size()));
    }
    names.push_back(unit["name"].get<std::string>());
    stored.allocation.push_back(unit["sparsity"].get<double>());
  }
  for (const auto granularity : {evaluator::Granularity::kBlock, evaluator::Granularity::kKind,
                                 evaluator::Granularity::kLinear}) {
    const auto expected = evaluator::UnitsOf(model, granularity);
    bool same = expected.size() == names.size();
    for (size_t i = 0; same && i < names.size(); ++i) same = expected[i].name == names[i];
    if (!same) continue;
    stored.granularity = granularity;
    const absl::Status status =
        evaluator::SparsityOfLinears(model, granularity, stored.allocation).status();
    if (!status.ok()) return Refuse(path, std::string(status.message()));
    return stored;
  }
  return Refuse(path,
                fmt::format("\"allocation\": its {} units are neither the {} blocks of {} nor "
                            "their attention and feed-forward parts nor its {} linears",
                            names.size(), model.blocks, model.name, model.linears.size()));
}

bool IsForAnotherModel(const Json& json, const evaluator::ModelSummary& model) {
  const auto found = json.find("model");
  if (found == json.end() || !found->is_object()) return false;
  const auto digest = found->find("digest");
  return digest != found->end() && *digest != model.digest;
}

}  // namespace

absl::StatusOr<std::optional<StoredAllocation>> ReadStoredAllocation(
    const std::string& path, const evaluator::ModelSummary& model,
    evaluator::Granularity granularity) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) return Refuse(path, "the file cannot be read");
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_array()) {
    STRATA_ASSIGN_OR_RETURN(auto stored, FromNumbers(json, path, model, granularity));
    return stored;
  }
  if (!json.is_object()) {
    return Refuse(path, "expected a JSON array of sparsities or a function JSON");
  }
  const bool is_function = json.contains("expression");
  if (!json.contains("allocation")) {
    if (is_function) return std::nullopt;
    return Refuse(path, "expected \"allocation\" or \"expression\", found neither");
  }
  if (is_function && IsForAnotherModel(json, model)) return std::nullopt;
  if (!json["allocation"].is_array()) return Refuse(path, "\"allocation\": expected an array");
  STRATA_ASSIGN_OR_RETURN(auto stored, FromUnits(json["allocation"], path, model));
  if (is_function) {
    stored.function = json;
    stored.function.erase("allocation");
  }
  return stored;
}

}  // namespace strata::cli
