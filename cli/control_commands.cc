// `strata stop` and `strata drain`: requests of an operator to a coordinator.
#include <memory>

#include "cli/control_options.h"
#include "cli/shared/command.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

struct DrainOptions {
  ControlCommandOptions control;
  std::string worker;
};

// Returns the options for the coordinator that the verb's argument means.
absl::StatusOr<workers::ControlOptions> ControlOf(const ControlCommandOptions& options) {
  STRATA_ASSIGN_OR_RETURN(workers::ControlOptions control, ReadControlOptions(options));
  STRATA_ASSIGN_OR_RETURN(control.address, CoordinatorOf(control.address));
  return control;
}

absl::Status Stop(const ControlCommandOptions& options) {
  const auto control = ControlOf(options);
  return control.ok() ? workers::StopSearch(*control) : control.status();
}

absl::Status Drain(const DrainOptions& options) {
  const auto control = ControlOf(options.control);
  return control.ok() ? workers::DrainWorker(*control, options.worker) : control.status();
}

}  // namespace

void AddStopCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<ControlCommandOptions>();
  CLI::App* verb = app->add_subcommand(
      "stop", "Ends a running search as Ctrl-C does. Nothing is lost, and the run can be resumed.");
  verb->add_option("run", options->control.address, kSearchOrAddress)->required();
  AddControlOptions(verb, options.get());
  verb->callback([=] { *command = [=] { return Stop(*options); }; });
}

void AddDrainCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<DrainOptions>();
  CLI::App* verb = app->add_subcommand(
      "drain", "Tells a worker of a running search to finish its work item and leave.");
  verb->add_option("run", options->control.control.address, kSearchOrAddress)->required();
  verb->add_option("worker", options->worker, "Name of the worker, as `strata status` shows it.")
      ->required();
  AddControlOptions(verb, &options->control);
  verb->callback([=] { *command = [=] { return Drain(*options); }; });
}

}  // namespace strata::cli
