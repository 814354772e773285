#include "workers/worker.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "workers/address.h"
#include "workers/exchange_client.h"
#include "workers/handshake.h"
#include "workers/text_check.h"

namespace strata::workers {
absl::Status RunWorker(const WorkerOptions& options, TaskRunner* runner,
                       const std::atomic<bool>* drain) {
  const absl::StatusOr<Address> address = ParseAddress(options.address);
  if (!address.ok()) return address.status();
  if (absl::Status status = CheckWorkerExposure(*address, options.credentials); !status.ok()) {
    return status;
  }
  const std::string name = options.name.empty() ? DefaultWorkerName() : options.name;
  const std::string name_problem = NameProblem(name);
  if (!name_problem.empty()) return absl::InvalidArgumentError(name_problem);
  const auto channel = MakeChannelCredentials(options.credentials.tls);
  if (!channel.ok()) return channel.status();
  v1::Hello hello = runner->hello();
  hello.set_worker_name(name);
  ExchangeClient client({.address = address->text,
                         .credentials = *channel,
                         .server_name = options.server_name,
                         .token = options.credentials.token,
                         .hello = std::move(hello),
                         .connect_timeout_seconds = options.connect_timeout_seconds,
                         .drain = drain});
  while (true) {
    const absl::StatusOr<std::optional<Assignment>> next = client.Next();
    if (!next.ok()) return next.status();
    if (!next->has_value()) return absl::OkStatus();
    const Assignment& assignment = **next;
    spdlog::debug("lease {} begins", assignment.lease_id);
    bool stopped = false;
    const v1::Result result = runner->Run(assignment.task, [&client, &stopped](double fraction) {
      stopped = stopped || !client.Report(fraction);
      return !stopped;
    });
    // A stop that came after the last step left a result worth sending.
    if (stopped && result.has_failure()) {
      spdlog::debug("lease {} abandoned", assignment.lease_id);
      client.Abandon();
    } else {
      client.Deliver(result);
    }
  }
}

absl::Status RunWorker(const WorkerOptions& options, evaluator::Evaluator* evaluator,
                       const std::atomic<bool>* drain) {
  return RunWorker(options, MakeTaskRunner(evaluator).get(), drain);
}

}  // namespace strata::workers
