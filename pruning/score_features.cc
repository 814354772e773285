#include "pruning/score_features.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "pruning/tensor_kernels.h"
#include "pruning/tensor_statistics.h"

namespace strata::pruning {
namespace {

// Elements per chunk: a few chunks of float32 fit the second-level cache of one core.
constexpr int64_t kChunkElements = int64_t{1} << 15;

struct Chunk {
  int linear = 0;
  int64_t first_row = 0;
  int64_t rows = 0;
};

// What one pass adds to one node.
struct Gathered {
  TensorStatistics statistics;
  std::vector<int64_t> outliers;  // per multiple of the node
};

// What is known of one node after the passes so far.
struct NodeState {
  TensorStatistics statistics;
  unsigned missing = 0;  // groups not gathered yet
  std::vector<int64_t> outliers;
  bool outliers_missing = false;
  // What the current pass does.
  unsigned gather_now = 0;
  bool count_now = false;
  bool form_now = false;  // this pass needs the tensor, for itself or for one below it
};

class UnitMeasurement {
 public:
  UnitMeasurement(const FeaturePlan& plan, const FeatureUnit& unit) : plan_(plan), unit_(unit) {
    for (const TensorNode& node : plan.nodes()) {
      NodeState state;
      state.missing = node.groups;
      state.outliers.resize(node.outlier_multiples.size());
      state.outliers_missing = !node.outlier_multiples.empty();
      states_.push_back(state);
    }
    for (size_t linear = 0; linear < unit.linears.size(); ++linear) {
      const WeightView& weights = unit.linears[linear].weights;
      const int64_t step = std::max<int64_t>(1, kChunkElements / weights.columns);
      for (int64_t row = 0; row < weights.rows; row += step) {
        chunks_.push_back({static_cast<int>(linear), row, std::min(step, weights.rows - row)});
      }
    }
  }

  std::vector<double> Run() {
    while (PlanPass()) RunPass();
    std::vector<double> values;
    for (const FeatureOutput& output : plan_.outputs()) values.push_back(ValueOf(output));
    return values;
  }

 private:
  // Decides what the next pass gathers; false when nothing is missing.
  bool PlanPass() {
    bool work = false;
    std::vector<bool> available(states_.size());
    for (size_t i = 0; i < states_.size(); ++i) {
      NodeState& state = states_[i];
      available[i] = IsAvailable(i, available);
      state.gather_now = available[i] ? state.missing : 0;
      // Entropy divides by the mass of the whole tensor, so it waits for the pass after.
      if (state.missing & kProbabilityMass) state.gather_now &= ~unsigned{kEntropy};
      state.count_now = available[i] && state.outliers_missing && (state.missing & kMoments) == 0;
      state.form_now = state.gather_now != 0 || state.count_now;
      work |= state.form_now;
    }
    for (size_t i = states_.size(); i-- > 0;) {
      const int parent = plan_.nodes()[i].parent;
      if (parent >= 0 && states_[i].form_now) states_[parent].form_now = true;
    }
    return work;
  }

  // Whether a node's tensor can be formed: its parent can, with the statistics that the operator
  // needs.
  bool IsAvailable(size_t i, const std::vector<bool>& available) const {
    const TensorNode& node = plan_.nodes()[i];
    if (node.parent < 0) return true;
    const WholeTensorKernel* whole = WholeTensorKernelOf(node.op);
    return available[node.parent] &&
           (whole == nullptr || (states_[node.parent].missing & whole->groups) == 0);
  }

  void RunPass() {
    const auto chunk_count = static_cast<int64_t>(chunks_.size());
    std::vector<std::vector<Gathered>> gathered(chunks_.size());
    at::parallel_for(0, chunk_count, 1, [&](int64_t begin, int64_t end) {
      std::vector<std::vector<float>> tensors(states_.size());
      for (int64_t i = begin; i < end; ++i) gathered[i] = GatherChunk(chunks_[i], tensors);
    });
    // Merged in chunk order, so that threads do not change the bits.
    for (size_t i = 0; i < states_.size(); ++i) MergeNode(i, gathered);
  }

  std::vector<Gathered> GatherChunk(const Chunk& chunk,
                                    std::vector<std::vector<float>>& tensors) const {
    std::vector<Gathered> result(states_.size());
    for (size_t i = 0; i < states_.size(); ++i) {
      const NodeState& state = states_[i];
      if (!state.form_now) continue;
      FormTensor(i, chunk, tensors);
      if (state.gather_now != 0) {
        result[i].statistics = StatisticsOf(tensors[i], state.gather_now, state.statistics.mass);
      }
      if (!state.count_now) continue;
      for (const double multiple : plan_.nodes()[i].outlier_multiples) {
        const auto threshold = static_cast<float>(multiple * state.statistics.mean());
        result[i].outliers.push_back(CountAbove(tensors[i], threshold));
      }
    }
    return result;
  }

  void FormTensor(size_t i, const Chunk& chunk, std::vector<std::vector<float>>& tensors) const {
    const TensorNode& node = plan_.nodes()[i];
    if (node.parent < 0) {
      FormSource(node.source, chunk, tensors[i]);
      return;
    }
    tensors[i] = tensors[node.parent];
    if (const ElementwiseKernel kernel = ElementwiseKernelOf(node.op); kernel != nullptr) {
      kernel(tensors[i]);
    } else {
      WholeTensorKernelOf(node.op)->apply(tensors[i], states_[node.parent].statistics);
    }
  }

  void FormSource(ScoreSource source, const Chunk& chunk, std::vector<float>& tensor) const {
    const ScoredLinear& linear = unit_.linears[chunk.linear];
    const int64_t columns = linear.weights.columns;
    tensor.resize(chunk.rows * columns);
    switch (source) {
      case ScoreSource::kWeight: {
        const float* first = linear.weights.data + chunk.first_row * columns;
        std::copy(first, first + chunk.rows * columns, tensor.begin());
        break;
      }
      case ScoreSource::kInputNorm:
        for (int64_t column = 0; column < columns; ++column) {
          tensor[column] = std::sqrt(linear.scaler_row[column]);
        }
        for (int64_t row = 1; row < chunk.rows; ++row) {
          std::copy(tensor.begin(), tensor.begin() + columns, tensor.begin() + row * columns);
        }
        break;
      case ScoreSource::kWandaScore:
        WandaScores(linear.weights, linear.scaler_row, chunk.first_row, chunk.rows, tensor.data());
        break;
    }
  }

  void MergeNode(size_t i, const std::vector<std::vector<Gathered>>& gathered) {
    NodeState& state = states_[i];
    if (state.gather_now != 0) {
      TensorStatistics total;
      for (const std::vector<Gathered>& chunk : gathered) Merge(chunk[i].statistics, &total);
      Keep(total, state.gather_now, &state.statistics);
      state.missing &= ~state.gather_now;
    }
    if (!state.count_now) return;
    for (const std::vector<Gathered>& chunk : gathered) {
      for (size_t k = 0; k < state.outliers.size(); ++k) state.outliers[k] += chunk[i].outliers[k];
    }
    state.outliers_missing = false;
  }

  // The entropy pass is the only one that follows another on the same tensor, and adds one field.
  static void Keep(const TensorStatistics& total, unsigned groups, TensorStatistics* kept) {
    if (groups == kEntropy) {
      kept->entropy = total.entropy;
    } else {
      *kept = total;
    }
  }

  double ValueOf(const FeatureOutput& output) const {
    switch (output.kind) {
      case FeatureKind::kReduction:
        return ReductionKernelOf(output.reduction)->finish(states_[output.node].statistics);
      case FeatureKind::kOutliers: {
        const std::vector<double>& multiples = plan_.nodes()[output.node].outlier_multiples;
        const auto k =
            std::find(multiples.begin(), multiples.end(), output.multiple) - multiples.begin();
        const NodeState& state = states_[output.node];
        return 100.0 * static_cast<double>(state.outliers[k]) /
               static_cast<double>(state.statistics.count);
      }
      case FeatureKind::kRedundancy:
        return unit_.redundancy;
      case FeatureKind::kInfluence:
        return unit_.influence;
    }
    return std::numeric_limits<double>::quiet_NaN();
  }

  const FeaturePlan& plan_;
  const FeatureUnit& unit_;
  std::vector<NodeState> states_;
  std::vector<Chunk> chunks_;
};

}  // namespace

std::vector<double> MeasureUnit(const FeaturePlan& plan, const FeatureUnit& unit) {
  return UnitMeasurement(plan, unit).Run();
}

}  // namespace strata::pruning
