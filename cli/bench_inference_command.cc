// `strata bench-inference`: measures what the zeros of a pruned model gain at inference.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/shared/command.h"
#include "cli/shared/output.h"
#include "cli/shared/terminal.h"
#include "evaluator/measurement/inference_benchmark.h"
#include "evaluator/names.h"
#include "evaluator/pruner_table.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "expr/status_macros.h"
#include "workers/wire/measurement_plan.h"

namespace strata::cli {
namespace {

using evaluator::FormMeasurement;
using evaluator::InferenceMeasurement;
using evaluator::Spread;
using Json = nlohmann::ordered_json;

struct Options {
  evaluator::InferenceBenchmarkOptions benchmark;
  std::string arithmetic = "fp32";
  std::string pruner = "magnitude";
  std::string instructions = "best";
  OutputFormat format = OutputFormat::kTable;
  bool wide = false;
};

absl::Status ParseInstructions(const std::string& name, pruning::InstructionSet* set) {
  std::string supported = "best";
  for (const pruning::InstructionSet known : pruning::SupportedInstructionSets()) {
    if (name == NameOf(known)) *set = known;
    if (name == NameOf(known)) return absl::OkStatus();
    supported += ", " + NameOf(known);
  }
  if (name == "best") return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format(
      "--instructions: expected one of {} on this processor, found '{}'", supported, name));
}

absl::Status ParseNames(Options* options) {
  evaluator::InferenceBenchmarkOptions& benchmark = options->benchmark;
  if (absl::Status status = evaluator::ParseName(options->arithmetic, &benchmark.arithmetic);
      !status.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("--arithmetic: {}", std::string(status.message())));
  }
  if (absl::Status status = evaluator::ParseName(options->pruner, &benchmark.pruner);
      !status.ok()) {
    return absl::InvalidArgumentError(fmt::format("--pruner: {}", std::string(status.message())));
  }
  return ParseInstructions(options->instructions, &benchmark.instructions);
}

Json ToJson(const Spread& spread) {
  return {{"lowest", spread.lowest}, {"median", spread.median}, {"highest", spread.highest}};
}

Json ToJson(const FormMeasurement& form) {
  return {{"prompt_tokens_per_second", ToJson(form.prompt_tokens_per_second)},
          {"decoded_tokens_per_second", ToJson(form.decoded_tokens_per_second)},
          {"linears_share_of_decoding", ToJson(form.linears_share)},
          {"head_share_of_decoding", ToJson(form.head_share)},
          {"share_of_read_bandwidth", ToJson(form.bandwidth_share)}};
}

Json ToJson(const InferenceMeasurement& measured, const Options& options) {
  const evaluator::InferenceBenchmarkOptions& benchmark = options.benchmark;
  Json dense = ToJson(measured.dense);
  dense["linear_bytes"] = measured.linear_bytes;
  Json json = {{"model", measured.model},
               {"pruner", options.pruner},
               {"arithmetic", options.arithmetic},
               {"threads", benchmark.threads},
               {"instructions", NameOf(benchmark.instructions)},
               {"prompt_tokens", benchmark.prompt_tokens},
               {"tokens", benchmark.tokens},
               {"repetitions", benchmark.repetitions},
               {"read_gigabytes_per_second", ToJson(measured.read_gigabytes_per_second)},
               {"head_bytes", measured.head_bytes},
               {"cache_bytes_per_token", measured.cache_bytes_per_token},
               {"dense", dense},
               {"compressed", Json::array()}};
  for (const evaluator::SparsityMeasurement& at : measured.sparsities) {
    Json item = {{"sparsity", at.sparsity},
                 {"achieved_sparsity", at.achieved_sparsity},
                 {"linear_bytes", at.linear_bytes}};
    item.update(ToJson(at.compressed));
    item["prompt_ratio"] = ToJson(at.prompt_ratio);
    item["decode_ratio"] = ToJson(at.decode_ratio);
    item["linears_ratio"] = ToJson(at.linears_ratio);
    json["compressed"].push_back(item);
  }
  return json;
}

std::string Number(const Spread& spread, int digits) {
  return fmt::format("{:.{}f}", spread.median, digits);
}

std::string Ratio(const Spread& spread) {
  return fmt::format("{:.2f} ({:.2f}-{:.2f})", spread.median, spread.lowest, spread.highest);
}

std::string Percent(const Spread& spread) { return fmt::format("{:.0f} %", 100 * spread.median); }

std::string Megabytes(int64_t bytes) {
  return fmt::format("{:.1f}", static_cast<double>(bytes) / 1e6);
}

std::vector<std::string> Row(const std::string& name, const FormMeasurement& form, int64_t bytes,
                             std::vector<std::string> ratios) {
  std::vector<std::string> cells = {name, Megabytes(bytes),
                                    Number(form.decoded_tokens_per_second, 1)};
  cells.insert(cells.end(), {ratios[0], ratios[1], Percent(form.linears_share),
                             Percent(form.head_share), Percent(form.bandwidth_share),
                             Number(form.prompt_tokens_per_second, 0), ratios[2]});
  return cells;
}

void PrintReport(const InferenceMeasurement& measured, const Options& options) {
  const evaluator::InferenceBenchmarkOptions& benchmark = options.benchmark;
  const Page page = OutputPage(options.wide);
  PrintFolded(
      fmt::format(
          "{}, {}, {} pruning, {} threads, {} kernels\n"
          "{} tokens decoded after a prompt of {}, {} repetitions: medians (lowest-highest)\n"
          "these threads read {:.1f} GB/s ({:.1f}-{:.1f}); the head, dense everywhere, has {} "
          "MB\n\n",
          measured.model, options.arithmetic, options.pruner, benchmark.threads,
          NameOf(benchmark.instructions), benchmark.tokens, benchmark.prompt_tokens,
          benchmark.repetitions, measured.read_gigabytes_per_second.median,
          measured.read_gigabytes_per_second.lowest, measured.read_gigabytes_per_second.highest,
          Megabytes(measured.head_bytes)),
      page);
  std::vector<Align> alignment(10, Align::kRight);
  alignment[0] = Align::kLeft;
  Table table({"linears", "MB", "tokens/s", "to dense", "linears alone", "of time", "head's",
               "of bandwidth", "prompt/s", "prompt to dense"},
              alignment);
  table.AddRow(Row("dense", measured.dense, measured.linear_bytes, {"1", "1", "1"}));
  for (const evaluator::SparsityMeasurement& at : measured.sparsities) {
    table.AddRow(Row(fmt::format("{:g} % zeros", 100 * at.sparsity), at.compressed, at.linear_bytes,
                     {Ratio(at.decode_ratio), Ratio(at.linears_ratio), Ratio(at.prompt_ratio)}));
  }
  fmt::print("{}", table.Render(page));
}

absl::Status MeasureAndPrint(Options options) {
  STRATA_RETURN_IF_ERROR(ParseNames(&options));
  WatchForInterrupt();
  STRATA_ASSIGN_OR_RETURN(
      const auto measured,
      evaluator::MeasureInference(options.benchmark, [](double) { return !InterruptRequested(); }));
  if (options.format == OutputFormat::kJson) {
    PrintJson(ToJson(measured, options));
  } else {
    PrintReport(measured, options);
  }
  return absl::OkStatus();
}

}  // namespace

void AddBenchInferenceCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  evaluator::InferenceBenchmarkOptions& benchmark = options->benchmark;
  CLI::App* verb = app->add_subcommand("bench-inference",
                                       "Measures speed and memory of the model, dense and pruned, "
                                       "while it reads a prompt and decodes token by token.");
  verb->add_option("--model", benchmark.model_path, "Hugging Face directory or GGUF file.")
      ->required();
  verb->add_option("--sparsity", benchmark.sparsities,
                   "Shares of zeros in every linear, separated by commas.")
      ->delimiter(',')
      ->capture_default_str();
  verb->add_option("--tokens", benchmark.tokens, "Number of tokens decoded after the prompt.")
      ->capture_default_str();
  verb->add_option("--prompt-tokens", benchmark.prompt_tokens, "Number of tokens of the prompt.")
      ->capture_default_str();
  verb->add_option("--repetitions", benchmark.repetitions,
                   "Number of times that the dense and the pruned model are compared.")
      ->capture_default_str();
  verb->add_option("--arithmetic", options->arithmetic,
                   "Type in which weights are kept: fp32 | bf16.")
      ->capture_default_str();
  verb->add_option("--pruner", options->pruner,
                   fmt::format("Pruner that chooses the weights: {}.",
                               evaluator::PrunerNames(/*only_scores=*/true)))
      ->capture_default_str();
  verb->add_option("--text", benchmark.text_path,
                   fmt::format("Text that calibrates the pruner: {}. Magnitude needs none.",
                               evaluator::kDocumentsOfAText));
  verb->add_option("--instructions", options->instructions,
                   "Vector instructions of the kernels: best | scalar | avx2 | avx512.")
      ->capture_default_str();
  AddThreadsOption(verb, &benchmark.threads);
  AddFormatOption(verb, &options->format);
  AddWideOption(verb, &options->wide);
  verb->callback([=] { *command = [=] { return MeasureAndPrint(*options); }; });
}

}  // namespace strata::cli
