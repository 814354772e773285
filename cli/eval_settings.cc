#include "cli/eval_settings.h"

#include <fmt/format.h>

#include "cli/shared/terminal.h"
#include "evaluator/pruner_table.h"
#include "evaluator/tokenizer/text_corpus.h"

namespace strata::cli {
namespace {

void AddTextOptions(CLI::App* verb, EvalSettings* settings) {
  verb->add_option("--text", settings->text,
                   "File on which perplexity is measured, read whole as one text.");
  verb->add_option("--text-format", settings->text_format,
                   "Format of the text: plain | wikitext | jsonl.")
      ->check(CLI::IsMember({"plain", "wikitext", "jsonl"}))
      ->capture_default_str();
  verb->add_option("--window", settings->windows.window_tokens,
                   "Tokens per window. Results depend on it.")
      ->check(CLI::Range(2, 1 << 20))
      ->capture_default_str();
  verb->add_option("--windows", settings->windows.maximum_windows,
                   "Number of windows, from the start of the text; 0: all.")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_option(
          "--tail", settings->tail,
          "drop | keep the rest of the text after the last whole window, as a shorter window.")
      ->check(CLI::IsMember({"drop", "keep"}))
      ->capture_default_str();
  verb->add_flag("--rolling", settings->rolling,
                 "Also measure the word and byte perplexity of the text as lm-evaluation-harness "
                 "defines them. Every text of a jsonl file is a document.");
}

void AddTaskOptions(CLI::App* verb, EvalSettings* settings) {
  verb->add_option(
          "--task", settings->tasks,
          "Task to measure: a file of items (.jsonl) or of settings (.yaml); can be repeated.")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_option("--limit", settings->limit, "Number of items per task, from its start; 0: all.")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_option("--log-samples", settings->log_samples,
                   "File for the model's answers to every item, as JSON lines.");
  verb->add_option(
      "--resume", settings->resume,
      "File that keeps every measurement, so that the same command continues where it stopped.");
  verb->add_option("--maximum-tokens", settings->model.maximum_tokens,
                   "Number of tokens that the model reads at once; longer contexts lose their "
                   "beginning. 0: the number in the model's files.")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_option("--resamples", settings->bootstrap.resamples,
                   "Resamples of the bootstrap that gives the 95 % intervals; 0: no intervals.")
      ->check(CLI::Range(0, 10000000))
      ->capture_default_str();
  verb->add_option("--seed", settings->bootstrap.seed, "Seed of the bootstrap.")
      ->capture_default_str();
}

void AddPruningOptions(CLI::App* verb, EvalSettings* settings) {
  verb->add_option(
      "--allocation", settings->allocation,
      "Also measure the model pruned by these sparsities, and the difference. A file that `strata "
      "export` or `strata allocate` wrote, or a JSON array with one sparsity per unit. What such a "
      "file says of pruner, group, protocol, arithmetic and calibration counts unless an option is "
      "given.");
  verb->add_option("--granularity", settings->granularity,
                   "Units of a JSON array: block | kind | linear.")
      ->capture_default_str();
  verb->add_option("--pruner", settings->pruner,
                   fmt::format("Pruner that chooses the weights: {}.", evaluator::PrunerNames()))
      ->capture_default_str();
  verb->add_option("--group", settings->pruned.method.group,
                   "M of an n:M pattern: every M neighbouring weights of a row hold the same "
                   "number of zeros. M is at most 128. 0: any sparsity.")
      ->capture_default_str();
  verb->add_option("--protocol", settings->protocol,
                   "sequential | one-shot. Sequential: each pruned block feeds the next. One-shot: "
                   "statistics of the dense model prune all blocks.")
      ->capture_default_str();
  verb->add_option("--calibration-text", settings->model.calibration_text_path,
                   fmt::format("Text whose calibration split the pruner uses: {}.",
                               evaluator::kDocumentsOfAText));
  verb->add_option("--calibration-sequences", settings->pruned.calibration.sequences,
                   "Number of calibration sequences.")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  verb->add_option("--calibration-sequence-tokens", settings->pruned.calibration.sequence_tokens,
                   "Tokens per calibration sequence.")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
}

}  // namespace

void AddEvalOptions(CLI::App* verb, EvalSettings* settings) {
  settings->verb = verb;
  verb->add_option("--model", settings->model.model_path, "Hugging Face directory or GGUF file.")
      ->required();
  AddTextOptions(verb, settings);
  AddTaskOptions(verb, settings);
  AddPruningOptions(verb, settings);
  verb->add_option("--arithmetic", settings->arithmetic,
                   "Arithmetic of the forward passes: fp32 | bf16.")
      ->capture_default_str();
  verb->add_option("--device", settings->model.device, "Device that computes: cpu.")
      ->capture_default_str();
  AddStreamOption(verb, &settings->stream);
  AddThreadsOption(verb, &settings->model.threads);
  AddFormatOption(verb, &settings->format);
  AddWideOption(verb, &settings->wide);
}

}  // namespace strata::cli
