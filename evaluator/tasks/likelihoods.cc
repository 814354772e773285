#include "evaluator/tasks/likelihoods.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "evaluator/model/token_loss.h"
#include "evaluator/model/transformer_block.h"
#include "evaluator/tasks/packed_requests.h"
#include "expr/status_macros.h"

namespace strata::tasks {
namespace {

std::vector<Likelihood> SumRequests(const PackedRequests& packed,
                                    const evaluator::TokenLosses& losses) {
  std::vector<Likelihood> likelihoods;
  for (size_t request = 0; request + 1 < packed.first_prediction.size(); ++request) {
    Likelihood likelihood{0, true};
    for (int64_t i = packed.first_prediction[request]; i < packed.first_prediction[request + 1];
         ++i) {
      likelihood.log_likelihood -= losses.negative_log_likelihood[i];
      likelihood.greedy = likelihood.greedy && losses.target_is_largest[i];
    }
    likelihoods.push_back(likelihood);
  }
  return likelihoods;
}

}  // namespace

absl::StatusOr<std::vector<Likelihood>> MeasureLikelihoods(
    evaluator::TransformerModel& model, evaluator::BlockSource& source,
    std::span<const LikelihoodRequest> requests, evaluator::Arithmetic arithmetic,
    const evaluator::Progress& progress) {
  const at::InferenceMode guard;
  const int blocks = model.config().blocks;
  const PackedRequests packed = Pack(requests);
  evaluator::BlockForward forward(model.config(), packed.tokens.layout, arithmetic);
  at::Tensor hidden = model.Embed(packed.tokens);
  for (int block = 0; block < blocks; ++block) {
    if (progress && !progress(static_cast<double>(block) / (blocks + 1))) {
      return absl::CancelledError("stopped while measuring likelihoods");
    }
    STRATA_ASSIGN_OR_RETURN(const auto pruned, source.Next(block));
    forward.Run(pruned.matrices, model.vectors(block), hidden);
  }
  const std::vector<int64_t> targets(packed.targets.begin(), packed.targets.end());
  at::Tensor head = model.head();
  if (arithmetic == evaluator::Arithmetic::kBFloat16) head = head.to(at::kBFloat16);
  const at::Tensor predicting = hidden.index_select(0, at::tensor(packed.rows, at::kLong));
  const at::Tensor rows = model.FinalNorm(predicting).to(head.scalar_type());
  return SumRequests(packed, evaluator::NextTokenLosses(rows, head, targets));
}

absl::StatusOr<std::vector<ItemResponse>> MeasureItems(evaluator::TransformerModel& model,
                                                       evaluator::BlockSource& source,
                                                       std::span<const ItemRequests> items,
                                                       evaluator::Arithmetic arithmetic,
                                                       const evaluator::Progress& progress) {
  std::vector<LikelihoodRequest> requests;
  for (const ItemRequests& item : items) {
    requests.insert(requests.end(), item.likelihoods.begin(), item.likelihoods.end());
  }
  STRATA_ASSIGN_OR_RETURN(const auto likelihoods,
                          MeasureLikelihoods(model, source, requests, arithmetic, progress));
  std::vector<ItemResponse> responses;
  auto next = likelihoods.begin();
  for (const ItemRequests& item : items) {
    const auto count = static_cast<std::ptrdiff_t>(item.likelihoods.size());
    responses.push_back({{next, next + count}, "", 0});
    next += count;
  }
  return responses;
}

absl::Status CheckFinite(const std::vector<Likelihood>& likelihoods) {
  for (const Likelihood& one : likelihoods) {
    if (std::isfinite(one.log_likelihood)) continue;
    return absl::DataLossError(
        fmt::format("expected a finite log-likelihood, found {}; the model's weights are unfit",
                    one.log_likelihood));
  }
  return absl::OkStatus();
}

}  // namespace strata::tasks
