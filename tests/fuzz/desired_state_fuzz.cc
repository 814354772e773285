// The worker's handler of messages: whatever a coordinator says and whenever, the worker has at
// most one work item, says a result until it is acknowledged, and stops when it is told to.
//
// An input is a list of events, each a byte of which the low three bits say what.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "tests/fuzz/byte_reader.h"
#include "tests/fuzz/require.h"
#include "workers/wire/work_codec.h"
#include "workers/worker/conversation.h"

namespace strata::workers {
namespace {

using fuzz::ByteReader;
using fuzz::Require;

void CheckTaken(const Assignment& assignment, bool was_idle) {
  Require(was_idle, "one work item at a time");
  Require(!assignment.lease_id.empty(), "a work item has a lease");
  const absl::StatusOr<Request> request = DecodeWorkItem(assignment.item);
  if (!request.ok()) Require(!request.status().message().empty(), "an error says something");
}

void Check(ByteReader input) {
  Conversation conversation({}, "unix:/coordinator");
  bool is_at_work = false;
  while (!input.empty()) {
    const bool was_idle = conversation.is_idle();
    switch (input.Byte() & 7) {
      case 0:
      case 1: {
        v1::DesiredState desired;
        if (desired.ParseFromString(input.Text())) conversation.Receive(desired);
        break;
      }
      case 2:
        if (const std::optional<Assignment> taken = conversation.Take()) {
          CheckTaken(*taken, was_idle);
          is_at_work = true;
        }
        break;
      case 3:
        if (is_at_work && conversation.Report(0.5)) {
          Require(!conversation.end().has_value(), "nothing is wanted after the end");
        }
        break;
      case 4:
        if (std::exchange(is_at_work, false)) conversation.Deliver({});
        break;
      case 5:
        if (std::exchange(is_at_work, false)) conversation.Abandon();
        break;
      case 6:
        conversation.Drain();
        break;
      default: {
        const v1::WorkerState state = conversation.State((input.Byte() & 1) != 0);
        Require(!conversation.must_speak(), "all is said");
        Require(state.lease_id().empty() == conversation.is_idle(), "it says what it works on");
        Require(!state.has_result() || !conversation.is_idle(), "a result has a lease");
      }
    }
    // A stranger's message must not take away the lease under which a work item runs.
    Require(!is_at_work || !conversation.is_idle(), "a work item at work has its lease");
  }
}

}  // namespace
}  // namespace strata::workers

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  strata::workers::Check({data, size});
  return 0;
}
