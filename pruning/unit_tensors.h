// The tensors of a plan on one unit. Their statistics are gathered by streaming over the weights.
// The tensors themselves are formed only if a feature needs all elements at once.
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
  // G of every weight, row-major. Read only if the plan needs gradients.
  std::span<const float> gradient = {};
};

// The linears that share one sparsity. The tensors of the unit are those of its linears,
// concatenated. The numbers are read only if the plan needs them.
struct FeatureUnit {
  std::vector<ScoredLinear> linears;
  double redundancy = 0;         // redundancy of its block
  double influence = 0;          // influence of its block
  double linear_redundancy = 0;  // mean redundancy of its linears
  double sensitivity = 0;
  double distortion = 0;
  double slope = 0;
};

// Data gathered about one tensor of a unit.
struct TensorSummary {
  TensorStatistics statistics;  // with the groups of its TensorNode
  // For each outlier multiple of its TensorNode, the number of elements above multiple * mean.
  std::vector<int64_t> outliers;
};

class UnitTensors {
 public:
  // Gathers one summary per node of the plan. This takes one pass over the weights, and one more
  // for each step of a chain that needs the statistics of a whole tensor first. `plan` and `unit`
  // must outlive this object. Uses LibTorch's threads; results do not depend on their number.
  UnitTensors(const FeaturePlan& plan, const FeatureUnit& unit);

  // Takes the summaries that an earlier UnitTensors of the same plan and unit gathered.
  UnitTensors(const FeaturePlan& plan, const FeatureUnit& unit,
              std::vector<TensorSummary> summaries);

  const std::vector<TensorSummary>& summaries() const { return summaries_; }

  // Returns all elements of a node's tensor, linear after linear, row-major.
  std::vector<float> Tensor(int node) const;

  // Returns the elements of one linear in a node's tensor.
  std::vector<float> Matrix(int node, int linear) const;

 private:
  struct Chunk {
    int linear = 0;
    int64_t first_row = 0;
    int64_t rows = 0;
    int64_t offset = 0;  // place of its first element in the unit's tensor
  };
  // Work on one node: what the current pass does, and what is still missing.
  struct Work {
    unsigned missing = 0;
    bool outliers_missing = false;
    unsigned gather_now = 0;
    bool count_now = false;
    bool form_now = false;  // this pass needs the tensor, for itself or for a tensor made from it
  };
  // The summaries that one pass gathers from a chunk, one per node.
  using Gathered = std::vector<TensorSummary>;
  // Scratch memory for the parameters called `tensors` below, with one tensor per node.
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
