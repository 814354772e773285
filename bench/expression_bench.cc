// Measures time and memory allocations of one evaluation of an expression of 20 nodes on 128 units,
// beside the time that the same machine needs to read and write that many numbers. Prints Google
// Benchmark's table. `allocations` is the number of calls of operator new per evaluation.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "expr/program.h"
#include "tests/expr/allocation_counter.h"

namespace strata::expr {
namespace {

constexpr int kUnits = 128;
constexpr int kNodes = 20;

struct Shape {
  const char* name;
  const char* text;
  bool linears = false;  // units of two sizes: four of one and three of the other per block
};

// Each expression has 20 nodes, if its shape allows.
constexpr Shape kShapes[] = {
    {"arithmetic",
     "span((mean(W) * depth + var(W) - 2 * size) / (3 + max(std(W), l1(W))) + mean(W) * 0.5, 0.1)"},
    {"exponentials",
     "span(tanh(mean(W)) * exp(-var(W)) + log(abs(std(W)) + 1) - sigmoid(mean(W) * 3), 0.1)"},
    {"ranks",
     "rank(ranks(mean(W)) * depth + zscore(var(W)) - ranks(std(W)) * size + minmax(l1(W)), 0.1)"},
    {"waterfill",
     "waterfill((mean(W) * depth + var(W) - 2 * size) / (3 + max(std(W), l1(W))) + mean(W), 0.2, "
     "0.2)"},
    {"dsa chain", "dsa(asin(atan(var(W))), 0.08)"},
    {"dsa tree",
     "dsa((mean(W) * depth + var(W) - 2 * size) / (3 + max(std(W), l1(W))) + mean(W) * 0.5, 0.1)"},
    {"proportion",
     "proportion((mean(W) * depth + var(W) - 2 * size) / (3 + max(std(W), l1(W))) + mean(W), 0.3)"},
    {"nm, blocks",
     "nm((mean(W) * depth + var(W) - 2 * size) / (3 + max(std(W), l1(W))) + mean(W), 0.125, 8)"},
    {"nm, linears",
     "nm((mean(W) * depth + var(W) - 2 * size) / (3 + max(std(W), l1(W))) + mean(W), 0.125, 8)",
     true},
    {"within, linears",
     "within(span(mean(W) * depth + var(W) - 2 * size, 0.1), std(W) / (3 + l1(W)), 0.1, 0.1)",
     true},
};

UnitLayout Layout(bool linears) {
  constexpr int64_t kSide = 4096;
  constexpr int64_t kInner = 11008;
  UnitLayout layout;
  for (int i = 0; i < kUnits; ++i) {
    if (!linears) {
      layout.push_back({kSide * kSide, i, UnitKind::kBlock, 2 * kSide});
    } else if (i % 7 < 4) {
      layout.push_back({kSide * kSide, i / 7, UnitKind::kAttention, 2 * kSide});
    } else {
      layout.push_back({kSide * kInner, i / 7, UnitKind::kFeedForward, kSide + kInner});
    }
  }
  return layout;
}

// Returns values of the size of weight statistics, in no order. Each seed gives other values.
FeatureTable Table(bool linears, uint64_t seed) {
  FeatureTable table(Layout(linears));
  uint64_t state = seed;
  for (const char* feature : {"mean(W)", "var(W)", "std(W)", "l1(W)"}) {
    std::vector<double> values(kUnits);
    for (double& value : values) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      value = 0.1 + 2 * static_cast<double>(state >> 11) * 0x1p-53;
    }
    if (!table.Add(feature, std::move(values)).ok()) std::abort();
  }
  return table;
}

Expression ReadOrAbort(const char* text) {
  absl::StatusOr<Expression> expression = ParseExpression(text);
  if (!expression.ok()) {
    std::fprintf(stderr, "%s: %s\n", text, std::string(expression.status().message()).c_str());
    std::abort();
  }
  return *std::move(expression);
}

// The sparsity is 0.75, so that whole n of 8 reach it.
constexpr AllocationTarget kTarget = {0.75};

// Cycles through many tables. On a single table the processor would learn the outcome of every
// comparison of a sort, which never happens in a search.
void Evaluate(benchmark::State& state, const Shape& shape) {
  constexpr size_t kTables = 64;
  const Expression expression = ReadOrAbort(shape.text);
  std::vector<FeatureTable> tables;
  for (size_t k = 0; k < kTables; ++k) tables.push_back(Table(shape.linears, k));
  std::vector<Program> programs;
  Workspace workspace;
  Allocation allocation(kUnits);
  for (const FeatureTable& table : tables) {
    absl::StatusOr<Program> program = Program::Compile(expression, table);
    const absl::Status status = program.ok()
                                    ? program->EvaluateAllocation(kTarget, workspace, allocation)
                                    : program.status();
    if (!status.ok()) return state.SkipWithError(std::string(status.message()).c_str());
    programs.push_back(*std::move(program));
  }
  int64_t allocated = 0;
  size_t next = 0;
  for (auto _ : state) {
    const int64_t before = AllocationCount();
    benchmark::DoNotOptimize(programs[next].EvaluateAllocation(kTarget, workspace, allocation));
    allocated += AllocationCount() - before;
    next = (next + 1) % kTables;
  }
  state.counters["nodes"] = Complexity(expression);
  state.counters["allocations"] =
      benchmark::Counter(static_cast<double>(allocated), benchmark::Counter::kAvgIterations);
}

// Measures everything that EvaluateAllocation does for a tree that it has not seen.
void CompileAndEvaluate(benchmark::State& state) {
  const FeatureTable table = Table(false, 0);
  const Expression expression = ReadOrAbort(kShapes[0].text);
  for (auto _ : state) {
    benchmark::DoNotOptimize(EvaluateAllocation(expression, table, kTarget));
  }
}

// A lower bound for 20 nodes: each reads two operands and writes one result.
void PlainLoop(benchmark::State& state) {
  std::vector<double> left(kUnits, 1.5);
  std::vector<double> right(kUnits, 0.25);
  for (auto _ : state) {
    for (int node = 0; node < kNodes; ++node) {
      for (int i = 0; i < kUnits; ++i) left[i] = left[i] * 0.5 + right[i];
      benchmark::ClobberMemory();
    }
  }
}

void Copy(benchmark::State& state) {
  const std::vector<double> from(kUnits, 1.5);
  std::vector<double> to(kUnits);
  for (auto _ : state) {
    for (int node = 0; node < kNodes; ++node) {
      std::copy(from.begin(), from.end(), to.begin());
      benchmark::ClobberMemory();
    }
  }
  state.SetBytesProcessed(state.iterations() * kNodes * kUnits * 2 *
                          static_cast<int64_t>(sizeof(double)));
}

// Measures the cost of the mathematical functions themselves.
void PlainTanh(benchmark::State& state) {
  std::vector<double> x(kUnits);
  std::vector<double> y(kUnits);
  for (int i = 0; i < kUnits; ++i) x[i] = 1.1 + std::sin(1.7 * i);
  for (auto _ : state) {
    for (int i = 0; i < kUnits; ++i) y[i] = std::tanh(x[i]);
    benchmark::ClobberMemory();
  }
}

}  // namespace
}  // namespace strata::expr

int main(int argc, char** argv) {
  using namespace strata::expr;
  benchmark::RegisterBenchmark("reference: 20 copies of 128 numbers", Copy);
  benchmark::RegisterBenchmark("reference: 20 loops x = x / 2 + y over 128 numbers", PlainLoop);
  benchmark::RegisterBenchmark("reference: tanh of 128 numbers", PlainTanh);
  for (const Shape& shape : kShapes) {
    benchmark::RegisterBenchmark(shape.name,
                                 [&shape](benchmark::State& state) { Evaluate(state, shape); });
  }
  benchmark::RegisterBenchmark("arithmetic, compiled each time", CompileAndEvaluate);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
