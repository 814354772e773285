#include "workers/task_runner.h"

#include <variant>

#include "proto/strata.pb.h"
#include "workers/handshake.h"
#include "workers/task_codec.h"

namespace strata::workers {
namespace {

class InProcessRunner : public TaskRunner {
 public:
  explicit InProcessRunner(evaluator::Evaluator* evaluator)
      : evaluator_(evaluator), hello_(MakeHello("", *evaluator)) {}

  const v1::Hello& hello() const override { return hello_; }

  v1::Result Run(const v1::Task& task, const evaluator::Progress& progress) override {
    const absl::StatusOr<Request> request = DecodeTask(task);
    if (!request.ok()) return EncodeFailure(task.digest(), request.status());
    if (const auto* profile = std::get_if<evaluator::ProfileRequest>(&*request)) {
      return EncodeResult(task.digest(), evaluator_->MeasureFeatures(*profile, progress));
    }
    return EncodeResult(
        task.digest(),
        evaluator_->Evaluate(std::get<evaluator::EvaluateRequest>(*request), progress));
  }

 private:
  evaluator::Evaluator* const evaluator_;
  const v1::Hello hello_;
};

}  // namespace

std::unique_ptr<TaskRunner> MakeTaskRunner(evaluator::Evaluator* evaluator) {
  return std::make_unique<InProcessRunner>(evaluator);
}

}  // namespace strata::workers
