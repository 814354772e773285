// Our tokenizers against what other implementations make of the same text: Hugging Face's library
// on random texts, and vectors of llama.cpp and swift-transformers. The files of the latter, and
// the vocabularies they need, are optional data for development; a vocabulary that is not there is
// looked for as .cache/tokenizers/NAME/tokenizer.json.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "evaluator/text/utf8.h"
#include "evaluator/tokenizer/tokenizer.h"
#include "tests/evaluator/support/gguf_writer.h"
#include "tests/evaluator/tokenizer/tokenizer_vectors.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

std::string ReadFile(const std::string& path) {
  std::stringstream contents;
  contents << std::ifstream(path, std::ios::binary).rdbuf();
  return contents.str();
}

std::vector<std::string> ReadTexts(const std::string& path) {
  const std::string bytes = ReadFile(path);
  std::vector<std::string> texts;
  for (size_t position = 0; position < bytes.size();) {
    uint32_t size = 0;
    std::memcpy(&size, bytes.data() + position, sizeof(size));
    position += sizeof(size);
    texts.push_back(bytes.substr(position, size));
    position += size;
  }
  return texts;
}

std::vector<std::vector<int32_t>> ReadIds(const std::string& path) {
  std::vector<std::vector<int32_t>> ids;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream numbers(line);
    ids.emplace_back();
    for (int32_t id; numbers >> id;) ids.back().push_back(id);
  }
  return ids;
}

std::filesystem::path CachedVocabularies() {
  return std::filesystem::path(DefaultModelPath()).parent_path().parent_path() / "tokenizers";
}

void ExpectLibrarysIds(const std::string& folder) {
  const auto tokenizer = OpenTokenizer(folder);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  const std::vector<std::string> texts = ReadTexts(folder + "/texts.bin");
  const std::vector<std::string> decoded = ReadTexts(folder + "/decoded.bin");
  const std::vector<std::vector<int32_t>> ids = ReadIds(folder + "/ids.txt");
  ASSERT_GT(texts.size(), 10000u);
  ASSERT_EQ(ids.size(), texts.size());
  ASSERT_EQ(decoded.size(), texts.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    ASSERT_EQ((*tokenizer)->Encode(texts[i]), ids[i]) << ::testing::PrintToString(texts[i]);
    // Where bytes do not make characters the library puts U+FFFD, we the bytes.
    const std::string text = (*tokenizer)->Decode(ids[i]);
    if (decoded[i].find("\ufffd") == std::string::npos) {
      ASSERT_EQ(text, decoded[i]) << ::testing::PrintToString(texts[i]);
    }
  }
}

TEST(TokenizerReference, RandomTextsGiveTheLibrarysIds) {
  const std::string python = STRATA_SOURCE_DIR "/.venv/bin/python";
  if (!std::filesystem::exists(python)) {
    GTEST_SKIP() << python << " is absent: scripts/setup.sh makes it";
  }
  const TemporaryFolder folder;
  std::string command =
      fmt::format("{} {}/tests/python/tokenizer_reference.py {} {} 10000 --gguf {}", python,
                  STRATA_SOURCE_DIR, folder.path(), DefaultTextPath(), DefaultModelPath());
  const std::string gpt2 = DevelopmentData("tokenizers/gpt2-");
  if (std::filesystem::exists(gpt2 + "vocab.json")) {
    command += fmt::format(" --gpt2 {0}vocab.json {0}merges.txt", gpt2);
  }
  if (std::filesystem::exists(CachedVocabularies())) {
    for (const auto& entry : std::filesystem::directory_iterator(CachedVocabularies())) {
      command += " --json " + entry.path().string();
    }
  }
  const int status = std::system((command + " > " + folder.path() + "/log 2>&1").c_str());
  const std::string log = ReadFile(folder.path() + "/log");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << log;
  ASSERT_EQ(status, 0) << log;
  size_t kinds = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (!entry.is_directory()) continue;
    SCOPED_TRACE(entry.path().filename().string());
    ExpectLibrarysIds(entry.path().string());
    ++kinds;
  }
  EXPECT_GE(kinds, 13u);
}

// A vocabulary as GGUF and as the library's file, which cuts it the same.
TEST(TokenizerReference, DefaultModelGivesTheSameFromItsTwoFormats) {
  const std::string python = STRATA_SOURCE_DIR "/.venv/bin/python";
  if (!std::filesystem::exists(python)) {
    GTEST_SKIP() << python << " is absent: scripts/setup.sh makes it";
  }
  const TemporaryFolder folder;
  const std::string command =
      fmt::format("{} {}/tests/python/tokenizer_reference.py {} {} 1000 --only smollm2 --gguf {}",
                  python, STRATA_SOURCE_DIR, folder.path(), DefaultTextPath(), DefaultModelPath());
  const int status = std::system((command + " > " + folder.path() + "/log 2>&1").c_str());
  const std::string log = ReadFile(folder.path() + "/log");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << log;
  ASSERT_EQ(status, 0) << log;
  const auto tokenizer = OpenTokenizer(DefaultModelPath()).value();
  const std::vector<std::string> texts = ReadTexts(folder.path() + "/smollm2/texts.bin");
  const std::vector<std::vector<int32_t>> ids = ReadIds(folder.path() + "/smollm2/ids.txt");
  ASSERT_GT(texts.size(), 1000u);
  for (size_t i = 0; i < texts.size(); ++i) ASSERT_EQ(tokenizer->Encode(texts[i]), ids[i]);
}

// Where the vocabulary of vectors is: a folder for OpenTokenizer, made in `folder` if need be.
// Empty if it is nowhere.
std::string VocabularyOf(const std::string& name, const TemporaryFolder& folder) {
  const std::string data = DevelopmentData("tokenizers");
  const auto link = [&](const std::string& from, const std::string& to) {
    std::filesystem::create_symlink(data + "/" + from, folder.path() + "/" + to);
  };
  if (name == "distilgpt2") {
    link("gpt2-vocab.json", "vocab.json");
    link("gpt2-merges.txt", "merges.txt");
    return folder.path();
  }
  if (name == "coreml-projects/Llama-2-7b-chat-coreml") {
    link("llama2-tokenizer.model", "tokenizer.model");
    return folder.path();
  }
  const std::string found = CachedVocabularies() / std::filesystem::path(name).filename();
  return std::filesystem::exists(found + "/tokenizer.json") ? found : "";
}

class JsonVectors : public ::testing::TestWithParam<const char*> {};

TEST_P(JsonVectors, GiveTheReferenceIds) {
  const std::string path = DevelopmentData("tokenizers/tokenizer_tests.json");
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << path << " is absent: it is optional data for development";
  }
  const TemporaryFolder folder;
  const std::string vocabulary = VocabularyOf(GetParam(), folder);
  if (vocabulary.empty()) {
    GTEST_SKIP() << GetParam() << ": its vocabulary is not in .cache/tokenizers";
  }
  const auto tokenizer = OpenTokenizer(vocabulary);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  const nlohmann::json vectors = nlohmann::json::parse(ReadFile(path)).at(GetParam());
  ASSERT_GE(vectors.size(), 18u);
  for (const nlohmann::json& vector : vectors) {
    const auto text = vector.at("input").get<std::string>();
    std::vector<int32_t> ids = (*tokenizer)->Encode(text);
    if ((*tokenizer)->begin_token() >= 0) ids.insert(ids.begin(), (*tokenizer)->begin_token());
    EXPECT_EQ(ids, vector.at("encoded").at("input_ids").get<std::vector<int32_t>>()) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(Vocabularies, JsonVectors,
                         ::testing::Values("distilgpt2", "coreml-projects/Llama-2-7b-chat-coreml",
                                           "pcuenq/Llama-3.2-1B-Instruct-tokenizer",
                                           "pcuenq/gemma-tokenizer"));

class LlamaCppVectors : public ::testing::TestWithParam<const char*> {};

TEST_P(LlamaCppVectors, GiveTheReferenceIds) {
  const std::string base =
      DevelopmentData(fmt::format("tokenizers/ggml-vocab-{}.gguf", GetParam()));
  if (!std::filesystem::exists(base + ".inp")) {
    GTEST_SKIP() << base << ".inp is absent: it is optional data for development";
  }
  const TemporaryFolder folder;
  const std::string vocabulary = VocabularyOf(GetParam(), folder);
  if (vocabulary.empty()) {
    GTEST_SKIP() << GetParam() << ": its vocabulary is not in .cache/tokenizers";
  }
  const auto tokenizer = OpenTokenizer(vocabulary);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.status();
  const std::vector<TokenizerVector> vectors = ReadTokenizerVectors(base);
  ASSERT_GT(vectors.size(), 40u);
  for (const TokenizerVector& vector : vectors) {
    EXPECT_EQ((*tokenizer)->Encode(vector.text), vector.ids) << vector.text;
    EXPECT_EQ((*tokenizer)->Decode(vector.ids), vector.text);
  }
}

INSTANTIATE_TEST_SUITE_P(Vocabularies, LlamaCppVectors, ::testing::Values("llama-bpe", "qwen2"));

}  // namespace
}  // namespace strata::evaluator
