#include "workers/worker/worker.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "expr/status_macros.h"
#include "workers/wire/address.h"
#include "workers/wire/announcement.h"
#include "workers/wire/field_checks.h"
#include "workers/wire/handshake.h"
#include "workers/worker/exchange_client.h"

namespace strata::workers {
absl::Status RunWorker(const WorkerOptions& options, WorkRunner* runner,
                       const std::atomic<bool>* drain) {
  std::string address;
  const std::string announcement_path = AnnouncementPath(options.address);
  if (announcement_path.empty()) {
    STRATA_ASSIGN_OR_RETURN(const Address parsed, ParseAddress(options.address));
    STRATA_RETURN_IF_ERROR(CheckWorkerExposure(parsed, options.credentials));
    address = parsed.text;
  } else if (!options.credentials.tls.any()) {
    return absl::FailedPreconditionError(fmt::format(
        "address \"{}\": a coordinator that a file names is spoken to only with TLS: expected the "
        "authority that signs its certificate",
        options.address));
  }
  const std::string name = options.name.empty() ? DefaultWorkerName() : options.name;
  const std::string name_problem = NameProblem(name);
  if (!name_problem.empty()) return absl::InvalidArgumentError(name_problem);
  STRATA_ASSIGN_OR_RETURN(const auto channel, MakeChannelCredentials(options.credentials.tls));
  v1::Hello hello = runner->hello();
  hello.set_worker_name(name);
  ExchangeClient client({.address = address,
                         .announcement_path = announcement_path,
                         .credentials = channel,
                         .server_name = options.server_name,
                         .token = options.credentials.token,
                         .hello = std::move(hello),
                         .connect_timeout_seconds = options.connect_timeout_seconds,
                         .drain = drain,
                         .state_file = options.state_file});
  while (true) {
    STRATA_ASSIGN_OR_RETURN(const std::optional<Assignment> next, client.Next());
    if (!next.has_value()) return absl::OkStatus();
    const Assignment& assignment = *next;
    spdlog::debug("lease {} begins", assignment.lease_id);
    bool stopped = false;
    const v1::Result result = runner->Run(assignment.item, [&client, &stopped](double fraction) {
      stopped = stopped || !client.Report(fraction);
      return !stopped;
    });
    // If the stop came after the last step, the work item still has a result worth sending.
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
  return RunWorker(options, MakeWorkRunner(evaluator).get(), drain);
}

}  // namespace strata::workers
