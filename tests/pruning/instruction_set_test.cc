#include "pruning/instruction_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace strata::pruning {
namespace {

// Flags of the first processor that the kernel lists; empty where there is no such list.
std::vector<std::string> ProcessorFlags() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line) && !line.starts_with("flags")) {
  }
  std::istringstream words(line);
  std::vector<std::string> flags;
  for (std::string word; words >> word;) flags.push_back(word);
  return flags;
}

TEST(InstructionSetTest, SupportIsWhatTheProcessorLists) {
  const std::vector<std::string> flags = ProcessorFlags();
  if (flags.empty()) GTEST_SKIP() << "no list of flags on this system";
  const auto has = [&](const char* flag) { return std::ranges::find(flags, flag) != flags.end(); };
  const bool avx2 = has("avx2") && has("fma") && has("popcnt");
  EXPECT_TRUE(Supports(InstructionSet::kScalar));
  EXPECT_EQ(Supports(InstructionSet::kAvx2), avx2);
  EXPECT_EQ(Supports(InstructionSet::kAvx512), avx2 && has("avx512f") && has("avx512bw") &&
                                                   has("avx512_vpopcntdq") && has("avx512_bitalg"));
}

TEST(InstructionSetTest, TheBestIsTheLastSupported) {
  const std::vector<InstructionSet> supported = SupportedInstructionSets();
  ASSERT_FALSE(supported.empty());
  EXPECT_EQ(supported.front(), InstructionSet::kScalar);
  EXPECT_TRUE(std::ranges::is_sorted(supported));
  EXPECT_EQ(BestInstructionSet(), supported.back());
  for (const InstructionSet set : supported) EXPECT_TRUE(Supports(set)) << NameOf(set);
}

TEST(InstructionSetTest, Names) {
  EXPECT_EQ(NameOf(InstructionSet::kScalar), "scalar");
  EXPECT_EQ(NameOf(InstructionSet::kAvx2), "avx2");
  EXPECT_EQ(NameOf(InstructionSet::kAvx512), "avx512");
}

}  // namespace
}  // namespace strata::pruning
