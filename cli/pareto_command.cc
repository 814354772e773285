// `strata pareto`: the front of a run beside the baselines.
#include <fmt/format.h>

#include <memory>

#include "cli/report/run_report.h"
#include "cli/shared/command.h"
#include "cli/shared/json_text.h"

namespace strata::cli {
namespace {

struct Options {
  std::string run;
  OutputFormat format = OutputFormat::kTable;
};

absl::Status PrintPareto(const Options& options) {
  const auto report = ReadRunReport(options.run);
  if (!report.ok()) return report.status();
  if (options.format == OutputFormat::kJson) {
    PrintJson(ToJson(*report));
  } else {
    fmt::print("{}", ToTable(*report));
  }
  return absl::OkStatus();
}

}  // namespace

void AddParetoCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand(
      "pareto", "the Pareto front of a run beside every baseline; works while the search runs");
  verb->add_option("run", options->run, "folder of the run")->required();
  AddFormatOption(verb, &options->format);
  verb->callback([=] { *command = [=] { return PrintPareto(*options); }; });
}

}  // namespace strata::cli
