// Metrics of a running search for Prometheus. docs/workers.md lists them.
#ifndef STRATA_CLI_RUN_SEARCH_METRICS_H_
#define STRATA_CLI_RUN_SEARCH_METRICS_H_

#include <absl/status/statusor.h>

#include <memory>
#include <string>

#include "evaluator/evaluator.h"
#include "search/engine/engine.h"
#include "workers/coordinator/coordinator.h"
#include "workers/wire/credentials.h"

namespace strata::cli {

class SearchMetrics {
 public:
  // Serves /metrics at `address`. MetricsServer::Serve states the errors and who may read the page.
  // If the address is empty, nothing is served. `fitness` names the best fitness: strata_best_loss
  // or strata_best_kl.
  static absl::StatusOr<std::unique_ptr<SearchMetrics>> Serve(
      const std::string& address, const workers::Credentials& credentials,
      evaluator::Measure fitness);
  ~SearchMetrics();

  // Sets what is served from now on. Called by one thread at a time.
  void Update(const search::Engine& engine, const workers::CoordinatorStatus& workers);

  // Returns what is served, in Prometheus's text format.
  std::string Text() const;

 private:
  class Families;
  explicit SearchMetrics(evaluator::Measure fitness);
  std::unique_ptr<Families> families_;
};

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_SEARCH_METRICS_H_
