#include "cli/report/function_json.h"

#include <fmt/format.h>

#include "cli/config/run_config.h"
#include "cli/config/run_config_plan.h"
#include "cli/report/recipe.h"
#include "cli/report/run_report_output.h"
#include "evaluator/names.h"
#include "expr/expression_json.h"
#include "expr/status_macros.h"
#include "workers/wire/measurement_plan.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;

absl::StatusOr<std::string> RequiredProperty(const search::RunStore& store,
                                             const std::string& name) {
  STRATA_ASSIGN_OR_RETURN(const auto value, store.Property(name));
  if (!value.has_value()) {
    return absl::DataLossError(fmt::format("the run lacks the property '{}'", name));
  }
  return *value;
}

// Description of a run that every export contains.
struct RunDescription {
  Json settings;  // the recipe and the model
  Json units;
  RunMeasures measures;
  std::string fitness_protocol;
  Json exact_protocols;
};

absl::StatusOr<RunDescription> DescribeRun(const std::string& run_folder) {
  STRATA_ASSIGN_OR_RETURN(const auto store, search::RunStore::OpenForReading(run_folder));
  const auto yaml = RequiredProperty(*store, search::kConfigProperty);
  const auto model = RequiredProperty(*store, "model");
  if (!yaml.ok()) return yaml.status();
  if (!model.ok()) return model.status();
  STRATA_ASSIGN_OR_RETURN(const auto config, RunConfigFromYaml(*yaml, run_folder + "/config"));
  RunDescription run;
  Json described = Json::parse(*model, nullptr, /*allow_exceptions=*/false);
  if (!described.is_object() || !described["units"].is_array()) {
    return absl::DataLossError(
        fmt::format("'{}': the stored description of the model is damaged", run_folder));
  }
  run.units = std::move(described["units"]);
  described.erase("units");
  STRATA_ASSIGN_OR_RETURN(const auto text_digest, store->Property("text_digest"));
  run.settings = RecipeJson(RecipeOf(config, described, text_digest.value_or(""), run_folder));
  run.settings["model"] = std::move(described);
  run.measures = MeasuresOf(config);
  run.fitness_protocol = NameOf(config.fitness_protocol);
  run.exact_protocols = {{"selection_protocol", "sequential"}, {"report_protocol", "sequential"}};
  return run;
}

absl::StatusOr<Json> WithAllocation(Json json, const RunDescription& run,
                                    const expr::Allocation& allocation,
                                    const std::string& run_folder) {
  if (run.units.size() != allocation.size()) {
    return absl::DataLossError(
        fmt::format("'{}': the run names {} units but the allocation has {} sparsities", run_folder,
                    run.units.size(), allocation.size()));
  }
  json["allocation"] = Json::array();
  for (size_t i = 0; i < allocation.size(); ++i) {
    Json unit = run.units[i];
    unit["sparsity"] = allocation[i];
    json["allocation"].push_back(std::move(unit));
  }
  return json;
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
  Recipe recipe = applied.recipe;
  recipe.target_sparsity = applied.target.sparsity;
  recipe.minimum_sparsity = applied.target.minimum;
  recipe.maximum_sparsity = applied.target.maximum;
  recipe.granularity = evaluator::NameOf(applied.granularity);
  recipe.group = applied.target.group;
  json.update(RecipeJson(recipe));
  json["mean_sparsity"] = expr::MeanSparsity(applied.allocation, expr::ParametersOf(layout));
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
                                  {"fan", layout[i].fan}});
    Json& unit = json["allocation"].back();
    if (layout[i].role != expr::LinearRole::kNone) {
      unit["role"] = expr::LinearRoleName(layout[i].role);
    }
    unit["sparsity"] = applied.allocation[i];
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
  STRATA_ASSIGN_OR_RETURN(const auto run, DescribeRun(run_folder));
  Json json = expr::ExpressionJson(*expression);
  json["name"] = DisplayName(candidate);
  json["origin"] = {{"kind", candidate.lineage.origin},
                    {"candidate", candidate.id},
                    {"parents", candidate.lineage.parents}};
  json.update(run.settings);
  json["measured"] = ToJson(candidate, run.measures);
  json["measured"]["fitness_protocol"] = run.fitness_protocol;
  json["measured"].update(run.exact_protocols);
  return WithAllocation(std::move(json), run, candidate.allocation, run_folder);
}

absl::StatusOr<Json> RefinedJson(const RefinementReport& refinement,
                                 const std::string& run_folder) {
  STRATA_ASSIGN_OR_RETURN(const auto run, DescribeRun(run_folder));
  Json json;
  const Json refined = ToJson(refinement, run.measures.selection);
  json["name"] = refinement.candidate ? fmt::format("refined #{}", *refinement.candidate)
                                      : std::string("refined uniform");
  json["origin"] = {{"kind", "refinement"},
                    {"candidate", refined["candidate"]},
                    {"allocations_tried", refinement.tried}};
  json.update(run.settings);
  json["measured"] = refined["best"];
  json["measured"].update(run.exact_protocols);
  return WithAllocation(std::move(json), run, refinement.best.allocation, run_folder);
}

}  // namespace strata::cli
