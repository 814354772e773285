// `strata fsck`: checks that a stored run is whole.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/run/stored_session.h"
#include "cli/shared/command.h"
#include "cli/shared/output.h"
#include "expr/status_macros.h"
#include "search/run_check.h"
#include "search/store/run_store.h"

namespace strata::cli {
namespace {

struct Options {
  std::string run;
  OutputFormat format = OutputFormat::kTable;
};

// Turns the error of an unreadable run into its one problem. Other errors stay errors.
absl::StatusOr<search::RunCheck> Damaged(const absl::Status& status, search::RunCheck check) {
  if (!absl::IsDataLoss(status)) return status;
  check.problems.emplace_back(status.message());
  return check;
}

absl::StatusOr<search::RunCheck> Check(const std::string& run) {
  const auto copy = search::RunStore::OpenCopy(run);
  if (!copy.ok()) return Damaged(copy.status(), {});
  auto check = search::CheckDatabase(**copy);
  if (!check.ok()) return Damaged(check.status(), {});
  // A run that cannot be read cannot be replayed either.
  if (!check->problems.empty()) return check;
  auto stored = ReadStoredSession(**copy, run);
  if (!stored.ok()) return Damaged(stored.status(), *std::move(check));
  const absl::Status replayed =
      search::CheckReplay(stored->options, stored->layout, copy->get(), &*check);
  if (!replayed.ok()) return Damaged(replayed, *std::move(check));
  return check;
}

absl::Status Fsck(const Options& options) {
  STRATA_ASSIGN_OR_RETURN(const auto check, Check(options.run));
  if (options.format == OutputFormat::kJson) {
    PrintJson({{"run", options.run},
               {"whole", check.problems.empty()},
               {"outcomes", check.outcomes},
               {"candidates", check.candidates},
               {"problems", check.problems}});
  } else if (check.problems.empty()) {
    fmt::print(
        "{}: whole: {} outcomes can be read, and replaying them gives the {} stored "
        "candidates and the front byte for byte\n",
        options.run, check.outcomes, check.candidates);
  } else {
    fmt::print("{}\n", fmt::join(check.problems, "\n"));
  }
  if (check.problems.empty()) return absl::OkStatus();
  return absl::UnknownError(fmt::format(
      "the run in {} is not whole; `--resume` measures again what lacks an outcome and writes the "
      "candidates anew where the database itself is sound, a backup is needed where it is not",
      options.run));
}

}  // namespace

void AddFsckCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb =
      app->add_subcommand("fsck",
                          "Checks a run: its database, its outcomes, and that replaying them gives "
                          "its candidates. Writes nothing and works while the search runs. The "
                          "exit code is 1 if the run is not whole.");
  verb->add_option("run", options->run, "Folder of the run.")->required();
  AddFormatOption(verb, &options->format);
  verb->callback([=] { *command = [=] { return Fsck(*options); }; });
}

}  // namespace strata::cli
