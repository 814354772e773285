// `strata backup`: copies a run, even while its search is running.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <system_error>

#include "cli/run/continue_command.h"
#include "cli/shared/command.h"
#include "evaluator/files/file_system.h"
#include "expr/status_macros.h"
#include "search/store/run_store.h"

namespace strata::cli {
namespace {

struct Options {
  std::string run;
  std::string target;
};

absl::Status BackUp(const Options& options) {
  STRATA_ASSIGN_OR_RETURN(const auto store, search::RunStore::OpenForReading(options.run));
  std::error_code error;
  const bool is_new = std::filesystem::create_directories(options.target, error);
  if (error) return evaluator::FileStatus(error.value(), "make the folder", options.target);
  const absl::Status status = store->BackUp(options.target + "/strata.sqlite");
  if (!status.ok()) {
    if (is_new) std::filesystem::remove(options.target, error);
    return status;
  }
  STRATA_ASSIGN_OR_RETURN(const auto again, StoredContinueCommand(*store, options.target));
  fmt::print(stderr, "{} holds the run as it was; continue it with: {}\n", options.target, again);
  return absl::OkStatus();
}

}  // namespace

void AddBackupCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      app->add_subcommand("backup", "Copies a run to another folder. Works while the search runs.");
  verb->add_option("run", options->run, "Folder of the run.")->required();
  verb->add_option("target", options->target, "Folder of the copy, which must not hold a run yet.")
      ->required();
  verb->callback([=] { *command = [=] { return BackUp(*options); }; });
}

}  // namespace strata::cli
