#include "evaluator/evaluator_set.h"

#include <fmt/format.h>

#include <algorithm>

namespace strata::evaluator {
namespace {

class OneEvaluator final : public EvaluatorSet {
 public:
  explicit OneEvaluator(Evaluator* evaluator)
      : evaluator_(evaluator),
        model_digests_{evaluator->model().digest},
        text_digests_{evaluator->text_digest()},
        tasks_digest_(evaluator->tasks_digest()) {}

  const ModelSummary& model() const override { return evaluator_->model(); }
  const std::vector<std::string>& model_digests() const override { return model_digests_; }
  const std::vector<std::string>& text_digests() const override { return text_digests_; }
  const std::string& tasks_digest() const override { return tasks_digest_; }
  absl::StatusOr<Evaluator*> Find(const std::string& model_digest,
                                  const std::string& text_digest) override {
    absl::Status held = PlaceOfDigest("model", model_digests_, model_digest).status();
    held.Update(PlaceOfDigest("text", text_digests_, text_digest).status());
    if (!held.ok()) return held;
    return evaluator_;
  }

 private:
  Evaluator* const evaluator_;
  const std::vector<std::string> model_digests_, text_digests_;
  const std::string tasks_digest_;
};

}  // namespace

std::unique_ptr<EvaluatorSet> SetOfOne(Evaluator* evaluator) {
  return std::make_unique<OneEvaluator>(evaluator);
}

absl::StatusOr<size_t> PlaceOfDigest(const char* what, const std::vector<std::string>& digests,
                                     const std::string& digest) {
  if (digest.empty()) return 0;
  const auto found = std::find(digests.begin(), digests.end(), digest);
  if (found != digests.end()) return static_cast<size_t>(found - digests.begin());
  return absl::InvalidArgumentError(
      fmt::format("expected a {} that is held here, found {}", what, digest.substr(0, 64)));
}

}  // namespace strata::evaluator
