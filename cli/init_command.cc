// `strata init`: writes a configuration for one's own model and text.
#include <fmt/format.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "cli/config/run_config.h"
#include "cli/config/starter_config.h"
#include "cli/shared/command.h"
#include "cli/shared/text_output.h"
#include "evaluator/checkpoint/checkpoint.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "evaluator/tokenizer/tokenizer.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

using evaluator::Split;

struct Options {
  std::string model, text;
  TextOutput output{.path = "my.yaml"};
};

double BytesInFloat32(const evaluator::ModelConfig& config) {
  double bytes = 0;
  for (const evaluator::NamedShape& tensor : evaluator::TensorsOf(config)) {
    double numbers = 1;
    for (const int64_t size : tensor.shape) numbers *= static_cast<double>(size);
    bytes += 4 * numbers;
  }
  return bytes;
}

double MachineMemory() {
  return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

// Opens model and text as a search would. Errors: those of opening them, and of a split without a
// window.
absl::StatusOr<StarterInputs> ReadInputs(const std::string& model, const std::string& text) {
  STRATA_ASSIGN_OR_RETURN(const auto checkpoint, evaluator::OpenCheckpoint(model));
  for (const std::string& note : checkpoint->notes()) fmt::print(stderr, "{}\n", note);
  const evaluator::ModelConfig& config = checkpoint->config();
  STRATA_ASSIGN_OR_RETURN(const auto tokenizer, evaluator::OpenTokenizer(model, config.vocabulary));
  STRATA_ASSIGN_OR_RETURN(const auto corpus, evaluator::TextCorpus::Load(text, *tokenizer));
  StarterInputs inputs;
  inputs.model = model;
  inputs.text = text;
  inputs.model_name = checkpoint->model_name();
  inputs.blocks = config.blocks;
  inputs.model_bytes = BytesInFloat32(config);
  inputs.positions = config.learned_positions;
  for (const Split split : {Split::kCalibration, Split::kFitness, Split::kReport}) {
    STRATA_RETURN_IF_ERROR(corpus.Windows(split, 1, SmallestWindow(inputs.positions)).status());
  }
  inputs.calibration_tokens = corpus.tokens(Split::kCalibration);
  inputs.fitness_tokens = corpus.tokens(Split::kFitness);
  inputs.report_tokens = corpus.tokens(Split::kReport);
  inputs.processors = UsableProcessors();
  inputs.memory_bytes = MachineMemory();
  return inputs;
}

absl::Status WriteStarterConfig(const Options& options) {
  STRATA_RETURN_IF_ERROR(CheckTextOutput(options.output));
  STRATA_ASSIGN_OR_RETURN(const auto inputs, ReadInputs(options.model, options.text));
  const std::string yaml = StarterConfig(inputs, options.output.path);
  STRATA_ASSIGN_OR_RETURN(const auto config, RunConfigFromYaml(yaml, "strata init"));
  STRATA_RETURN_IF_ERROR(ValidateRunConfig(config));
  STRATA_RETURN_IF_ERROR(WriteTextOutput(options.output, yaml));
  if (inputs.model_bytes > inputs.memory_bytes) {
    fmt::print(stderr,
               "a worker holds the model in float32, {:.1f} GB, and this machine has {:.1f} GB of "
               "memory\n",
               inputs.model_bytes / 1e9, inputs.memory_bytes / 1e9);
  }
  if (options.output.path == "-") return absl::OkStatus();
  const std::string path = ShellQuoted(options.output.path);
  fmt::print(
      "{} is written: look through it, then\n  strata search {} --dry-run\n  strata search {}\n",
      options.output.path, path, path);
  return absl::OkStatus();
}

}  // namespace

void AddInitCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = app->add_subcommand(
      "init",
      "Writes a configuration for one's own model and text, with comments and with sizes that fit "
      "them. Opens both first.");
  verb->add_option("model", options->model, "Hugging Face directory or GGUF file.")->required();
  verb->add_option("text", options->text,
                   "Text to measure on: a folder of .txt files, a .jsonl file or a plain file.")
      ->required();
  AddTextOutputOptions(verb, &options->output);
  verb->callback([=] { *command = [=] { return WriteStarterConfig(*options); }; });
}

}  // namespace strata::cli
