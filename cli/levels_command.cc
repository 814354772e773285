// `strata levels`: builds and checks databases of weights that SparseGPT pruned at every sparsity
// of a grid.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "cli/config/run_config.h"
#include "cli/shared/command.h"
#include "cli/shared/output.h"
#include "cli/shared/terminal.h"
#include "cli/shared/work_progress.h"
#include "evaluator/measurement/level_builder.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

constexpr const char* kDefaultGrid = "0:0.95:0.05";

struct BuildOptions {
  evaluator::LevelBuildOptions build = {
      .model_path = {},
      .text_path = {},
      .settings = {.calibration = {RunConfig().calibration_sequences,
                                   RunConfig().calibration_sequence_tokens},
                   .group = 0,
                   .grid = *pruning::LevelGrid::Parse(kDefaultGrid),
                   .store = evaluator::LevelStore::kBFloat16},
      .folder = {},
      .threads = 1,
      .device = "cpu"};
  std::string grid;
  std::string store = evaluator::NameOf(evaluator::LevelStore::kBFloat16);
  bool dry_run = false;
  OutputFormat format = OutputFormat::kTable;
  bool wide = false;
};

struct CheckOptions {
  std::string folder;
  OutputFormat format = OutputFormat::kTable;
  bool wide = false;
};

absl::StatusOr<pruning::LevelGrid> GridOf(const BuildOptions& options) {
  const int64_t group = options.build.settings.group;
  auto grid = options.grid.empty() ? (group == 0 ? pruning::LevelGrid::Parse(kDefaultGrid)
                                                 : pruning::LevelGrid::OfGroup(group))
                                   : pruning::LevelGrid::Parse(options.grid);
  if (grid.ok()) return grid;
  return absl::InvalidArgumentError(fmt::format(
      "{}: {}", options.grid.empty() ? "--group" : "--grid", std::string(grid.status().message())));
}

nlohmann::ordered_json ToJson(const evaluator::LevelBuild& build) {
  const evaluator::BankPlan& plan = build.plan();
  nlohmann::ordered_json json = {
      {"path", build.path()},          {"entries", plan.entries},
      {"bytes", plan.bytes},           {"bytes_present", plan.bytes_present},
      {"bytes_free", plan.bytes_free}, {"finished", plan.finished}};
  for (const auto& [name, value] : build.layout().bank().key().fields) json["key"][name] = value;
  return json;
}

std::string ToText(const evaluator::LevelBuild& build) {
  const evaluator::BankPlan& plan = build.plan();
  std::string text = fmt::format("{}\n", build.path());
  for (const auto& [name, value] : build.layout().bank().key().fields) {
    text += fmt::format("  {:<12}  {}\n", name, value);
  }
  text += fmt::format("  {:<12}  {}\n  {:<12}  {}, of which {} are written\n  {:<12}  {}\n",
                      "entries", plan.entries, "bytes", plan.bytes, plan.bytes_present,
                      "bytes free", plan.bytes_free);
  return text;
}

absl::Status Build(BuildOptions options) {
  STRATA_ASSIGN_OR_RETURN(auto grid, GridOf(options));
  options.build.settings.grid = std::move(grid);
  const auto store = evaluator::ParseLevelStore(options.store);
  if (!store.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("--store: {}", std::string(store.status().message())));
  }
  options.build.settings.store = *store;
  WatchForInterrupt();
  STRATA_ASSIGN_OR_RETURN(const auto build, evaluator::LevelBuild::Plan(options.build));
  const bool json = options.format == OutputFormat::kJson;
  if (!json) PrintFolded(ToText(*build), OutputPage(options.wide));
  // The message is the same whether the build would begin or not.
  STRATA_RETURN_IF_ERROR(evaluator::CheckFreeBytes(build->plan(), build->path()));
  if (!options.dry_run && !build->plan().finished) {
    WorkProgress progress("solving");
    const absl::Status status = build->Run([&](double fraction) {
      progress.Show(fraction);
      return !InterruptRequested();
    });
    progress.Finish();
    if (absl::IsCancelled(status)) {
      return absl::CancelledError(
          "stopped; nothing that was finished is lost, the same command goes on");
    }
    if (!status.ok()) return status;
  }
  if (json) {
    PrintJson(ToJson(*build));
  } else if (options.dry_run) {
    fmt::print("{}\n", build->plan().finished ? "stands already" : "nothing was written");
  } else {
    fmt::print("done\n");
  }
  return absl::OkStatus();
}

absl::Status Check(const CheckOptions& options) {
  const std::string path = evaluator::LevelFilePath(options.folder);
  const auto file = evaluator::BankFile::Open(path);
  if (absl::IsNotFound(file.status()) && std::filesystem::exists(path + ".partial")) {
    return absl::FailedPreconditionError(fmt::format(
        "{}: expected a finished database, found one that is still to be built: `strata levels "
        "build` with the options it was begun with goes on",
        path));
  }
  if (!file.ok()) return file.status();
  if (const auto settings = evaluator::LevelSettingsOf(*file); !settings.ok()) {
    return settings.status();
  }
  WatchForInterrupt();
  WorkProgress progress("checking");
  const absl::Status status = file->Verify([&](double fraction) {
    progress.Show(fraction);
    return !InterruptRequested();
  });
  progress.Finish();
  if (!status.ok()) return status;
  const auto entries = file->layout().entries().size();
  const int64_t bytes = file->layout().file_bytes();
  if (options.format == OutputFormat::kJson) {
    nlohmann::ordered_json json = {{"path", path}, {"entries", entries}, {"bytes", bytes}};
    for (const auto& [name, value] : file->key().fields) json["key"][name] = value;
    PrintJson(json);
    return absl::OkStatus();
  }
  std::string text = path + "\n";
  for (const auto& [name, value] : file->key().fields) {
    text += fmt::format("  {:<12}  {}\n", name, value);
  }
  text += fmt::format("all {} entries, {} bytes, agree with their checksums\n", entries, bytes);
  PrintFolded(text, OutputPage(options.wide));
  return absl::OkStatus();
}

void AddBuild(CLI::App* verb, Command* command) {
  auto options = std::make_shared<BuildOptions>();
  evaluator::LevelBuildOptions& build = options->build;
  CLI::App* action = verb->add_subcommand(
      "build",
      "Prunes every linear at every level. The same command continues an interrupted build.");
  action->add_option("--model", build.model_path, "Hugging Face directory or GGUF file.")
      ->required();
  action
      ->add_option(
          "--text", build.text_path,
          fmt::format("Text whose calibration split is used: {}.", evaluator::kDocumentsOfAText))
      ->required();
  action->add_option("-o,--output", build.folder, "Folder of the database.")->required();
  action
      ->add_option("--calibration-sequences", build.settings.calibration.sequences,
                   "Number of calibration sequences, as in the search that will use the database.")
      ->capture_default_str();
  action
      ->add_option("--calibration-sequence-tokens", build.settings.calibration.sequence_tokens,
                   "Tokens per calibration sequence.")
      ->capture_default_str();
  action->add_option("--grid", options->grid,
                     "FIRST:LAST:STEP, or a list with commas. The default is 0:0.95:0.05, or with "
                     "--group all sparsities that the group can have.");
  action
      ->add_option("--group", build.settings.group,
                   "M of an n:M pattern: every M neighbouring weights of a row hold the same "
                   "number of zeros. M divides 128. 0: any sparsity.")
      ->capture_default_str();
  action->add_option("--store", options->store, "Type in which weights are kept: bf16 | fp32.")
      ->capture_default_str();
  action->add_option("--device", build.device, "Device that computes: cpu.")->capture_default_str();
  action->add_flag("--dry-run", options->dry_run, "Print the plan and write nothing.");
  AddThreadsOption(action, &build.threads);
  AddFormatOption(action, &options->format);
  AddWideOption(action, &options->wide);
  action->callback([=] { *command = [=] { return Build(*options); }; });
}

void AddCheck(CLI::App* verb, Command* command) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* action =
      verb->add_subcommand("check", "Compares a database with its checksums and describes it.");
  action->add_option("folder", options->folder, "Folder of the database.")->required();
  AddFormatOption(action, &options->format);
  AddWideOption(action, &options->wide);
  action->callback([=] { *command = [=] { return Check(*options); }; });
}

}  // namespace

void AddLevelsCommand(CLI::App* app, Command* command) {
  CLI::App* verb = app->add_subcommand("levels",
                                       "Makes and checks databases of SparseGPT weights at every "
                                       "sparsity of a grid, which make searches fast.");
  verb->require_subcommand(1);
  AddBuild(verb, command);
  AddCheck(verb, command);
}

}  // namespace strata::cli
