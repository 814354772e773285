#include "evaluator/tasks/context_length.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/evaluator/support/small_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::tasks {
namespace {

int64_t OfDirectory(const std::string& config, const std::string& tokenizer_config = "") {
  const TemporaryFolder folder;
  std::ofstream(folder.path() + "/config.json") << config;
  if (!tokenizer_config.empty()) {
    std::ofstream(folder.path() + "/tokenizer_config.json") << tokenizer_config;
  }
  const auto length = ContextLength(folder.path());
  EXPECT_TRUE(length.ok()) << length.status();
  return length.value_or(-1);
}

TEST(ContextLengthTest, OfADirectory) {
  EXPECT_EQ(OfDirectory(R"({"max_position_embeddings": 4096, "n_ctx": 7})"), 4096);
  EXPECT_EQ(OfDirectory(R"({"n_positions": 1024, "max_position_embeddings": 9})"), 1024);
  EXPECT_EQ(OfDirectory(R"({"text_config": {"n_ctx": 77}, "n_positions": 9})"), 77);
  EXPECT_EQ(OfDirectory("{}", R"({"model_max_length": 512})"), 512);
  EXPECT_EQ(OfDirectory("{}", R"({"model_max_length": 1000000000000000019884624838656})"), 2048);
  EXPECT_EQ(OfDirectory("{}"), 2048);
  EXPECT_FALSE(ContextLength("/no/such/model").ok());
}

TEST(ContextLengthTest, OfAGgufFile) {
  evaluator::SmallModel model;
  EXPECT_EQ(*ContextLength(TemporaryFile(model.Gguf()).path()), 2048);
  model.header["llama.context_length"] = 640;
  EXPECT_EQ(*ContextLength(TemporaryFile(model.Gguf()).path()), 640);
}

}  // namespace
}  // namespace strata::tasks
