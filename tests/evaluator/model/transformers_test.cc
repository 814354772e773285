// Checkpoints that transformers writes are read, and those that Strata writes are loaded by
// transformers, with the same logits.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "evaluator/measurement/model_pruning.h"
#include "evaluator/model/transformer_model.h"
#include "evaluator/tokenizer/tokenizer.h"
#include "tests/support/temporary_folder.h"

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
  EXPECT_TRUE(CheckPositions((*model)->config(), tokens).ok());
  BlockForward forward((*model)->config(), tokens, Arithmetic::kFloat32);
  at::Tensor hidden = (*model)->Embed(Sequences(tokens));
  for (int block = 0; block < (*model)->config().blocks; ++block) {
    forward.Run((*model)->matrices(block), (*model)->vectors(block), hidden);
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

// The models are made once for all tests of the suite.
class TransformersTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!HasTransformers()) return;
    made_ = std::make_unique<TemporaryFolder>();
    ASSERT_EQ(RunScript("make " + made_->path()), 0);
  }
  static void TearDownTestSuite() { made_.reset(); }

  void SetUp() override {
    if (made_ == nullptr) {
      GTEST_SKIP() << "transformers is not installed in " << kPython
                   << "; see scripts/setup_test_tools.sh";
    }
  }

  // The path of a model that the script makes.
  static std::string Made(const std::string& name) {
    return fmt::format("{}/{}", made_->path(), name);
  }

  static std::unique_ptr<TemporaryFolder> made_;
  TemporaryFolder folder_;
};

std::unique_ptr<TemporaryFolder> TransformersTest::made_;

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
  std::string folders = fmt::format("{} {}", Made("tied"), Made("untied"));
  for (size_t i = 0; i < cases.size(); ++i) {
    cases[i].output = fmt::format("{}/pruned-{}", folder_.path(), i);
    folders += fmt::format(" {}", cases[i].output);
    ModelPruningOptions options;
    options.model_path = Made(cases[i].source);
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
  to_gguf.model_path = Made("untied");
  to_gguf.to_gguf = true;
  to_gguf.method.pruner = Pruner::kMagnitude;
  to_gguf.sparsity.assign(21, 0.0);
  const std::string gguf = folder_.path() + "/untied.gguf";
  const auto converted = PruneModel(to_gguf, gguf, nullptr);
  ASSERT_TRUE(converted.ok()) << converted.status();
  ASSERT_EQ(RunScript("logits 64 " + folders), 0);

  for (const char* source : {"tied", "untied"}) {
    const std::string path = Made(source);
    const Reference reference = ReadReference(path, 21);
    EXPECT_GT(reference.logits.abs().max().item<double>(), 1);
    EXPECT_LT(LargestDifference(Logits(path, Residence::kMemory), reference.logits), 1e-4);
    EXPECT_LT(LargestDifference(Logits(path, Residence::kStream), reference.logits), 1e-4);
  }
  const Reference untied = ReadReference(Made("untied"), 21);
  EXPECT_LT(LargestDifference(Logits(gguf, Residence::kMemory), untied.logits), 1e-4);
  const std::string text = "A text, of 2 kinds\n\n  and caf\u00e9.";
  EXPECT_EQ(OpenTokenizer(gguf).value()->Encode(text),
            OpenTokenizer(Made("untied")).value()->Encode(text));
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
  const std::string llama3 = Made("llama3");
  const std::string linear = Made("linear");
  const std::string tied = Made("tied");
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

// A model that was really trained: losses on a text of its language, and greedy text, which is
// English.
TEST_F(TransformersTest, ATrainedModelHasTheLossesAndTheGreedyTextOfTransformers) {
  const at::InferenceMode guard;
  constexpr int64_t kWindow = 256;
  constexpr int64_t kWindows = 24;
  constexpr int64_t kGreedy = 120;
  const std::string path = "/work/shared/data/models/stories260K.gguf";
  std::ifstream text_file("/work/shared/data/text/tinystories_val.txt", std::ios::binary);
  if (!std::filesystem::exists(path) || !text_file) {
    GTEST_SKIP() << "needs " << path << " and its text";
  }
  std::string text(100000, '\0');
  text_file.read(text.data(), static_cast<std::streamsize>(text.size()));
  const auto tokenizer = OpenTokenizer(path);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  std::vector<int32_t> ids = (*tokenizer)->Encode(text);
  ASSERT_GE(ids.size(), static_cast<size_t>(kWindow * kWindows));
  ids.resize(kWindow * kWindows);
  folder_.Write("ids", std::string(reinterpret_cast<const char*>(ids.data()), 4 * ids.size()));
  ASSERT_EQ(RunScript(fmt::format("gguf {0} {1}/ids {2} {3} {1}/out", path, folder_.path(), kWindow,
                                  kGreedy)),
            0);
  std::vector<float> expected(kWindows + kGreedy);
  std::ifstream(folder_.path() + "/out", std::ios::binary)
      .read(reinterpret_cast<char*>(expected.data()), (kWindows + kGreedy) * 4);

  const auto model = TransformerModel::Load(*OpenCheckpoint(path));
  ASSERT_TRUE(model.ok()) << model.status();
  const auto run = [&](const Windows& windows) {
    const auto tokens = static_cast<int64_t>(windows.front().size());
    BlockForward forward((*model)->config(), tokens, Arithmetic::kFloat32);
    at::Tensor hidden = (*model)->Embed(windows);
    for (int block = 0; block < (*model)->config().blocks; ++block) {
      forward.Run((*model)->matrices(block), (*model)->vectors(block), hidden);
    }
    return hidden;
  };
  Windows windows;
  for (int64_t i = 0; i < kWindows; ++i) {
    windows.emplace_back(ids.begin() + i * kWindow, ids.begin() + (i + 1) * kWindow);
  }
  const TokenLosses losses = (*model)->Losses(run(windows), windows, Arithmetic::kFloat32);
  double worst = 0;
  for (int64_t i = 0; i < kWindows; ++i) {
    double mean = 0;
    for (int64_t token = 0; token < kWindow - 1; ++token) {
      mean += losses.negative_log_likelihood[i * (kWindow - 1) + token] / (kWindow - 1);
    }
    worst = std::max(worst, std::abs(mean - expected[i]));
    EXPECT_LT(mean, 2.5) << i;
  }
  EXPECT_LT(worst, 1e-5);
  std::vector<int32_t> greedy(ids.begin(), ids.begin() + 4);
  for (int64_t i = 0; i < kGreedy; ++i) {
    const at::Tensor last = run({greedy}).slice(0, -1);
    const at::Tensor logits = (*model)->FinalNorm(last).matmul((*model)->head().t());
    greedy.push_back(static_cast<int32_t>(logits.argmax().item<int64_t>()));
    EXPECT_EQ(greedy.back(), static_cast<int32_t>(expected[kWindows + i])) << i;
  }
  const auto decoded = (*tokenizer)->Decode(greedy);
  fmt::print("largest difference of a window's mean loss {:.1e}; greedy: {}\n", worst, decoded);
  EXPECT_NE(decoded.find(" the "), std::string::npos);
}

constexpr const char* kFamilies[] = {"llama-biases",  "mistral",       "mistral-full", "qwen2",
                                     "qwen2-sliding", "qwen3",         "qwen3-tied",   "gemma3",
                                     "opt",           "gemma3-scaled", "opt-350m"};

size_t LinearsOf(const std::string& path) {
  const auto checkpoint = OpenCheckpoint(path);
  EXPECT_TRUE(checkpoint.ok()) << checkpoint.status();
  const ModelConfig& config = (*checkpoint)->config();
  return static_cast<size_t>(config.blocks) * static_cast<size_t>(config.linears_per_block());
}

// Windows of attention are shorter than both lengths, and the second is beyond 2048 positions.
TEST_F(TransformersTest, LogitsAgreeForEveryFamily) {
  const at::InferenceMode guard;
  std::string folders;
  for (const char* family : kFamilies) folders += fmt::format(" {}", Made(family));
  for (const int64_t tokens : {64, 2112}) {
    ASSERT_EQ(RunScript(fmt::format("logits {}{}", tokens, folders)), 0);
    for (const char* family : kFamilies) {
      const std::string path = Made(family);
      const Reference reference = ReadReference(path, LinearsOf(path));
      EXPECT_GT(reference.logits.std().item<double>(), 0.5) << family;
      const double kept =
          LargestDifference(Logits(path, Residence::kMemory, tokens), reference.logits);
      EXPECT_LT(kept, 1e-4) << family;
      fmt::print("{} at {} tokens: largest difference of logits {:.2e}\n", family, tokens, kept);
      EXPECT_LT(LargestDifference(Logits(path, Residence::kStream, tokens), reference.logits), 1e-4)
          << family;
    }
  }
}

// What Strata writes after pruning is what transformers loads, biases and norms included.
TEST_F(TransformersTest, PrunedModelsOfEveryFamilyAreLoaded) {
  const at::InferenceMode guard;
  folder_.Write("text.txt", std::string(40000, 'a') + "\n" + std::string(40000, 'b') + "\n" +
                                std::string(40000, 'c') + "\n");
  std::string folders;
  for (const char* family : {"llama-biases", "mistral", "qwen2", "qwen3", "gemma3", "opt-350m"}) {
    ModelPruningOptions options;
    options.model_path = Made(family);
    options.text_path = folder_.path() + "/text.txt";
    options.method.pruner = Pruner::kWanda;
    options.calibration = {.sequences = 2, .sequence_tokens = 32};
    options.sparsity.assign(LinearsOf(options.model_path), 0.5);
    const std::string output = options.model_path + "-pruned";
    const auto result = PruneModel(options, output, nullptr);
    ASSERT_TRUE(result.ok()) << result.status();
    folders += fmt::format(" {}", output);
  }
  ASSERT_EQ(RunScript("logits 64" + folders), 0);
  for (const char* family : {"llama-biases", "mistral", "qwen2", "qwen3", "gemma3", "opt-350m"}) {
    const std::string path = Made(std::string(family) + "-pruned");
    const Reference reference = ReadReference(path, LinearsOf(path));
    EXPECT_LT(LargestDifference(Logits(path, Residence::kMemory), reference.logits), 1e-4)
        << family;
    for (const int64_t zeros : reference.zeros) EXPECT_GT(zeros, 500) << family;
  }
}

TEST_F(TransformersTest, GgufHoldsTheFamiliesThatItHasAnArchitectureFor) {
  const at::InferenceMode guard;
  const std::pair<const char*, const char*> cases[] = {
      {"llama-biases", ""},
      {"mistral", "cannot hold its sliding window"},
      {"mistral-full", ""},
      {"qwen2", ""},
      {"qwen2-sliding", "cannot hold its sliding window"},
      {"qwen3", ""},
      {"gemma3", ""},
      {"gemma3-scaled", "cannot hold its scale of attention scores"},
      {"opt", "cannot hold a model of the family \"opt\""}};
  for (const auto& [family, refusal] : cases) {
    const std::string path = Made(family);
    ModelPruningOptions options;
    options.model_path = path;
    options.to_gguf = true;
    options.method.pruner = Pruner::kMagnitude;
    options.sparsity.assign(LinearsOf(path), 0.0);
    const auto converted = PruneModel(options, path + ".gguf", nullptr);
    ASSERT_EQ(converted.ok(), std::string(refusal).empty()) << family << converted.status();
    if (!converted.ok()) {
      EXPECT_NE(std::string(converted.status().message()).find(refusal), std::string::npos)
          << converted.status();
      continue;
    }
    EXPECT_LT(LargestDifference(Logits(path + ".gguf", Residence::kMemory, 300),
                                Logits(path, Residence::kMemory, 300)),
              2e-4)
        << family;
  }
}

}  // namespace
}  // namespace strata::evaluator
