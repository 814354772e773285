// Random blocks of every quantised type against what the `gguf` library makes of them, bit for bit.
#include "evaluator/formats/quantized_blocks.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "evaluator/formats/gguf_file.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

std::string ReadFile(const std::filesystem::path& path) {
  std::stringstream contents;
  contents << std::ifstream(path, std::ios::binary).rdbuf();
  return contents.str();
}

// `path` is FOLDER/NAME.TYPE.blocks with FOLDER/NAME.TYPE.values beside it.
void ExpectLibrarysWeights(const std::filesystem::path& path) {
  const std::string blocks = ReadFile(path);
  const std::string values = ReadFile(std::filesystem::path(path).replace_extension(".values"));
  std::vector<float> expected(values.size() / sizeof(float));
  std::memcpy(expected.data(), values.data(), values.size());
  ASSERT_GT(expected.size(), 1000u);
  const auto type = std::stoul(path.stem().extension().string().substr(1));
  const GgufTensor tensor{.name = path.filename(),
                          .shape = {static_cast<int64_t>(expected.size())},
                          .type = static_cast<GgufType>(type),
                          .data = std::as_bytes(std::span(blocks.data(), blocks.size()))};
  std::vector<float> weights(expected.size(), std::nanf(""));
  const absl::Status status = Dequantize(tensor, weights);
  ASSERT_TRUE(status.ok()) << status;
  for (size_t i = 0; i < weights.size(); ++i) {
    ASSERT_EQ(std::bit_cast<uint32_t>(weights[i]), std::bit_cast<uint32_t>(expected[i]))
        << "weight " << i << ": expected " << expected[i] << ", found " << weights[i];
  }
}

TEST(QuantizedBlocks, RandomBlocksGiveTheLibrarysWeights) {
  const std::string python = STRATA_SOURCE_DIR "/.venv/bin/python";
  if (!std::filesystem::exists(python)) {
    GTEST_SKIP() << python << " is absent: scripts/setup.sh makes it";
  }
  const TemporaryFolder folder;
  const int status = std::system(
      fmt::format("{0} {1}/tests/python/quantization_reference.py {2} 1000 > {2}/log 2>&1", python,
                  STRATA_SOURCE_DIR, folder.path())
          .c_str());
  const std::string log = ReadFile(folder.path() + "/log");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << log;
  ASSERT_EQ(status, 0) << log;
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (entry.path().extension() != ".blocks") continue;
    SCOPED_TRACE(entry.path().filename().string());
    ExpectLibrarysWeights(entry.path());
    names.insert(entry.path().stem().stem());
  }
  for (const char* name : {"Q4_0",  "Q4_1",    "Q5_0",  "Q5_1",   "Q8_0",   "Q2_K",    "Q3_K",
                           "Q4_K",  "Q5_K",    "Q6_K",  "IQ1_S",  "IQ1_M",  "IQ2_XXS", "IQ2_XS",
                           "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ4_NL", "IQ4_XS", "TQ1_0",   "TQ2_0"}) {
    EXPECT_TRUE(names.contains(name)) << name << " is not among the library's types\n" << log;
  }
}

TEST(QuantizedBlocks, TwoBitsRunsThroughBytesLowestBitsFirst) {
  uint8_t packed[64] = {};
  packed[5] = 0b11'10'01'00;
  packed[32 + 31] = 0b00'00'00'10;
  EXPECT_EQ(TwoBits(packed, 5), 0);
  EXPECT_EQ(TwoBits(packed, 37), 1);
  EXPECT_EQ(TwoBits(packed, 69), 2);
  EXPECT_EQ(TwoBits(packed, 101), 3);
  EXPECT_EQ(TwoBits(packed, 159), 2);
}

}  // namespace
}  // namespace strata::evaluator
