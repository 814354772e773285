#include "cli/shared/output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace strata::cli {
namespace {

TEST(TableTest, PadsColumnsAndDrawsRules) {
  Table table({"name", "value"}, {Align::kLeft, Align::kRight});
  table.AddRow({"a", "1.00"});
  table.AddRule();
  table.AddRow({"longer", "12.00"});
  EXPECT_EQ(table.Render(),
            "name    value\n"
            "------  -----\n"
            "a        1.00\n"
            "------  -----\n"
            "longer  12.00\n");
}

TEST(TableTest, LeavesNoTrailingBlanks) {
  Table table({"a", "b"}, {Align::kLeft, Align::kLeft});
  table.AddRow({"x", ""});
  EXPECT_EQ(table.Render(), "a  b\n-  -\nx\n");
}

TEST(TableTest, WidthsAreDisplayColumns) {
  Table table({"name", "n"}, {Align::kLeft, Align::kRight});
  table.AddRow({"größer", "1"});
  table.AddRow({"剪枝", "2"});
  EXPECT_EQ(table.Render(), "name    n\n------  -\ngrößer  1\n剪枝    2\n");
}

TEST(TableTest, AColumnThatGivesWayIsWrapped) {
  Table table({"key", "meaning", "n"}, {Align::kLeft, Align::kLeft, Align::kRight});
  table.GiveWay(1);
  table.AddRow({"a", "a text of more than thirty columns", "1"});
  table.AddRow({"b", "short", "2"});
  EXPECT_EQ(table.Render(Page{34}),
            "key  meaning                     n\n"
            "---  --------------------------  -\n"
            "a    a text of more than thirty  1\n"
            "     columns\n"
            "b    short                       2\n");
}

TEST(TableTest, AColumnWithTooLittleRoomIsPutBelowItsRow) {
  Table table({"key", "meaning"}, {Align::kLeft, Align::kLeft});
  table.GiveWay(1);
  table.AddRow({"a.long.key.of.a.setting", "a text of more than thirty columns"});
  EXPECT_EQ(table.Render(Page{34}),
            "key\n"
            "    meaning\n"
            "-----------------------\n"
            "a.long.key.of.a.setting\n"
            "    a text of more than thirty\n"
            "    columns\n");
}

TEST(TableTest, NumbersAreNeverBrokenTheTableIsSplitInstead) {
  Table table({"name", "first", "second", "third"},
              {Align::kLeft, Align::kRight, Align::kRight, Align::kRight});
  table.AddRow({"uniform", "12345.67", "23456.78", "34567.89"});
  EXPECT_EQ(table.Render(Page{28}),
            "name        first    second\n"
            "-------  --------  --------\n"
            "uniform  12345.67  23456.78\n"
            "\n"
            "name        third\n"
            "-------  --------\n"
            "uniform  34567.89\n");
}

TEST(TableTest, NoLineIsWiderThanAnyPage) {
  for (size_t columns = 20; columns < 100; ++columns) {
    Table table({"", "a name of a column", "number", "path"},
                {Align::kLeft, Align::kLeft, Align::kRight, Align::kLeft});
    table.SetKeys(2);
    table.GiveWay(3);
    table.AddRow({"*", std::string(70, 'n'), "1234567.89", "/a/" + std::string(90, 'p')});
    table.AddRule();
    table.AddRow({"", "剪枝剪枝剪枝剪枝剪枝剪枝", "-", ""});
    const std::string text = table.Render(Page{columns});
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(ColumnsOf(line), columns) << text;
    EXPECT_THAT(text, ::testing::HasSubstr("1234567.89"));
  }
}

TEST(TableTest, ACellIsOneLineWhateverItHolds) {
  Table table({"reason"}, {Align::kLeft});
  table.AddRow({"first\nsecond\x1b[2J"});
  EXPECT_EQ(table.Render(), "reason\n----------------\nfirst second [2J\n");
}

}  // namespace
}  // namespace strata::cli
