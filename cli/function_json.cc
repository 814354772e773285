#include "cli/function_json.h"

#include <fmt/format.h>

#include "cli/run_config.h"
#include "cli/run_report.h"
#include "expr/expression_json.h"
#include "workers/measurement_plan.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;

absl::StatusOr<std::string> RequiredProperty(const search::RunStore& store,
                                             const std::string& name) {
  const auto value = store.Property(name);
  if (!value.ok()) return value.status();
  if (!value->has_value()) {
    return absl::DataLossError(fmt::format("the run lacks the property '{}'", name));
  }
  return **value;
}

}  // namespace

Json FunctionJson(const FunctionArgument& function) {
  Json json = expr::ExpressionJson(function.expression);
  json["name"] = function.name;
  json["origin"] = {{"kind", function.kind}};
  if (!function.source.empty()) json["origin"]["source"] = function.source;
  return json;
}

Json FunctionJson(const AppliedFunction& applied) {
  Json json = FunctionJson(applied.function);
  const expr::UnitLayout layout = evaluator::LayoutOf(applied.model, applied.granularity);
  const auto units = evaluator::UnitsOf(applied.model, applied.granularity);
  json["target_sparsity"] = applied.target.sparsity;
  json["bounds"] = {{"minimum", applied.target.minimum}, {"maximum", applied.target.maximum}};
  json["mean_sparsity"] = expr::MeanSparsity(applied.allocation, expr::ParametersOf(layout));
  json["granularity"] = workers::NameOf(applied.granularity);
  json["group"] = applied.target.group;
  json["model"] = {{"name", applied.model.name},
                   {"digest", applied.model.digest},
                   {"family", applied.model.family},
                   {"blocks", applied.model.blocks}};
  json["allocation"] = Json::array();
  for (size_t i = 0; i < units.size(); ++i) {
    json["allocation"].push_back({{"name", units[i].name},
                                  {"parameters", layout[i].parameters},
                                  {"block", layout[i].block},
                                  {"kind", expr::UnitKindName(layout[i].kind)},
                                  {"fan", layout[i].fan},
                                  {"sparsity", applied.allocation[i]}});
  }
  return json;
}

absl::StatusOr<Json> FunctionJson(const search::StoredCandidate& candidate,
                                  const std::string& run_folder) {
  const auto expression = expr::ParseExpression(candidate.text);
  if (!expression.ok()) {
    return absl::DataLossError(fmt::format("'{}': the expression of candidate {} is damaged: {}",
                                           run_folder, candidate.id,
                                           std::string(expression.status().message())));
  }
  const auto store = search::RunStore::OpenForReading(run_folder);
  if (!store.ok()) return store.status();
  const auto yaml = RequiredProperty(**store, search::kConfigProperty);
  const auto model = RequiredProperty(**store, "model");
  if (!yaml.ok()) return yaml.status();
  if (!model.ok()) return model.status();
  const auto config = RunConfigFromYaml(*yaml, run_folder + "/config");
  if (!config.ok()) return config.status();

  Json json = expr::ExpressionJson(*expression);
  json["name"] = DisplayName(candidate);
  json["origin"] = {{"kind", candidate.lineage.origin},
                    {"candidate", candidate.id},
                    {"parents", candidate.lineage.parents}};
  json["target_sparsity"] = config->target_sparsity;
  json["granularity"] = config->granularity;
  json["pruner"] = config->pruner;
  json["group"] = config->group;
  json["model"] = Json::parse(*model, nullptr, /*allow_exceptions=*/false);
  if (!json["model"].is_object() || !json["model"]["units"].is_array()) {
    return absl::DataLossError(
        fmt::format("'{}': the stored description of the model is damaged", run_folder));
  }
  json["measured"] = ToJson(candidate);
  json["measured"]["fitness_protocol"] = config->fitness_protocol;
  json["measured"]["selection_protocol"] = "sequential";
  json["measured"]["report_protocol"] = "sequential";

  const Json& units = json["model"]["units"];
  if (units.size() != candidate.allocation.size()) {
    return absl::DataLossError(
        fmt::format("the run names {} units but candidate {} has {} sparsities", units.size(),
                    candidate.id, candidate.allocation.size()));
  }
  json["allocation"] = Json::array();
  for (size_t i = 0; i < candidate.allocation.size(); ++i) {
    Json unit = units[i];
    unit["sparsity"] = candidate.allocation[i];
    json["allocation"].push_back(std::move(unit));
  }
  json["model"].erase("units");
  return json;
}

}  // namespace strata::cli
