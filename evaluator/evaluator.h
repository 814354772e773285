// The interface between search and measurement. It describes what a worker can compute, and it uses
// no LibTorch types.
//
// Both operations of an Evaluator are pure functions of the model, the text and the request.
// Results may therefore be cached, retried and computed by any worker. An Evaluator may be used by
// one thread at a time.
#ifndef STRATA_EVALUATOR_EVALUATOR_H_
#define STRATA_EVALUATOR_EVALUATOR_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "expr/unit_layout.h"

namespace strata::evaluator {

// The kind of unit that gets one number of an allocation: a transformer block, the attention or the
// feed-forward linears of a block, or a single linear layer.
enum class Granularity { kBlock, kKind, kLinear };

enum class Pruner { kMagnitude, kWanda, kRia, kSparseGpt };

// A pruner and the pattern of its zeros.
struct PruningMethod {
  Pruner pruner = Pruner::kWanda;
  // 0 means unstructured: zeros may lie anywhere, and any sparsity is possible. M above 0 means
  // that every M neighbouring inputs of a row hold n zeros; the linear has the sparsity n / M.
  int64_t group = 0;

  friend bool operator==(const PruningMethod&, const PruningMethod&) = default;
};

// One-shot: every block is pruned by statistics of the dense model. It is cheap, but a proxy.
// Sequential: each block is pruned by statistics of the model whose earlier blocks are pruned
// already, as in the reference implementations. It is exact.
enum class Protocol { kOneShot, kSequential };

enum class Arithmetic { kFloat32, kBFloat16 };

// What is measured of a token, in nats. The loss is its negative log-likelihood. KL is the
// Kullback-Leibler divergence of the model's prediction from the dense model's, KL(dense || model),
// on the dense model's 512 most probable tokens and all others as one
// (evaluator/model/dense_predictions.h); it is 0 for the dense model itself.
enum class Measure { kLoss, kKl };

// Disjoint parts of the text. The report split is used for final numbers and for nothing else.
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
  // One sentence for each choice between files or tensors that contradict each other.
  std::vector<std::string> notes = {};
  int64_t vocabulary = 0;  // rows of the embedding: tokens among which a model could guess
};

// Checks that groups of `group` weights divide the inputs of every linear. 0 fits every model.
// Errors: InvalidArgument, which names the first linear that does not fit.
absl::Status CheckGroup(const ModelSummary& model, int64_t group);

// A unit: linears that share one sparsity, given as indices into ModelSummary::linears.
struct UnitLinears {
  std::string name;  // block index, "BLOCK.attention", "BLOCK.feed-forward", or "BLOCK.LINEAR"
  std::vector<int> linears;
};

// Returns the units of an allocation, in the order of their first linears.
std::vector<UnitLinears> UnitsOf(const ModelSummary& model, Granularity granularity);

// Returns the sparsity of every linear of ModelSummary::linears, given one sparsity per unit.
// Errors: InvalidArgument if `allocation` has another number of units (the message names the first
// and the last unit) or if a sparsity is outside [0, 1).
absl::StatusOr<std::vector<double>> SparsityOfLinears(const ModelSummary& model,
                                                      Granularity granularity,
                                                      const std::vector<double>& allocation);

// Returns the size and the place of every unit that UnitsOf returns.
expr::UnitLayout LayoutOf(const ModelSummary& model, Granularity granularity);

struct Calibration {
  int64_t sequences = 8;
  int64_t sequence_tokens = 128;
};

// Maximum number of calibration tokens on which distortions are measured. Sequences are used from
// the first on up to this number; the first one is used in any case.
inline constexpr int64_t kDistortionTokens = 512;

struct Fidelity {
  Split split = Split::kFitness;
  int64_t windows = 8;
  int64_t window_tokens = 256;
  // Number type of all forward passes, including those of calibration sequences through pruned
  // blocks. Statistics of the dense model and scores are always float32. Only float32 is exact.
  Arithmetic arithmetic = Arithmetic::kFloat32;
  Protocol protocol = Protocol::kOneShot;
  // Digest of the key of a level database, for one-shot SparseGPT only. The weights are taken from
  // that database. If it is empty, SparseGPT solves for the weights of this allocation.
  std::string levels = {};
  // Digest of the tasks that the pruned model answers in addition; empty: none.
  std::string tasks = {};
  // Number of items per task, taken from the start of the half that `split` selects (0 = all).
  int64_t task_items = 0;
  // Above 0, Measurement::slopes are measured too, from masks of this much more and less sparsity
  // than the allocation has. Not with levels or tasks, and only with the measure kLoss.
  double slope_step = 0;
  // The dense model's predictions for kKl are made once for each split, windows, window_tokens and
  // arithmetic, in that arithmetic.
  Measure measure = Measure::kLoss;
};

struct ProfileRequest {
  Calibration calibration;
  Granularity granularity = Granularity::kBlock;
  // Features as text, in the form that expr::RequiredFeatures returns.
  std::vector<std::string> features;
  // The sparsities of the operands of features such as slopes(f, s), by feature, for the units of
  // `granularity`. Those that are not here are computed, and the features of f measured for that.
  std::map<std::string, std::vector<double>> pruned = {};
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
  double forward = 0;  // passes through the blocks, and all that tasks and slopes take in addition
  double loss = 0;     // head and cross-entropy
};

struct Measurement {
  // Mean of Fidelity::measure over the predicted tokens of each window, in nats. Under kLoss it is
  // the negative log-likelihood, and perplexity = exp(mean_nll); a KL divergence has no perplexity.
  std::vector<double> window_nll;
  double mean_nll = 0;           // mean over windows, summed in window order
  int64_t tokens = 0;            // number of predicted tokens
  double achieved_sparsity = 0;  // zeros / prunable weights, counted
  // 1 minus the mean accuracy over the tasks; nullopt if the request names no tasks.
  std::optional<double> zero_shot_error = {};
  // Derivative of mean_nll by the sparsity of each unit; empty unless the request asks for slopes.
  std::vector<double> slopes = {};
  StageSeconds seconds;
};

// Called from time to time with the fraction of the work that is done. If it returns false, the
// work stops and returns Cancelled.
using Progress = std::function<bool(double fraction)>;

class Evaluator {
 public:
  virtual ~Evaluator() = default;
  virtual const ModelSummary& model() const = 0;
  virtual const std::string& text_digest() const = 0;
  virtual std::string tasks_digest() const { return ""; }  // empty if it has no tasks

  // Measures features of the dense model. Errors: InvalidArgument for a feature that does not parse
  // or that this evaluator cannot measure.
  virtual absl::StatusOr<Profile> MeasureFeatures(const ProfileRequest& request,
                                                  const Progress& progress) = 0;

  // Measures one allocation. Errors: InvalidArgument for an allocation of the wrong length, a
  // sparsity outside [0, 1) or a split that is too short.
  virtual absl::StatusOr<Measurement> Evaluate(const EvaluateRequest& request,
                                               const Progress& progress) = 0;
};

// Where a model's weights are between uses.
enum class Residence {
  kMemory,  // all in memory, in float32
  kStream,  // on disk; a block is read when it is needed, and the block read last is kept
};

// Returns a Progress for one part of the work. A fraction from 0 to 1 that the part reports reaches
// `progress` as a fraction from `first` to `last`. The result is empty if `progress` is empty.
inline Progress Part(const Progress& progress, double first, double last) {
  if (!progress) return nullptr;
  return [=](double fraction) { return progress(first + (last - first) * fraction); };
}

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_EVALUATOR_H_
