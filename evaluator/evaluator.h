// The seam between search and measurement: what a worker can compute, without LibTorch types.
//
// Both operations are pure functions of (model, text, request): results may be cached, retried and
// computed by any worker. An Evaluator is used by one thread at a time.
#ifndef STRATA_EVALUATOR_EVALUATOR_H_
#define STRATA_EVALUATOR_EVALUATOR_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "expr/unit_layout.h"

namespace strata::evaluator {

// What one number of an allocation governs: a transformer block, the attention or the feed-forward
// linears of a block, or a single linear layer.
enum class Granularity { kBlock, kKind, kLinear };

enum class Pruner { kMagnitude, kWanda, kRia, kSparseGpt };

// A pruner and where its zeros may lie.
struct PruningMethod {
  Pruner pruner = Pruner::kWanda;
  // 0: unstructured, of any sparsity. M: n zeros in every M neighbouring inputs of a row, where the
  // sparsity of the linear is n / M.
  int64_t group = 0;

  friend bool operator==(const PruningMethod&, const PruningMethod&) = default;
};

// One-shot: statistics from dense activations, all blocks pruned at once (cheap; a proxy).
// Refreshed: statistics from the activations of the model that one-shot gives, once (a proxy).
// Sequential: each pruned block feeds the next, as the reference implementations do (exact).
enum class Protocol { kOneShot, kRefreshed, kSequential };

enum class Arithmetic { kFloat32, kBFloat16 };

// Disjoint parts of the text. Report is for final numbers and used for nothing else.
enum class Split { kCalibration, kFitness, kReport };

struct LinearShape {
  std::string name;  // Hugging Face name within the block: "self_attn.q_proj"
  int block = 0;
  int64_t rows = 0;                                  // outputs
  int64_t columns = 0;                               // inputs
  expr::UnitKind kind = expr::UnitKind::kAttention;  // kAttention or kFeedForward
  expr::LinearRole role = expr::LinearRole::kNone;
};

struct ModelSummary {
  std::string name;
  std::string digest;  // SHA-256 of the weights file, hexadecimal
  std::string family;  // ModelFamily::name: "llama"
  int blocks = 0;
  std::vector<LinearShape>
      linears;  // prunable ones, block by block, in the order q k v o gate up down
};

// InvalidArgument, naming the first linear whose inputs groups of that many weights do not divide.
// 0 fits every model.
absl::Status CheckGroup(const ModelSummary& model, int64_t group);

// A unit: the linears, as indices into ModelSummary::linears, that share one sparsity.
struct UnitLinears {
  std::string name;  // block index, "BLOCK.attention", "BLOCK.feed-forward", or "BLOCK.LINEAR"
  std::vector<int> linears;
};

// The units of an allocation, in the order of their first linears.
std::vector<UnitLinears> UnitsOf(const ModelSummary& model, Granularity granularity);

// The sparsity of every linear of ModelSummary::linears, from one sparsity per unit.
// InvalidArgument for another number of units (named, first and last) or a sparsity outside [0, 1).
absl::StatusOr<std::vector<double>> SparsityOfLinears(const ModelSummary& model,
                                                      Granularity granularity,
                                                      const std::vector<double>& allocation);

// Sizes and places of the same units.
expr::UnitLayout LayoutOf(const ModelSummary& model, Granularity granularity);

struct Calibration {
  int64_t sequences = 8;
  int64_t sequence_tokens = 128;
};

struct Fidelity {
  Split split = Split::kFitness;
  int64_t windows = 8;
  int64_t window_tokens = 256;
  // Of all forward passes, those of the calibration sequences through pruned blocks included; dense
  // statistics and scores are float32. Only float32 is exact.
  Arithmetic arithmetic = Arithmetic::kFloat32;
  Protocol protocol = Protocol::kOneShot;
  // One-shot SparseGPT only: digest of the key of a level database, whose weights are taken in
  // place of solving for those of this allocation; empty: solved for.
  std::string levels = {};
  // Digest of the tasks that the pruned model answers besides, the first so many items of each
  // (0: all) in the half that `split` names; empty: none.
  std::string tasks = {};
  int64_t task_items = 0;
  // Above 0: Measurement::slopes are measured too, from masks of this much more and less sparsity
  // than the allocation has. Not with levels, tasks or the refreshed protocol.
  double slope_step = 0;
};

struct ProfileRequest {
  Calibration calibration;
  Granularity granularity = Granularity::kBlock;
  // Text forms as expr::RequiredFeatures gives them.
  std::vector<std::string> features;
};

struct Profile {
  std::vector<std::vector<double>> values;  // one vector per requested feature, one number per unit
  double seconds = 0;
};

struct EvaluateRequest {
  PruningMethod method;
  Calibration calibration;
  Granularity granularity = Granularity::kBlock;
  std::vector<double> allocation;  // sparsity per unit; empty measures the dense model
  Fidelity fidelity;
};

struct StageSeconds {
  double prune = 0;    // masks and weights, and in the sequential protocol the calibration passes
  double forward = 0;  // blocks of the model, all of the tasks, and what slopes need
  double loss = 0;     // head and cross-entropy
};

struct Measurement {
  std::vector<double> window_nll;  // mean negative log-likelihood per predicted token, per window
  double mean_nll = 0;  // mean over windows, summed in window order; perplexity = exp(mean_nll)
  int64_t tokens = 0;   // predicted tokens
  double achieved_sparsity = 0;  // zeros / prunable weights, counted
  // One less the mean accuracy over the tasks, where the request names them.
  std::optional<double> zero_shot_error = {};
  // Where the request asks for them, one per unit: derivative of mean_nll by the unit's sparsity.
  std::vector<double> slopes = {};
  StageSeconds seconds;
};

// Called now and then with the fraction done; returning false stops the work, which then returns
// Cancelled.
using Progress = std::function<bool(double fraction)>;

class Evaluator {
 public:
  virtual ~Evaluator() = default;
  virtual const ModelSummary& model() const = 0;
  virtual const std::string& text_digest() const = 0;
  virtual std::string tasks_digest() const { return ""; }  // empty: it has none

  // InvalidArgument: a feature that does not parse or that this evaluator cannot measure.
  virtual absl::StatusOr<Profile> MeasureFeatures(const ProfileRequest& request,
                                                  const Progress& progress) = 0;

  // InvalidArgument: wrong allocation length, a sparsity outside [0, 1), a split too short.
  virtual absl::StatusOr<Measurement> Evaluate(const EvaluateRequest& request,
                                               const Progress& progress) = 0;
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_EVALUATOR_H_
