#include "cli/control_options.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "cli/run/search_snapshot.h"
#include "cli/shared/output.h"
#include "expr/status_macros.h"
#include "search/store/run_lock.h"

namespace strata::cli {
namespace {

std::string ToTable(const workers::RemoteStatus& status, const Page& page) {
  std::string text = fmt::format(
      "phase {} after {:.0f} s | {} evaluations | {} workers, {} busy | work items: {} issued "
      "again, {} failed | {} results came late or twice\n",
      status.phase, status.seconds, status.evaluations, status.workers.size(), status.leased_items,
      status.reissued_items, status.failed_items, status.absorbed_results);
  if (status.workers.empty()) return Folded(text, page);
  Table table({"worker", "state", "work item"}, {Align::kLeft, Align::kLeft, Align::kLeft});
  table.GiveWay(2);
  table.GiveWay(0);
  for (const workers::RemoteWorker& worker : status.workers) {
    table.AddRow({worker.name,
                  worker.is_silent      ? "silent"
                  : worker.is_leaving   ? "leaving"
                  : worker.item.empty() ? "waiting"
                                        : "busy",
                  worker.item});
  }
  return Folded(text, page) + table.Render(page);
}

std::string ToJsonText(const workers::RemoteStatus& status) {
  nlohmann::ordered_json json = {{"phase", status.phase},
                                 {"seconds", status.seconds},
                                 {"evaluations", status.evaluations},
                                 {"leased_items", status.leased_items},
                                 {"reissued_items", status.reissued_items},
                                 {"failed_items", status.failed_items},
                                 {"absorbed_results", status.absorbed_results},
                                 {"workers", nlohmann::ordered_json::array()}};
  for (const workers::RemoteWorker& worker : status.workers) {
    json["workers"].push_back({{"name", worker.name},
                               {"work_item", worker.item},
                               {"is_leaving", worker.is_leaving},
                               {"is_silent", worker.is_silent}});
  }
  return JsonText(json);
}

}  // namespace

void AddControlOptions(CLI::App* verb, ControlCommandOptions* options) {
  AddCredentialOptions(verb, &options->credentials);
  verb->add_option("--tls-server-name", options->control.server_name,
                   "Name in the coordinator's certificate, if it is not the host of its address.");
}

absl::StatusOr<std::string> CoordinatorOf(const std::string& run_or_address) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(run_or_address, ignored)) {
    if (run_or_address.find(':') != std::string::npos) return run_or_address;
    return absl::NotFoundError(
        fmt::format("expected the folder of a run or the address of a coordinator (unix:PATH, "
                    "HOST:PORT, file:PATH), found '{}', which is neither",
                    run_or_address));
  }
  STRATA_ASSIGN_OR_RETURN(const auto holder, search::RunLock::Holder(run_or_address));
  if (!holder.has_value()) {
    return absl::FailedPreconditionError(fmt::format(
        "'{}': expected a running search, found none (`strata status` shows how it ended)",
        run_or_address));
  }
  STRATA_ASSIGN_OR_RETURN(const auto live, ReadSnapshot(run_or_address));
  // A snapshot that another coordinator left says nothing about this one.
  if (live && live->value("process", 0) == std::atoi(holder->c_str()) &&
      live->contains("coordinator") && (*live)["coordinator"].is_string()) {
    return (*live)["coordinator"].get<std::string>();
  }
  return absl::UnavailableError(
      fmt::format("'{}': the search of process {} has not said yet where it listens; try again, or "
                  "give its address",
                  run_or_address, *holder));
}

absl::StatusOr<workers::ControlOptions> ReadControlOptions(const ControlCommandOptions& options) {
  STRATA_ASSIGN_OR_RETURN(workers::Credentials credentials, ReadCredentials(options.credentials));
  workers::ControlOptions control = options.control;
  control.credentials = std::move(credentials);
  return control;
}

absl::Status ShowCoordinatorStatus(const ControlCommandOptions& options, OutputFormat format,
                                   const Page& page) {
  STRATA_ASSIGN_OR_RETURN(const auto control, ReadControlOptions(options));
  STRATA_ASSIGN_OR_RETURN(const auto status, workers::GetStatus(control));
  fmt::print("{}", format == OutputFormat::kJson ? ToJsonText(status) : ToTable(status, page));
  return absl::OkStatus();
}

}  // namespace strata::cli
