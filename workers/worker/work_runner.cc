#include "workers/worker/work_runner.h"

#include <utility>
#include <variant>

#include "proto/strata.pb.h"
#include "workers/wire/handshake.h"
#include "workers/wire/work_codec.h"

namespace strata::workers {
namespace {

class InProcessRunner : public WorkRunner {
 public:
  explicit InProcessRunner(evaluator::EvaluatorSet* evaluators)
      : evaluators_(evaluators), hello_(MakeHello("", *evaluators)) {}
  explicit InProcessRunner(std::unique_ptr<evaluator::EvaluatorSet> evaluators)
      : InProcessRunner(evaluators.get()) {
    owned_ = std::move(evaluators);
  }

  const v1::Hello& hello() const override { return hello_; }

  v1::Result Run(const v1::WorkItem& item, const evaluator::Progress& progress) override {
    const absl::StatusOr<Request> request = DecodeWorkItem(item);
    if (!request.ok()) return EncodeFailure(item.digest(), request.status());
    const auto evaluator = evaluators_->Find(item.model_digest(), item.text_digest());
    if (!evaluator.ok()) return EncodeFailure(item.digest(), evaluator.status());
    if (const auto* profile = std::get_if<evaluator::ProfileRequest>(&*request)) {
      return EncodeResult(item.digest(), (*evaluator)->MeasureFeatures(*profile, progress));
    }
    return EncodeResult(
        item.digest(),
        (*evaluator)->Evaluate(std::get<evaluator::EvaluateRequest>(*request), progress));
  }

 private:
  evaluator::EvaluatorSet* const evaluators_;
  std::unique_ptr<evaluator::EvaluatorSet> owned_;
  const v1::Hello hello_;
};

}  // namespace

std::unique_ptr<WorkRunner> MakeWorkRunner(evaluator::Evaluator* evaluator) {
  return std::make_unique<InProcessRunner>(evaluator::SetOfOne(evaluator));
}

std::unique_ptr<WorkRunner> MakeWorkRunner(evaluator::EvaluatorSet* evaluators) {
  return std::make_unique<InProcessRunner>(evaluators);
}

}  // namespace strata::workers
