#include "cli/program.h"

#include <fmt/format.h>

#include "cli/build_facts.h"
#include "cli/shared/command_documentation.h"
#include "cli/shared/verb_path.h"

namespace strata::cli {
namespace {

// Adds the hidden verb that prints docs/commands.md.
void AddReferenceCommand(CLI::App* app, Command* command) {
  CLI::App* verb = app->add_subcommand("reference", "Prints docs/commands.md.")->group("");
  verb->callback([=] {
    *command = [=] {
      fmt::print("{}", CommandReference(*app));
      return absl::OkStatus();
    };
  });
}

}  // namespace

void AddCommands(CLI::App* app, Command* command) {
  app->description(
      "Strata finds how much of each layer of a language model can be removed.\n"
      "A search evolves functions from layer statistics to layer sparsities; workers prune and "
      "measure.");
  app->name("strata");
  app->require_subcommand(1);
  app->set_version_flag("--version", BuildFacts());
  AddInitCommand(app, command);
  AddSearchCommand(app, command);
  AddStatusCommand(app, command);
  AddFsckCommand(app, command);
  AddBackupCommand(app, command);
  AddParetoCommand(app, command);
  AddCandidatesCommand(app, command);
  AddExportCommand(app, command);
  AddLevelsCommand(app, command);
  AddFunctionsCommand(app, command);
  AddExplainCommand(app, command);
  AddAllocateCommand(app, command);
  AddEvalCommand(app, command);
  AddTransferCommand(app, command);
  AddPruneCommand(app, command);
  AddConvertCommand(app, command);
  AddBenchInferenceCommand(app, command);
  AddFetchCommand(app, command);
  AddTokenizeCommand(app, command);
  AddConfigCommand(app, command);
  AddDoctorCommand(app, command);
  AddWorkerCommand(app, command);
  AddLaunchCommand(app, command);
  AddStopCommand(app, command);
  AddDrainCommand(app, command);
  AddHelpCommand(app, command);
  AddVersionCommand(app, command);
  AddReferenceCommand(app, command);
}

}  // namespace strata::cli
