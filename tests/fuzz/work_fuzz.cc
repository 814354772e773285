// Work items as a worker reads them, and results as a coordinator does: what is accepted is within
// its bounds.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>

#include "tests/fuzz/byte_reader.h"
#include "tests/fuzz/require.h"
#include "tests/workers/coordinator/fake_session.h"
#include "workers/wire/work_codec.h"

namespace strata::workers {
namespace {

using fuzz::Require;

void CheckItem(const v1::WorkItem& item) {
  const absl::StatusOr<Request> request = DecodeWorkItem(item);
  if (!request.ok()) {
    Require(!request.status().message().empty(), "an error says something");
    return;
  }
  const auto* evaluate = std::get_if<evaluator::EvaluateRequest>(&*request);
  if (evaluate == nullptr) return;
  Require(evaluate->fidelity.split != evaluator::Split::kCalibration,
          "nothing is measured on the calibration split");
  for (const double sparsity : evaluate->allocation) {
    Require(sparsity >= 0 && sparsity < 1, "a sparsity is at least 0 and below 1");
  }
}

void CheckResult(const v1::Result& result) {
  MeasurementPlan plan;
  plan.search = {.windows = 2, .window_tokens = 16};
  const absl::StatusOr<ReceivedResult> received =
      DecodeResult(result, MakeFakeItem(0).item, plan, std::vector<int64_t>(kFakeUnits, 100));
  if (!received.ok()) return;
  const auto* evaluated = std::get_if<search::EvaluateOutcome>(&received->outcome);
  if (evaluated == nullptr) return;
  Require(std::isfinite(evaluated->mean_nll) && evaluated->window_nll.size() == 2,
          "a measurement has the windows asked for, and is finite");
  for (const auto& [name, value] : evaluated->measures) {
    Require(std::isfinite(value), "a measure is finite");
  }
}

void Check(const std::string& bytes) {
  if (v1::WorkItem item; item.ParseFromString(bytes)) CheckItem(item);
  if (v1::Result result; result.ParseFromString(bytes)) CheckResult(result);
}

}  // namespace
}  // namespace strata::workers

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  strata::workers::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
