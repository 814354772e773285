#include "cli/eval_settings.h"

namespace strata::cli {
namespace {

void AddTextOptions(CLI::App* verb, EvalSettings* settings) {
  verb->add_option("--text", settings->text, "text file to measure perplexity on");
  verb->add_option("--text-format", settings->text_format, "plain | wikitext | jsonl")
      ->check(CLI::IsMember({"plain", "wikitext", "jsonl"}))
      ->capture_default_str();
  verb->add_option("--window", settings->windows.window_tokens,
                   "tokens of a window; results depend on it")
      ->check(CLI::Range(2, 1 << 20))
      ->capture_default_str();
  verb->add_option("--windows", settings->windows.maximum_windows,
                   "windows to use, from the start of the text; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_option("--tail", settings->tail,
                   "drop | keep what is left after the last whole window, as a shorter one")
      ->check(CLI::IsMember({"drop", "keep"}))
      ->capture_default_str();
  verb->add_flag("--rolling", settings->rolling,
                 "also word and byte perplexity of the text as lm-evaluation-harness has them; "
                 "every text of a jsonl file is a document");
}

void AddTaskOptions(CLI::App* verb, EvalSettings* settings) {
  verb->add_option("--task", settings->tasks,
                   "task to measure, a file of items (.jsonl) or of settings (.yaml); repeatable")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  verb->add_option("--limit", settings->limit, "items of each task to use, from its start; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_option("--log-samples", settings->log_samples,
                   "file to write what the model answered to every item into, as JSON lines");
  verb->add_option("--resume", settings->resume,
                   "file that keeps what is measured: the same command goes on from it");
  verb->add_option("--maximum-tokens", settings->model.maximum_tokens,
                   "tokens that the model reads at once; longer contexts lose their beginning; 0: "
                   "as many as the model's files say")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_option("--resamples", settings->bootstrap.resamples,
                   "of the bootstrap that gives the 95 % intervals; 0: none")
      ->check(CLI::Range(0, 10000000))
      ->capture_default_str();
  verb->add_option("--seed", settings->bootstrap.seed, "of the bootstrap")->capture_default_str();
}

void AddPruningOptions(CLI::App* verb, EvalSettings* settings) {
  verb->add_option("--allocation", settings->allocation,
                   "measure the model pruned by these sparsities too, and the difference: a file "
                   "that `strata export` or `strata allocate` wrote, or a JSON array of one "
                   "sparsity for each unit");
  verb->add_option("--granularity", settings->granularity,
                   "units of a JSON array: block | kind | linear")
      ->capture_default_str();
  verb->add_option("--pruner", settings->pruner, "magnitude | wanda | ria | sparsegpt")
      ->capture_default_str();
  verb->add_option("--group", settings->pruned.method.group,
                   "M: whole numbers of zeros in every M weights (n:M), at most 128; 0: any "
                   "sparsity")
      ->capture_default_str();
  verb->add_option("--protocol", settings->protocol,
                   "sequential: each pruned block feeds the next; one-shot: all by the dense model")
      ->capture_default_str();
  verb->add_option("--calibration-text", settings->model.calibration_text_path,
                   "text file or folder whose calibration split the pruner looks at");
  verb->add_option("--calibration-sequences", settings->pruned.calibration.sequences,
                   "calibration sequences")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  verb->add_option("--calibration-sequence-tokens", settings->pruned.calibration.sequence_tokens,
                   "tokens of a calibration sequence")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
}

}  // namespace

void AddEvalOptions(CLI::App* verb, EvalSettings* settings) {
  verb->add_option("--model", settings->model.model_path, "Hugging Face directory or GGUF file")
      ->required();
  AddTextOptions(verb, settings);
  AddTaskOptions(verb, settings);
  AddPruningOptions(verb, settings);
  verb->add_option("--arithmetic", settings->arithmetic, "fp32 | bf16")->capture_default_str();
  verb->add_option("--device", settings->model.device, "cpu")->capture_default_str();
  AddStreamOption(verb, &settings->stream);
  AddThreadsOption(verb, &settings->model.threads);
  AddFormatOption(verb, &settings->format);
}

}  // namespace strata::cli
