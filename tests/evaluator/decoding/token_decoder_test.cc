#include "evaluator/decoding/token_decoder.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/evaluator/support/reference_data.h"
#include "tests/evaluator/support/wave_model.h"

namespace strata::evaluator {
namespace {

constexpr double kTolerance = 1e-4;
constexpr int64_t kWaveTokens = 240;

// Removes seven weights of ten, wherever they are.
class TestPruner : public BlockSource {
 public:
  TestPruner(const TransformerModel& model, Arithmetic arithmetic)
      : model_(model), arithmetic_(arithmetic) {}

  absl::StatusOr<PrunedBlock> Next(int block) override {
    const BlockMatrices dense = model_.matrices(block);
    const BlockMatrices pruned = {Zeroed(dense.query_key_value), Zeroed(dense.attention_output),
                                  Zeroed(dense.gate_up), Zeroed(dense.down)};
    return PrunedBlock{pruned, zeros_};
  }

 private:
  at::Tensor Zeroed(const at::Tensor& weights) {
    const at::Tensor positions = at::arange(weights.numel(), at::kLong);
    const at::Tensor kept = at::remainder(positions * 7919 + positions / 10, 10) >= 7;
    const at::Tensor pruned = weights * kept.view(weights.sizes());
    zeros_ = weights.numel() - pruned.count_nonzero().item<int64_t>();
    return arithmetic_ == Arithmetic::kFloat32 ? pruned : pruned.to(at::kBFloat16);
  }

  const TransformerModel& model_;
  Arithmetic arithmetic_;
  int64_t zeros_ = 0;
};

// A decoder with all that it refers to.
class Decoding {
 public:
  Decoding(const TransformerModel& model, BlockSource& pruner, Arithmetic arithmetic,
           LinearFormat format, pruning::InstructionSet set, int threads, int64_t maximum_tokens)
      : team_(threads) {
    const DecoderKernels kernels = {set, team_.parts()};
    auto blocks = BuildDecoderBlocks(model, pruner, arithmetic, format, kernels, nullptr);
    EXPECT_TRUE(blocks.ok()) << blocks.status();
    blocks_ = *std::move(blocks);
    auto head = MakeDecoderLinear(model.head(), LinearFormat::kDense, kernels);
    EXPECT_TRUE(head.ok()) << head.status();
    head_ = *std::move(head);
    decoder_ = std::make_unique<TokenDecoder>(model, blocks_, *head_, maximum_tokens, team_);
  }

  TokenDecoder& decoder() { return *decoder_; }
  const DecoderBlocks& blocks() const { return blocks_; }

  // Logits after each token, [tokens, vocabulary].
  at::Tensor Decode(std::span<const int32_t> tokens) {
    std::vector<at::Tensor> rows;
    for (const int32_t token : tokens) {
      const auto logits = decoder_->Decode(token);
      EXPECT_TRUE(logits.ok()) << logits.status();
      rows.push_back(RowOf(*logits));
    }
    return at::stack(rows);
  }

  static at::Tensor RowOf(std::span<const float> logits) {
    return at::tensor(at::ArrayRef<float>(logits.data(), logits.size()));
  }

 private:
  ThreadTeam team_;
  DecoderBlocks blocks_;
  std::unique_ptr<DecoderLinear> head_;
  std::unique_ptr<TokenDecoder> decoder_;
};

// Logits of a whole window, [tokens, vocabulary].
at::Tensor BatchLogits(const TransformerModel& model, BlockSource& pruner,
                       const std::vector<int32_t>& tokens) {
  BlockForward forward(model.config(), static_cast<int64_t>(tokens.size()), Arithmetic::kFloat32);
  at::Tensor hidden = model.Embed(Windows(1, tokens));
  for (int block = 0; block < model.config().blocks; ++block) {
    const auto pruned = pruner.Next(block);
    EXPECT_TRUE(pruned.ok()) << pruned.status();
    forward.Run(pruned->matrices, model.vectors(block), hidden);
  }
  return at::mm(model.FinalNorm(hidden), model.head().t());
}

// Largest distance of two rows, relative to the norm of the second.
double RowError(const at::Tensor& rows, const at::Tensor& expected) {
  return ((rows - expected).norm(2, {1}) / expected.norm(2, {1})).max().item<double>();
}

std::vector<int32_t> WaveTokens() { return WaveSequences(1, kWaveTokens).front(); }

TEST(TokenDecoderTest, LogitsAreThoseOfAWholeWindow) {
  TransformerModel& model = WaveModel();
  DenseBlocks dense(model, Arithmetic::kFloat32);
  TestPruner pruned(model, Arithmetic::kFloat32);
  for (BlockSource* pruner :
       {static_cast<BlockSource*>(&dense), static_cast<BlockSource*>(&pruned)}) {
    const at::Tensor expected = BatchLogits(model, *pruner, WaveTokens());
    for (const LinearFormat format : {LinearFormat::kDense, LinearFormat::kSparse}) {
      for (const pruning::InstructionSet set : pruning::SupportedInstructionSets()) {
        for (const int threads : {1, 3}) {
          Decoding decoding(model, *pruner, Arithmetic::kFloat32, format, set, threads,
                            kWaveTokens);
          EXPECT_LT(RowError(decoding.Decode(WaveTokens()), expected), kTolerance)
              << NameOf(set) << ", " << threads << " threads";
        }
      }
    }
  }
}

TEST(TokenDecoderTest, APromptIsReadAsItsTokensAre) {
  TransformerModel& model = WaveModel();
  TestPruner pruner(model, Arithmetic::kFloat32);
  const std::vector<int32_t> tokens = WaveTokens();
  const at::Tensor expected = BatchLogits(model, pruner, tokens);
  for (const LinearFormat format : {LinearFormat::kDense, LinearFormat::kSparse}) {
    for (const int64_t prompt : {int64_t{1}, int64_t{2}, int64_t{100}, kWaveTokens}) {
      Decoding decoding(model, pruner, Arithmetic::kFloat32, format, pruning::BestInstructionSet(),
                        2, kWaveTokens);
      const auto last = decoding.decoder().ReadPrompt(std::span(tokens).first(prompt));
      ASSERT_TRUE(last.ok()) << last.status();
      EXPECT_EQ(decoding.decoder().position(), prompt);
      EXPECT_LT(RowError(Decoding::RowOf(*last).view({1, -1}), expected.narrow(0, prompt - 1, 1)),
                kTolerance);
      if (prompt == kWaveTokens) continue;
      const at::Tensor rest = decoding.Decode(std::span(tokens).subspan(prompt));
      EXPECT_LT(RowError(rest, expected.narrow(0, prompt, kWaveTokens - prompt)), kTolerance)
          << "after a prompt of " << prompt;
    }
  }
}

TEST(TokenDecoderTest, RewindingForgetsTokens) {
  TransformerModel& model = WaveModel();
  DenseBlocks pruner(model, Arithmetic::kFloat32);
  const std::vector<int32_t> tokens = WaveTokens();
  Decoding decoding(model, pruner, Arithmetic::kFloat32, LinearFormat::kDense,
                    pruning::BestInstructionSet(), 2, kWaveTokens);
  const at::Tensor expected = decoding.Decode(std::span(tokens).first(30));
  ASSERT_TRUE(decoding.decoder().Rewind(10).ok());
  decoding.Decode(std::vector<int32_t>{200, 100});
  ASSERT_TRUE(decoding.decoder().Rewind(10).ok());
  const at::Tensor again = decoding.Decode(std::span(tokens).subspan(10, 20));
  EXPECT_TRUE(at::equal(again, expected.narrow(0, 10, 20)));
  EXPECT_EQ(decoding.decoder().Rewind(31).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(decoding.decoder().Rewind(-1).code(), absl::StatusCode::kOutOfRange);
}

TEST(TokenDecoderTest, ErrorsNameWhatWasExpected) {
  TransformerModel& model = WaveModel();
  DenseBlocks pruner(model, Arithmetic::kFloat32);
  Decoding decoding(model, pruner, Arithmetic::kFloat32, LinearFormat::kDense,
                    pruning::BestInstructionSet(), 1, 3);
  TokenDecoder& decoder = decoding.decoder();
  for (const int32_t token : {-1, 258}) {
    const auto logits = decoder.Decode(token);
    EXPECT_EQ(logits.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(logits.status().message().find("0 to 257"), std::string::npos) << logits.status();
    EXPECT_EQ(decoder.ReadPrompt(std::vector<int32_t>{1, token}).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(decoder.ReadPrompt({}).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(decoder.ReadPrompt(std::vector<int32_t>(4)).status().code(),
            absl::StatusCode::kOutOfRange);
  decoding.Decode(std::vector<int32_t>{1, 2, 3});
  EXPECT_EQ(decoder.Decode(4).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(decoder.position(), 3);
}

TEST(TokenDecoderTest, BuildingCountsZerosAndBytesAndStops) {
  TransformerModel& model = WaveModel();
  TestPruner pruner(model, Arithmetic::kFloat32);
  const auto sparse =
      BuildDecoderBlocks(model, pruner, Arithmetic::kFloat32, LinearFormat::kSparse, {}, nullptr);
  ASSERT_TRUE(sparse.ok()) << sparse.status();
  EXPECT_GT(sparse->zeros, 0);
  const auto dense =
      BuildDecoderBlocks(model, pruner, Arithmetic::kFloat32, LinearFormat::kDense, {}, nullptr);
  ASSERT_TRUE(dense.ok()) << dense.status();
  // Weights of a block: 2 (16 x 16) + 2 (8 x 16) + 3 (24 x 16).
  EXPECT_EQ(dense->bytes(), kWaveBlocks * 4 * (2 * 256 + 2 * 128 + 3 * 384));
  EXPECT_LT(sparse->bytes(), dense->bytes());
  const auto stopped = BuildDecoderBlocks(model, pruner, Arithmetic::kFloat32, LinearFormat::kDense,
                                          {}, [](double fraction) { return fraction < 0.5; });
  EXPECT_EQ(stopped.status().code(), absl::StatusCode::kCancelled);
}

// bfloat16 weights: both formats compute the same, and nearly what float32 gives.
TEST(TokenDecoderTest, BFloat16) {
  TransformerModel& model = WaveModel();
  TestPruner exact(model, Arithmetic::kFloat32);
  TestPruner rounded(model, Arithmetic::kBFloat16);
  const std::vector<int32_t> tokens = WaveTokens();
  const at::Tensor expected = BatchLogits(model, exact, tokens);
  Decoding dense(model, rounded, Arithmetic::kBFloat16, LinearFormat::kDense,
                 pruning::BestInstructionSet(), 2, kWaveTokens);
  Decoding sparse(model, rounded, Arithmetic::kBFloat16, LinearFormat::kSparse,
                  pruning::BestInstructionSet(), 2, kWaveTokens);
  const at::Tensor logits = dense.Decode(tokens);
  EXPECT_LT(RowError(sparse.Decode(tokens), logits), kTolerance);
  EXPECT_LT(RowError(logits, expected), 0.05);
  EXPECT_GT(RowError(logits, expected), kTolerance);
  EXPECT_EQ(2 * dense.blocks().bytes(),
            Decoding(model, exact, Arithmetic::kFloat32, LinearFormat::kDense,
                     pruning::BestInstructionSet(), 2, 1)
                .blocks()
                .bytes());
  const auto prompt = sparse.decoder().ReadPrompt(tokens);
  ASSERT_TRUE(prompt.ok()) << prompt.status();
  EXPECT_LT(RowError(Decoding::RowOf(*prompt).view({1, -1}), logits.narrow(0, kWaveTokens - 1, 1)),
            0.05);
}

TEST(TokenDecoderTest, SmolLm2LogitsAreThoseOfAWholeWindow) {
  TransformerModel& model = SharedModel();
  constexpr int64_t kTokens = 208;
  std::vector<int32_t> tokens = Reference("forward_ids").integers;
  ASSERT_GE(tokens.size(), static_cast<size_t>(kTokens));
  tokens.resize(kTokens);
  DenseBlocks dense(model, Arithmetic::kFloat32);
  Decoding dense_decoding(model, dense, Arithmetic::kFloat32, LinearFormat::kDense,
                          pruning::BestInstructionSet(), 2, kTokens);
  EXPECT_LT(RowError(dense_decoding.Decode(tokens), BatchLogits(model, dense, tokens)), kTolerance);

  TestPruner pruned(model, Arithmetic::kFloat32);
  Decoding sparse_decoding(model, pruned, Arithmetic::kFloat32, LinearFormat::kSparse,
                           pruning::BestInstructionSet(), 2, kTokens);
  EXPECT_LT(RowError(sparse_decoding.Decode(tokens), BatchLogits(model, pruned, tokens)),
            kTolerance);
}

}  // namespace
}  // namespace strata::evaluator
