// A small search on the synthetic evaluator, for tests and their helper programs.
#ifndef STRATA_TESTS_WORKERS_SMALL_SEARCH_H_
#define STRATA_TESTS_WORKERS_SMALL_SEARCH_H_

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "evaluator/evaluator.h"
#include "search/session.h"
#include "workers/coordinator/coordinator.h"

namespace strata::workers {

inline constexpr int kSmallBlocks = 6;

struct SmallSearch {
  std::unique_ptr<search::RunStore> store;
  std::unique_ptr<search::Session> session;
};

struct SmallSearchOptions {
  int64_t evaluations = 60;
  int lag = 10;
  bool has_surrogate = true;
};

// In `folder`: a new run, or the one that is there.
absl::StatusOr<SmallSearch> OpenSmallSearch(const std::string& folder,
                                            const SmallSearchOptions& wanted = {});

CoordinatorOptions SmallCoordinatorOptions(const std::string& address);

// The synthetic model of the small search, or one of another size. `before_operation` as in
// SyntheticOptions.
std::unique_ptr<evaluator::Evaluator> SmallEvaluator(
    std::function<absl::Status(int64_t ordinal)> before_operation = nullptr,
    int blocks = kSmallBlocks);

// All that is decided in a run, every number with all its digits: candidates, front, best
// baselines.
std::string DescribeArchive(const search::Engine& engine);

// The archive after the whole search was computed in this process without a coordinator. `tasks`,
// unless null, gets the digests of its tasks.
std::string ExpectedArchive(const std::string& folder, int64_t evaluations = 60,
                            std::set<std::string>* tasks = nullptr);

}  // namespace strata::workers

#endif  // STRATA_TESTS_WORKERS_SMALL_SEARCH_H_
