#include "evaluator/tasks/zero_shot_scorer.h"

#include <fmt/format.h>

#include <span>
#include <utility>

#include "evaluator/evaluator.h"
#include "evaluator/measurement/task_scorer.h"
#include "evaluator/tasks/likelihoods.h"
#include "evaluator/tasks/packed_requests.h"
#include "evaluator/tasks/zero_shot_requests.h"
#include "evaluator/tasks/zero_shot_tasks.h"
#include "expr/status_macros.h"

namespace strata::tasks {
namespace {

using evaluator::BlockSource;
using evaluator::Progress;
using evaluator::TransformerModel;

class ZeroShotScorer final : public evaluator::TaskScorer {
 public:
  explicit ZeroShotScorer(std::unique_ptr<ZeroShotRequests> requests)
      : requests_(std::move(requests)) {}

  const std::string& digest() const override { return requests_->digest(); }

  absl::StatusOr<double> MeasureError(TransformerModel& model, BlockSource& blocks,
                                      const evaluator::Fidelity& fidelity,
                                      const Progress& progress) override {
    STRATA_ASSIGN_OR_RETURN(const auto half, requests_->Half(fidelity.split, fidelity.task_items));
    const EncodedTasks& encoded = *half;
    std::vector<std::vector<ItemResponse>> responses;
    const auto count = static_cast<double>(encoded.tasks.size());
    for (size_t i = 0; i < encoded.tasks.size(); ++i) {
      const auto place = static_cast<double>(i);
      auto answers = Respond(model, blocks, encoded.requests[i], fidelity.arithmetic,
                             evaluator::Part(progress, place / count, (place + 1) / count));
      if (!answers.ok()) {
        return absl::Status(answers.status().code(),
                            fmt::format("task {}, {}", encoded.tasks[i].name,
                                        std::string(answers.status().message())));
      }
      responses.push_back(*std::move(answers));
    }
    return ZeroShotError(encoded.tasks, responses);
  }

 private:
  static absl::StatusOr<std::vector<ItemResponse>> Respond(TransformerModel& model,
                                                           BlockSource& blocks,
                                                           const std::vector<ItemRequests>& items,
                                                           evaluator::Arithmetic arithmetic,
                                                           const Progress& progress) {
    std::vector<ItemResponse> responses;
    const auto total = static_cast<double>(items.size());
    size_t begin = 0;
    for (const size_t end : BatchEnds(items, kBatchTokens)) {
      const auto batch = std::span(items).subspan(begin, end - begin);
      STRATA_ASSIGN_OR_RETURN(
          auto measured, MeasureItems(model, blocks, batch, arithmetic,
                                      evaluator::Part(progress, static_cast<double>(begin) / total,
                                                      static_cast<double>(end) / total)));
      for (ItemResponse& response : measured) {
        if (absl::Status status = CheckFinite(response.likelihoods); !status.ok()) {
          return absl::Status(status.code(),
                              fmt::format("item {} of {}: {}", responses.size(), items.size(),
                                          std::string(status.message())));
        }
        responses.push_back(std::move(response));
      }
      begin = end;
    }
    return responses;
  }

  const std::unique_ptr<ZeroShotRequests> requests_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<evaluator::TaskScorer>> OpenZeroShotScorer(
    TaskSet set, const std::string& model_path) {
  STRATA_ASSIGN_OR_RETURN(auto requests, ZeroShotRequests::Open(std::move(set), model_path));
  return std::make_shared<ZeroShotScorer>(std::move(requests));
}

}  // namespace strata::tasks
