#include "cli/shared/output.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace strata::cli
