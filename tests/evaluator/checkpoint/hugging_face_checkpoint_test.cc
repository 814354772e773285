#include "evaluator/checkpoint/hugging_face_checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "evaluator/checkpoint/model_summary.h"
#include "evaluator/formats/gguf_file.h"
#include "tests/evaluator/support/hugging_face_folder.h"
#include "tests/evaluator/support/small_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using ::testing::HasSubstr;

constexpr const char* kHead = "lm_head.weight";
constexpr const char* kEmbedding = "model.embed_tokens.weight";
constexpr const char* kUp = "model.layers.1.mlp.up_proj.weight";

absl::Status StatusOf(const HuggingFaceFiles& files, int64_t shard_bytes = 1 << 30) {
  const TemporaryFolder folder;
  files.Write(folder, shard_bytes);
  return HuggingFaceCheckpoint::Open(folder.path()).status();
}

std::string ErrorOf(const HuggingFaceFiles& files) {
  return std::string(StatusOf(files).message());
}

std::vector<float> Values(const Checkpoint& checkpoint, const NamedShape& tensor) {
  size_t elements = 1;
  for (const int64_t size : tensor.shape) elements *= static_cast<size_t>(size);
  std::vector<float> values(elements);
  const absl::Status status = checkpoint.ReadRows(tensor.name, 0, values);
  EXPECT_TRUE(status.ok()) << status;
  return values;
}

TEST(HuggingFaceCheckpoint, HoldsTheModelThatTheGgufFileHolds) {
  const TemporaryFile gguf(WaveModelGguf());
  const auto expected = OpenCheckpoint(gguf.path());
  ASSERT_TRUE(expected.ok()) << expected.status();
  for (const int64_t shard_bytes : {1 << 30, 4000}) {
    const TemporaryFolder folder;
    HuggingFaceFiles::Wave().Write(folder, shard_bytes);
    EXPECT_EQ(std::filesystem::exists(folder.path() + "/model.safetensors.index.json"),
              shard_bytes == 4000);
    const auto found = OpenCheckpoint(folder.path() + "/");
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ((*found)->model_name(), std::filesystem::path(folder.path()).filename());
    EXPECT_EQ((*found)->config().heads, 4);
    EXPECT_EQ((*found)->config().key_value_heads, 2);
    EXPECT_EQ((*found)->config().head_dimension, 4);
    EXPECT_FALSE((*found)->config().tied);
    for (const NamedShape& tensor : TensorsOf((*expected)->config())) {
      EXPECT_EQ(Values(**found, tensor), Values(**expected, tensor)) << tensor.name;
      EXPECT_EQ((*found)->FormatOf(tensor.name), NumberFormat::kFloat32);
    }
  }
}

TEST(HuggingFaceCheckpoint, RowsAreReadFromAnywhere) {
  const TemporaryFolder folder;
  HuggingFaceFiles files = HuggingFaceFiles::Wave();
  files.Convert(NumberFormat::kBFloat16);
  files.Write(folder);
  const auto checkpoint = OpenCheckpoint(folder.path());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ((*checkpoint)->FormatOf(kUp), NumberFormat::kBFloat16);
  const std::vector<float> all = Values(**checkpoint, {kUp, {24, 16}});
  std::vector<float> rows(2 * 16);
  ASSERT_TRUE((*checkpoint)->ReadRows(kUp, 5, rows).ok());
  EXPECT_EQ(rows, std::vector<float>(all.begin() + 5 * 16, all.begin() + 7 * 16));
  EXPECT_TRUE(absl::IsNotFound((*checkpoint)->ReadRows("model.other.weight", 0, rows)));
  EXPECT_EQ((*checkpoint)->FormatOf("model.other.weight"), std::nullopt);
}

TEST(GgufCheckpoint, RowsOfQueriesAreReadInTheHuggingFaceOrder) {
  const TemporaryFile gguf(WaveModelGguf());
  const auto checkpoint = OpenCheckpoint(gguf.path());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  const std::string query = "model.layers.0.self_attn.q_proj.weight";
  const std::vector<float> all = Values(**checkpoint, {query, {16, 16}});
  std::vector<float> rows(3 * 16);
  ASSERT_TRUE((*checkpoint)->ReadRows(query, 6, rows).ok());
  EXPECT_EQ(rows, std::vector<float>(all.begin() + 6 * 16, all.begin() + 9 * 16));
  const auto file = GgufFile::Open(gguf.path());
  std::vector<float> stored(16 * 16);
  ASSERT_TRUE(Dequantize(*(*file)->Tensor("blk.0.attn_q.weight").value(), stored).ok());
  // Row 6 is the third of the second head, so the first of its second half: second in the file.
  EXPECT_TRUE(std::equal(rows.begin(), rows.begin() + 16, stored.begin() + 5 * 16));
}

TEST(HuggingFaceCheckpoint, TheDigestFollowsEveryFile) {
  const TemporaryFolder folder;
  HuggingFaceFiles files = HuggingFaceFiles::Wave();
  files.Write(folder);
  const ModelSummary summary = SummarizeModel(folder.path()).value();
  EXPECT_EQ(summary.linears.size(), 7u * kWaveBlocks);
  EXPECT_EQ(summary.digest, SummarizeModel(folder.path()).value().digest);
  const TemporaryFolder other;
  files.data[kUp][0] ^= 1;
  files.Write(other);
  EXPECT_NE(SummarizeModel(other.path()).value().digest, summary.digest);
  files.data[kUp][0] ^= 1;
  files.config["rope_theta"] = 20000;
  const TemporaryFolder third;
  files.Write(third);
  EXPECT_NE(SummarizeModel(third.path()).value().digest, summary.digest);
}

// Two machines whose directories tokenise differently must not pass as the same model.
TEST(HuggingFaceCheckpoint, TheDigestFollowsTheTokenizer) {
  const TemporaryFolder folder;
  HuggingFaceFiles::Wave().Write(folder);
  const auto digest = [&] { return SummarizeModel(folder.path()).value().digest; };
  const std::string without = digest();
  folder.Write("vocab.json", "{}");
  folder.Write("merges.txt", "a b");
  const std::string vocabulary = digest();
  EXPECT_NE(vocabulary, without);
  folder.Write("merges.txt", "a c");
  EXPECT_NE(digest(), vocabulary);
  folder.Write("tokenizer.json", "{}");
  const std::string json = digest();
  EXPECT_NE(json, vocabulary);
  folder.Write("merges.txt", "b c");  // not read beside a tokenizer.json
  EXPECT_EQ(digest(), json);
  folder.Write("tokenizer_config.json", "{}");
  EXPECT_NE(digest(), json);
}

TEST(HuggingFaceCheckpoint, MissingFilesAreNamed) {
  const TemporaryFolder folder;
  EXPECT_TRUE(absl::IsNotFound(OpenCheckpoint(folder.path()).status()));
  folder.Write("config.json", HuggingFaceFiles::Wave().config.dump());
  absl::Status status = OpenCheckpoint(folder.path()).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("expected model.safetensors"));
  folder.Write("pytorch_model.bin", "x");
  EXPECT_THAT(std::string(OpenCheckpoint(folder.path()).status().message()),
              HasSubstr("pytorch_model.bin is not read"));

  const TemporaryFolder sharded;
  HuggingFaceFiles::Wave().Write(sharded, 4000);
  std::vector<std::string> shards;
  for (const auto& entry : std::filesystem::directory_iterator(sharded.path())) {
    if (entry.path().extension() == ".safetensors") shards.push_back(entry.path());
  }
  ASSERT_GT(shards.size(), 2u);
  std::filesystem::remove(shards[0]);
  status = OpenCheckpoint(sharded.path()).status();
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(
      std::string(status.message()),
      ::testing::AllOf(HasSubstr("1 of " + std::to_string(shards.size()) + " files are missing"),
                       HasSubstr(std::filesystem::path(shards[0]).filename().string() + " (")));
}

TEST(HuggingFaceCheckpoint, AnIndexThatDisagreesIsRefused) {
  const struct {
    const char* index;
    const char* expected;
  } cases[] = {
      {"{}", "expected \"weight_map\""},
      {R"({"weight_map":{"a":"../x.safetensors"}})", "the name of a file of the same folder"},
      {R"({"weight_map":{"a":7}})", "the name of a file of the same folder"},
      {R"({"weight_map":{"model.norm.weight":"one.safetensors"}})",
       "the index expects \"model.norm.weight\" in one.safetensors, which does not hold it"},
      {"[1", "expected a JSON object, found no JSON"},
  };
  for (const auto& c : cases) {
    const TemporaryFolder folder;
    HuggingFaceFiles files = HuggingFaceFiles::Wave();
    files.Remove("model.norm.weight");
    files.Write(folder);
    std::filesystem::rename(folder.path() + "/model.safetensors",
                            folder.path() + "/one.safetensors");
    folder.Write("model.safetensors.index.json", c.index);
    EXPECT_THAT(std::string(OpenCheckpoint(folder.path()).status().message()),
                HasSubstr(c.expected));
  }
}

TEST(HuggingFaceCheckpoint, TensorsThatTheConfigurationDoesNotDescribeAreRefused) {
  HuggingFaceFiles files = HuggingFaceFiles::Wave();
  files.Remove(kUp);
  EXPECT_THAT(ErrorOf(files), HasSubstr(std::string("expected a tensor \"") + kUp));
  files = HuggingFaceFiles::Wave();
  files.Tensor(kUp).shape = {16, 24};
  EXPECT_THAT(ErrorOf(files), HasSubstr("has shape [16, 24], expected [24, 16] from config.json"));
  files = HuggingFaceFiles::Wave();
  files.Tensor(kUp).type = "I32";
  EXPECT_THAT(ErrorOf(files), HasSubstr("is of type I32; supported: F32, F16, BF16, F64"));
  files = HuggingFaceFiles::Wave();
  files.Add("model.layers.0.self_attn.q_proj.bias", "F32", {16}, std::string(64, '\0'));
  EXPECT_EQ(StatusOf(files).code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(ErrorOf(files), HasSubstr("q_proj.bias\" belongs to no model"));
  files = HuggingFaceFiles::Wave();
  files.config["num_hidden_layers"] = 90000;
  EXPECT_THAT(ErrorOf(files), HasSubstr("num_hidden_layers is 90000, and the files hold only"));
}

// As transformers saves a model without its head.
TEST(HuggingFaceCheckpoint, NamesMayLackTheirPrefix) {
  const HuggingFaceFiles whole = HuggingFaceFiles::Wave();
  HuggingFaceFiles files;
  files.config = whole.config;
  files.config["tie_word_embeddings"] = true;
  for (const PlannedTensor& tensor : whole.tensors) {
    if (!tensor.name.starts_with("model.")) continue;
    files.Add(tensor.name.substr(6), tensor.type, tensor.shape, whole.data.at(tensor.name));
  }
  const TemporaryFolder folder;
  files.Write(folder);
  const auto checkpoint = OpenCheckpoint(folder.path());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  const std::string name = "model.layers.0.mlp.up_proj.weight";
  EXPECT_EQ((*checkpoint)->StoredName(name), "layers.0.mlp.up_proj.weight");
  EXPECT_EQ((*checkpoint)->FormatOf(name), NumberFormat::kFloat32);
  std::vector<float> row(16);
  ASSERT_TRUE((*checkpoint)->ReadRows(name, 1, row).ok());
  EXPECT_EQ(std::memcmp(row.data(), whole.data.at(name).data() + 64, 64), 0);
  EXPECT_FALSE((*checkpoint)->ReadRows("model.layers.0.mlp.up.weight", 0, row).ok());
}

TEST(HuggingFaceCheckpoint, BuffersAndCopiesAreKeptAside) {
  HuggingFaceFiles files = HuggingFaceFiles::Wave();
  files.config["tie_word_embeddings"] = true;
  files.data[kHead] = files.data[kEmbedding];
  files.Add("model.layers.0.self_attn.rotary_emb.inv_freq", "F64", {1}, std::string(8, 'x'));
  const TemporaryFolder folder;
  files.Write(folder);
  const auto checkpoint = HuggingFaceCheckpoint::Open(folder.path());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_TRUE((*checkpoint)->config().tied);
  EXPECT_EQ((*checkpoint)->unused().size(), 2u);
  EXPECT_TRUE((*checkpoint)->unused().contains(kHead));
  EXPECT_TRUE((*checkpoint)->notes().empty());
}

// As transformers 5, which warns: the values count, not what config.json says of them.
TEST(HuggingFaceCheckpoint, AHeadThatDiffersFromTheEmbeddingIsNotTied) {
  HuggingFaceFiles files = HuggingFaceFiles::Wave();
  files.config["tie_word_embeddings"] = true;
  const TemporaryFolder folder;
  files.Write(folder);
  const auto checkpoint = HuggingFaceCheckpoint::Open(folder.path());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_FALSE((*checkpoint)->config().tied);
  EXPECT_TRUE((*checkpoint)->unused().empty());
  std::vector<float> row(16);
  ASSERT_TRUE((*checkpoint)->ReadRows(kHead, 0, row).ok());
  EXPECT_EQ(std::memcmp(row.data(), files.data[kHead].data(), 64), 0);
  EXPECT_THAT(
      SummarizeModel(folder.path()).value().notes,
      ::testing::ElementsAre(HasSubstr("lm_head.weight differs from model.embed_tokens.weight")));
  files.Tensor(kHead).shape = {257, 16};
  files.data[kHead].resize(257 * 64);
  files.Tensor(kHead).bytes = 257 * 64;
  EXPECT_THAT(ErrorOf(files), HasSubstr("lm_head.weight has shape [257, 16], expected [258, 16]"));
}

// Equal numbers in another format are a copy.
TEST(HuggingFaceCheckpoint, AHeadOfAnotherFormatIsTiedIfItsNumbersAreTheSame) {
  HuggingFaceFiles files = HuggingFaceFiles::Wave();
  files.config["tie_word_embeddings"] = true;
  files.data[kHead] = files.data[kEmbedding] = std::string(258 * 64, '\0');
  files.Tensor(kHead).type = "BF16";
  files.Tensor(kHead).bytes = 258 * 32;
  files.data[kHead].resize(258 * 32);
  const TemporaryFolder folder;
  files.Write(folder);
  const auto checkpoint = OpenCheckpoint(folder.path());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_TRUE((*checkpoint)->config().tied);
}

// transformers leaves an older index behind if it saves a model again in one file.
TEST(HuggingFaceCheckpoint, TheSingleFileCountsBeforeAnIndex) {
  HuggingFaceFiles files = HuggingFaceFiles::Wave();
  const TemporaryFolder folder;
  files.Write(folder, 4000);
  files.data[kUp][0] ^= 1;
  files.Write(folder);
  const auto checkpoint = OpenCheckpoint(folder.path());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  std::vector<float> row(16);
  ASSERT_TRUE((*checkpoint)->ReadRows(kUp, 0, row).ok());
  EXPECT_EQ(std::memcmp(row.data(), files.data[kUp].data(), 64), 0);
  EXPECT_THAT((*checkpoint)->notes(),
              ::testing::ElementsAre(HasSubstr("model.safetensors is read")));
  // The shards need not be there.
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (entry.path().filename().string().starts_with("model-")) {
      std::filesystem::remove(entry.path());
    }
  }
  EXPECT_TRUE(OpenCheckpoint(folder.path()).ok());
  files.config["transformers_weights"] = "other.safetensors";
  EXPECT_THAT(ErrorOf(files), HasSubstr("\"transformers_weights\" is \"other.safetensors\""));
}

// Issue 21, point 21: transformers reads all of these.
TEST(HuggingFaceCheckpoint, TensorsThatNobodyNeedsAreLeftUnreadAndNamed) {
  HuggingFaceFiles files = HuggingFaceFiles::Wave();
  files.Add("extra.empty", "I64", {0, 7}, "");
  files.Add("model.layers.0.self_attn.bias", "BOOL", {2}, "12");
  files.Add("model.layers.3.mlp.up_proj.weight", "F32", {1}, "1234");
  files.Add("score.weight", "F8_E4M3", {3}, "123");
  const TemporaryFolder folder;
  files.Write(folder);
  const auto checkpoint = HuggingFaceCheckpoint::Open(folder.path());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ((*checkpoint)->config().blocks, kWaveBlocks);
  EXPECT_EQ((*checkpoint)->unused().size(), 4u);
  EXPECT_THAT(SummarizeModel(folder.path()).value().notes,
              ::testing::ElementsAre(
                  folder.path() +
                  ": 4 tensors that config.json does not ask for are left unread: extra.empty, "
                  "model.layers.0.self_attn.bias, model.layers.3.mlp.up_proj.weight and 1 more"));
}

TEST(HuggingFaceCheckpoint, AnIndexMayNameATiedHeadThatNoFileHolds) {
  HuggingFaceFiles files = HuggingFaceFiles::Wave();
  files.config["tie_word_embeddings"] = true;
  files.Remove("lm_head.weight");
  const TemporaryFolder folder;
  files.Write(folder);
  std::filesystem::rename(folder.path() + "/model.safetensors", folder.path() + "/one.safetensors");
  nlohmann::json index = {{"metadata", nullptr},
                          {"weight_map", {{"lm_head.weight", "one.safetensors"}}}};
  for (const PlannedTensor& tensor : files.tensors)
    index["weight_map"][tensor.name] = "one.safetensors";
  folder.Write("model.safetensors.index.json", index.dump());
  const auto checkpoint = HuggingFaceCheckpoint::Open(folder.path());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_THAT((*checkpoint)->notes(),
              ::testing::ElementsAre(HasSubstr("no file holds these 1 tensors, and none is needed: "
                                               "lm_head.weight")));
}

TEST(HuggingFaceCheckpoint, NormsMayBeDoubles) {
  HuggingFaceFiles files = HuggingFaceFiles::Wave();
  const std::string norm = "model.norm.weight";
  std::vector<double> numbers;
  for (int i = 0; i < 16; ++i) numbers.push_back(1 + 0.1 * i);
  files.Remove(norm);
  files.Add(norm, "F64", {16},
            std::string(reinterpret_cast<const char*>(numbers.data()), 16 * sizeof(double)));
  const TemporaryFolder folder;
  files.Write(folder);
  const auto checkpoint = OpenCheckpoint(folder.path());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ((*checkpoint)->FormatOf(norm), NumberFormat::kFloat32);
  EXPECT_THAT(Values(**checkpoint, {norm, {16}}),
              ::testing::ElementsAreArray(std::vector<float>(numbers.begin(), numbers.end())));
}

TEST(HuggingFaceConfig, WhatIsNotSupportedIsNamed) {
  const struct {
    const char* key;
    nlohmann::json value;
    const char* expected;
  } cases[] = {
      {"model_type", "phi3",
       "\"model_type\" is \"phi3\", which is not supported; supported: llama, mistral, qwen2, "
       "qwen3, gemma3_text, opt"},
      {"hidden_act", "relu2", "\"hidden_act\" is \"relu2\""},
      {"attention_bias", true, "expected a tensor \"model.layers.0.self_attn.q_proj.bias\""},
      {"num_hidden_layers", 100001, "\"num_hidden_layers\": expected at most 100000"},
      {"rope_scaling",
       {{"rope_type", "llama3"}, {"factor", 8.0}},
       "\"low_freq_factor\": expected a number above 0, found no such key"},
      {"rope_scaling",
       {{"rope_type", "llama3"},
        {"factor", 8.0},
        {"low_freq_factor", 4.0},
        {"high_freq_factor", 4.0},
        {"original_max_position_embeddings", 64}},
       "\"high_freq_factor\": expected more than low_freq_factor, found 4.0"},
      {"rope_parameters", {{"type", "yarn"}}, "\"rope_parameters\" is \"yarn\""},
      {"rope_parameters", {{"type", "linear"}}, "\"factor\": expected a number above 0"},
      {"partial_rotary_factor", 0.5, "\"partial_rotary_factor\" is not 1"},
      {"hidden_size", nullptr,
       "\"hidden_size\": expected an integer from 1 to 2147483647, found "
       "no such key"},
      {"hidden_size", -3, "found -3"},
      {"hidden_size", 16.5, "found 16.5"},
      {"num_attention_heads", 3, "expected the key-value heads to divide the query heads"},
      {"rms_norm_eps", 0, "\"rms_norm_eps\": expected a number above 0, found 0"},
      {"tie_word_embeddings", "yes", "\"tie_word_embeddings\": expected true or false"},
      {"rope_scaling", 3, "\"rope_scaling\": expected an object, found 3"},
  };
  for (const auto& c : cases) {
    HuggingFaceFiles files = HuggingFaceFiles::Wave();
    files.config[c.key] = c.value;
    EXPECT_THAT(ErrorOf(files), HasSubstr(c.expected)) << c.key;
  }
  HuggingFaceFiles mistral = HuggingFaceFiles::Wave();
  mistral.config["model_type"] = "mistral";
  EXPECT_TRUE(StatusOf(mistral).ok());
  mistral.config["sliding_window"] = 0;
  EXPECT_THAT(ErrorOf(mistral), HasSubstr("\"sliding_window\": expected an integer from 1"));
  mistral.config.erase("num_key_value_heads");
  EXPECT_THAT(ErrorOf(mistral), HasSubstr("\"num_key_value_heads\": expected an integer from 1"));
}

TEST(HuggingFaceConfig, AbsentKeysHaveTheValuesOfTransformers) {
  HuggingFaceFiles files = HuggingFaceFiles::Wave();
  files.config.erase("rms_norm_eps");
  files.config.erase("rope_theta");
  files.config["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 5e5}};
  files.config["rope_scaling"] = nullptr;
  const TemporaryFolder folder;
  files.Write(folder);
  const auto checkpoint = OpenCheckpoint(folder.path());
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ((*checkpoint)->config().norm_epsilon, 1e-6);
  EXPECT_EQ((*checkpoint)->config().rotary.base, 5e5);
  files.config.erase("num_key_value_heads");
  // Without the key there are as many key-value heads as query heads.
  EXPECT_THAT(ErrorOf(files), HasSubstr("k_proj.weight has shape [8, 16], expected [16, 16]"));
}

}  // namespace
}  // namespace strata::evaluator
