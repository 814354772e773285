#include "cli/feature_sources.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>
#include <variant>

#include "cli/run/stored_session.h"
#include "cli/shared/command.h"
#include "evaluator/measurement/model_evaluator.h"
#include "search/store/run_store.h"
#include "search/task_digest.h"

namespace strata::cli {
namespace {

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
    const auto outcome =
        store.FindOutcome(search::TaskDigest(search::ContextOf(options, *task), *task));
    if (!outcome.ok()) return outcome.status();
    if (!outcome->has_value()) continue;
    if (absl::Status status = (*engine)->Tell(task->id, **outcome); !status.ok()) return status;
    const auto* measured = std::get_if<search::ProfileOutcome>(&**outcome);
    if (measured == nullptr || profile->subject != 0) continue;
    for (size_t i = 0; i < profile->features.size(); ++i) {
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
  auto stored = ReadStoredSession(**store, folder);
  if (!stored.ok()) return stored.status();
  RunFeatures run{std::move(stored->config), std::move(stored->unit_names),
                  expr::FeatureTable(std::move(stored->layout))};
  if (absl::Status status = Replay(**store, stored->options, run.table.layout(), &run.table);
      !status.ok()) {
    return status;
  }
  return run;
}

}  // namespace strata::cli
