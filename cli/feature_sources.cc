#include "cli/feature_sources.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "cli/command.h"
#include "cli/search_setup.h"
#include "evaluator/model_evaluator.h"
#include "search/run_store.h"
#include "search/task_digest.h"

namespace strata::cli {
namespace {

using Json = nlohmann::json;

absl::StatusOr<std::string> RequiredProperty(const search::RunStore& store,
                                             const std::string& folder, const std::string& name) {
  auto value = store.Property(name);
  if (!value.ok()) return value.status();
  if (!value->has_value()) {
    return absl::NotFoundError(fmt::format("'{}' lacks the property '{}'", folder, name));
  }
  return **std::move(value);
}

absl::StatusOr<expr::UnitKind> KindOf(const std::string& name) {
  for (const expr::UnitKind kind :
       {expr::UnitKind::kBlock, expr::UnitKind::kAttention, expr::UnitKind::kFeedForward}) {
    if (expr::UnitKindName(kind) == name) return kind;
  }
  return absl::InvalidArgumentError(fmt::format("unknown kind of unit '{}'", name));
}

struct NamedLayout {
  std::vector<std::string> names;
  expr::UnitLayout layout;
};

// The units of the stored description of the model.
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
    const auto kind = KindOf(unit["kind"].get<std::string>());
    if (!kind.ok()) return kind.status();
    named.names.push_back(unit["name"].get<std::string>());
    named.layout.push_back({unit["parameters"].get<int64_t>(), unit["block"].get<int>(), *kind,
                            unit["fan"].get<int64_t>()});
  }
  if (absl::Status status = expr::ValidateLayout(named.layout); !status.ok()) return status;
  if (named.layout.empty()) return absl::DataLossError("the stored model has no units");
  return named;
}

// Asks the engine for its tasks, answers them from the store, and keeps the features on the way.
// Tasks without a stored result stay unanswered, until nothing else is left to ask.
absl::Status Replay(const search::RunStore& store, const search::SessionOptions& options,
                    const expr::UnitLayout& layout, expr::FeatureTable* table) {
  const auto engine = search::Engine::Create(options.engine, layout);
  if (!engine.ok()) return engine.status();
  for (;;) {
    const search::Action action = (*engine)->Ask();
    const auto* task = std::get_if<search::Task>(&action);
    if (task == nullptr) return absl::OkStatus();
    const auto* profile = std::get_if<search::ProfileTask>(&task->work);
    const auto outcome = store.FindOutcome(search::TaskDigest(
        profile != nullptr ? options.profile_context : options.search_context, *task));
    if (!outcome.ok()) return outcome.status();
    if (!outcome->has_value()) continue;
    if (absl::Status status = (*engine)->Tell(task->id, **outcome); !status.ok()) return status;
    const auto* measured = std::get_if<search::ProfileOutcome>(&**outcome);
    for (size_t i = 0; measured != nullptr && i < profile->features.size(); ++i) {
      absl::Status status = table->Add(profile->features[i], measured->values[i]);
      if (!status.ok()) return status;
    }
  }
}

}  // namespace

void AddMeasurementOptions(CLI::App* subcommand, FeatureMeasurement* measurement) {
  subcommand->add_option("--text", measurement->text,
                         "text file or folder for calibration; needed where a function needs "
                         "measured features");
  subcommand
      ->add_option("--calibration-sequences", measurement->calibration.sequences,
                   "sequences to measure features on")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  subcommand
      ->add_option("--calibration-sequence-tokens", measurement->calibration.sequence_tokens,
                   "tokens of a sequence")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  AddStreamOption(subcommand, &measurement->stream);
  AddThreadsOption(subcommand, &measurement->threads);
}

absl::StatusOr<expr::FeatureTable> MeasureFeatureTable(const FeatureMeasurement& measurement,
                                                       const evaluator::ModelSummary& model,
                                                       evaluator::Granularity granularity,
                                                       const std::vector<std::string>& features) {
  expr::FeatureTable table(evaluator::LayoutOf(model, granularity));
  if (features.empty()) return table;
  if (measurement.text.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("the function needs {}, measured on a text: name one with --text",
                    fmt::join(features, ", ")));
  }
  WatchForInterrupt();
  fmt::print(stderr, "measuring {} on {} sequences of {} tokens\n", fmt::join(features, ", "),
             measurement.calibration.sequences, measurement.calibration.sequence_tokens);
  const auto opened = evaluator::OpenModelEvaluator(
      {.model_path = measurement.model,
       .text_path = measurement.text,
       .threads = measurement.threads,
       .residence =
           measurement.stream ? evaluator::Residence::kStream : evaluator::Residence::kMemory});
  if (!opened.ok()) return opened.status();
  const auto profile = (*opened)->MeasureFeatures(
      {.calibration = measurement.calibration, .granularity = granularity, .features = features},
      [](double) { return !InterruptRequested(); });
  if (!profile.ok()) return profile.status();
  for (size_t i = 0; i < features.size(); ++i) {
    if (absl::Status status = table.Add(features[i], profile->values[i]); !status.ok()) {
      return status;
    }
  }
  return table;
}

absl::StatusOr<RunFeatures> ReadRunFeatures(const std::string& folder) {
  const auto store = search::RunStore::OpenForReading(folder);
  if (!store.ok()) return store.status();
  const auto yaml = RequiredProperty(**store, folder, search::kConfigProperty);
  if (!yaml.ok()) return yaml.status();
  const auto model = RequiredProperty(**store, folder, "model");
  if (!model.ok()) return model.status();
  const auto text_digest = RequiredProperty(**store, folder, "text_digest");
  if (!text_digest.ok()) return text_digest.status();
  auto config = RunConfigFromYaml(*yaml, folder + "/config");
  if (!config.ok()) return config.status();
  auto plan = MeasurementPlanOf(*config);
  if (!plan.ok()) return plan.status();
  auto levels = (*store)->Property(kLevelsProperty);
  if (!levels.ok()) return levels.status();
  plan->search.levels = levels->value_or("");
  const Json description = Json::parse(*model, nullptr, /*allow_exceptions=*/false);
  auto units = UnitsOfModelProperty(description);
  if (!units.ok()) {
    return absl::Status(units.status().code(),
                        fmt::format("'{}': {}", folder, std::string(units.status().message())));
  }
  auto engine = EngineOptionsOf(*config, units->layout);
  if (!engine.ok()) return engine.status();
  search::SessionOptions options;
  options.engine = *std::move(engine);
  workers::FillContexts(*plan, description.value("digest", ""), *text_digest, &options);
  RunFeatures run{*std::move(config), std::move(units->names),
                  expr::FeatureTable(std::move(units->layout))};
  if (absl::Status status = Replay(**store, options, run.table.layout(), &run.table);
      !status.ok()) {
    return status;
  }
  return run;
}

}  // namespace strata::cli
