#include "expr/operator_documentation.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "expr/operator_table.h"

namespace strata::expr {
namespace {

TEST(OperatorDocumentation, ShowsEveryOperator) {
  const std::string markdown = OperatorTableMarkdown();
  for (const Operator& row : Operators()) {
    EXPECT_NE(markdown.find("| `" + std::string(row.name) + "` |"), std::string::npos) << row.name;
  }
  const std::string text = OperatorTableText();
  for (const Operator& row : Operators()) {
    EXPECT_NE(text.find(std::string(row.meaning) + "\n"), std::string::npos) << row.name;
    EXPECT_NE(text.find("from " + std::string(row.source) + "\n"), std::string::npos) << row.name;
  }
}

TEST(OperatorDocumentation, ThePageIsUpToDate) {
  std::ifstream file(STRATA_SOURCE_DIR "/docs/expressions.md");
  ASSERT_TRUE(file) << "docs/expressions.md is missing";
  const std::string page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_NE(page.find(OperatorTableMarkdown()), std::string::npos)
      << "docs/expressions.md must contain exactly this:\n"
      << OperatorTableMarkdown();
}

}  // namespace
}  // namespace strata::expr
