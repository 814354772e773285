#include "cli/config/starter_config.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>

namespace strata::cli {
namespace {

constexpr int64_t kLargestWindow = 256;
constexpr int64_t kSmallestWindow = 32;
// Windows of a split below which shorter ones are taken.
constexpr int64_t kFewWindows = 4;
// search.lag, 8 by default, is to be several times the number of workers.
constexpr int64_t kMostWorkers = 4;
// Memory of a worker in times of its weights, and the share of the machine's memory for workers.
constexpr double kWorkingSpace = 1.5;
constexpr double kMemoryShare = 0.8;

std::string Quoted(const std::string& text) {
  YAML::Emitter out;
  out << YAML::DoubleQuoted << text;
  return out.c_str();
}

// Returns the text with blanks in place of control characters, which would end a comment.
std::string OneLine(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

// Returns "SETTING   # COMMENT".
std::string Line(const std::string& setting, const std::string& comment) {
  return fmt::format("{:<50} # {}\n", setting, comment);
}

}  // namespace

int64_t SmallestWindow(int64_t positions) {
  return positions > 0 ? std::min(positions, kSmallestWindow) : kSmallestWindow;
}

StarterSizes StarterSizesFor(const StarterInputs& inputs) {
  const int64_t smallest = SmallestWindow(inputs.positions);
  const int64_t shortest_split =
      std::min({inputs.calibration_tokens, inputs.fitness_tokens, inputs.report_tokens});
  int64_t tokens = kLargestWindow;
  const auto is_too_long = [&] {
    return (inputs.positions > 0 && tokens > inputs.positions) ||
           shortest_split / tokens < kFewWindows;
  };
  while (tokens > smallest && is_too_long()) tokens = std::max(tokens / 2, smallest);
  StarterSizes sizes;
  sizes.window_tokens = tokens;
  sizes.calibration_sequences = std::min<int64_t>(8, inputs.calibration_tokens / tokens);
  sizes.fitness_windows = std::min<int64_t>(8, inputs.fitness_tokens / tokens);
  sizes.report_windows = std::min<int64_t>(16, inputs.report_tokens / tokens);
  const double held = kMemoryShare * inputs.memory_bytes / (kWorkingSpace * inputs.model_bytes);
  sizes.workers = std::clamp<int64_t>(static_cast<int64_t>(std::min<double>(held, kMostWorkers)), 1,
                                      std::max(1, inputs.processors));
  sizes.threads = std::max<int64_t>(1, inputs.processors / sizes.workers);
  return sizes;
}

std::string StarterConfig(const StarterInputs& inputs, const std::string& path) {
  const StarterSizes sizes = StarterSizesFor(inputs);
  const std::string file = path == "-" ? "my.yaml" : path;
  const std::string run = "runs/" + std::filesystem::path(file).stem().string();
  std::string yaml = fmt::format(
      "# Search on {} ({} blocks).\n"
      "# `strata search {} --dry-run` forecasts it, `strata config --all {}` explains all.\n",
      OneLine(inputs.model_name), inputs.blocks, OneLine(file), OneLine(file));
  yaml += fmt::format("model: {}\ntext: {}\n", Quoted(inputs.model), Quoted(inputs.text));
  yaml += Line("run: " + Quoted(run), "results; --resume goes on with them");
  yaml += Line("target_sparsity: 0.7", "share of the weights that is removed");
  yaml += Line("pruner: wanda", "magnitude | wanda | ria | sparsegpt");
  yaml += Line("granularity: linear", "one sparsity per: block | kind | linear");
  yaml += Line(fmt::format("calibration: {{sequences: {}, sequence_tokens: {}}}",
                           sizes.calibration_sequences, sizes.window_tokens),
               "statistics for the pruner");
  yaml += Line(fmt::format("fitness: {{windows: {}, window_tokens: {}, protocol: sequential}}",
                           sizes.fitness_windows, sizes.window_tokens),
               "measured for every candidate");
  yaml += Line(fmt::format("selection: {{windows: {}}}", sizes.fitness_windows),
               "chooses the best finalist");
  yaml += Line(fmt::format("report: {{windows: {}, window_tokens: {}}}", sizes.report_windows,
                           sizes.window_tokens),
               "the final numbers");
  yaml += "search:\n";
  yaml += Line("  minutes: 10", "longer is better; 0: no limit");
  yaml += Line("  baseline_settings: brief", "all: every setting of every baseline");
  yaml += Line("  baseline_units: block", "where published functions are better than on linears");
  yaml += Line("refine: {evaluations: 24}", "the best allocation itself, at the end; 0: none");
  yaml += Line(fmt::format("workers: {{count: {}, threads: {}}}", sizes.workers, sizes.threads),
               "processes on this machine");
  return yaml;
}

}  // namespace strata::cli
