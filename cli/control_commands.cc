// `strata stop` and `strata drain`: requests of an operator to a coordinator.
#include <memory>

#include "cli/control_options.h"
#include "cli/shared/command.h"

namespace strata::cli {
namespace {

struct DrainOptions {
  ControlCommandOptions control;
  std::string worker;
};

absl::Status Stop(const ControlCommandOptions& options) {
  const auto control = ReadControlOptions(options);
  return control.ok() ? workers::StopSearch(*control) : control.status();
}

absl::Status Drain(const DrainOptions& options) {
  const auto control = ReadControlOptions(options.control);
  return control.ok() ? workers::DrainWorker(*control, options.worker) : control.status();
}

}  // namespace

void AddStopCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<ControlCommandOptions>();
  CLI::App* verb = app->add_subcommand(
      "stop", "Ends a running search as Ctrl-C does. Nothing is lost, and the run can be resumed.");
  verb->add_option("coordinator", options->control.address, kCoordinatorAddress)->required();
  AddControlOptions(verb, options.get());
  verb->callback([=] { *command = [=] { return Stop(*options); }; });
}

void AddDrainCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<DrainOptions>();
  CLI::App* verb = app->add_subcommand(
      "drain", "Tells a worker of a running search to finish its work item and leave.");
  verb->add_option("coordinator", options->control.control.address, kCoordinatorAddress)
      ->required();
  verb->add_option("worker", options->worker, "Name of the worker, as `strata status` shows it.")
      ->required();
  AddControlOptions(verb, &options->control);
  verb->callback([=] { *command = [=] { return Drain(*options); }; });
}

}  // namespace strata::cli
