// `strata export`: writes the best function of a run, or a chosen one, as JSON that any pruning
// tool can apply.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "cli/report/function_json.h"
#include "cli/report/run_report.h"
#include "cli/shared/command.h"
#include "cli/shared/output.h"
#include "cli/shared/text_output.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

struct Options {
  std::string run;
  TextOutput output;
  std::optional<int64_t> id;
  bool refined = false;
};

absl::StatusOr<search::StoredCandidate> Choose(const Options& options, const RunReport& report) {
  if (!options.id.has_value()) {
    if (report.best) return *report.best;
    return absl::FailedPreconditionError(
        fmt::format("'{}' has no measured candidate yet", options.run));
  }
  STRATA_ASSIGN_OR_RETURN(const auto store, search::RunStore::OpenForReading(options.run));
  const auto candidates = store->Candidates();
  if (!candidates.ok()) return candidates.status();
  for (const search::StoredCandidate& candidate : *candidates) {
    if (candidate.id == *options.id && !candidate.allocation.empty()) return candidate;
  }
  return absl::NotFoundError(
      fmt::format("'{}' has no candidate {} with an allocation; it has candidates 0 to {}",
                  options.run, *options.id, static_cast<int64_t>(candidates->size()) - 1));
}

absl::Status Export(const Options& options) {
  STRATA_RETURN_IF_ERROR(CheckTextOutput(options.output));
  STRATA_ASSIGN_OR_RETURN(const auto report, ReadRunReport(options.run));
  if (options.refined && !report.refinement) {
    return absl::FailedPreconditionError(
        fmt::format("'{}' has no refinement: expected a run with refine.evaluations above 0, or "
                    "search.strategy evopress",
                    options.run));
  }
  absl::StatusOr<nlohmann::ordered_json> json;
  if (options.refined) {
    json = RefinedJson(*report.refinement, options.run);
  } else {
    STRATA_ASSIGN_OR_RETURN(const auto candidate, Choose(options, report));
    json = FunctionJson(candidate, options.run);
    if (json.ok() && !options.id.has_value()) {
      (*json)["measured"]["chosen_by"] = report.is_best_by_selection ? "selection" : "fitness";
      fmt::print(stderr, "{}", DescribeSelection(report));
    }
  }
  if (!json.ok()) return json.status();
  STRATA_RETURN_IF_ERROR(WriteTextOutput(options.output, JsonText(*json)));
  if (options.output.path == "-") return absl::OkStatus();
  fmt::print(stderr, "wrote {} ({})\n", options.output.path,
             options.refined ? "a refined allocation" : (*json)["expression"].get<std::string>());
  return absl::OkStatus();
}

}  // namespace

void AddExportCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand("export", "Writes the best function of a run as JSON.");
  verb->add_option("run", options->run, "Folder of the run.")->required();
  AddTextOutputOptions(verb, &options->output);
  CLI::Option* id =
      verb->add_option("--id", options->id, "Candidate to export instead of the best one.");
  verb->add_flag("--refined", options->refined,
                 "Export the best allocation of the run's refinement, which no function gives.")
      ->excludes(id);
  verb->callback([=] { *command = [=] { return Export(*options); }; });
}

}  // namespace strata::cli
