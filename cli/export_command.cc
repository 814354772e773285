// `strata export`: writes the best function of a run, or a chosen one, as JSON that any pruning
// tool can apply, or in the form that one tool takes.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "cli/report/function_json.h"
#include "cli/report/handover.h"
#include "cli/report/run_report.h"
#include "cli/shared/command.h"
#include "cli/shared/model_argument.h"
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
  std::string tool;   // of --for; empty: the JSON of docs/function-json.md
  std::string model;  // for EvoPress
  std::optional<int64_t> weights_diff;
};

// Returns the text of an EvoPress configuration, and says with which levels EvoPress has to prune.
absl::StatusOr<std::string> EvoPressText(const Options& options,
                                         const nlohmann::ordered_json& exported) {
  STRATA_ASSIGN_OR_RETURN(const auto model, ReadModelArgument(options.model));
  STRATA_ASSIGN_OR_RETURN(const auto levels,
                          EvoPressLevelsOf(exported, model, options.weights_diff));
  fmt::print(stderr,
             "levels are for EvoPress's prune.py with --sparsity {} --weights_diff {} --num_levels "
             "{}; rounding changes a linear's sparsity by at most {:.4f}\n",
             levels.sparsity, levels.weights_diff, levels.num_levels, levels.largest_change);
  return levels.text;
}

absl::StatusOr<std::string> TextFor(const Options& options,
                                    const nlohmann::ordered_json& exported) {
  if (options.tool.empty()) return JsonText(exported);
  if (options.tool == "llm-compressor") return LlmCompressorRecipe(exported);
  if (options.tool == "owl") return OwlDensities(exported);
  if (options.tool == "torchao") return TorchAoConfiguration(exported);
  if (options.tool == "torch") return TorchAmounts(exported);
  return EvoPressText(options, exported);
}

absl::Status CheckToolOptions(const Options& options) {
  const bool is_evopress = options.tool == "evopress";
  if (is_evopress && options.model.empty()) {
    return absl::InvalidArgumentError(
        "--for evopress: expected --model as well, because levels depend on the sizes of linears");
  }
  if (is_evopress || (options.model.empty() && !options.weights_diff)) return absl::OkStatus();
  return absl::InvalidArgumentError("--model and --weights-diff: expected --for evopress as well");
}

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
  STRATA_RETURN_IF_ERROR(CheckToolOptions(options));
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
  STRATA_ASSIGN_OR_RETURN(const std::string text, TextFor(options, *json));
  STRATA_RETURN_IF_ERROR(WriteTextOutput(options.output, text));
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
  verb->add_option("--for", options->tool,
                   "Write the form that another pruning tool takes instead of JSON "
                   "(docs/handover.md): llm-compressor | owl | evopress | torchao | torch.")
      ->check(CLI::IsMember({"llm-compressor", "owl", "evopress", "torchao", "torch"}));
  verb->add_option("--model", options->model,
                   "Hugging Face directory or GGUF file of the run's model; only for evopress, "
                   "whose levels depend on the sizes of the linears.");
  verb->add_option("--weights-diff", options->weights_diff,
                   "Weights between two levels of EvoPress; fewer round less. The default is that "
                   "of EvoPress's prune.py for 8 levels.");
  verb->callback([=] { *command = [=] { return Export(*options); }; });
}

}  // namespace strata::cli
