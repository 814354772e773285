// `strata candidates`: lists the candidates of a run.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "cli/report/candidate_output.h"
#include "cli/report/candidate_query.h"
#include "cli/report/run_report.h"
#include "cli/shared/command.h"
#include "cli/shared/output.h"
#include "cli/shared/terminal.h"
#include "expr/status_macros.h"
#include "search/store/run_store.h"

namespace strata::cli {
namespace {

struct Options {
  std::string run;
  std::vector<std::string> filters;
  std::string sort = "id";
  bool descends = false;
  bool is_wide = false;
  std::string format = "table";
};

absl::Status ListCandidates(const Options& options) {
  std::vector<CandidateFilter> filters;
  for (const std::string& text : options.filters) {
    STRATA_ASSIGN_OR_RETURN(filters.emplace_back(), CandidateFilter::Parse(text));
  }
  const auto field = FindCandidateField(options.sort);
  if (!field.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("--sort: {}", std::string(field.status().message())));
  }
  STRATA_ASSIGN_OR_RETURN(const auto store, search::RunStore::OpenForReading(options.run));
  STRATA_ASSIGN_OR_RETURN(const RunMeasures measures, ReadRunMeasures(*store, options.run));
  STRATA_ASSIGN_OR_RETURN(auto candidates, store->Candidates());
  const size_t all = candidates.size();
  std::erase_if(candidates, [&](const search::StoredCandidate& candidate) {
    return !std::all_of(filters.begin(), filters.end(), [&](const CandidateFilter& filter) {
      return filter.Holds(candidate, measures);
    });
  });
  SortCandidates(**field, options.descends, measures, &candidates);
  if (options.format == "json") {
    PrintJson(CandidatesJson(candidates, all, measures));
  } else if (options.format == "csv") {
    fmt::print("{}", CandidatesCsv(candidates, measures));
  } else {
    fmt::print("{}", CandidateTable(candidates, all, measures, OutputPage(options.is_wide)));
  }
  return absl::OkStatus();
}

}  // namespace

void AddCandidatesCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand(
      "candidates",
      "Lists all candidates of a run with state, losses and origin. Works while the search runs.");
  verb->add_option("run", options->run, "Folder of the run.")->required();
  verb->add_option("--filter", options->filters,
                   "Condition that listed candidates fulfil, as in 'fitness<40', 'state=failed' or "
                   "'expression~WX': a field, one of = != < <= > >= ~ (contains), and a value. Can "
                   "be repeated; all must hold.")
      ->take_all()
      ->allow_extra_args(false);
  verb->add_option(
          "--sort", options->sort,
          "Field to sort by, the smallest first: id, state, origin, name, nodes, forecast, "
          "fitness, selection, report, sparsity, front, same_as, parents, failure or "
          "expression.")
      ->capture_default_str();
  verb->add_flag("--descending", options->descends, "Sort the largest first.");
  verb->add_flag("--wide", options->is_wide,
                 "Do not fit the table into the terminal: whole expressions, all columns.");
  verb->add_option("--format", options->format, "Form of the output: table | json | csv.")
      ->check(CLI::IsMember({"table", "json", "csv"}))
      ->capture_default_str();
  verb->callback([=] { *command = [=] { return ListCandidates(*options); }; });
}

}  // namespace strata::cli
