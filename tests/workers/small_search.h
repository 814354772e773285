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

// Opens the run in `folder`, or creates it if the folder does not exist.
absl::StatusOr<SmallSearch> OpenSmallSearch(const std::string& folder,
                                            const SmallSearchOptions& wanted = {});

CoordinatorOptions SmallCoordinatorOptions(const std::string& address);

// Returns the evaluator of the small search, or one with another number of blocks.
// `before_operation` is that of SyntheticOptions.
std::unique_ptr<evaluator::Evaluator> SmallEvaluator(
    std::function<absl::Status(int64_t ordinal)> before_operation = nullptr,
    int blocks = kSmallBlocks);

// Returns everything that a run decides, with all digits of every number: candidates, front, best
// baselines.
std::string DescribeArchive(const search::Engine& engine);

// Runs the whole search in this process without a coordinator and returns its archive. `items`,
// unless null, receives the digests of its work items.
std::string ExpectedArchive(const std::string& folder, int64_t evaluations = 60,
                            std::set<std::string>* items = nullptr);

}  // namespace strata::workers

#endif  // STRATA_TESTS_WORKERS_SMALL_SEARCH_H_
