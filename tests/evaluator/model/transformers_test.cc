// Checkpoints that transformers writes are read, and those that Strata writes are loaded by
// transformers, with the same logits.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "evaluator/model_pruning.h"
#include "evaluator/tokenizer.h"
#include "evaluator/transformer_model.h"
#include "tests/evaluator/base/gguf_writer.h"

namespace strata::evaluator {
namespace {

constexpr const char* kPython = STRATA_SOURCE_DIR "/.venv/bin/python";
constexpr const char* kScript = STRATA_SOURCE_DIR "/tests/python/transformers_reference.py";
constexpr int64_t kVocabulary = 259;

bool HasTransformers() {
  const std::string command =
      fmt::format("{} -c 'import torch, transformers, tokenizers' 2>/dev/null", kPython);
  return std::system(command.c_str()) == 0;
}

int RunScript(const std::string& arguments) {
  return std::system(fmt::format("{} {} {}", kPython, kScript, arguments).c_str());
}

Windows Sequences(int64_t tokens) {
  Windows sequences(2);
  for (int64_t s = 0; s < 2; ++s) {
    for (int64_t i = 0; i < tokens; ++i)
      sequences[s].push_back((31 * s + 7 * i * i + 3 * i) % kVocabulary);
  }
  return sequences;
}

// Of the last 64 tokens of the two sequences, [2 * 64, vocabulary].
at::Tensor Logits(const std::string& folder, Residence residence, int64_t tokens = 64) {
  auto checkpoint = OpenCheckpoint(folder);
  EXPECT_TRUE(checkpoint.ok()) << checkpoint.status();
  const auto model = TransformerModel::Load(*std::move(checkpoint), residence);
  EXPECT_TRUE(model.ok()) << model.status();
  BlockForward forward((*model)->config(), tokens, Arithmetic::kFloat32);
  at::Tensor hidden = (*model)->Embed(Sequences(tokens));
  for (int block = 0; block < (*model)->config().blocks; ++block) {
    forward.Run((*model)->matrices(block), (*model)->norms(block), hidden);
  }
  const int64_t width = hidden.size(1);
  const at::Tensor last =
      hidden.view({2, tokens, width}).slice(1, tokens - 64).reshape({-1, width});
  return (*model)->FinalNorm(last).matmul((*model)->head().t());
}

struct Reference {
  at::Tensor logits;
  std::vector<int64_t> zeros;  // per linear
};

Reference ReadReference(const std::string& folder, size_t linears) {
  std::ifstream file(folder + ".logits", std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const int64_t numbers = 2 * 64 * kVocabulary;
  EXPECT_EQ(bytes.size(), (numbers + linears) * sizeof(float)) << folder;
  bytes.resize((numbers + linears) * sizeof(float));
  Reference reference;
  reference.logits = at::from_blob(bytes.data(), {2 * 64, kVocabulary}, at::kFloat).clone();
  const auto* zeros = reinterpret_cast<const float*>(bytes.data()) + numbers;
  for (size_t i = 0; i < linears; ++i) reference.zeros.push_back(static_cast<int64_t>(zeros[i]));
  return reference;
}

double LargestDifference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

class TransformersTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!HasTransformers()) {
      GTEST_SKIP() << "transformers is not installed in " << kPython
                   << "; see scripts/setup_test_tools.sh";
    }
    ASSERT_EQ(RunScript("make " + folder_.path()), 0);
  }

  TemporaryFolder folder_;
};

TEST_F(TransformersTest, LogitsAgreeForTheDenseAndThePrunedModel) {
  const at::InferenceMode guard;
  folder_.Write("text.txt", std::string(40000, 'a') + "\n" + std::string(40000, 'b') + "\n" +
                                std::string(40000, 'c') + "\n");
  struct Case {
    std::string source;
    PruningMethod method;
    std::string output = {};
    std::vector<PrunedLinear> linears = {};
  };
  std::vector<Case> cases = {{"tied", {Pruner::kMagnitude, 0}},
                             {"untied", {Pruner::kWanda, 0}},
                             {"tied", {Pruner::kWanda, 4}},
                             {"untied", {Pruner::kSparseGpt, 0}}};
  std::string folders = folder_.path() + "/tied " + folder_.path() + "/untied";
  for (size_t i = 0; i < cases.size(); ++i) {
    cases[i].output = fmt::format("{}/pruned-{}", folder_.path(), i);
    folders += " " + cases[i].output;
    ModelPruningOptions options;
    options.model_path = folder_.path() + "/" + cases[i].source;
    options.text_path = folder_.path() + "/text.txt";
    options.method = cases[i].method;
    options.calibration = {.sequences = 2, .sequence_tokens = 32};
    options.sparsity.assign(21, 0.5);
    options.sparsity[3] = 0.25;
    options.sparsity[20] = 0.75;
    options.shard_bytes = 60000;
    const auto result = PruneModel(options, cases[i].output, nullptr);
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_EQ(result->linears.size(), 21u);
    cases[i].linears = result->linears;
  }
  ModelPruningOptions to_gguf;
  to_gguf.model_path = folder_.path() + "/untied";
  to_gguf.to_gguf = true;
  to_gguf.method.pruner = Pruner::kMagnitude;
  to_gguf.sparsity.assign(21, 0.0);
  const std::string gguf = folder_.path() + "/untied.gguf";
  const auto converted = PruneModel(to_gguf, gguf, nullptr);
  ASSERT_TRUE(converted.ok()) << converted.status();
  ASSERT_EQ(RunScript("logits 64 " + folders), 0);

  for (const char* source : {"tied", "untied"}) {
    const std::string path = folder_.path() + "/" + source;
    const Reference reference = ReadReference(path, 21);
    EXPECT_GT(reference.logits.abs().max().item<double>(), 1);
    EXPECT_LT(LargestDifference(Logits(path, Residence::kMemory), reference.logits), 1e-4);
    EXPECT_LT(LargestDifference(Logits(path, Residence::kStream), reference.logits), 1e-4);
  }
  const Reference untied = ReadReference(folder_.path() + "/untied", 21);
  EXPECT_LT(LargestDifference(Logits(gguf, Residence::kMemory), untied.logits), 1e-4);
  const std::string text = "A text, of 2 kinds\n\n  and caf\u00e9.";
  EXPECT_EQ(OpenTokenizer(gguf).value()->Encode(text),
            OpenTokenizer(folder_.path() + "/untied").value()->Encode(text));
  for (const Case& c : cases) {
    const Reference reference = ReadReference(c.output, 21);
    EXPECT_LT(LargestDifference(Logits(c.output, Residence::kMemory), reference.logits), 1e-4)
        << c.output;
    for (size_t i = 0; i < c.linears.size(); ++i) {
      EXPECT_EQ(reference.zeros[i], c.linears[i].zeros) << i;
      // SparseGPT removes the weight at the threshold too, and those that tie with it.
      const double expected = i == 3 ? 0.25 : i == 20 ? 0.75 : 0.5;
      const auto least = static_cast<int64_t>(expected * static_cast<double>(c.linears[i].weights));
      EXPECT_GE(c.linears[i].zeros, least) << i;
      EXPECT_LE(c.linears[i].zeros, c.method.pruner == Pruner::kSparseGpt ? least + 4 : least) << i;
    }
  }
}

// Scaled rotary embeddings, beyond 2048 positions, from a directory and from the GGUF file that is
// made of it.
TEST_F(TransformersTest, ScaledRotaryEmbeddingsAgreeFarFromTheStart) {
  const at::InferenceMode guard;
  constexpr int64_t kTokens = 2112;
  const std::string llama3 = folder_.path() + "/llama3";
  const std::string linear = folder_.path() + "/linear";
  const std::string tied = folder_.path() + "/tied";
  ASSERT_EQ(RunScript(fmt::format("logits {} {} {} {}", kTokens, tied, llama3, linear)), 0);
  for (const std::string& path : {tied, llama3, linear}) {
    const Reference reference = ReadReference(path, 21);
    EXPECT_LT(LargestDifference(Logits(path, Residence::kMemory, kTokens), reference.logits), 1e-4)
        << path;
    ModelPruningOptions options;
    options.model_path = path;
    options.to_gguf = true;
    options.method.pruner = Pruner::kMagnitude;
    options.sparsity.assign(21, 0.0);
    const auto converted = PruneModel(options, path + ".gguf", nullptr);
    ASSERT_TRUE(converted.ok()) << converted.status();
    EXPECT_LT(
        LargestDifference(Logits(path + ".gguf", Residence::kMemory, kTokens), reference.logits),
        2e-4)
        << path;
  }
}

}  // namespace
}  // namespace strata::evaluator
