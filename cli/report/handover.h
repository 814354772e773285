// Allocations in the forms that other pruning tools take. docs/handover.md describes the forms.
#ifndef STRATA_CLI_REPORT_HANDOVER_H_
#define STRATA_CLI_REPORT_HANDOVER_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evaluator/evaluator.h"

namespace strata::cli {

// Sparsities by the names that transformers gives to the linears of a model, in the order in which
// PyTorch walks them: block by block, in the order query, key, value, output, gate, up, down. OPT's
// query comes after its value.
using ModuleSparsities = std::vector<std::pair<std::string, double>>;

// Returns the sparsities of an exported function or refined allocation. Errors: InvalidArgument for
// a family that docs/models.md does not have; DataLoss if a unit lacks a key.
absl::StatusOr<ModuleSparsities> ModuleSparsitiesOf(const nlohmann::ordered_json& exported);

// Returns the recipe, as YAML, of llm-compressor's modifier for the pruner of an exported function.
// Groups of M need one modifier for every n of n:M. Errors: InvalidArgument if llm-compressor lacks
// the pruner, or if nothing is pruned.
absl::StatusOr<std::string> LlmCompressorRecipe(const nlohmann::ordered_json& exported);

// Returns a NumPy file of float64 densities: one per block, or one per linear in walking order if
// the linears of a block differ. OWL's scripts turn each back into the exact sparsity. Errors:
// InvalidArgument for a sparsity of 0, in whose place these scripts prune 0.01.
absl::StatusOr<std::string> OwlDensities(const nlohmann::ordered_json& exported);

// Returns a JSON array with {"tensor_fqn", "sparsity_level"} for every linear, which `prepare` of
// torchao's sparsifiers takes.
absl::StatusOr<std::string> TorchAoConfiguration(const nlohmann::ordered_json& exported);

// Returns a JSON object with the sparsity of every linear: the `amount` of torch.nn.utils.prune.
absl::StatusOr<std::string> TorchAmounts(const nlohmann::ordered_json& exported);

// Levels of EvoPress (Sieberling et al. 2024, arXiv:2410.14649). Level l of a linear with n weights
// is the sparsity S + l D / n, with S the target sparsity and D = weights_diff.
struct EvoPressLevels {
  std::string text;  // a line "MODULE: LEVEL" for every linear
  double sparsity = 0;
  int64_t weights_diff = 0;
  int64_t num_levels = 0;     // on each side of level 0
  double largest_change = 0;  // of a linear's sparsity, from rounding to a level
};

// Rounds an exported allocation to levels with the nearest mean that levels can have. `model` is
// the model that the allocation is for. `weights_diff` is by default that of EvoPress's prune.py
// for 8 levels. Errors: InvalidArgument if the model is another one or `weights_diff` is below 1;
// FailedPrecondition if no levels have the mean.
absl::StatusOr<EvoPressLevels> EvoPressLevelsOf(const nlohmann::ordered_json& exported,
                                                const evaluator::ModelSummary& model,
                                                std::optional<int64_t> weights_diff);

}  // namespace strata::cli

#endif  // STRATA_CLI_REPORT_HANDOVER_H_
