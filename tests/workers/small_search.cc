#include "tests/workers/small_search.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <stdexcept>

#include "evaluator/clock.h"
#include "evaluator/synthetic_evaluator.h"
#include "expr/baselines.h"
#include "workers/wire/work_codec.h"

namespace strata::workers {
namespace {

using evaluator::SteadySeconds;

MeasurementPlan SmallPlan() {
  MeasurementPlan plan;
  plan.search = {.windows = 2, .window_tokens = 16};
  plan.verify = {.split = evaluator::Split::kReport,
                 .windows = 4,
                 .window_tokens = 16,
                 .protocol = evaluator::Protocol::kSequential};
  return plan;
}

expr::UnitLayout SmallLayout() {
  return evaluator::LayoutOf(SmallEvaluator()->model(), evaluator::Granularity::kBlock);
}

// As a worker would, in this thread. Exceptions end the test.
search::Outcome Compute(const search::SessionItem& item, evaluator::Evaluator* evaluator) {
  const Request request = DecodeWorkItem(EncodeWorkItem(item, SmallPlan())).value();
  v1::Result result;
  if (const auto* profile = std::get_if<evaluator::ProfileRequest>(&request)) {
    result = EncodeResult(item.digest, evaluator->MeasureFeatures(*profile, nullptr));
  } else {
    result = EncodeResult(
        item.digest, evaluator->Evaluate(std::get<evaluator::EvaluateRequest>(request), nullptr));
  }
  const ReceivedResult received =
      DecodeResult(result, item.item, SmallPlan(), expr::ParametersOf(SmallLayout())).value();
  if (const auto* profile = std::get_if<search::ProfileOutcome>(&received.outcome)) return *profile;
  return std::get<search::EvaluateOutcome>(received.outcome);
}

}  // namespace

std::unique_ptr<evaluator::Evaluator> SmallEvaluator(
    std::function<absl::Status(int64_t ordinal)> before_operation, int blocks) {
  return evaluator::MakeSyntheticEvaluator(
      {.blocks = blocks, .before_operation = std::move(before_operation)});
}

absl::StatusOr<SmallSearch> OpenSmallSearch(const std::string& folder,
                                            const SmallSearchOptions& wanted) {
  SmallSearch small;
  const bool resumes = std::filesystem::exists(folder);
  auto store = resumes ? search::RunStore::Open(folder) : search::RunStore::Create(folder);
  if (!store.ok()) return store.status();
  small.store = std::move(*store);
  const auto evaluator = SmallEvaluator();
  search::SessionOptions options;
  options.engine.seed = 7;
  options.engine.baselines = expr::Baselines(SmallLayout(), options.engine.target.sparsity);
  for (expr::Baseline& baseline : options.engine.baselines) {
    baseline.published.resize(1, baseline.published.front());
    baseline.widened.clear();
  }
  options.engine.lag = wanted.lag;
  options.engine.strategy.population = 12;
  options.engine.strategy.surrogate.enabled = wanted.has_surrogate;
  options.engine.strategy.surrogate.proposals = 8;
  options.engine.strategy.surrogate.amplitude_steps = 0;
  options.engine.maximum_evaluations = wanted.evaluations;
  options.engine.finalists = 2;
  options.now_seconds = SteadySeconds;
  FillContexts(SmallPlan(), evaluator->model().digest, evaluator->text_digest(), &options);
  auto session = search::Session::Create(options, SmallLayout(), small.store.get());
  if (!session.ok()) return session.status();
  small.session = std::move(*session);
  return small;
}

CoordinatorOptions SmallCoordinatorOptions(const std::string& address) {
  const auto evaluator = SmallEvaluator();
  CoordinatorOptions options;
  options.address = address;
  options.plan = SmallPlan();
  options.model_digest = evaluator->model().digest;
  options.text_digest = evaluator->text_digest();
  options.heartbeat_seconds = 0.2;
  options.now_seconds = SteadySeconds;
  return options;
}

std::string DescribeArchive(const search::Engine& engine) {
  const auto number = [](const std::optional<double>& value) {
    return value.has_value() ? fmt::format("{:.17g}", *value) : std::string("-");
  };
  std::string text;
  for (const search::Candidate& candidate : engine.candidates()) {
    text += fmt::format("{} {} {} {} {} {:.17g} {} {} {} {} {}\n", candidate.id, candidate.text,
                        candidate.lineage.origin, candidate.lineage.name, candidate.complexity,
                        fmt::join(candidate.allocation, ","), candidate.same_as.value_or(-1),
                        candidate.failure, number(candidate.fitness_nll),
                        number(candidate.report_nll), number(candidate.achieved_sparsity));
  }
  return text + fmt::format("front {}\nbaselines {}\n", fmt::join(engine.Front(), ","),
                            fmt::join(engine.BestBaselines(), ","));
}

std::string ExpectedArchive(const std::string& folder, int64_t evaluations,
                            std::set<std::string>* items) {
  SmallSearch small = OpenSmallSearch(folder, {.evaluations = evaluations}).value();
  const auto evaluator = SmallEvaluator();
  while (true) {
    const search::SessionAction action = small.session->Next().value();
    if (std::holds_alternative<search::Done>(action)) break;
    const auto& item = std::get<search::SessionItem>(action);
    if (items != nullptr) items->insert(item.digest);
    const absl::Status status = small.session->Complete(item, Compute(item, evaluator.get()));
    if (!status.ok()) throw std::runtime_error(std::string(status.message()));
  }
  return DescribeArchive(small.session->engine());
}

}  // namespace strata::workers
