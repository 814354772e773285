// `strata eval`: perplexity of a model on a text.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/json_text.h"
#include "cli/table.h"
#include "evaluator/model_evaluator.h"
#include "workers/measurement_plan.h"

namespace strata::cli {
namespace {

struct Options {
  evaluator::PerplexityOptions perplexity;
  std::string arithmetic = "fp32";
  bool stream = false;
  OutputFormat format = OutputFormat::kTable;
};

absl::Status MeasureAndPrint(Options options) {
  if (absl::Status status = workers::ParseName(options.arithmetic, &options.perplexity.arithmetic);
      !status.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("--arithmetic: {}", std::string(status.message())));
  }
  if (options.stream) options.perplexity.residence = evaluator::Residence::kStream;
  WatchForInterrupt();
  const auto result = evaluator::MeasurePerplexity(options.perplexity,
                                                   [](double) { return !InterruptRequested(); });
  if (!result.ok()) return result.status();
  if (options.format == OutputFormat::kJson) {
    const nlohmann::ordered_json json = {{"perplexity", result->perplexity},
                                         {"mean_nll", result->mean_nll},
                                         {"windows", result->windows},
                                         {"tokens", result->tokens},
                                         {"seconds", result->seconds}};
    PrintJson(json);
    return absl::OkStatus();
  }
  Table table({"perplexity", "mean nll", "windows", "tokens", "seconds"},
              std::vector<Align>(5, Align::kRight));
  table.AddRow({fmt::format("{:.4f}", result->perplexity), fmt::format("{:.6f}", result->mean_nll),
                fmt::format("{}", result->windows), fmt::format("{}", result->tokens),
                fmt::format("{:.1f}", result->seconds)});
  fmt::print("{}", table.Render());
  return absl::OkStatus();
}

}  // namespace

void AddEvalCommand(CLI::App* app, Command* command) {
  auto options = std::make_shared<Options>();
  evaluator::PerplexityOptions& perplexity = options->perplexity;
  CLI::App* verb = app->add_subcommand("eval", "perplexity of a model on a text");
  verb->add_option("--model", perplexity.model_path, "Hugging Face directory or GGUF file")
      ->required();
  verb->add_option("--text", perplexity.text_path, "text file")->required();
  verb->add_option("--text-format", perplexity.text_format, "plain | wikitext | jsonl")
      ->check(CLI::IsMember({"plain", "wikitext", "jsonl"}))
      ->capture_default_str();
  verb->add_option("--window", perplexity.window_tokens, "tokens of a window; results depend on it")
      ->check(CLI::Range(2, 1 << 20))
      ->capture_default_str();
  verb->add_option("--windows", perplexity.maximum_windows,
                   "windows to use, from the start of the text; 0: all whole windows")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  verb->add_option("--arithmetic", options->arithmetic, "fp32 | bf16")->capture_default_str();
  verb->add_option("--device", perplexity.device, "cpu")->capture_default_str();
  AddStreamOption(verb, &options->stream);
  AddThreadsOption(verb, &perplexity.threads);
  AddFormatOption(verb, &options->format);
  verb->callback([=] { *command = [=] { return MeasureAndPrint(*options); }; });
}

}  // namespace strata::cli
