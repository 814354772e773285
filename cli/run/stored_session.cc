#include "cli/run/stored_session.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "cli/config/run_config_plan.h"
#include "cli/config/run_tasks.h"
#include "cli/run/search_setup.h"
#include "cli/run/warm_start.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

using Json = nlohmann::json;

absl::StatusOr<std::string> RequiredProperty(const search::RunStore& store,
                                             const std::string& folder, const std::string& name) {
  STRATA_ASSIGN_OR_RETURN(auto value, store.Property(name));
  if (!value.has_value()) {
    return absl::NotFoundError(fmt::format("'{}' lacks the property '{}'", folder, name));
  }
  return *std::move(value);
}

absl::StatusOr<expr::UnitKind> KindOf(const std::string& name) {
  for (const expr::UnitKind kind :
       {expr::UnitKind::kBlock, expr::UnitKind::kAttention, expr::UnitKind::kFeedForward}) {
    if (expr::UnitKindName(kind) == name) return kind;
  }
  return absl::InvalidArgumentError(fmt::format("unknown kind of unit '{}'", name));
}

// Returns the role of a stored unit. A unit of more than one linear has none.
absl::StatusOr<expr::LinearRole> RoleOf(const Json& unit) {
  if (!unit.contains("role")) return expr::LinearRole::kNone;
  for (int role = 0; role < expr::kLinearRoles; ++role) {
    if (unit["role"] == expr::LinearRoleName(static_cast<expr::LinearRole>(role))) {
      return static_cast<expr::LinearRole>(role);
    }
  }
  return absl::InvalidArgumentError(
      fmt::format("unknown role of a linear {}", unit["role"].dump()));
}

struct NamedLayout {
  std::vector<std::string> names;
  expr::UnitLayout layout;
};

// Returns the units of the stored description of a model.
absl::StatusOr<NamedLayout> UnitsOfModelProperty(const Json& model) {
  if (!model.is_object() || !model.contains("units") || !model["units"].is_array()) {
    return absl::DataLossError("the stored description of the model is damaged");
  }
  NamedLayout named;
  for (const Json& unit : model["units"]) {
    const bool whole = unit.is_object() && unit.contains("name") && unit["name"].is_string() &&
                       unit.contains("parameters") && unit["parameters"].is_number_integer() &&
                       unit.contains("block") && unit["block"].is_number_integer() &&
                       unit.contains("kind") && unit["kind"].is_string() && unit.contains("fan") &&
                       unit["fan"].is_number_integer();
    if (!whole) {
      return absl::FailedPreconditionError(
          "the run does not say where its units lie: it was made by another version of Strata");
    }
    STRATA_ASSIGN_OR_RETURN(const auto kind, KindOf(unit["kind"].get<std::string>()));
    named.names.push_back(unit["name"].get<std::string>());
    STRATA_ASSIGN_OR_RETURN(const auto role, RoleOf(unit));
    named.layout.push_back({unit["parameters"].get<int64_t>(), unit["block"].get<int>(), kind,
                            unit["fan"].get<int64_t>(), role});
  }
  STRATA_RETURN_IF_ERROR(expr::ValidateLayout(named.layout));
  if (named.layout.empty()) return absl::DataLossError("the stored model has no units");
  return named;
}

// Reads the contexts and layouts of the run's subjects except the first.
absl::Status ReadFurtherSubjects(const search::RunStore& store,
                                 const workers::MeasurementPlan& plan,
                                 search::SessionOptions* options,
                                 std::vector<expr::UnitLayout>* layouts) {
  STRATA_ASSIGN_OR_RETURN(const auto text, store.Property(kFurtherSubjectsProperty));
  const Json subjects = Json::parse(text.value_or("[]"), nullptr, /*allow_exceptions=*/false);
  if (!subjects.is_array()) {
    return absl::DataLossError("the stored description of further models is damaged");
  }
  for (const Json& subject : subjects) {
    if (!subject.is_object() || !subject.contains("model") || !subject.contains("text_digest") ||
        !subject["text_digest"].is_string()) {
      return absl::DataLossError("the stored description of further models is damaged");
    }
    STRATA_ASSIGN_OR_RETURN(auto units, UnitsOfModelProperty(subject["model"]));
    layouts->push_back(std::move(units.layout));
    workers::FillContexts(plan, subject["model"].value("digest", ""),
                          subject["text_digest"].get<std::string>(),
                          &options->further_contexts.emplace_back());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<StoredSession> ReadStoredSession(const search::RunStore& store,
                                                const std::string& folder) {
  STRATA_ASSIGN_OR_RETURN(const auto yaml,
                          RequiredProperty(store, folder, search::kConfigProperty));
  STRATA_ASSIGN_OR_RETURN(const auto model, RequiredProperty(store, folder, "model"));
  STRATA_ASSIGN_OR_RETURN(const auto text_digest, RequiredProperty(store, folder, "text_digest"));
  STRATA_ASSIGN_OR_RETURN(auto config, RunConfigFromYaml(yaml, folder + "/config"));
  STRATA_ASSIGN_OR_RETURN(auto plan, MeasurementPlanOf(config));
  STRATA_ASSIGN_OR_RETURN(auto levels, store.Property(kLevelsProperty));
  plan.search.levels = levels.value_or("");
  STRATA_ASSIGN_OR_RETURN(const auto tasks_property, store.Property(kTasksProperty));
  STRATA_ASSIGN_OR_RETURN(const auto tasks, RunTasksFromJson(tasks_property.value_or("")));
  SetTasks(config, tasks.digest, &plan);
  const Json description = Json::parse(model, nullptr, /*allow_exceptions=*/false);
  auto units = UnitsOfModelProperty(description);
  if (!units.ok()) {
    return absl::Status(units.status().code(),
                        fmt::format("'{}': {}", folder, std::string(units.status().message())));
  }
  StoredSession stored;
  std::vector<expr::UnitLayout> further_layouts;
  if (absl::Status status = ReadFurtherSubjects(store, plan, &stored.options, &further_layouts);
      !status.ok()) {
    return absl::Status(status.code(),
                        fmt::format("'{}': {}", folder, std::string(status.message())));
  }
  STRATA_ASSIGN_OR_RETURN(auto engine, EngineOptionsOf(config, units->layout, further_layouts));
  STRATA_ASSIGN_OR_RETURN(auto warm_start, StoredWarmStart(store));
  stored.options.engine = std::move(engine);
  stored.options.engine.warm_start = std::move(warm_start);
  STRATA_ASSIGN_OR_RETURN(stored.options.refinement, RefinementOptionsOf(config));
  workers::FillContexts(plan, description.value("digest", ""), text_digest, &stored.options);
  stored.config = std::move(config);
  stored.unit_names = std::move(units->names);
  stored.layout = std::move(units->layout);
  return stored;
}

}  // namespace strata::cli
