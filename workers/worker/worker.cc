#include "workers/worker/worker.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "workers/wire/address.h"
#include "workers/wire/announcement.h"
#include "workers/wire/handshake.h"
#include "workers/wire/printable.h"
#include "workers/worker/exchange_client.h"

namespace strata::workers {
absl::Status RunWorker(const WorkerOptions& options, TaskRunner* runner,
                       const std::atomic<bool>* drain) {
  std::string address;
  const std::string announcement_path = AnnouncementPath(options.address);
  if (announcement_path.empty()) {
    const absl::StatusOr<Address> parsed = ParseAddress(options.address);
    if (!parsed.ok()) return parsed.status();
    if (absl::Status status = CheckWorkerExposure(*parsed, options.credentials); !status.ok()) {
      return status;
    }
    address = parsed->text;
  } else if (!options.credentials.tls.any()) {
    return absl::FailedPreconditionError(fmt::format(
        "address \"{}\": a coordinator that a file names is spoken to only with TLS: expected the "
        "authority that signs its certificate",
        options.address));
  }
  const std::string name = options.name.empty() ? DefaultWorkerName() : options.name;
  const std::string name_problem = NameProblem(name);
  if (!name_problem.empty()) return absl::InvalidArgumentError(name_problem);
  const auto channel = MakeChannelCredentials(options.credentials.tls);
  if (!channel.ok()) return channel.status();
  v1::Hello hello = runner->hello();
  hello.set_worker_name(name);
  ExchangeClient client({.address = address,
                         .announcement_path = announcement_path,
                         .credentials = *channel,
                         .server_name = options.server_name,
                         .token = options.credentials.token,
                         .hello = std::move(hello),
                         .connect_timeout_seconds = options.connect_timeout_seconds,
                         .drain = drain,
                         .state_file = options.state_file});
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
