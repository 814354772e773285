#include "cli/feature_sources.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>
#include <variant>

#include "cli/run/stored_session.h"
#include "cli/shared/command.h"
#include "evaluator/measurement/model_evaluator.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "expr/status_macros.h"
#include "search/store/run_store.h"
#include "search/work_contexts.h"

namespace strata::cli {
namespace {

// Replays a search to collect its features. The engine hands out its work items, and stored results
// answer them. Work items without a stored result stay unanswered, until the engine has nothing
// else to hand out.
absl::Status Replay(const search::RunStore& store, const search::SessionOptions& options,
                    const expr::UnitLayout& layout, expr::FeatureTable* table) {
  STRATA_ASSIGN_OR_RETURN(const auto engine, search::Engine::Create(options.engine, layout));
  for (;;) {
    const search::Action action = engine->Ask();
    const auto* item = std::get_if<search::WorkItem>(&action);
    if (item == nullptr) return absl::OkStatus();
    const auto* profile = std::get_if<search::ProfileWork>(&item->work);
    STRATA_ASSIGN_OR_RETURN(const auto outcome, store.FindOutcome(search::WorkDigest(
                                                    search::ContextOf(options, *item), *item)));
    if (!outcome.has_value()) continue;
    STRATA_RETURN_IF_ERROR(engine->Tell(item->id, *outcome));
    const auto* measured = std::get_if<search::ProfileOutcome>(&*outcome);
    if (measured == nullptr || profile->subject != 0) continue;
    for (size_t i = 0; i < profile->features.size(); ++i) {
      absl::Status status = table->Add(profile->features[i], measured->values[i]);
      if (!status.ok()) return status;
    }
  }
}

}  // namespace

void AddMeasurementOptions(CLI::App* subcommand, FeatureMeasurement* measurement) {
  subcommand->add_option(
      "--text", measurement->text,
      fmt::format("Text for calibration: {}. A function that uses measured features needs it.",
                  evaluator::kDocumentsOfAText));
  subcommand
      ->add_option("--calibration-sequences", measurement->calibration.sequences,
                   "Number of calibration sequences on which features are measured.")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  subcommand
      ->add_option("--calibration-sequence-tokens", measurement->calibration.sequence_tokens,
                   "Tokens per calibration sequence.")
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
  STRATA_ASSIGN_OR_RETURN(const auto opened,
                          evaluator::OpenModelEvaluator(
                              {.model_path = measurement.model,
                               .text_path = measurement.text,
                               .threads = measurement.threads,
                               .residence = measurement.stream ? evaluator::Residence::kStream
                                                               : evaluator::Residence::kMemory}));
  STRATA_ASSIGN_OR_RETURN(const auto profile,
                          opened->MeasureFeatures({.calibration = measurement.calibration,
                                                   .granularity = granularity,
                                                   .features = features},
                                                  [](double) { return !InterruptRequested(); }));
  for (size_t i = 0; i < features.size(); ++i) {
    STRATA_RETURN_IF_ERROR(table.Add(features[i], profile.values[i]));
  }
  return table;
}

absl::StatusOr<RunFeatures> ReadRunFeatures(const std::string& folder) {
  STRATA_ASSIGN_OR_RETURN(const auto store, search::RunStore::OpenForReading(folder));
  STRATA_ASSIGN_OR_RETURN(auto stored, ReadStoredSession(*store, folder));
  RunFeatures run{std::move(stored.config), std::move(stored.unit_names),
                  expr::FeatureTable(std::move(stored.layout))};
  STRATA_RETURN_IF_ERROR(Replay(*store, stored.options, run.table.layout(), &run.table));
  return run;
}

}  // namespace strata::cli
