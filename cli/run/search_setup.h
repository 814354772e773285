// Everything a search needs before its first work item: configuration, model, text, storage.
#ifndef STRATA_CLI_RUN_SEARCH_SETUP_H_
#define STRATA_CLI_RUN_SEARCH_SETUP_H_

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/config/run_config.h"
#include "cli/config/run_tasks.h"
#include "cli/run/continued_config.h"
#include "evaluator/evaluator.h"
#include "search/session.h"
#include "search/store/run_store.h"
#include "workers/wire/measurement_plan.h"

namespace strata::cli {

// Property of a run's store: the digest of its level database's key. Empty or absent without one.
inline constexpr char kLevelsProperty[] = "levels";

// Property of a run's store: a JSON array with the "model" and "text_digest" of every subject
// except the first (RobustOptions).
inline constexpr char kFurtherSubjectsProperty[] = "further_subjects";

// A model with a text that calibrates and measures it.
struct Subject {
  evaluator::ModelSummary model;
  std::string text_digest;
};

struct SearchSetup {
  RunConfig config;  // effective: `auto` values resolved
  evaluator::ModelSummary model;
  std::string text_digest;
  RunTasks tasks;
  std::vector<Subject> further_subjects;
  workers::MeasurementPlan plan;
  std::unique_ptr<search::RunStore> store;
  std::unique_ptr<search::Session> session;
  // The session calls this function with every commit. It may be set at any time, and may be null.
  std::shared_ptr<std::function<void(const search::RunChanges&)>> on_commit;
  bool search_has_ended = false;  // ended in an earlier sitting; only verification may be left
};

// Reads the model's header, tokenises the text and checks that every split is long enough. Then
// creates the run folder, or opens it to continue. Creates nothing if the input is bad. If a run is
// continued, `config` needs to hold only its folder and the changes (ContinuedConfig).
absl::StatusOr<SearchSetup> PrepareSearch(RunConfig config, Continuation continuation);

// Makes the checks of PrepareSearch without a run: store and session stay null. Sets `engine` to
// the options that the search would be made with, warm start included.
absl::StatusOr<SearchSetup> CheckSearch(const RunConfig& config, search::EngineOptions* engine);

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_SEARCH_SETUP_H_
