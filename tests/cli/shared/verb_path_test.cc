#include "cli/shared/verb_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class VerbPathTest : public ::testing::Test {
 protected:
  VerbPathTest() {
    app_.name("tool");
    app_.require_subcommand(1);
    app_.set_version_flag("--version", "1.2.3");
    CLI::App* count = app_.add_subcommand("count", "Counts lines.");
    count->add_option("file", file_, "File.")->required();
    AddFormatOption(count, &format_);
    CLI::App* store = app_.add_subcommand("store", "Keeps counts.");
    store->require_subcommand(1);
    store->add_subcommand("check", "Checks what is kept.");
    app_.add_subcommand("covnt", "Hidden verb.")->group("");
    AddHelpCommand(&app_, &command_);
    AddVersionCommand(&app_, &command_);
  }

  std::string ErrorOf(const std::vector<std::string>& words) {
    return std::string(FindVerb(&app_, words).status().message());
  }

  // Returns what the command prints, or its error.
  std::string Printed(std::vector<std::string> words) {
    app_.parse(std::vector<std::string>(words.rbegin(), words.rend()));
    ::testing::internal::CaptureStdout();
    const absl::Status status = command_();
    std::fflush(stdout);
    const std::string out = ::testing::internal::GetCapturedStdout();
    return status.ok() ? out : std::string(status.message());
  }

  CLI::App app_;
  Command command_;
  std::string file_;
  OutputFormat format_ = OutputFormat::kTable;
};

TEST_F(VerbPathTest, FollowsVerbsAndStopsAtTheirArguments) {
  const auto check = FindVerb(&app_, {"store", "check", "x"});
  ASSERT_TRUE(check.ok());
  EXPECT_EQ(check->name, "tool store check");
  EXPECT_EQ(check->words, 2u);
  EXPECT_EQ(FindVerb(&app_, {"count", "covnt"})->name, "tool count");
  EXPECT_EQ(FindVerb(&app_, {"--version"})->words, 0u);
  EXPECT_EQ(FindVerb(&app_, {})->verb, &app_);
}

TEST_F(VerbPathTest, AMistypedVerbSuggestsTheNearest) {
  EXPECT_EQ(ErrorOf({"cuont"}),
            "'tool' has no verb 'cuont'; the nearest is 'count' (tool --help lists all)");
  EXPECT_THAT(ErrorOf({"store", "chekc"}),
              AllOf(HasSubstr("'tool store' has no verb 'chekc'"), HasSubstr("'check'")));
  EXPECT_THAT(ErrorOf({"covn"}), Not(HasSubstr("covnt"))) << "hidden verbs are not suggested";
  EXPECT_LT(ErrorOf({std::string(5000, 'x')}).size(), 200u);
}

TEST_F(VerbPathTest, AMistypedOptionSuggestsTheNearest) {
  EXPECT_EQ(UnknownOption(*FindVerb(&app_, {"count"}), "--formt=json"),
            "unknown option '--formt' of 'tool count'; the nearest is '--format'");
}

TEST_F(VerbPathTest, HelpAndVersionAreVerbs) {
  EXPECT_THAT(Printed({"help"}), AllOf(HasSubstr("tool [OPTIONS]"), HasSubstr("Keeps counts.")));
  EXPECT_THAT(Printed({"help", "count"}),
              AllOf(HasSubstr("Counts lines."), HasSubstr("tool count [OPTIONS]")));
  EXPECT_THAT(Printed({"help", "store", "check"}), HasSubstr("tool store check"));
  EXPECT_THAT(Printed({"help", "cuont"}), HasSubstr("the nearest is 'count'"));
  EXPECT_THAT(Printed({"help", "count", "x"}), HasSubstr("no verbs of its own, found 'x'"));
  EXPECT_EQ(Printed({"version"}), "1.2.3\n");
}

TEST_F(VerbPathTest, ChoicesAreShownAsWords) {
  const std::string help = Printed({"help", "count"});
  EXPECT_THAT(help, HasSubstr("{table,json}"));
  try {
    app_.parse("count f --format xml");
    ADD_FAILURE() << "xml is no format";
  } catch (const CLI::ParseError& error) {
    EXPECT_THAT(std::string(error.what()),
                AllOf(HasSubstr("xml"), HasSubstr("{table,json}"), Not(HasSubstr("0"))));
  }
  EXPECT_THROW(app_.parse("count f --format 1"), CLI::ParseError);
  app_.parse("count f --format json");
  EXPECT_EQ(format_, OutputFormat::kJson);
}

}  // namespace
}  // namespace strata::cli
