// `strata pareto`: prints the front of a run beside the baselines.
#include <fmt/format.h>

#include <memory>

#include "cli/report/run_report.h"
#include "cli/report/run_report_output.h"
#include "cli/shared/command.h"
#include "cli/shared/output.h"
#include "cli/shared/terminal.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

struct Options {
  std::string run;
  OutputFormat format = OutputFormat::kTable;
  bool wide = false;
};

absl::Status PrintPareto(const Options& options) {
  const bool is_json = options.format == OutputFormat::kJson;
  STRATA_ASSIGN_OR_RETURN(const auto report, ReadRunReport(options.run, is_json));
  if (is_json) {
    PrintJson(ToJson(report));
  } else {
    fmt::print("{}", ToTable(report, OutputPage(options.wide)));
  }
  return absl::OkStatus();
}

}  // namespace

void AddParetoCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand(
      "pareto",
      "Shows the Pareto front of a run beside every baseline. Works while the search runs.");
  verb->add_option("run", options->run, "Folder of the run.")->required();
  AddFormatOption(verb, &options->format);
  AddWideOption(verb, &options->wide);
  verb->callback([=] { *command = [=] { return PrintPareto(*options); }; });
}

}  // namespace strata::cli
