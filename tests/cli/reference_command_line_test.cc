// docs/commands.md is the page that the program prints about itself.
#include <gmock/gmock.h>

#include "tests/cli/command_line_fixture.h"

namespace strata::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ReferenceCommandLineTest : public CommandLineTest {
 protected:
  void SetUp() override {}  // neither model nor text is needed
};

TEST_F(ReferenceCommandLineTest, ThePageIsUpToDate) {
  const Outcome outcome = Run({"reference"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  EXPECT_EQ(ReadFile(STRATA_SOURCE_DIR "/docs/commands.md"), outcome.out)
      << "write the page again: strata reference > docs/commands.md";
}

TEST_F(ReferenceCommandLineTest, TheVerbThatPrintsThePageIsHidden) {
  const Outcome outcome = Run({"--help"});
  EXPECT_THAT(outcome.out, HasSubstr("bench-inference"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("commands.md")));
}

}  // namespace
}  // namespace strata::cli
