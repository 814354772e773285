// `strata prune`: writes a pruned model, as a Hugging Face directory or a GGUF file.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/apply_function.h"
#include "cli/shared/command.h"
#include "cli/shared/model_argument.h"
#include "cli/shared/output.h"
#include "cli/shared/terminal.h"
#include "cli/shared/work_progress.h"
#include "cli/stored_allocation.h"
#include "evaluator/files/file_system.h"
#include "evaluator/files/output_file.h"
#include "evaluator/measurement/model_pruning.h"
#include "evaluator/names.h"
#include "evaluator/pruner_table.h"
#include "expr/status_macros.h"
#include "workers/wire/measurement_plan.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  AllocationOptions allocation;
  std::vector<std::string> words;
  std::string pruner = "wanda";
  std::string protocol = "sequential";
  std::string type = "keep";
  double shard_gigabytes = 5;
  std::string output;
  bool dry_run = false;
  OutputFormat format = OutputFormat::kTable;
  bool bitmap = false;
  bool wide = false;
};

// The model to prune, and the sparsity of each unit.
struct Job {
  evaluator::ModelSummary model;
  evaluator::Granularity granularity = evaluator::Granularity::kBlock;
  std::vector<double> allocation;
  Json function;                          // null if only sparsities are known
  std::optional<double> target_sparsity;  // nullopt if only sparsities are known
  Page page;                              // of standard output
  std::string recipe;                     // table of what decides the weights, and why
  Recipe stored;                          // recipe of the file that holds the allocation
  evaluator::ModelPruningOptions pruning;
};

absl::Status NameOption(const char* option, const absl::Status& status) {
  if (status.ok()) return status;
  return absl::InvalidArgumentError(fmt::format("{}: {}", option, std::string(status.message())));
}

absl::Status ReadMethod(const Options& options, evaluator::ModelPruningOptions* pruning) {
  absl::Status status =
      NameOption("--pruner", evaluator::ParseName(options.pruner, &pruning->method.pruner));
  status.Update(
      NameOption("--protocol", evaluator::ParseName(options.protocol, &pruning->protocol)));
  if (!status.ok()) return status;
  if (options.type != "keep") {
    pruning->format = evaluator::ParseNumberFormat(options.type);
    if (!pruning->format.has_value()) {
      return absl::InvalidArgumentError(
          fmt::format("--type: expected keep, F32, F16 or BF16, found '{}'", options.type));
    }
  }
  pruning->to_gguf = std::filesystem::path(options.output).extension() == ".gguf";
  pruning->to_bitmap = options.bitmap;
  pruning->method.group = options.allocation.target.group;
  pruning->model_path = options.allocation.measurement.model;
  pruning->text_path = options.allocation.measurement.text;
  pruning->calibration = options.allocation.measurement.calibration;
  pruning->threads = options.allocation.measurement.threads;
  pruning->shard_bytes = static_cast<int64_t>(options.shard_gigabytes * 1e9);
  return absl::OkStatus();
}

// Returns an error if an option is given that cannot change the sparsities of a file.
absl::Status CheckSparsitiesStay(const RecipeMerge& merge, const Options& options,
                                 const std::string& source, const StoredAllocation& stored) {
  const Recipe& recipe = merge.stored();
  const expr::AllocationTarget& target = options.allocation.target;
  const auto stays = [&](const char* option, bool is_same) {
    if (!merge.IsGiven(option) || is_same) return absl::OkStatus();
    return absl::InvalidArgumentError(fmt::format(
        "{}: '{}' holds the sparsities themselves; leave the option out{}", option, source,
        stored.function.is_null() ? "" : ", or give --sparsity to apply the function anew"));
  };
  absl::Status status = stays("--minimum", recipe.minimum_sparsity == target.minimum);
  status.Update(stays("--maximum", recipe.maximum_sparsity == target.maximum));
  status.Update(stays("--granularity",
                      options.allocation.granularity == evaluator::NameOf(stored.granularity)));
  return status;
}

// Sets the sparsities of a job. Sparsities that a file holds for this model are used as they are.
// Otherwise, or if --sparsity is given, the function is applied.
absl::Status ReadAllocation(const Options& options, RecipeMerge* merge, Job* job) {
  const std::string source = fmt::format("{}", fmt::join(options.words, " "));
  const bool has_target = merge->IsGiven("--sparsity");
  std::error_code ignored;
  if (std::filesystem::is_regular_file(source, ignored)) {
    STRATA_ASSIGN_OR_RETURN(const auto granularity, GranularityOf(options.allocation));
    STRATA_ASSIGN_OR_RETURN(auto stored, ReadStoredAllocation(source, job->model, granularity));
    if (stored.has_value() && (!has_target || stored->function.is_null())) {
      if (has_target) {
        return absl::InvalidArgumentError(fmt::format(
            "--sparsity: '{}' holds the sparsities themselves; leave the option out", source));
      }
      STRATA_RETURN_IF_ERROR(CheckSparsitiesStay(*merge, options, source, *stored));
      job->granularity = stored->granularity;
      merge->SetGranularity(stored->granularity);
      job->allocation = std::move(stored->allocation);
      job->function = std::move(stored->function);
      return absl::OkStatus();
    }
  }
  if (!has_target && !merge->stored().target_sparsity) {
    return absl::InvalidArgumentError(fmt::format(
        "'{}' is a function, which needs --sparsity, the share of weights to prune", source));
  }
  AllocationOptions streamed = options.allocation;
  streamed.measurement.stream = true;
  STRATA_ASSIGN_OR_RETURN(auto applied, ApplyFunction(source, job->model, streamed));
  job->granularity = applied.granularity;
  job->allocation = applied.allocation;
  job->function = FunctionJson(applied.function);
  job->function["target_sparsity"] = applied.target.sparsity;
  return absl::OkStatus();
}

// Returns everything that decides the pruned weights, before they are computed.
Json PrunedModelJson(const Job& job) {
  const evaluator::ModelPruningOptions& pruning = job.pruning;
  Json json = {{"schema", "strata.pruned-model/1"},
               {"strata_version", STRATA_VERSION},
               {"source",
                {{"path", pruning.model_path},
                 {"name", job.model.name},
                 {"digest", job.model.digest},
                 {"family", job.model.family}}},
               {"pruner", evaluator::NameOf(pruning.method.pruner)},
               {"group", pruning.method.group},
               {"protocol", evaluator::NameOf(pruning.protocol)},
               {"calibration",
                {{"text", pruning.text_path},
                 {"sequences", pruning.calibration.sequences},
                 {"sequence_tokens", pruning.calibration.sequence_tokens}}},
               {"granularity", evaluator::NameOf(job.granularity)}};
  if (pruning.method.pruner == evaluator::Pruner::kMagnitude) json.erase("calibration");
  if (job.target_sparsity) json["target_sparsity"] = *job.target_sparsity;
  if (!job.function.is_null()) json["function"] = job.function;
  json["allocation"] = Json::array();
  const auto units = evaluator::UnitsOf(job.model, job.granularity);
  for (size_t i = 0; i < units.size(); ++i) {
    json["allocation"].push_back({{"name", units[i].name}, {"sparsity", job.allocation[i]}});
  }
  return json;
}

struct Totals {
  int64_t weights = 0;
  int64_t zeros = 0;
  double sparsity() const { return static_cast<double>(zeros) / static_cast<double>(weights); }
};

Totals TotalsOf(const evaluator::ModelPruningResult& result) {
  Totals totals;
  for (const evaluator::PrunedLinear& linear : result.linears) {
    totals.weights += linear.weights;
    totals.zeros += linear.zeros;
  }
  return totals;
}

Json WithResult(Json json, const Job& job, const evaluator::ModelPruningResult& result) {
  if (json.contains("calibration")) json["calibration"]["text_digest"] = result.text_digest;
  const Totals totals = TotalsOf(result);
  json["weights"] = totals.weights;
  json["zeros"] = totals.zeros;
  json["achieved_sparsity"] = totals.sparsity();
  json["linears"] = Json::array();
  for (size_t i = 0; i < result.linears.size(); ++i) {
    const evaluator::LinearShape& shape = job.model.linears[i];
    json["linears"].push_back({{"block", shape.block},
                               {"name", shape.name},
                               {"sparsity", job.pruning.sparsity[i]},
                               {"weights", result.linears[i].weights},
                               {"zeros", result.linears[i].zeros}});
  }
  return json;
}

double MeanSparsityOf(const Job& job) {
  return expr::MeanSparsity(job.allocation,
                            expr::ParametersOf(evaluator::LayoutOf(job.model, job.granularity)));
}

// Returns the recipe of the pruned model, and what would be written.
Json PlanJson(const Job& job, const evaluator::ModelPruningPlan& plan, int64_t free_bytes) {
  Json json = PrunedModelJson(job);
  json["mean_sparsity"] = MeanSparsityOf(job);
  json["dry_run"] = {{"files", plan.files}, {"bytes", plan.bytes}, {"free_bytes", free_bytes}};
  return json;
}

void PrintPlan(const Job& job, const evaluator::ModelPruningPlan& plan, int64_t free_bytes) {
  const auto units = evaluator::UnitsOf(job.model, job.granularity);
  Table table({"unit", "sparsity"}, {Align::kLeft, Align::kRight});
  table.GiveWay(0);
  for (size_t i = 0; i < units.size(); ++i) {
    table.AddRow({units[i].name, fmt::format("{:.6f}", job.allocation[i])});
  }
  fmt::print("{}\n{}\n", table.Render(job.page), job.recipe);
  PrintFolded(
      fmt::format("mean sparsity, weighted with the weights: {:.6f}\nto write: {} ({} bytes; "
                  "{} are free)\n",
                  MeanSparsityOf(job), fmt::join(plan.files, ", "), plan.bytes, free_bytes),
      job.page);
}

// Replaces options that were not given by the recipe of the file that holds the allocation.
void MergeRecipe(RecipeMerge* merge, Options* options) {
  merge->Take("pruner", "--pruner", merge->stored().pruner, &options->pruner);
  merge->Take("protocol", "--protocol", merge->stored().protocol, &options->protocol);
  const bool needs_text = options->pruner != evaluator::NameOf(evaluator::Pruner::kMagnitude);
  TakeRecipe(merge, needs_text, &options->allocation);
}

absl::StatusOr<Job> ReadJob(Options options) {
  Job job;
  STRATA_ASSIGN_OR_RETURN(job.stored, ReadRecipe(fmt::format("{}", fmt::join(options.words, " "))));
  RecipeMerge merge(job.stored, GivenOptions(options.allocation.verb));
  MergeRecipe(&merge, &options);
  STRATA_RETURN_IF_ERROR(ReadMethod(options, &job.pruning));
  STRATA_ASSIGN_OR_RETURN(auto model, ReadModelArgument(options.allocation.measurement.model));
  job.model = std::move(model);
  merge.TakeModel(job.model);
  STRATA_RETURN_IF_ERROR(evaluator::CheckGroup(job.model, job.pruning.method.group));
  STRATA_RETURN_IF_ERROR(ReadAllocation(options, &merge, &job));
  if (merge.IsGiven("--sparsity") || job.stored.target_sparsity) {
    job.target_sparsity = options.allocation.target.sparsity;
  }
  merge.SayContradictions();
  job.page = OutputPage(options.wide);
  job.recipe = merge.ToTable(job.page);
  STRATA_ASSIGN_OR_RETURN(auto sparsity,
                          evaluator::SparsityOfLinears(job.model, job.granularity, job.allocation));
  job.pruning.sparsity = std::move(sparsity);
  job.pruning.recipe = PrunedModelJson(job).dump(-1, ' ', false, Json::error_handler_t::replace);
  return job;
}

// Reports a calibration text that has changed since the allocation was found with it.
void SayOtherText(const Job& job, const evaluator::ModelPruningResult& result) {
  const Recipe& stored = job.stored;
  if (stored.text != job.pruning.text_path || stored.text_digest.empty()) return;
  if (result.text_digest.empty() || result.text_digest == stored.text_digest) return;
  fmt::print(stderr, "'{}' has changed: its digest is {}, '{}' was calibrated on {}\n", stored.text,
             result.text_digest, stored.source, stored.text_digest);
}

absl::Status PruneTo(const Options& options, const Job& job, evaluator::UnfinishedOutput output) {
  WatchForInterrupt();
  WorkProgress progress("pruning");
  const auto result = evaluator::PruneModel(job.pruning, output.path(), [&](double fraction) {
    progress.Show(fraction);
    return !InterruptRequested();
  });
  progress.Finish();
  if (!result.ok()) return result.status();
  SayOtherText(job, *result);
  const Json json = WithResult(PrunedModelJson(job), job, *result);
  if (std::filesystem::is_directory(output.path())) {
    const absl::Status status = evaluator::WriteNewFile(
        (std::filesystem::path(output.path()) / evaluator::kRecipeFile).string(), JsonText(json));
    if (!status.ok()) return status;
  }
  STRATA_RETURN_IF_ERROR(output.Commit());
  if (options.format == OutputFormat::kJson) {
    PrintJson(json);
    return absl::OkStatus();
  }
  const Totals totals = TotalsOf(*result);
  fmt::print("{}", job.recipe);
  PrintFolded(
      fmt::format("{}: {} of {} weights are zero ({:.4f} %), in {:.1f} s\n", output.final_path(),
                  totals.zeros, totals.weights, 100 * totals.sparsity(), result->seconds),
      job.page);
  return absl::OkStatus();
}

absl::Status Prune(const Options& options) {
  STRATA_ASSIGN_OR_RETURN(auto output, evaluator::UnfinishedOutput::At(options.output));
  STRATA_ASSIGN_OR_RETURN(const auto job, ReadJob(options));
  STRATA_ASSIGN_OR_RETURN(const auto plan, evaluator::PlanModelPruning(job.pruning));
  for (const std::string& note : plan.notes) fmt::print(stderr, "{}\n", note);
  const std::string parent = evaluator::FolderOf(output.final_path());
  STRATA_ASSIGN_OR_RETURN(const auto free_bytes, evaluator::FreeBytes(parent));
  if (options.dry_run) {
    if (options.format == OutputFormat::kJson) {
      PrintJson(PlanJson(job, plan, free_bytes));
    } else {
      PrintPlan(job, plan, free_bytes);
    }
    return absl::OkStatus();
  }
  if (plan.bytes > free_bytes) {
    return absl::ResourceExhaustedError(fmt::format(
        "{}: the pruned model needs {} bytes, {} are free", parent, plan.bytes, free_bytes));
  }
  return PruneTo(options, job, std::move(output));
}

}  // namespace

void AddPruneCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand(
      "prune", "Writes a pruned model: a Hugging Face directory or a GGUF file.");
  AddAllocationOptions(verb, &options->allocation);
  verb->add_option(
          "--allocation", options->words,
          "FUNCTION as `strata allocate` takes it, a file that `strata export` or `strata "
          "allocate` wrote, or a JSON array with one sparsity per unit. What such a file says of "
          "pruner, group, protocol, granularity and calibration counts unless an option "
          "is given.")
      ->required();
  verb->add_option("--pruner", options->pruner,
                   fmt::format("Pruner that chooses the weights: {}.", evaluator::PrunerNames()))
      ->capture_default_str();
  verb->add_option("--protocol", options->protocol,
                   "sequential | one-shot. Sequential: each pruned block feeds the next. One-shot: "
                   "statistics of the dense model prune all blocks.")
      ->capture_default_str();
  verb->add_option("--type", options->type,
                   "Type of the written weights: keep | F32 | F16 | BF16. With keep, quantised "
                   "weights become F32.")
      ->capture_default_str();
  verb->add_option("--shard-size", options->shard_gigabytes,
                   "Largest size of the tensors in one safetensors file, in gigabytes. With "
                   "bitmaps every block has a file of its own.")
      ->check(CLI::Range(1e-6, 1e6))
      ->capture_default_str();
  verb->add_option("-o,--output", options->output,
                   "Path of the new model, which must not exist yet: a GGUF file if it ends with "
                   ".gguf, otherwise a directory.")
      ->required();
  verb->add_flag("--dry-run", options->dry_run, "Print the plan and write nothing.");
  verb->add_option_function<std::vector<std::string>>(
          "--format",
          [options](const std::vector<std::string>& names) {
            for (const std::string& name : names) {
              if (name == "bitmap") {
                options->bitmap = true;
              } else {
                options->format = name == "json" ? OutputFormat::kJson : OutputFormat::kTable;
              }
            }
          },
          "table | json: form of what is printed. bitmap: the linears of the new directory are "
          "bitmaps with their values, which take less space. May be given twice.")
      ->check(CLI::IsMember({"table", "json", "bitmap"}))
      ->allow_extra_args(false)
      ->default_str("table");
  AddWideOption(verb, &options->wide);
  verb->callback([=] { *command = [=] { return Prune(*options); }; });
}

}  // namespace strata::cli
