#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "evaluator/block_pruner.h"
#include "evaluator/libtorch_errors.h"
#include "evaluator/libtorch_threads.h"
#include "evaluator/model_evaluator.h"
#include "evaluator/text_corpus.h"
#include "evaluator/tokenizer.h"
#include "evaluator/transformer_model.h"
#include "evaluator/window_losses.h"

namespace strata::evaluator {
namespace {

// Tokens that pass through the model together; bounds the activations held for a long text.
constexpr int64_t kGroupTokens = 16384;

absl::StatusOr<Windows> ReadWindows(const PerplexityOptions& options, const Tokenizer& tokenizer) {
  const absl::StatusOr<TextFormat> format = ParseTextFormat(options.text_format);
  if (!format.ok()) return format.status();
  const absl::StatusOr<std::string> text = ReadText(options.text_path, *format);
  if (!text.ok()) return text.status();
  std::vector<int32_t> ids = tokenizer.Encode(*text);
  if (tokenizer.begin_token() >= 0) ids.insert(ids.begin(), tokenizer.begin_token());
  const auto tokens = static_cast<int64_t>(ids.size());
  int64_t count = tokens / options.window_tokens;
  if (count < 1) {
    return absl::InvalidArgumentError(
        fmt::format("{}: {} tokens, expected at least {} for one window", options.text_path, tokens,
                    options.window_tokens));
  }
  if (options.maximum_windows > 0) count = std::min(count, options.maximum_windows);
  Windows windows;
  for (int64_t i = 0; i < count; ++i) {
    const auto first = ids.begin() + i * options.window_tokens;
    windows.emplace_back(first, first + options.window_tokens);
  }
  return windows;
}

absl::StatusOr<PerplexityResult> MeasureGroups(TransformerModel& model, const Windows& windows,
                                               Arithmetic arithmetic, const Progress& progress) {
  DenseBlocks blocks(model, arithmetic);
  const std::vector<BlockSparsity> dense(model.config().blocks, BlockSparsity{});
  const auto window_tokens = static_cast<int64_t>(windows.front().size());
  const auto group = static_cast<size_t>(std::max<int64_t>(1, kGroupTokens / window_tokens));
  PerplexityResult result;
  double sum = 0;
  for (size_t first = 0; first < windows.size(); first += group) {
    const size_t last = std::min(windows.size(), first + group);
    const Windows part(windows.begin() + static_cast<std::ptrdiff_t>(first),
                       windows.begin() + static_cast<std::ptrdiff_t>(last));
    const auto total = static_cast<double>(windows.size());
    Progress part_progress;
    if (progress) {
      part_progress = [&](double fraction) {
        return progress((static_cast<double>(first) + fraction * static_cast<double>(part.size())) /
                        total);
      };
    }
    const absl::StatusOr<Measurement> measured =
        MeasureWindows(model, blocks, dense, part, arithmetic, part_progress);
    if (!measured.ok()) return measured.status();
    for (size_t i = 0; i < part.size(); ++i) {
      const double loss = measured->window_nll[i];
      if (!std::isfinite(loss)) {
        return absl::DataLossError(fmt::format(
            "window {} of {}: expected a finite loss, found {}; the model's weights are unfit",
            first + i, windows.size(), loss));
      }
      sum += loss;
    }
    result.windows += static_cast<int64_t>(part.size());
    result.tokens += measured->tokens;
  }
  result.mean_nll = sum / static_cast<double>(result.windows);
  result.perplexity = std::exp(result.mean_nll);
  return result;
}

absl::StatusOr<PerplexityResult> Measure(const PerplexityOptions& options,
                                         const Progress& progress) {
  const auto start = std::chrono::steady_clock::now();
  if (options.window_tokens < 2 || options.maximum_windows < 0) {
    return absl::InvalidArgumentError(fmt::format(
        "expected windows of at least 2 tokens and a maximum of at least 0 windows, found {} and "
        "{}",
        options.window_tokens, options.maximum_windows));
  }
  if (absl::Status status = CheckDevice(options.device); !status.ok()) return status;
  if (absl::Status status = UseThreads(options.threads); !status.ok()) return status;
  absl::StatusOr<std::unique_ptr<Checkpoint>> checkpoint = OpenCheckpoint(options.model_path);
  if (!checkpoint.ok()) return checkpoint.status();
  const absl::StatusOr<std::unique_ptr<Tokenizer>> tokenizer = OpenTokenizer(options.model_path);
  if (!tokenizer.ok()) return tokenizer.status();
  const absl::StatusOr<Windows> windows = ReadWindows(options, **tokenizer);
  if (!windows.ok()) return windows.status();
  const absl::StatusOr<std::unique_ptr<TransformerModel>> model =
      TransformerModel::Load(*std::move(checkpoint), options.residence);
  if (!model.ok()) return model.status();
  absl::StatusOr<PerplexityResult> result =
      MeasureGroups(**model, *windows, options.arithmetic, progress);
  if (!result.ok()) return result;
  result->seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace

absl::StatusOr<PerplexityResult> MeasurePerplexity(const PerplexityOptions& options,
                                                   const Progress& progress) {
  return CatchLibTorchErrors("measuring perplexity", [&] { return Measure(options, progress); });
}

}  // namespace strata::evaluator
