// Everything a search needs before its first task: checked configuration, model, text, storage.
#ifndef STRATA_CLI_SEARCH_SETUP_H_
#define STRATA_CLI_SEARCH_SETUP_H_

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/config/run_config.h"
#include "cli/config/run_tasks.h"
#include "evaluator/evaluator.h"
#include "search/session.h"
#include "search/store/run_store.h"

namespace strata::cli {

// Property of a run's store: the digest of its level database's key; empty or absent without one.
inline constexpr char kLevelsProperty[] = "levels";

// Property of a run's store: a JSON array with the "model" and "text_digest" of each subject but
// the first (RobustOptions).
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
  // What the session calls with every commit; may be set at any time, null or not.
  std::shared_ptr<std::function<void(const search::RunChanges&)>> on_commit;
  bool search_has_ended = false;  // in an earlier sitting: only verification may be left
};

// Reads the model's header, tokenises the text and checks that every split is long enough, then
// creates the run folder, or opens it to go on. Nothing is created when the input is bad.
//   kNew      a run that is not there yet
//   kResume   a run that was cut off: same settings, same result
//   kExtend   also a run that is done: its budgets may change, and it goes on if they are not spent
enum class Continuation { kNew, kResume, kExtend };
absl::StatusOr<SearchSetup> PrepareSearch(RunConfig config, Continuation continuation);

// The checks of PrepareSearch without a run: store and session stay null. `engine` gets what the
// search would be made with, warm start included.
absl::StatusOr<SearchSetup> CheckSearch(const RunConfig& config, search::EngineOptions* engine);

// Keys that may differ between the configuration of a run and the one it goes on with.
bool MayChange(const std::string& key, Continuation continuation);

}  // namespace strata::cli

#endif  // STRATA_CLI_SEARCH_SETUP_H_
