#include "evaluator/checkpoint/checkpoint_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "evaluator/checkpoint/hugging_face_config.h"
#include "evaluator/tokenizer/tokenizer.h"
#include "tests/evaluator/support/hugging_face_folder.h"
#include "tests/evaluator/support/small_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::Status CopyAll(const Checkpoint& source, CheckpointWriter& writer, const std::string& path) {
  absl::Status status = writer.Start(path);
  for (const NamedShape& tensor : TensorsOf(source.config())) {
    if (status.ok()) status = CopyTensor(source, tensor, writer);
  }
  if (status.ok()) status = writer.Finish();
  return status;
}

// Largest difference of the weights of two models of the same shapes.
double Difference(const Checkpoint& a, const Checkpoint& b) {
  double largest = 0;
  for (const NamedShape& tensor : TensorsOf(a.config())) {
    size_t elements = 1;
    for (const int64_t size : tensor.shape) elements *= static_cast<size_t>(size);
    std::vector<float> x(elements), y(elements);
    EXPECT_TRUE(a.ReadRows(tensor.name, 0, x).ok());
    EXPECT_TRUE(b.ReadRows(tensor.name, 0, y).ok()) << tensor.name;
    for (size_t i = 0; i < elements; ++i) {
      largest = std::max(largest, static_cast<double>(std::abs(x[i] - y[i])));
    }
  }
  return largest;
}

int64_t BytesIn(const std::string& path) {
  int64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (!entry.path().string().ends_with(".index.json")) {
      bytes += static_cast<int64_t>(entry.file_size());
    }
  }
  return bytes;
}

TEST(CheckpointWriter, AHuggingFaceDirectoryKeepsWeightsAndOtherFiles) {
  const TemporaryFolder folder;
  HuggingFaceFiles files = HuggingFaceFiles::Wave();
  files.Convert(NumberFormat::kBFloat16);
  files.Add("model.layers.0.self_attn.rotary_emb.inv_freq", "F64", {1}, "12345678");
  files.Add("z.empty", "I64", {0, 7}, "");
  files.Write(folder);
  folder.Write("tokenizer.json", "{\"any\": 1}");
  folder.Write("pytorch_model.bin", "weights of another format");
  const auto source = HuggingFaceCheckpoint::Open(folder.path());
  ASSERT_TRUE(source.ok()) << source.status();
  const TemporaryFolder parent;
  const std::string path = parent.path() + "/out";
  const auto writer = NewHuggingFaceWriter(**source, {.shard_bytes = 3000});
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE(CopyAll(**source, **writer, path).ok());
  EXPECT_EQ(BytesIn(path), (*writer)->bytes());
  const auto copy = HuggingFaceCheckpoint::Open(path);
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(Difference(**source, **copy), 0);
  EXPECT_EQ((*copy)->FormatOf("model.norm.weight"), NumberFormat::kBFloat16);
  const SafetensorsTensor& buffer = *(*copy)->unused().begin()->second;
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(buffer.data.data()), buffer.data.size()),
            "12345678");
  EXPECT_EQ((*copy)->unused().at("z.empty")->shape, (std::vector<int64_t>{0, 7}));
  EXPECT_EQ(ReadJsonObject(path + "/tokenizer.json").value()["any"], 1);
  EXPECT_EQ(ReadJsonObject(path + "/config.json").value(), files.config);
  EXPECT_FALSE(std::filesystem::exists(path + "/pytorch_model.bin"));
}

TEST(CheckpointWriter, ADirectoryHasNoStaleSparsityConfiguration) {
  HuggingFaceFiles files = HuggingFaceFiles::Wave();
  const nlohmann::json dense = files.config;
  const nlohmann::json sparsity = {{"format", "sparse-24-bitmask"}, {"global_sparsity", 0.5}};
  const nlohmann::json quantized = {{"quant_method", "compressed-tensors"},
                                    {"config_groups", {{"group_0", {{"targets", {"Linear"}}}}}}};
  for (const bool has_groups : {false, true}) {
    nlohmann::json section = {{"quant_method", "compressed-tensors"}};
    if (has_groups) section = quantized;
    section["sparsity_config"] = sparsity;
    files.config["quantization_config"] = section;
    const TemporaryFolder folder;
    files.Write(folder);
    const auto source = HuggingFaceCheckpoint::Open(folder.path());
    ASSERT_TRUE(source.ok()) << source.status();
    const TemporaryFolder parent;
    const std::string path = parent.path() + "/out";
    const auto writer = NewHuggingFaceWriter(**source, {});
    ASSERT_TRUE(writer.ok()) << writer.status();
    const absl::Status copied = CopyAll(**source, **writer, path);
    ASSERT_TRUE(copied.ok()) << copied;
    nlohmann::json expected = dense;
    if (has_groups) expected["quantization_config"] = quantized;
    EXPECT_EQ(ReadJsonObject(path + "/config.json").value(), expected);
  }
}

TEST(CheckpointWriter, ADirectoryKeepsAdditionalChatTemplates) {
  const TemporaryFolder folder;
  HuggingFaceFiles::Wave().Write(folder);
  std::filesystem::create_directory(folder.path() + "/additional_chat_templates");
  folder.Write("additional_chat_templates/tool_use.jinja", "{{ tools }}");
  const auto source = HuggingFaceCheckpoint::Open(folder.path());
  ASSERT_TRUE(source.ok()) << source.status();
  const TemporaryFolder parent;
  const std::string path = parent.path() + "/out";
  const auto writer = NewHuggingFaceWriter(**source, {});
  ASSERT_TRUE(writer.ok()) << writer.status();
  EXPECT_THAT((*writer)->files(), ::testing::Contains("additional_chat_templates/tool_use.jinja"));
  const absl::Status copied = CopyAll(**source, **writer, path);
  ASSERT_TRUE(copied.ok()) << copied;
  std::ifstream file(path + "/additional_chat_templates/tool_use.jinja");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "{{ tools }}");
}

TEST(CheckpointWriter, AnotherFormatIsWrittenIntoTheConfiguration) {
  const TemporaryFolder folder;
  const HuggingFaceFiles files = HuggingFaceFiles::Wave();
  files.Write(folder);
  const auto source = HuggingFaceCheckpoint::Open(folder.path());
  ASSERT_TRUE(source.ok());
  const TemporaryFolder parent;
  const auto writer =
      NewHuggingFaceWriter(**source, {.format = NumberFormat::kFloat16, .shard_bytes = 1 << 30});
  ASSERT_TRUE(CopyAll(**source, **writer, parent.path() + "/out").ok());
  const auto copy = HuggingFaceCheckpoint::Open(parent.path() + "/out");
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ((*copy)->FormatOf("model.embed_tokens.weight"), NumberFormat::kFloat16);
  // Half a unit in the last place of numbers up to 2.
  EXPECT_LE(Difference(**source, **copy), 0x1p-11);
  EXPECT_GT(Difference(**source, **copy), 0);
  const auto config = ReadJsonObject(parent.path() + "/out/config.json").value();
  EXPECT_EQ(config["torch_dtype"], "float16");
}

TEST(CheckpointWriter, AGgufFileKeepsWeightsAndMetadata) {
  const TemporaryFile file(WaveModelGguf());
  const auto source = GgufCheckpoint::Open(file.path());
  ASSERT_TRUE(source.ok()) << source.status();
  const TemporaryFolder parent;
  const std::string path = parent.path() + "/out.gguf";
  const auto writer = NewGgufWriter(**source, {.recipe = "how"});
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE(CopyAll(**source, **writer, path).ok());
  EXPECT_EQ(static_cast<int64_t>(std::filesystem::file_size(path)), (*writer)->bytes());
  const auto copy = GgufCheckpoint::Open(path);
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(Difference(**source, **copy), 0);
  EXPECT_EQ((*copy)->file().String("strata.recipe").value(), "how");
  EXPECT_EQ((*copy)->file().Integer("general.file_type").value(), 0);
  for (const auto& [key, value] : (*source)->file().metadata()) {
    ASSERT_TRUE((*copy)->file().metadata().contains(key)) << key;
    EXPECT_EQ((*copy)->file().metadata().at(key), value) << key;
  }
  EXPECT_EQ(OpenTokenizer(path).value()->Encode("abc"),
            OpenTokenizer(file.path()).value()->Encode("abc"));

  // A copy of the copy replaces what the first one added.
  const auto again = NewGgufWriter(**copy, {.format = NumberFormat::kFloat16, .recipe = "anew"});
  ASSERT_TRUE(CopyAll(**copy, **again, parent.path() + "/again.gguf").ok());
  const auto second = GgufCheckpoint::Open(parent.path() + "/again.gguf");
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ((*second)->file().String("strata.recipe").value(), "anew");
  EXPECT_EQ((*second)->file().Integer("general.file_type").value(), 1);
  EXPECT_EQ((*second)->FormatOf("model.embed_tokens.weight"), NumberFormat::kFloat16);
  EXPECT_EQ((*second)->FormatOf("model.norm.weight"), NumberFormat::kFloat32);
  EXPECT_LE(Difference(**copy, **second), 0x1p-11);
}

// A folder with a byte-level tokenizer of few tokens.
class GgufOfFolder : public ::testing::Test {
 protected:
  GgufOfFolder() {
    HuggingFaceFiles::Wave().Write(folder_);
    const std::pair<const char*, int> tokens[] = {{"a", 0}, {"b", 1},      {"A", 2},
                                                  {"1", 3}, {"\u0120", 4}, {"\u01201", 5}};
    for (const auto& [text, id] : tokens) tokenizer_["model"]["vocab"][text] = id;
    tokenizer_["model"]["type"] = "BPE";
    tokenizer_["model"]["merges"] = {"\u0120 1"};
    tokenizer_["added_tokens"] = {{{"id", 6}, {"content", "<r>"}, {"special", true}}};
    tokenizer_["pre_tokenizer"] = {{"type", "ByteLevel"}, {"add_prefix_space", false}};
  }

  absl::Status Write() {
    folder_.Write("tokenizer.json", tokenizer_.dump());
    const auto source = HuggingFaceCheckpoint::Open(folder_.path());
    if (!source.ok()) return source.status();
    const auto writer = NewGgufWriter(**source, {});
    if (!writer.ok()) return writer.status();
    return CopyAll(**source, **writer, Path());
  }
  std::string ErrorOf() { return std::string(Write().message()); }
  std::string Path() const { return parent_.path() + "/out.gguf"; }

  const TemporaryFolder folder_;
  const TemporaryFolder parent_;
  nlohmann::json tokenizer_;
};

TEST_F(GgufOfFolder, WhatTheFormatCannotSayOfATokenizerIsRefusedByName) {
  tokenizer_["normalizer"] = {{"type", "Lowercase"}};
  EXPECT_THAT(ErrorOf(), HasSubstr("cannot hold the normaliser of its tokenizer (Lowercase)"));
  tokenizer_["normalizer"] = {{"type", "NFKC"}};
  EXPECT_THAT(ErrorOf(), HasSubstr("(another Unicode form than NFC)"));
  tokenizer_.erase("normalizer");
  for (const char* flag : {"lstrip", "rstrip", "single_word"}) {
    tokenizer_["added_tokens"][0][flag] = true;
    EXPECT_THAT(ErrorOf(), HasSubstr(std::string(flag) + " of its added token \"<r>\""));
    tokenizer_["added_tokens"][0][flag] = false;
  }
  EXPECT_FALSE(std::filesystem::exists(Path()));
}

TEST_F(GgufOfFolder, ANormaliserThatReadersLeaveOutIsSaid) {
  tokenizer_["normalizer"] = {{"type", "NFC"}};
  const absl::Status written = Write();
  ASSERT_TRUE(written.ok()) << written;
  const auto source = HuggingFaceCheckpoint::Open(folder_.path());
  EXPECT_THAT((*NewGgufWriter(**source, {}))->notes(), ElementsAre(HasSubstr("form NFC")));
}

TEST_F(GgufOfFolder, DigitsAreCutFromSpacesInTheFileToo) {
  tokenizer_["pre_tokenizer"] = {{"type", "Sequence"},
                                 {"pretokenizers",
                                  {{{"type", "Digits"}, {"individual_digits", true}},
                                   {{"type", "ByteLevel"}, {"add_prefix_space", false}}}}};
  const absl::Status written = Write();
  ASSERT_TRUE(written.ok()) << written;
  EXPECT_THAT(OpenTokenizer(folder_.path()).value()->Encode("a 1"), ElementsAre(0, 4, 3));
  EXPECT_THAT(OpenTokenizer(Path()).value()->Encode("a 1"), ElementsAre(0, 4, 3));
}

TEST_F(GgufOfFolder, ChatTemplatesAreWritten) {
  folder_.Write("tokenizer_config.json", R"({"chat_template": "older"})");
  folder_.Write("chat_template.jinja", "{{ messages }}");
  std::filesystem::create_directory(folder_.path() + "/additional_chat_templates");
  folder_.Write("additional_chat_templates/tool_use.jinja", "{{ tools }}");
  const absl::Status written = Write();
  ASSERT_TRUE(written.ok()) << written;
  const auto file = GgufFile::Open(Path());
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ((*file)->String("tokenizer.chat_template").value(), "{{ messages }}");
  EXPECT_EQ((*file)->String("tokenizer.chat_template.tool_use").value(), "{{ tools }}");
  EXPECT_THAT(*(*file)->Strings("tokenizer.chat_templates").value(), ElementsAre("tool_use"));
}

TEST(CheckpointWriter, CountsTheZerosThatAreStored) {
  const TemporaryFolder folder;
  HuggingFaceFiles::Wave().Write(folder);
  const auto source = HuggingFaceCheckpoint::Open(folder.path());
  const TemporaryFolder parent;
  const auto writer =
      NewHuggingFaceWriter(**source, {.format = NumberFormat::kFloat16, .shard_bytes = 1 << 30});
  ASSERT_TRUE((*writer)->Start(parent.path() + "/out").ok());
  const std::string name = "model.layers.0.mlp.up_proj.weight";
  std::vector<float> row(16, 1.0f);
  row[0] = 0.0f;
  row[1] = -0.0f;
  row[2] = 1e-9f;  // too small for half precision
  EXPECT_EQ((*writer)->WriteRows(name, 3, row).value(), 3);
  row[5] = 1e6f;
  const absl::Status status = (*writer)->WriteRows(name, 3, row).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_THAT(std::string(status.message()), HasSubstr(name + ": 1000000 at position 5"));
  EXPECT_TRUE(absl::IsNotFound((*writer)->WriteRows("other", 0, row).status()));
  EXPECT_FALSE((*writer)->WriteRows(name, 24, std::vector<float>(16)).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition((*writer)->Finish()));
}

TEST(CheckpointWriter, ShardsAreFilledInOrder) {
  std::vector<PlannedTensor> tensors;
  for (const int64_t bytes : {40, 60, 10, 200, 8}) {
    const std::string name(1 + tensors.size(), 't');
    tensors.push_back({name, "U8", {bytes}, bytes});
  }
  const SafetensorsPlan plan = SafetensorsPlan::Of(tensors, 100);
  std::vector<size_t> sizes;
  for (const auto& shard : plan.shards) {
    sizes.push_back(shard.tensors.size());
    EXPECT_EQ(shard.header.size() % 8, 0u);
  }
  EXPECT_THAT(sizes, ElementsAre(2, 1, 1, 1));
  EXPECT_EQ(plan.shards[2].file, "model-00003-of-00004.safetensors");
  EXPECT_EQ(plan.tensor_bytes, 318);
}

}  // namespace
}  // namespace strata::evaluator
