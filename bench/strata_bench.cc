// Times every stage of a candidate's measurement and prints it as a share of what the machine can
// do: matrix products against the measured GEMM rate, passes over weights against the measured copy
// bandwidth.
//
//   strata_bench MODEL.gguf TEXT [threads]
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "evaluator/checkpoint/checkpoint.h"
#include "evaluator/measurement/machine.h"
#include "evaluator/measurement/model_evaluator.h"
#include "expr/status_macros.h"

namespace {

using strata::evaluator::Arithmetic;
using strata::evaluator::Calibration;
using strata::evaluator::EvaluateRequest;
using strata::evaluator::Evaluator;
using strata::evaluator::Measurement;
using strata::evaluator::Protocol;

constexpr int kRepetitions = 3;

// Work of one measurement, computed from shapes.
struct Work {
  double weights = 0;      // prunable
  double block_flops = 0;  // matrix products and causal attention of all blocks
  double head_flops = 0;
};

Work WorkOf(const strata::evaluator::ModelSummary& model, int64_t vocabulary, int64_t windows,
            int64_t window_tokens) {
  Work work;
  const auto tokens = static_cast<double>(windows * window_tokens);
  double query_rows = 0;
  for (const auto& linear : model.linears) {
    work.weights += static_cast<double>(linear.rows * linear.columns);
    if (linear.name == "self_attn.q_proj") query_rows += static_cast<double>(linear.rows);
  }
  const double attention = 2.0 * tokens * static_cast<double>(window_tokens) * query_rows;
  work.block_flops = 2.0 * tokens * work.weights + attention;
  work.head_flops = 2.0 * static_cast<double>(windows * (window_tokens - 1)) *
                    static_cast<double>(vocabulary * model.linears.front().columns);
  return work;
}

void PrintStage(const char* name, double seconds, double total, double amount, const char* unit,
                double limit) {
  fmt::print("  {:<22} {:8.3f} s {:5.1f} %  {:8.1f} {:<7} {:5.2f} of {:.1f}\n", name, seconds,
             100 * seconds / total, amount / seconds / 1e9, unit, amount / seconds / 1e9 / limit,
             limit);
}

class Bench {
 public:
  Bench(Evaluator& evaluator, const strata::evaluator::MachineReport& machine, int64_t vocabulary)
      : evaluator_(evaluator), machine_(machine), vocabulary_(vocabulary) {}

  absl::Status Run() {
    STRATA_RETURN_IF_ERROR(Profile());
    STRATA_RETURN_IF_ERROR(OneShot());
    return Sequential();
  }

 private:
  absl::Status Profile() {
    strata::evaluator::ProfileRequest request;
    request.features = {"var(abslog(WX))", "mean(WX)", "outliers(5)", "redundancy"};
    for (const char* what : {"calibration and features", "features alone"}) {
      STRATA_ASSIGN_OR_RETURN(const auto profile, evaluator_.MeasureFeatures(request, nullptr));
      fmt::print("profile, {} (4 features): {:.3f} s\n", what, profile.seconds);
    }
    return absl::OkStatus();
  }

  EvaluateRequest Request(Arithmetic arithmetic, Protocol protocol, int64_t windows) const {
    EvaluateRequest request;
    request.allocation.assign(evaluator_.model().blocks, 0.7);
    request.fidelity.arithmetic = arithmetic;
    request.fidelity.protocol = protocol;
    request.fidelity.windows = windows;
    return request;
  }

  absl::Status OneShot() {
    bool first = true;
    for (const Arithmetic arithmetic : {Arithmetic::kFloat32, Arithmetic::kBFloat16}) {
      const EvaluateRequest request = Request(arithmetic, Protocol::kOneShot, 8);
      if (first) {
        STRATA_ASSIGN_OR_RETURN(const auto measured, evaluator_.Evaluate(request, nullptr));
        fmt::print("rank bank: {:.3f} s\n", measured.seconds.prune);
        first = false;
      }
      for (int i = 0; i < kRepetitions; ++i) {
        STRATA_ASSIGN_OR_RETURN(const auto measured, evaluator_.Evaluate(request, nullptr));
        PrintCandidate("one-shot, 8 x 256", arithmetic, measured, 8);
      }
    }
    return absl::OkStatus();
  }

  absl::Status Sequential() {
    for (const Arithmetic arithmetic : {Arithmetic::kFloat32, Arithmetic::kBFloat16}) {
      STRATA_ASSIGN_OR_RETURN(
          const auto measured,
          evaluator_.Evaluate(Request(arithmetic, Protocol::kSequential, 16), nullptr));
      PrintCandidate("sequential, 8 x 128 calibration, 16 x 256", arithmetic, measured, 16);
    }
    return absl::OkStatus();
  }

  void PrintCandidate(const char* what, Arithmetic arithmetic, const Measurement& measured,
                      int64_t windows) const {
    const bool wide = arithmetic == Arithmetic::kFloat32;
    const Work work = WorkOf(evaluator_.model(), vocabulary_, windows, 256);
    const double gemm = wide ? machine_.float32_gflops : machine_.bfloat16_gflops;
    const double total = measured.seconds.prune + measured.seconds.forward + measured.seconds.loss;
    fmt::print("{}, {}: {:.3f} s, mean nll {:.6f}\n", what, wide ? "fp32" : "bf16", total,
               measured.mean_nll);
    // A pruning pass reads a weight (4 bytes) and its rank (2) and writes the result.
    PrintStage("prune", measured.seconds.prune, total, work.weights * (wide ? 10 : 8), "GB/s",
               machine_.memory_gigabytes_per_second);
    PrintStage("forward", measured.seconds.forward, total, work.block_flops, "GFLOP/s", gemm);
    PrintStage("loss", measured.seconds.loss, total, work.head_flops, "GFLOP/s", gemm);
  }

  Evaluator& evaluator_;
  const strata::evaluator::MachineReport& machine_;
  int64_t vocabulary_;
};

absl::Status RunAll(const std::string& model, const std::string& text, int threads) {
  STRATA_ASSIGN_OR_RETURN(const auto machine, strata::evaluator::InspectMachine(threads));
  fmt::print("{} threads, {}: GEMM fp32 {:.0f}, bf16 {:.0f} GFLOP/s, copy {:.1f} GB/s\n", threads,
             machine.cpu_capability, machine.float32_gflops, machine.bfloat16_gflops,
             machine.memory_gigabytes_per_second);
  STRATA_ASSIGN_OR_RETURN(const auto checkpoint, strata::evaluator::OpenCheckpoint(model));
  strata::evaluator::ModelEvaluatorOptions options;
  options.model_path = model;
  options.text_path = text;
  options.threads = threads;
  STRATA_ASSIGN_OR_RETURN(const auto evaluator, strata::evaluator::OpenModelEvaluator(options));
  return Bench(*evaluator, machine, checkpoint->config().vocabulary).Run();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) {
    fmt::print(stderr, "usage: strata_bench MODEL.gguf TEXT [threads]\n");
    return 2;
  }
  int threads = 1;
  if (argc == 4) {
    const char* end = argv[3] + std::strlen(argv[3]);
    const auto [stop, error] = std::from_chars(argv[3], end, threads);
    if (error != std::errc() || stop != end) {
      fmt::print(stderr, "threads: expected a whole number, found '{}'\n", argv[3]);
      return 2;
    }
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const absl::Status status = RunAll(argv[1], argv[2], threads);
  if (!status.ok()) {
    fmt::print(stderr, "{}\n", std::string(status.message()));
    return 1;
  }
  return 0;
}
