// Features for verbs that evaluate one function: measured on a model now, or taken from a run.
#ifndef STRATA_CLI_FEATURE_SOURCES_H_
#define STRATA_CLI_FEATURE_SOURCES_H_

#include <absl/status/statusor.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/config/run_config.h"
#include "evaluator/evaluator.h"
#include "expr/feature_table.h"

namespace strata::cli {

// Settings for the measurement of features on a model, in this process.
struct FeatureMeasurement {
  std::string model;  // Hugging Face directory or GGUF file
  std::string text;   // file or folder whose calibration split is read
  evaluator::Calibration calibration;
  int threads = 1;
  bool stream = false;  // read blocks from the file when they are needed
};

// Adds --text, --calibration-sequences, --calibration-sequence-tokens, --stream and --threads.
void AddMeasurementOptions(CLI::App* subcommand, FeatureMeasurement* measurement);

// Measures `features`, one value per unit. If there are no features, neither text nor weights are
// read. Errors: InvalidArgument if features are needed but no text is given; Cancelled after
// Ctrl-C.
absl::StatusOr<expr::FeatureTable> MeasureFeatureTable(const FeatureMeasurement& measurement,
                                                       const evaluator::ModelSummary& model,
                                                       evaluator::Granularity granularity,
                                                       const std::vector<std::string>& features);

// Features and units of a run's model, read from the run's store.
struct RunFeatures {
  RunConfig config;
  std::vector<std::string> unit_names;
  expr::FeatureTable table;  // every feature that the run measured
};

// Reads the features by replaying the search over its stored results, so a run made by another
// version of Strata has none. Errors: those of ReadRunReport; FailedPrecondition if the run does
// not hold the layout of its units.
absl::StatusOr<RunFeatures> ReadRunFeatures(const std::string& folder);

}  // namespace strata::cli

#endif  // STRATA_CLI_FEATURE_SOURCES_H_
