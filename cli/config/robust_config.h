// The keys of `robust`: further models, texts and target sparsities of a search, and the scenarios
// that they make.
#ifndef STRATA_CLI_CONFIG_ROBUST_CONFIG_H_
#define STRATA_CLI_CONFIG_ROBUST_CONFIG_H_

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "cli/config/run_config.h"
#include "search/engine/scenario.h"

namespace strata::cli {

// A model with a text that calibrates and measures it.
struct SubjectPaths {
  std::string model, text;
};

// Every model with every text, the run's own first, models in the outer order.
std::vector<SubjectPaths> SubjectsOf(const RunConfig& config);

// The target sparsity, then robust.sparsities. InvalidArgument names what is no number.
absl::StatusOr<std::vector<double>> TargetSparsitiesOf(const RunConfig& config);

// Subjects with every sparsity, subjects in the outer order: the rule of RobustOptions::further,
// which leaves the first out. `further_layouts` are those of subjects 1, 2, ....
absl::StatusOr<search::RobustOptions> RobustOptionsOf(
    const RunConfig& config, const std::vector<expr::UnitLayout>& further_layouts);

// "model, text, 0.7" for each scenario, with the parts that do not vary left out; empty for a
// search of one.
std::vector<std::string> ScenarioNames(const RunConfig& config);

// InvalidArgument names the key, what is expected and what was found.
absl::Status CheckRobust(const RunConfig& config);

}  // namespace strata::cli

#endif  // STRATA_CLI_CONFIG_ROBUST_CONFIG_H_
