// What must hold for models of every family; that the computation is the family's is shown by
// comparison with transformers.
#include "evaluator/checkpoint/model_family.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <set>

#include "evaluator/decoding/token_decoder.h"
#include "evaluator/model/differentiable_block.h"
#include "evaluator/model/libtorch_errors.h"
#include "evaluator/pruners/one_shot_pruner.h"
#include "evaluator/pruners/sequential_pruner.h"
#include "tests/evaluator/support/random_checkpoint.h"
#include "tests/evaluator/support/wave_model.h"

namespace strata::evaluator {
namespace {

constexpr int64_t kTokens = 40;
constexpr double kTolerance = 2e-5;

std::vector<int32_t> Tokens(int64_t count, int64_t seed) {
  std::vector<int32_t> tokens;
  for (int64_t i = 0; i < count; ++i) {
    tokens.push_back(static_cast<int32_t>((7 * i * i + 3 * i + 13 * seed) % 61));
  }
  return tokens;
}

at::Tensor RunAll(const TransformerModel& model, const PackedTokens& tokens) {
  BlockForward forward(model.config(), tokens.layout, Arithmetic::kFloat32);
  at::Tensor hidden = model.Embed(tokens);
  for (int block = 0; block < model.config().blocks; ++block) {
    forward.Run(model.matrices(block), model.vectors(block), hidden);
  }
  return hidden;
}

PackedTokens OneSequence(const std::vector<int32_t>& ids) {
  PackedTokens tokens;
  tokens.Add(ids);
  return tokens;
}

double LargestDifference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

class ModelFamilyTest : public SingleThreadTest {
 protected:
  at::InferenceMode guard_;
};

TEST_F(ModelFamilyTest, NamesAreThoseOfOneTensorEach) {
  for (const NamedConfig& c : ConfigsOfAllFamilies()) {
    std::set<std::string> names;
    std::set<std::string> gguf;
    for (const NamedShape& tensor : TensorsOf(c.config)) {
      EXPECT_TRUE(names.insert(tensor.name).second) << c.name << " " << tensor.name;
      EXPECT_EQ(tensor.gguf.empty(), c.config.family->gguf == nullptr) << c.name;
      if (!tensor.gguf.empty()) {
        EXPECT_TRUE(gguf.insert(tensor.gguf).second) << tensor.gguf;
      }
    }
    int linears = 0;
    for (const NamedShape& tensor : TensorsOf(c.config)) linears += tensor.is_linear ? 1 : 0;
    EXPECT_EQ(linears, c.config.blocks * c.config.linears_per_block());
  }
  EXPECT_EQ(LinearName(ConfigsOfAllFamilies().back().config, 1, 5),
            "model.decoder.layers.1.fc2.weight");
}

TEST_F(ModelFamilyTest, AStreamedModelIsTheModel) {
  for (const NamedConfig& c : ConfigsOfAllFamilies()) {
    const PackedTokens tokens = OneSequence(Tokens(kTokens, 1));
    const auto kept = RandomModel(c.config);
    const auto streamed = RandomModel(c.config, Residence::kStream);
    const at::Tensor logits = kept->FinalNorm(RunAll(*kept, tokens)).matmul(kept->head().t());
    EXPECT_GT(logits.std().item<double>(), 0.1) << c.name;
    EXPECT_TRUE(at::equal(
        logits, streamed->FinalNorm(RunAll(*streamed, tokens)).matmul(streamed->head().t())))
        << c.name;
  }
}

// A prefix that several sequences share is computed once, and the sequences do not see each other.
TEST_F(ModelFamilyTest, SequencesThatShareAPrefixAreThoseThatHaveItEach) {
  for (const NamedConfig& c : ConfigsOfAllFamilies()) {
    const auto model = RandomModel(c.config);
    const std::vector<int32_t> prefix = Tokens(17, 5);
    const std::vector<std::vector<int32_t>> endings = {Tokens(3, 6), Tokens(14, 7), Tokens(1, 8)};
    PackedTokens packed;
    packed.Add(Tokens(11, 9));
    const int64_t start = packed.Add(prefix);
    for (const auto& ending : endings) packed.Add(ending, start);
    packed.Add(Tokens(5, 10));
    const at::Tensor result = RunAll(*model, packed);
    int64_t row = 11 + 17;
    for (const auto& ending : endings) {
      std::vector<int32_t> whole = prefix;
      whole.insert(whole.end(), ending.begin(), ending.end());
      const at::Tensor expected = RunAll(*model, OneSequence(whole));
      const auto rows = static_cast<int64_t>(ending.size());
      EXPECT_LT(LargestDifference(result.narrow(0, row, rows), expected.narrow(0, 17, rows)),
                kTolerance)
          << c.name;
      EXPECT_LT(LargestDifference(result.narrow(0, 11, 17), expected.narrow(0, 0, 17)), kTolerance)
          << c.name;
      row += rows;
    }
    EXPECT_LT(
        LargestDifference(result.narrow(0, row, 5), RunAll(*model, OneSequence(Tokens(5, 10)))),
        kTolerance)
        << c.name;
  }
}

// More rows than are multiplied at once, and more queries than are masked at once.
TEST_F(ModelFamilyTest, LongLayoutsAreCutWhereNothingIsShared) {
  ModelConfig config = ConfigsOfAllFamilies()[2].config;
  ASSERT_EQ(config.sliding_window, 9);
  const auto model = RandomModel(config);
  PackedTokens packed;
  const int64_t prefix = packed.Add(Tokens(700, 1));
  packed.Add(Tokens(350, 2), prefix);
  packed.Add(Tokens(900, 3));
  packed.Add(Tokens(100, 4));
  const at::Tensor result = RunAll(*model, packed);
  std::vector<int32_t> whole = Tokens(700, 1);
  const std::vector<int32_t> ending = Tokens(350, 2);
  whole.insert(whole.end(), ending.begin(), ending.end());
  EXPECT_LT(LargestDifference(result.narrow(0, 0, 1050), RunAll(*model, OneSequence(whole))),
            kTolerance);
  EXPECT_LT(
      LargestDifference(result.narrow(0, 1050, 900), RunAll(*model, OneSequence(Tokens(900, 3)))),
      kTolerance);
  EXPECT_LT(
      LargestDifference(result.narrow(0, 1950, 100), RunAll(*model, OneSequence(Tokens(100, 4)))),
      kTolerance);
}

TEST_F(ModelFamilyTest, TheDifferentiableBlockIsTheBlock) {
  for (const NamedConfig& c : ConfigsOfAllFamilies()) {
    const auto model = RandomModel(c.config);
    BlockForward forward(c.config, kTokens, Arithmetic::kFloat32);
    const RotaryTables rotary = RotaryTables::Of(c.config, kTokens);
    at::Tensor hidden = model->Embed(Windows{Tokens(kTokens, 1)});
    for (int block = 0; block < c.config.blocks; ++block) {
      const BlockVectors& vectors = model->vectors(block);
      const at::Tensor expected = DifferentiableBlock(c.config, model->matrices(block), vectors,
                                                      rotary.For(vectors), hidden);
      forward.Run(model->matrices(block), vectors, hidden);
      EXPECT_LT(LargestDifference(hidden, expected), kTolerance) << c.name << " " << block;
    }
    EXPECT_LT(LargestDifference(model->FinalNorm(hidden), DifferentiableFinalNorm(*model, hidden)),
              kTolerance)
        << c.name;
  }
}

TEST_F(ModelFamilyTest, DecodingTokenByTokenGivesTheLogitsOfTheWholeSequence) {
  for (const NamedConfig& c : ConfigsOfAllFamilies()) {
    const auto model = RandomModel(c.config);
    const std::vector<int32_t> tokens = Tokens(kTokens, 3);
    const at::Tensor expected =
        model->FinalNorm(RunAll(*model, OneSequence(tokens))).matmul(model->head().t());
    DenseBlocks dense(*model, Arithmetic::kFloat32);
    ThreadTeam team(1);
    const DecoderKernels kernels = {pruning::InstructionSet::kScalar, 1};
    const auto blocks = BuildDecoderBlocks(*model, dense, Arithmetic::kFloat32,
                                           LinearFormat::kDense, kernels, nullptr);
    ASSERT_TRUE(blocks.ok()) << blocks.status();
    const auto head = MakeDecoderLinear(model->head(), LinearFormat::kDense, kernels);
    ASSERT_TRUE(head.ok()) << head.status();
    TokenDecoder decoder(*model, *blocks, **head, kTokens, team);
    const auto row = [](std::span<const float> logits) {
      return at::tensor(at::ArrayRef<float>(logits.data(), logits.size()));
    };
    // A prompt at once, the rest one by one.
    const auto prompt = decoder.ReadPrompt(std::span(tokens).first(15));
    ASSERT_TRUE(prompt.ok()) << prompt.status();
    EXPECT_LT(LargestDifference(row(*prompt), expected[14]), 1e-4) << c.name;
    for (int64_t i = 15; i < kTokens; ++i) {
      const auto logits = decoder.Decode(tokens[static_cast<size_t>(i)]);
      ASSERT_TRUE(logits.ok()) << logits.status();
      EXPECT_LT(LargestDifference(row(*logits), expected[i]), 1e-4) << c.name << " " << i;
    }
  }
}

TEST_F(ModelFamilyTest, EveryPrunerReachesTheSparsityInEveryLinear) {
  for (const NamedConfig& c : ConfigsOfAllFamilies()) {
    const auto model = RandomModel(c.config);
    const Windows sequences = {Tokens(kTokens, 1), Tokens(kTokens, 2)};
    for (const Pruner method : {Pruner::kMagnitude, Pruner::kWanda, Pruner::kSparseGpt}) {
      BlockSparsity sparsity;
      sparsity.fill(0.5);
      SequentialPruner pruner(
          *model, sequences,
          std::vector<BlockSparsity>(static_cast<size_t>(c.config.blocks), sparsity),
          {{method, 0}});
      for (int block = 0; block < c.config.blocks; ++block) {
        const auto pruned = pruner.Next(block);
        ASSERT_TRUE(pruned.ok()) << c.name << ": " << pruned.status();
        int64_t zeros = 0;
        for (int linear = 0; linear < c.config.linears_per_block(); ++linear) {
          const at::Tensor weights = pruned->matrices.Linear(c.config, linear);
          const int64_t of_linear = weights.numel() - weights.count_nonzero().item<int64_t>();
          zeros += of_linear;
          EXPECT_NEAR(static_cast<double>(of_linear) / static_cast<double>(weights.numel()), 0.5,
                      0.01)
              << c.name << " " << linear;
        }
        EXPECT_EQ(pruned->zeros, zeros) << c.name;
      }
    }
  }
}

TEST_F(ModelFamilyTest, MoreTokensThanLearnedPositionsAreRefused) {
  for (const NamedConfig& c : ConfigsOfAllFamilies()) {
    const bool is_learned = c.config.family->learned_positions;
    EXPECT_TRUE(CheckPositions(c.config, 64).ok()) << c.name;
    EXPECT_EQ(CheckPositions(c.config, 65).ok(), !is_learned) << c.name;
    const auto model = RandomModel(c.config);
    const absl::Status status = CatchLibTorchErrors("embedding", [&] {
      model->Embed(Windows{Tokens(65, 1)});
      return absl::OkStatus();
    });
    EXPECT_EQ(status.code(), is_learned ? absl::StatusCode::kOutOfRange : absl::StatusCode::kOk)
        << status;
  }
}

}  // namespace
}  // namespace strata::evaluator
