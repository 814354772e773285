#include "evaluator/measurement/model_pruning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "evaluator/checkpoint/checkpoint.h"
#include "evaluator/measurement/model_evaluator.h"
#include "tests/evaluator/support/hugging_face_folder.h"
#include "tests/evaluator/support/wave_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using ::testing::HasSubstr;

constexpr int kLinears = kMaximumLinears * kWaveBlocks;

// The wave model as a GGUF file, a text, and a place for the result.
class ModelPruningTest : public SingleThreadTest {
 protected:
  ModelPruningTest() : gguf_(WaveModelGguf()) {
    std::string text;
    for (int i = 0; i < 30000; ++i) text += static_cast<char>('a' + i * i % 23);
    for (size_t i = 99; i < text.size(); i += 100) text[i] = '\n';
    folder_.Write("text.txt", text);
    options_.model_path = gguf_.path();
    options_.to_gguf = true;
    options_.text_path = folder_.path() + "/text.txt";
    options_.calibration = {.sequences = 4, .sequence_tokens = 16};
    options_.sparsity.assign(kLinears, 0.5);
  }

  std::string Output(const std::string& name) const { return folder_.path() + "/" + name; }

  absl::Status Status() {
    const auto planned = PlanModelPruning(options_);
    const auto pruned = PruneModel(options_, Output("refused"), nullptr);
    EXPECT_EQ(planned.status(), pruned.status());
    EXPECT_FALSE(std::filesystem::exists(Output("refused")));
    return pruned.status();
  }

  double Loss(const std::string& model, const EvaluateRequest& request) {
    const auto evaluator =
        OpenModelEvaluator({.model_path = model, .text_path = options_.text_path});
    EXPECT_TRUE(evaluator.ok()) << evaluator.status();
    const auto measured = (*evaluator)->Evaluate(request, nullptr);
    EXPECT_TRUE(measured.ok()) << measured.status();
    return measured.ok() ? measured->mean_nll : 0;
  }

  TemporaryFile gguf_;
  TemporaryFolder folder_;
  ModelPruningOptions options_;
};

// What is written loses as much as the same method in an evaluation, for every pruner and protocol.
TEST_F(ModelPruningTest, TheWrittenModelIsTheOneThatAnEvaluationMeasures) {
  const Fidelity fidelity = {.windows = 4, .window_tokens = 32};
  EvaluateRequest dense;
  dense.fidelity = fidelity;
  for (const Pruner pruner :
       {Pruner::kMagnitude, Pruner::kWanda, Pruner::kRia, Pruner::kSparseGpt}) {
    for (const Protocol protocol : {Protocol::kOneShot, Protocol::kSequential}) {
      options_.method.pruner = pruner;
      options_.protocol = protocol;
      const std::string output = Output("model-" + std::to_string(static_cast<int>(pruner)) +
                                        std::to_string(static_cast<int>(protocol)) + ".gguf");
      const auto result = PruneModel(options_, output, nullptr);
      ASSERT_TRUE(result.ok()) << result.status();
      EvaluateRequest request = dense;
      request.method = options_.method;
      request.calibration = options_.calibration;
      request.granularity = Granularity::kLinear;
      request.allocation = options_.sparsity;
      request.fidelity.protocol = protocol;
      EXPECT_NEAR(Loss(output, dense), Loss(gguf_.path(), request), 1e-5) << output;
      EXPECT_NE(Loss(output, dense), Loss(gguf_.path(), dense));
      // SparseGPT removes the weight at the threshold too, as its reference code does.
      const bool by_threshold = pruner == Pruner::kSparseGpt;
      for (const PrunedLinear& linear : result->linears) {
        EXPECT_EQ(linear.zeros, linear.weights / 2 + (by_threshold ? 1 : 0));
      }
      EXPECT_EQ(result->text_digest.empty(), pruner == Pruner::kMagnitude);
    }
  }
}

TEST_F(ModelPruningTest, MagnitudeNeedsNoText) {
  options_.method.pruner = Pruner::kMagnitude;
  options_.text_path.clear();
  EXPECT_TRUE(PruneModel(options_, Output("model.gguf"), nullptr).ok());
  options_.method.pruner = Pruner::kWanda;
  EXPECT_THAT(std::string(Status().message()), HasSubstr("needs a text to calibrate with"));
}

TEST_F(ModelPruningTest, ThePlanIsWhatIsWritten) {
  const TemporaryFolder source;
  HuggingFaceFiles::Wave().Write(source);
  options_.method.pruner = Pruner::kMagnitude;
  options_.model_path = source.path();
  options_.to_gguf = false;
  options_.shard_bytes = 5000;
  const auto plan = PlanModelPruning(options_);
  ASSERT_TRUE(plan.ok()) << plan.status();
  ASSERT_TRUE(PruneModel(options_, Output("model"), nullptr).ok());
  int64_t bytes = 0;
  for (const std::string& file : plan->files) {
    bytes += static_cast<int64_t>(std::filesystem::file_size(Output("model/" + file)));
  }
  EXPECT_EQ(bytes, plan->bytes);
}

TEST_F(ModelPruningTest, BadOptionsAreRefusedBeforeAnythingIsMade) {
  options_.sparsity.pop_back();
  EXPECT_THAT(std::string(Status().message()),
              HasSubstr("expected 21 sparsities, one for each linear of 3 blocks, found 20"));
  for (const double sparsity : {1.0, -0.1, std::nan("")}) {
    options_.sparsity.assign(kLinears, 0.5);
    options_.sparsity[8] = sparsity;
    const absl::Status status = Status();
    EXPECT_TRUE(absl::IsInvalidArgument(status));
    EXPECT_THAT(std::string(status.message()), HasSubstr("block 1, self_attn.k_proj: "));
  }
  options_.sparsity[8] = 0.3;
  options_.method.group = 4;
  EXPECT_THAT(std::string(Status().message()), HasSubstr("block 1, self_attn.k_proj: "));
  options_.sparsity[8] = 0.5;
  options_.shard_bytes = 0;
  EXPECT_THAT(std::string(Status().message()), HasSubstr("expected files of at least 1 byte"));
}

TEST_F(ModelPruningTest, AGgufFileGivesNoDirectory) {
  options_.to_gguf = false;
  const absl::Status status = Status();
  EXPECT_TRUE(absl::IsUnimplemented(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("whose name ends with .gguf"));
}

TEST_F(ModelPruningTest, WeightsThatAreNotFiniteAreFoundBeforeAnythingIsMade) {
  const TemporaryFolder source;
  HuggingFaceFiles files = HuggingFaceFiles::Wave();
  std::string& bytes = files.data["model.layers.2.mlp.down_proj.weight"];
  const float infinity = std::numeric_limits<float>::infinity();
  std::memcpy(bytes.data() + 40, &infinity, sizeof(infinity));
  files.Write(source);
  options_.method.pruner = Pruner::kMagnitude;
  options_.model_path = source.path();
  options_.to_gguf = false;
  const absl::Status status = PruneModel(options_, Output("model"), nullptr).status();
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("layers.2.mlp.down_proj.weight: expected finite weights, found inf at "
                        "position 10"));
  EXPECT_FALSE(std::filesystem::exists(Output("model")));
}

TEST_F(ModelPruningTest, StopsWhenAsked) {
  int calls = 0;
  const absl::Status status =
      PruneModel(options_, Output("model.gguf"), [&](double) { return ++calls < 3; }).status();
  EXPECT_TRUE(absl::IsCancelled(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("stopped before block 2 of 3"));
}

TEST_F(ModelPruningTest, AnOutputThatExistsIsLeftAlone) {
  options_.method.pruner = Pruner::kMagnitude;
  EXPECT_TRUE(absl::IsAlreadyExists(PruneModel(options_, options_.text_path, nullptr).status()));
  EXPECT_GT(std::filesystem::file_size(options_.text_path), 1000u);
}

// A streamed model holds what one in memory holds.
TEST_F(ModelPruningTest, AStreamedModelIsTheModel) {
  const auto load = [&](Residence residence) {
    return TransformerModel::Load(OpenCheckpoint(gguf_.path()).value(), residence).value();
  };
  const auto memory = load(Residence::kMemory);
  const auto stream = load(Residence::kStream);
  const Windows windows = WaveSequences(3, 20);
  EXPECT_TRUE(at::equal(memory->Embed(windows), stream->Embed(windows)));
  EXPECT_TRUE(at::equal(memory->head(), stream->head()));
  const BlockMatrices first = stream->matrices(0);
  for (const int block : {2, 1, 1, 0, 2}) {
    const BlockMatrices expected = memory->matrices(block);
    const BlockMatrices found = stream->matrices(block);
    EXPECT_TRUE(at::equal(expected.query_key_value, found.query_key_value));
    EXPECT_TRUE(at::equal(expected.down, found.down));
  }
  EXPECT_TRUE(at::equal(first.gate_up, memory->matrices(0).gate_up)) << "held by the caller";
  const at::Tensor hidden = memory->Embed(windows);
  for (const Arithmetic arithmetic : {Arithmetic::kFloat32, Arithmetic::kBFloat16}) {
    EXPECT_EQ(memory->Losses(hidden, windows, arithmetic).negative_log_likelihood,
              stream->Losses(hidden, windows, arithmetic).negative_log_likelihood);
  }
}

TEST_F(ModelPruningTest, AStreamedEvaluationIsTheSame) {
  EvaluateRequest request;
  request.calibration = options_.calibration;
  request.allocation.assign(kWaveBlocks, 0.5);
  request.fidelity = {.windows = 4, .window_tokens = 32, .protocol = Protocol::kSequential};
  std::vector<double> losses;
  for (const Residence residence : {Residence::kMemory, Residence::kStream}) {
    const auto evaluator = OpenModelEvaluator(
        {.model_path = gguf_.path(), .text_path = options_.text_path, .residence = residence});
    ASSERT_TRUE(evaluator.ok()) << evaluator.status();
    losses.push_back((*evaluator)->Evaluate(request, nullptr)->mean_nll);
  }
  EXPECT_NEAR(losses[0], losses[1], 1e-6);
}

}  // namespace
}  // namespace strata::evaluator
