#include "cli/control_options.h"

#include <fmt/format.h>

#include "cli/shared/json_text.h"
#include "cli/shared/table.h"

namespace strata::cli {
namespace {

std::string ToTable(const workers::RemoteStatus& status) {
  std::string text = fmt::format(
      "phase {} after {:.0f} s | {} evaluations | {} workers, {} busy | tasks: {} issued again, {} "
      "failed | {} results came late or twice\n",
      status.phase, status.seconds, status.evaluations, status.workers.size(), status.leased_tasks,
      status.reissued_tasks, status.failed_tasks, status.absorbed_results);
  if (status.workers.empty()) return text;
  Table table({"worker", "state", "task"}, {Align::kLeft, Align::kLeft, Align::kLeft});
  for (const workers::RemoteWorker& worker : status.workers) {
    table.AddRow({worker.name,
                  worker.is_silent      ? "silent"
                  : worker.is_leaving   ? "leaving"
                  : worker.task.empty() ? "waiting"
                                        : "busy",
                  worker.task});
  }
  return text + table.Render();
}

std::string ToJsonText(const workers::RemoteStatus& status) {
  nlohmann::ordered_json json = {{"phase", status.phase},
                                 {"seconds", status.seconds},
                                 {"evaluations", status.evaluations},
                                 {"leased_tasks", status.leased_tasks},
                                 {"reissued_tasks", status.reissued_tasks},
                                 {"failed_tasks", status.failed_tasks},
                                 {"absorbed_results", status.absorbed_results},
                                 {"workers", nlohmann::ordered_json::array()}};
  for (const workers::RemoteWorker& worker : status.workers) {
    json["workers"].push_back({{"name", worker.name},
                               {"task", worker.task},
                               {"is_leaving", worker.is_leaving},
                               {"is_silent", worker.is_silent}});
  }
  return JsonText(json);
}

}  // namespace

void AddControlOptions(CLI::App* verb, ControlCommandOptions* options) {
  AddCredentialOptions(verb, &options->credentials);
  verb->add_option(
      "--tls-server-name", options->control.server_name,
      "name in the coordinator's certificate, where it is not the host of its address");
}

absl::StatusOr<workers::ControlOptions> ReadControlOptions(const ControlCommandOptions& options) {
  absl::StatusOr<workers::Credentials> credentials = ReadCredentials(options.credentials);
  if (!credentials.ok()) return credentials.status();
  workers::ControlOptions control = options.control;
  control.credentials = *std::move(credentials);
  return control;
}

absl::Status ShowCoordinatorStatus(const ControlCommandOptions& options, OutputFormat format) {
  const auto control = ReadControlOptions(options);
  if (!control.ok()) return control.status();
  const auto status = workers::GetStatus(*control);
  if (!status.ok()) return status.status();
  fmt::print("{}", format == OutputFormat::kJson ? ToJsonText(*status) : ToTable(*status));
  return absl::OkStatus();
}

}  // namespace strata::cli
