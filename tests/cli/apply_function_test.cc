#include "cli/apply_function.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace strata::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The verbs `allocate`, with several targets, and `prune`, with one.
struct Verb {
  explicit Verb(bool has_list) {
    AddAllocationOptions(&app, &options, has_list ? &sparsities : nullptr);
  }

  // Returns what is wrong with the arguments, or an empty text.
  std::string Parse(const std::string& arguments) {
    try {
      app.parse("--model m.gguf " + arguments);
    } catch (const CLI::ParseError& error) {
      return error.what();
    }
    return "";
  }

  CLI::App app;
  AllocationOptions options;
  std::vector<double> sparsities;
};

TEST(ApplyFunction, AShareOfTheBytesIsATarget) {
  Verb prune(false);
  ASSERT_EQ(prune.Parse("--bytes-share 0.38"), "");
  EXPECT_EQ(prune.options.target.sparsity, 0.6825);
  EXPECT_TRUE(GivenOptions(&prune.app)("--sparsity"));
  EXPECT_FALSE(GivenOptions(&prune.app)("--minimum"));
  Verb allocate(true);
  ASSERT_EQ(allocate.Parse("--bytes-share 0.38,0.5625"), "");
  EXPECT_THAT(allocate.sparsities, ElementsAre(0.6825, 0.5));
}

TEST(ApplyFunction, ASparsityIsTakenAsItIs) {
  Verb prune(false);
  ASSERT_EQ(prune.Parse("--sparsity 0.38"), "");
  EXPECT_EQ(prune.options.target.sparsity, 0.38);
  Verb allocate(true);
  ASSERT_EQ(allocate.Parse("--sparsity 0.5,0.6"), "");
  EXPECT_THAT(allocate.sparsities, ElementsAre(0.5, 0.6));
  EXPECT_EQ(Verb(false).Parse(""), "");
}

TEST(ApplyFunction, OneOfTheTwoIsAllowed) {
  for (const bool has_list : {false, true}) {
    EXPECT_THAT(Verb(has_list).Parse("--sparsity 0.5 --bytes-share 0.5"),
                HasSubstr("--sparsity excludes --bytes-share"));
  }
}

TEST(ApplyFunction, AShareThatNoSparsityGivesIsRefused) {
  for (const bool has_list : {false, true}) {
    for (const char* share : {"0.0625", "1.0625", "-1", "2", "nan", "much", "0.5,2"}) {
      EXPECT_THAT(Verb(has_list).Parse(std::string("--bytes-share ") + share),
                  HasSubstr("expected a number above 0.0625 and below 1.0625, found"))
          << share;
    }
  }
}

}  // namespace
}  // namespace strata::cli
