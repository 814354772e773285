#include "pruning/unit_tensors.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "pruning/tensor_kernels.h"

namespace strata::pruning {
namespace {

// Elements per chunk. A few chunks of float32 fit the second-level cache of one core.
constexpr int64_t kChunkElements = int64_t{1} << 15;

// Keeps what a pass gathered. Only the entropy pass follows another pass on the same tensor, and it
// adds one field.
void Keep(const TensorStatistics& total, unsigned groups, TensorStatistics* kept) {
  if (groups == kEntropy) {
    kept->entropy = total.entropy;
  } else {
    *kept = total;
  }
}

}  // namespace

UnitTensors::UnitTensors(const FeaturePlan& plan, const FeatureUnit& unit)
    : plan_(plan), unit_(unit) {
  CutIntoChunks();
  for (const TensorNode& node : plan.nodes()) {
    summaries_.push_back({{}, std::vector<int64_t>(node.outlier_multiples.size())});
    work_.push_back({.missing = node.groups, .outliers_missing = !node.outlier_multiples.empty()});
  }
  while (PlanPass()) RunPass();
}

UnitTensors::UnitTensors(const FeaturePlan& plan, const FeatureUnit& unit,
                         std::vector<TensorSummary> summaries)
    : plan_(plan), unit_(unit), summaries_(std::move(summaries)) {
  CutIntoChunks();
}

std::vector<float> UnitTensors::Tensor(int node) const {
  std::vector<float> result(elements_);
  FormRange(node, 0, chunks_.size(), &result);
  return result;
}

std::vector<float> UnitTensors::Matrix(int node, int linear) const {
  const auto of_linear = [&](const Chunk& chunk) { return chunk.linear == linear; };
  const auto first = std::find_if(chunks_.begin(), chunks_.end(), of_linear);
  const auto last = std::find_if_not(first, chunks_.end(), of_linear);
  const WeightView& weights = unit_.linears[linear].weights;
  std::vector<float> result(weights.rows * weights.columns);
  FormRange(node, first - chunks_.begin(), last - chunks_.begin(), &result);
  return result;
}

// `result` begins with the first element of the first chunk.
void UnitTensors::FormRange(int node, size_t first_chunk, size_t last_chunk,
                            std::vector<float>* result) const {
  at::parallel_for(static_cast<int64_t>(first_chunk), static_cast<int64_t>(last_chunk), 1,
                   [&](int64_t begin, int64_t end) {
                     Scratch tensors(plan_.nodes().size());
                     for (int64_t i = begin; i < end; ++i) {
                       const std::vector<TensorNode>& nodes = plan_.nodes();
                       std::vector<int> path = {node};
                       while (nodes[path.back()].parent >= 0) {
                         path.push_back(nodes[path.back()].parent);
                       }
                       for (size_t k = path.size(); k-- > 0;) {
                         FormTensor(path[k], chunks_[i], tensors);
                       }
                       const int64_t offset = chunks_[i].offset - chunks_[first_chunk].offset;
                       std::copy(tensors[node].begin(), tensors[node].end(),
                                 result->begin() + offset);
                     }
                   });
}

void UnitTensors::CutIntoChunks() {
  for (size_t linear = 0; linear < unit_.linears.size(); ++linear) {
    const WeightView& weights = unit_.linears[linear].weights;
    const int64_t step = std::max<int64_t>(1, kChunkElements / weights.columns);
    for (int64_t row = 0; row < weights.rows; row += step) {
      const int64_t rows = std::min(step, weights.rows - row);
      chunks_.push_back({static_cast<int>(linear), row, rows, elements_});
      elements_ += rows * weights.columns;
    }
  }
}

// Decides what the next pass gathers. Returns false if nothing is missing.
bool UnitTensors::PlanPass() {
  bool any = false;
  std::vector<bool> available(work_.size());
  for (size_t i = 0; i < work_.size(); ++i) {
    Work& work = work_[i];
    available[i] = IsAvailable(i, available);
    work.gather_now = available[i] ? work.missing : 0;
    // Entropy divides by the mass of the whole tensor, so it waits for the next pass.
    if (work.missing & kProbabilityMass) work.gather_now &= ~unsigned{kEntropy};
    work.count_now = available[i] && work.outliers_missing && (work.missing & kMoments) == 0;
    work.form_now = work.gather_now != 0 || work.count_now;
    any |= work.form_now;
  }
  for (size_t i = work_.size(); i-- > 0;) {
    const int parent = plan_.nodes()[i].parent;
    if (parent >= 0 && work_[i].form_now) work_[parent].form_now = true;
  }
  return any;
}

// True if a node's tensor can be formed: the parent's tensor can be formed, and the statistics that
// the operator needs are gathered.
bool UnitTensors::IsAvailable(size_t node, const std::vector<bool>& available) const {
  const TensorNode& wanted = plan_.nodes()[node];
  if (wanted.parent < 0) return true;
  const WholeTensorKernel* whole = WholeTensorKernelOf(wanted.op);
  return available[wanted.parent] &&
         (whole == nullptr || (work_[wanted.parent].missing & whole->groups) == 0);
}

void UnitTensors::RunPass() {
  std::vector<Gathered> gathered(chunks_.size());
  at::parallel_for(0, static_cast<int64_t>(chunks_.size()), 1, [&](int64_t begin, int64_t end) {
    Scratch tensors(work_.size());
    for (int64_t i = begin; i < end; ++i) gathered[i] = GatherChunk(chunks_[i], tensors);
  });
  // Chunks are merged in order, so that threads do not change the bits.
  for (size_t i = 0; i < work_.size(); ++i) MergeNode(i, gathered);
}

UnitTensors::Gathered UnitTensors::GatherChunk(const Chunk& chunk, Scratch& tensors) const {
  Gathered result(work_.size());
  for (size_t i = 0; i < work_.size(); ++i) {
    const Work& work = work_[i];
    if (!work.form_now) continue;
    FormTensor(i, chunk, tensors);
    const TensorStatistics& whole = summaries_[i].statistics;
    if (work.gather_now != 0) {
      result[i].statistics = StatisticsOf(tensors[i], work.gather_now, whole.mass);
    }
    if (!work.count_now) continue;
    for (const double multiple : plan_.nodes()[i].outlier_multiples) {
      const auto threshold = static_cast<float>(multiple * whole.mean());
      result[i].outliers.push_back(CountAbove(tensors[i], threshold));
    }
  }
  return result;
}

void UnitTensors::MergeNode(size_t node, const std::vector<Gathered>& chunks) {
  Work& work = work_[node];
  TensorSummary& summary = summaries_[node];
  if (work.gather_now != 0) {
    TensorStatistics total;
    for (const Gathered& chunk : chunks) Merge(chunk[node].statistics, &total);
    Keep(total, work.gather_now, &summary.statistics);
    work.missing &= ~work.gather_now;
  }
  if (!work.count_now) return;
  for (const Gathered& chunk : chunks) {
    for (size_t k = 0; k < summary.outliers.size(); ++k) {
      summary.outliers[k] += chunk[node].outliers[k];
    }
  }
  work.outliers_missing = false;
}

// The tensor of the node's parent must have been formed from the same chunk.
void UnitTensors::FormTensor(size_t node, const Chunk& chunk, Scratch& tensors) const {
  const TensorNode& wanted = plan_.nodes()[node];
  if (wanted.parent < 0) {
    FormSource(wanted.source, chunk, tensors[node]);
    return;
  }
  tensors[node] = tensors[wanted.parent];
  if (const ElementwiseKernel kernel = ElementwiseKernelOf(wanted.op); kernel != nullptr) {
    kernel(tensors[node]);
  } else {
    WholeTensorKernelOf(wanted.op)->apply(tensors[node], summaries_[wanted.parent].statistics);
  }
}

void UnitTensors::FormSource(ScoreSource source, const Chunk& chunk,
                             std::vector<float>& tensor) const {
  const ScoredLinear& linear = unit_.linears[chunk.linear];
  const int64_t columns = linear.weights.columns;
  const int64_t first = chunk.first_row * columns;
  const int64_t size = chunk.rows * columns;
  tensor.resize(size);
  switch (source) {
    case ScoreSource::kWeight:
      std::copy_n(linear.weights.data + first, size, tensor.begin());
      break;
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
    case ScoreSource::kGradient:
      std::copy_n(linear.gradient.begin() + first, size, tensor.begin());
      break;
  }
}

}  // namespace strata::pruning
