// `strata backup`: a copy of a run, also while it is searched.
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <system_error>

#include "cli/shared/command.h"
#include "search/store/run_store.h"

namespace strata::cli {
namespace {

struct Options {
  std::string run;
  std::string target;
};

absl::Status BackUp(const Options& options) {
  const auto store = search::RunStore::OpenForReading(options.run);
  if (!store.ok()) return store.status();
  std::error_code error;
  const bool is_new = std::filesystem::create_directories(options.target, error);
  if (error) {
    return absl::InvalidArgumentError(
        fmt::format("cannot make the folder '{}': {}", options.target, error.message()));
  }
  const absl::Status status = (*store)->BackUp(options.target + "/strata.sqlite");
  if (!status.ok()) {
    if (is_new) std::filesystem::remove(options.target, error);
    return status;
  }
  fmt::print(stderr,
             "{} holds the run as it was; continue it with strata search CONFIG --run {} "
             "--resume\n",
             options.target, ShellQuoted(options.target));
  return absl::OkStatus();
}

}  // namespace

void AddBackupCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      app->add_subcommand("backup", "copy a run to another folder; works while the search runs");
  verb->add_option("run", options->run, "folder of the run")->required();
  verb->add_option("target", options->target, "folder of the copy, which holds no run yet")
      ->required();
  verb->callback([=] { *command = [=] { return BackUp(*options); }; });
}

}  // namespace strata::cli
