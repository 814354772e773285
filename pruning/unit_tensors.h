// The tensors of a plan on one unit: their statistics, gathered by streaming over the weights, and
// the tensors themselves where a feature needs all elements at once.
#ifndef STRATA_PRUNING_UNIT_TENSORS_H_
#define STRATA_PRUNING_UNIT_TENSORS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "pruning/feature_plan.h"
#include "pruning/tensor_statistics.h"
#include "pruning/weight_scores.h"

namespace strata::pruning {

struct ScoredLinear {
  WeightView weights;
  std::span<const float> scaler_row = {};  // one entry per column, see WandaScores
  std::span<const float> gradient = {};    // G of every weight, row-major; read only where the plan
                                           // needs gradients
};

// Linears that share one sparsity. Its tensors are those of its linears, concatenated. The numbers
// are read only where the plan needs them.
struct FeatureUnit {
  std::vector<ScoredLinear> linears;
  double redundancy = 0;         // of its block
  double influence = 0;          // of its block
  double linear_redundancy = 0;  // mean over its linears
  double sensitivity = 0;
  double distortion = 0;
  double slope = 0;
};

// What is known of one tensor of a unit once it was gathered.
struct TensorSummary {
  TensorStatistics statistics;  // the groups of its TensorNode
  std::vector<int64_t>
      outliers;  // per multiple of its TensorNode: elements above it times the mean
};

class UnitTensors {
 public:
  // Gathers one summary per node of the plan: one pass over the weights, and one more for each
  // level of operators that need a whole tensor's statistics. `plan` and `unit` must outlive this.
  // Uses LibTorch's threads; results do not depend on their number.
  UnitTensors(const FeaturePlan& plan, const FeatureUnit& unit);

  // With the summaries that an earlier UnitTensors of the same plan and unit gathered.
  UnitTensors(const FeaturePlan& plan, const FeatureUnit& unit,
              std::vector<TensorSummary> summaries);

  const std::vector<TensorSummary>& summaries() const { return summaries_; }

  // All elements of a node's tensor: linear after linear, row-major.
  std::vector<float> Tensor(int node) const;

  // Those of one linear.
  std::vector<float> Matrix(int node, int linear) const;

 private:
  struct Chunk {
    int linear = 0;
    int64_t first_row = 0;
    int64_t rows = 0;
    int64_t offset = 0;  // of its first element in the unit's tensor
  };
  // What the current pass does with one node, and what is left to gather of it.
  struct Work {
    unsigned missing = 0;
    bool outliers_missing = false;
    unsigned gather_now = 0;
    bool count_now = false;
    bool form_now = false;  // this pass needs the tensor, for itself or for one below it
  };
  // What one pass adds to one node. `tensors` below are scratch, one per node.
  using Gathered = std::vector<TensorSummary>;
  using Scratch = std::vector<std::vector<float>>;

  void CutIntoChunks();
  bool PlanPass();
  bool IsAvailable(size_t node, const std::vector<bool>& available) const;
  void RunPass();
  Gathered GatherChunk(const Chunk& chunk, Scratch& tensors) const;
  void MergeNode(size_t node, const std::vector<Gathered>& chunks);
  void FormTensor(size_t node, const Chunk& chunk, Scratch& tensors) const;
  void FormSource(ScoreSource source, const Chunk& chunk, std::vector<float>& tensor) const;
  void FormRange(int node, size_t first_chunk, size_t last_chunk, std::vector<float>* result) const;

  const FeaturePlan& plan_;
  const FeatureUnit& unit_;
  std::vector<TensorSummary> summaries_;
  std::vector<Work> work_;
  std::vector<Chunk> chunks_;
  int64_t elements_ = 0;
};

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_UNIT_TENSORS_H_
