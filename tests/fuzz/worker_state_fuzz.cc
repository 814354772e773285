// The coordinator's handler of messages: whatever four workers say in whatever order, every work
// item is told to the search once, no worker has two leases, and the only end is that of a run that
// cannot go on.
//
// An input is a list of events, each a byte: the low three bits say what, the next two which
// worker.
#include <spdlog/spdlog.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "evaluator/synthetic_evaluator.h"
#include "tests/fuzz/byte_reader.h"
#include "tests/fuzz/require.h"
#include "tests/workers/coordinator/fake_session.h"
#include "workers/coordinator/dispatcher.h"
#include "workers/wire/handshake.h"

namespace strata::workers {
namespace {

using fuzz::ByteReader;
using fuzz::Require;

constexpr int64_t kWorkItems = 5;

class LastAnswers : public WorkerStreams {
 public:
  void Send(WorkerId stream, const v1::DesiredState& desired) override {
    lease_ids[stream] = desired.lease_id();
    sent_at_seconds[stream] = desired.sent_at_seconds();
    if (desired.has_item()) digests[stream] = desired.item().digest();
  }
  void Close(WorkerId) override {}

  std::map<WorkerId, std::string> lease_ids;
  std::map<WorkerId, std::string> digests;
  std::map<WorkerId, double> sent_at_seconds;
};

v1::Result Measured(const std::string& digest) {
  evaluator::Measurement measurement;
  measurement.window_nll = {3, 3};
  measurement.mean_nll = 3;
  measurement.tokens = 2 * 15;
  measurement.achieved_sparsity = 0.5;
  return EncodeResult(digest, measurement);
}

v1::WorkerState StateOf(int event, WorkerId worker, const evaluator::Evaluator& evaluator,
                        LastAnswers* answers, ByteReader* input) {
  v1::WorkerState state;
  state.set_lease_id(answers->lease_ids[worker]);
  state.set_heard_at_seconds(answers->sent_at_seconds[worker]);
  switch (event) {
    case 0:
      if (!state.ParseFromString(input->Text())) state.Clear();
      break;
    case 1:
      *state.mutable_hello() = MakeHello(fmt::format("worker-{}", worker), evaluator);
      break;
    case 2:
      *state.mutable_result() = Measured(answers->digests[worker]);
      break;
    case 3:
      *state.mutable_result() = Measured(answers->digests[worker]);
      state.mutable_result()->mutable_failure()->set_kind(
          static_cast<v1::Failure::Kind>(input->Byte()));
      break;
    case 4:
      state.set_draining(true);
      break;
    default:
      break;
  }
  return state;
}

void Check(ByteReader input) {
  static const auto evaluator =
      evaluator::MakeSyntheticEvaluator({.blocks = kFakeUnits, .before_operation = nullptr});
  double now = 0;
  CoordinatorOptions options;
  options.model_digest = evaluator->model().digest;
  options.text_digest = evaluator->text_digest();
  options.plan.search = {.windows = 2, .window_tokens = 16};
  options.now_seconds = [&now] { return now; };
  FakeSession session(kWorkItems);
  LastAnswers answers;
  Dispatcher dispatcher(options, &session, &answers);
  while (!input.empty()) {
    const uint8_t event = input.Byte();
    const WorkerId worker = (event >> 3) & 3;
    absl::Status status;
    if ((event & 7) == 6) {
      status = dispatcher.StreamClosed(worker);
    } else if ((event & 7) == 7) {
      now += static_cast<int8_t>(input.Byte());
      status = dispatcher.Tick();
    } else {
      status = dispatcher.Receive(worker, StateOf(event & 7, worker, *evaluator, &answers, &input));
    }
    const CoordinatorStatus counts = dispatcher.status();
    Require(counts.leased_items <= counts.connected_workers, "a worker has at most one lease");
    Require(session.outcomes.size() <= kWorkItems, "no more outcomes than work items");
    if (status.ok()) continue;
    Require(absl::IsUnavailable(status), "the only end is that of a run that cannot go on");
    return;
  }
}

}  // namespace
}  // namespace strata::workers

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  spdlog::set_level(spdlog::level::off);
  strata::workers::Check({data, size});
  return 0;
}
