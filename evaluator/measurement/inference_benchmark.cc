#include "evaluator/measurement/inference_benchmark.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "evaluator/calibration/calibration_pass.h"
#include "evaluator/clock.h"
#include "evaluator/decoding/token_decoder.h"
#include "evaluator/evaluator.h"
#include "evaluator/model/libtorch_errors.h"
#include "evaluator/model/libtorch_threads.h"
#include "evaluator/pruners/one_shot_pruner.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "expr/status_macros.h"
#include "pruning/dense_matrix_vector.h"

namespace strata::evaluator {
namespace {

constexpr int64_t kMaximumTokens = 65536;
constexpr int64_t kMaximumCacheBytes = int64_t{4} << 30;
constexpr int64_t kMaximumRepetitions = 1000;

// Number of tokens that one form decodes before the other takes its turn. A machine with other work
// keeps its speed for about as long.
constexpr int64_t kTurnTokens = 4;

// Bytes that are read to measure the speed of memory. A last-level cache holds less.
constexpr size_t kReadBytes = size_t{128} << 20;

absl::Status OutsideRange(const char* what, int64_t highest, int64_t found) {
  return absl::InvalidArgumentError(
      fmt::format("{}: expected 1 to {}, found {}", what, highest, found));
}

absl::Status CheckOptions(const InferenceBenchmarkOptions& options) {
  if (options.sparsities.empty()) {
    return absl::InvalidArgumentError("sparsity: expected at least one number, found none");
  }
  for (const double sparsity : options.sparsities) {
    if (!(sparsity >= 0 && sparsity < 1)) {
      return absl::InvalidArgumentError(fmt::format(
          "sparsity: expected a share of zeros of at least 0 and below 1, found {}", sparsity));
    }
  }
  if (options.prompt_tokens < 1 || options.prompt_tokens > kMaximumTokens) {
    return OutsideRange("prompt tokens", kMaximumTokens, options.prompt_tokens);
  }
  if (options.tokens < 1 || options.tokens > kMaximumTokens - options.prompt_tokens) {
    return OutsideRange("tokens after the prompt", kMaximumTokens - options.prompt_tokens,
                        options.tokens);
  }
  if (options.repetitions < 1 || options.repetitions > kMaximumRepetitions) {
    return OutsideRange("repetitions", kMaximumRepetitions, options.repetitions);
  }
  if (options.pruner == Pruner::kSparseGpt) {
    return absl::InvalidArgumentError(
        "pruner: expected magnitude, wanda or ria, which only choose the zeros, found sparsegpt");
  }
  if (options.pruner != Pruner::kMagnitude && options.text_path.empty()) {
    return absl::InvalidArgumentError(
        "text: expected a file or folder to calibrate the pruner with, found none (magnitude needs "
        "none)");
  }
  if (!pruning::Supports(options.instructions)) {
    return absl::InvalidArgumentError(
        fmt::format("instructions: expected at most {}, the best that this processor has, found {}",
                    NameOf(pruning::BestInstructionSet()), NameOf(options.instructions)));
  }
  return absl::OkStatus();
}

absl::Status CheckCache(const ModelConfig& config, int64_t tokens) {
  const int64_t bytes = 2 * tokens * KeyValueCache::BytesPerToken(config);
  if (bytes <= kMaximumCacheBytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(fmt::format(
      "the key-value caches of two models for {} tokens take {:.1f} GiB: expected at most {} GiB; "
      "ask for fewer tokens",
      tokens, static_cast<double>(bytes) / static_cast<double>(1 << 30), kMaximumCacheBytes >> 30));
}

absl::StatusOr<CalibrationStatistics> Calibrate(const InferenceBenchmarkOptions& options,
                                                const TransformerModel& model,
                                                const Progress& progress) {
  STRATA_ASSIGN_OR_RETURN(const std::unique_ptr<Tokenizer> tokenizer,
                          OpenTokenizer(options.model_path, model.config().vocabulary));
  STRATA_ASSIGN_OR_RETURN(const TextCorpus corpus, TextCorpus::Load(options.text_path, *tokenizer));
  STRATA_ASSIGN_OR_RETURN(const Windows sequences,
                          corpus.Windows(Split::kCalibration, options.calibration.sequences,
                                         options.calibration.sequence_tokens));
  return RunCalibration(model, sequences, CalibrationNeeds(), progress);
}

// Seconds that one form took in one repetition.
struct Turns {
  double prompt = 0;
  double decode = 0;
  DecodingSeconds parts;
};
struct Repetition {
  Turns dense;
  Turns compressed;
  double bytes_read_per_second = 0;
};

class Bench {
 public:
  Bench(const InferenceBenchmarkOptions& options, const TransformerModel& model,
        const CalibrationStatistics* statistics)
      : options_(options),
        model_(model),
        statistics_(statistics),
        team_(options.threads),
        kernels_{options.instructions, team_.parts()},
        memory_(kReadBytes / sizeof(uint64_t), 1) {
    for (int64_t i = 0; i < options.prompt_tokens + options.tokens; ++i) {
      ids_.push_back(static_cast<int32_t>((i * 7919 + 13) % model.config().vocabulary));
    }
  }

  absl::StatusOr<InferenceMeasurement> Run(const Progress& progress);

 private:
  absl::StatusOr<DecoderBlocks> Build(BlockSource& source, LinearFormat format,
                                      const Progress& progress);
  absl::Status MeasureSparsity(double sparsity, const Progress& progress);
  absl::StatusOr<Repetition> Repeat(TokenDecoder& dense, TokenDecoder& compressed,
                                    bool dense_first);
  absl::Status ReadPrompt(TokenDecoder& decoder, Turns* turns);
  absl::Status DecodeTurn(TokenDecoder& decoder, Turns* turns);
  double ReadMemory();
  FormMeasurement FormOf(const std::vector<Repetition>& repetitions, Turns Repetition::*form,
                         int64_t linear_bytes) const;

  const InferenceBenchmarkOptions& options_;
  const TransformerModel& model_;
  const CalibrationStatistics* statistics_;
  ThreadTeam team_;
  DecoderKernels kernels_;
  std::vector<uint64_t> memory_;
  uint64_t read_result_ = 0;
  std::vector<int32_t> ids_;
  DecoderBlocks dense_;
  std::unique_ptr<DecoderLinear> head_;
  std::vector<Repetition> all_;
  InferenceMeasurement result_;
};

std::vector<double> Each(const std::vector<Repetition>& repetitions,
                         const std::function<double(const Repetition&)>& number) {
  std::vector<double> numbers;
  for (const Repetition& repetition : repetitions) numbers.push_back(number(repetition));
  return numbers;
}

absl::StatusOr<InferenceMeasurement> Bench::Run(const Progress& progress) {
  const at::Tensor head = model_.head();
  STRATA_ASSIGN_OR_RETURN(
      std::unique_ptr<DecoderLinear> kept,
      MakeDecoderLinear(options_.arithmetic == Arithmetic::kFloat32 ? head : head.to(at::kBFloat16),
                        LinearFormat::kDense, kernels_));
  head_ = std::move(kept);

  const auto stages = static_cast<double>(options_.sparsities.size() + 1);
  DenseBlocks source(model_, options_.arithmetic);
  STRATA_ASSIGN_OR_RETURN(DecoderBlocks dense,
                          Build(source, LinearFormat::kDense, Part(progress, 0, 1 / stages)));
  dense_ = std::move(dense);
  for (size_t i = 0; i < options_.sparsities.size(); ++i) {
    const auto stage = static_cast<double>(i + 1);
    STRATA_RETURN_IF_ERROR(MeasureSparsity(options_.sparsities[i],
                                           Part(progress, stage / stages, (stage + 1) / stages)));
  }
  result_.linear_bytes = dense_.bytes();
  result_.head_bytes = head_->bytes();
  result_.cache_bytes_per_token = KeyValueCache::BytesPerToken(model_.config());
  result_.dense = FormOf(all_, &Repetition::dense, dense_.bytes());
  result_.read_gigabytes_per_second =
      SpreadOf(Each(all_, [](const Repetition& r) { return r.bytes_read_per_second / 1e9; }));
  return result_;
}

absl::StatusOr<DecoderBlocks> Bench::Build(BlockSource& source, LinearFormat format,
                                           const Progress& progress) {
  return BuildDecoderBlocks(model_, source, options_.arithmetic, format, kernels_, progress);
}

absl::Status Bench::MeasureSparsity(double sparsity, const Progress& progress) {
  BlockSparsity of_block;
  of_block.fill(sparsity);
  OneShotSelection source(
      model_, statistics_, {options_.pruner, 0},
      std::vector<BlockSparsity>(static_cast<size_t>(model_.config().blocks), of_block),
      options_.arithmetic);
  STRATA_ASSIGN_OR_RETURN(const DecoderBlocks blocks,
                          Build(source, LinearFormat::kSparse, Part(progress, 0, 0.5)));
  const auto tokens = static_cast<int64_t>(ids_.size());
  TokenDecoder dense(model_, dense_, *head_, tokens, team_);
  TokenDecoder compressed(model_, blocks, *head_, tokens, team_);
  // The first run of each decoder allocates and touches its memory, so it is not counted.
  std::vector<Repetition> repetitions;
  for (int i = -1; i < options_.repetitions; ++i) {
    if (progress && !progress(0.5 + 0.5 * (i + 1) / (options_.repetitions + 1))) {
      return absl::CancelledError("stopped while measuring inference");
    }
    STRATA_ASSIGN_OR_RETURN(const Repetition repetition, Repeat(dense, compressed, i % 2 == 0));
    if (i >= 0) repetitions.push_back(repetition);
  }
  all_.insert(all_.end(), repetitions.begin(), repetitions.end());

  SparsityMeasurement measurement;
  measurement.sparsity = sparsity;
  int64_t weights = 0;
  for (const DecoderBlock& block : dense_.blocks) {
    for (const DecoderLinear* linear : {block.query_key_value.get(), block.attention_output.get(),
                                        block.gate_up.get(), block.down.get()}) {
      weights += linear->rows() * linear->columns();
    }
  }
  measurement.achieved_sparsity = static_cast<double>(blocks.zeros) / static_cast<double>(weights);
  measurement.linear_bytes = blocks.bytes();
  measurement.compressed = FormOf(repetitions, &Repetition::compressed, blocks.bytes());
  measurement.prompt_ratio = SpreadOf(
      Each(repetitions, [](const Repetition& r) { return r.dense.prompt / r.compressed.prompt; }));
  measurement.decode_ratio = SpreadOf(
      Each(repetitions, [](const Repetition& r) { return r.dense.decode / r.compressed.decode; }));
  measurement.linears_ratio = SpreadOf(Each(repetitions, [](const Repetition& r) {
    return r.dense.parts.linears / r.compressed.parts.linears;
  }));
  result_.sparsities.push_back(measurement);
  return absl::OkStatus();
}

absl::StatusOr<Repetition> Bench::Repeat(TokenDecoder& dense, TokenDecoder& compressed,
                                         bool dense_first) {
  Repetition result;
  std::pair<TokenDecoder*, Turns*> forms[] = {{&dense, &result.dense},
                                              {&compressed, &result.compressed}};
  if (!dense_first) std::swap(forms[0], forms[1]);
  for (const auto& [decoder, turns] : forms) {
    STRATA_RETURN_IF_ERROR(ReadPrompt(*decoder, turns));
  }
  double read_seconds = 0;
  double read_bytes = 0;
  for (int64_t token = 0; token < options_.tokens; token += kTurnTokens) {
    for (const auto& [decoder, turns] : forms) {
      STRATA_RETURN_IF_ERROR(DecodeTurn(*decoder, turns));
    }
    read_seconds += ReadMemory();
    read_bytes += static_cast<double>(kReadBytes);
  }
  result.bytes_read_per_second = read_bytes / read_seconds;
  return result;
}

absl::Status Bench::ReadPrompt(TokenDecoder& decoder, Turns* turns) {
  const double start = SteadySeconds();
  const auto logits = decoder.ReadPrompt(
      std::span<const int32_t>(ids_).first(static_cast<size_t>(options_.prompt_tokens)));
  turns->prompt = SecondsSince(start);
  return logits.status();
}

absl::Status Bench::DecodeTurn(TokenDecoder& decoder, Turns* turns) {
  const DecodingSeconds before = decoder.seconds();
  const int64_t end = std::min(decoder.position() + kTurnTokens, static_cast<int64_t>(ids_.size()));
  const double start = SteadySeconds();
  while (decoder.position() < end) {
    STRATA_RETURN_IF_ERROR(decoder.Decode(ids_[static_cast<size_t>(decoder.position())]).status());
  }
  turns->decode += SecondsSince(start);
  turns->parts.linears += decoder.seconds().linears - before.linears;
  turns->parts.head += decoder.seconds().head - before.head;
  turns->parts.other += decoder.seconds().other - before.other;
  return absl::OkStatus();
}

double Bench::ReadMemory() {
  const auto parts = static_cast<size_t>(team_.parts());
  std::vector<uint64_t> results(parts);
  const double start = SteadySeconds();
  team_.Run([&](int part) {
    const size_t first = memory_.size() * static_cast<size_t>(part) / parts;
    const size_t last = memory_.size() * static_cast<size_t>(part + 1) / parts;
    results[static_cast<size_t>(part)] = pruning::ReadAll(
        std::span<const uint64_t>(memory_).subspan(first, last - first), options_.instructions);
  });
  const double seconds = SecondsSince(start);
  // The result is kept so that the compiler cannot leave out the reading.
  read_result_ ^= std::accumulate(results.begin(), results.end(), uint64_t{0});
  return seconds;
}

FormMeasurement Bench::FormOf(const std::vector<Repetition>& repetitions, Turns Repetition::*form,
                              int64_t linear_bytes) const {
  const auto prompt = static_cast<double>(options_.prompt_tokens);
  const auto tokens = static_cast<double>(options_.tokens);
  const auto bytes = static_cast<double>(linear_bytes);
  FormMeasurement result;
  result.prompt_tokens_per_second =
      SpreadOf(Each(repetitions, [&](const Repetition& r) { return prompt / (r.*form).prompt; }));
  result.decoded_tokens_per_second =
      SpreadOf(Each(repetitions, [&](const Repetition& r) { return tokens / (r.*form).decode; }));
  result.linears_share = SpreadOf(Each(repetitions, [&](const Repetition& r) {
    return (r.*form).parts.linears / (r.*form).decode;
  }));
  result.head_share = SpreadOf(Each(
      repetitions, [&](const Repetition& r) { return (r.*form).parts.head / (r.*form).decode; }));
  result.bandwidth_share = SpreadOf(Each(repetitions, [&](const Repetition& r) {
    return bytes * tokens / (r.*form).parts.linears / r.bytes_read_per_second;
  }));
  return result;
}

absl::StatusOr<InferenceMeasurement> MeasureWithModel(const InferenceBenchmarkOptions& options,
                                                      const Progress& progress) {
  STRATA_RETURN_IF_ERROR(CheckOptions(options));
  STRATA_RETURN_IF_ERROR(UseThreads(options.threads));
  const at::InferenceMode guard;
  STRATA_ASSIGN_OR_RETURN(std::unique_ptr<Checkpoint> checkpoint,
                          OpenCheckpoint(options.model_path));
  const std::string name = checkpoint->model_name();
  if (absl::Status status =
          CheckCache(checkpoint->config(), options.prompt_tokens + options.tokens);
      !status.ok()) {
    return status;
  }
  // The two forms that are compared are in memory. The model is streamed to avoid a third copy.
  STRATA_ASSIGN_OR_RETURN(const std::unique_ptr<TransformerModel> model,
                          TransformerModel::Load(std::move(checkpoint), Residence::kStream));
  std::optional<CalibrationStatistics> statistics;
  if (options.pruner != Pruner::kMagnitude) {
    STRATA_ASSIGN_OR_RETURN(CalibrationStatistics calibrated,
                            Calibrate(options, *model, Part(progress, 0, 0.1)));
    statistics = std::move(calibrated);
  }
  Bench bench(options, *model, statistics.has_value() ? &*statistics : nullptr);
  absl::StatusOr<InferenceMeasurement> result = bench.Run(Part(progress, 0.1, 1));
  if (result.ok()) result->model = name;
  return result;
}

}  // namespace

Spread SpreadOf(std::vector<double> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  const size_t middle = values.size() / 2;
  const double median =
      values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {values.front(), median, values.back()};
}

absl::StatusOr<InferenceMeasurement> MeasureInference(const InferenceBenchmarkOptions& options,
                                                      const Progress& progress) {
  return CatchLibTorchErrors("measuring inference",
                             [&] { return MeasureWithModel(options, progress); });
}

}  // namespace strata::evaluator
