#include "expr/library_documentation.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace strata::expr {
namespace {

TEST(LibraryDocumentation, ThePageIsUpToDate) {
  std::ifstream file(STRATA_SOURCE_DIR "/docs/published-functions.md");
  ASSERT_TRUE(file) << "docs/published-functions.md is missing";
  const std::string page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_NE(page.find(LibraryMarkdown()), std::string::npos)
      << "docs/published-functions.md must contain exactly this:\n"
      << LibraryMarkdown();
}

TEST(LibraryDocumentation, Settings) {
  for (const Baseline& baseline : Library(DocumentedLayout(), kDocumentedSparsity)) {
    if (baseline.name == "dlp") {
      EXPECT_EQ(DescribeSettings(baseline.widened), "alpha 0.05, 0.1, 0.2, 0.25");
    }
    if (baseline.name == "owl") {
      EXPECT_EQ(DescribeSettings(baseline.widened), "M=5 lambda=0.15; M=7 lambda=0.15");
    }
    if (baseline.name == "er") {
      EXPECT_EQ(DescribeSettings(baseline.widened), "-");
      EXPECT_EQ(DescribeNeeds(baseline), "nothing but the shapes of the model");
      EXPECT_EQ(DescribeGranularities(baseline.granularities), "kind, linear");
    }
    if (baseline.name == "alphapruning") {
      EXPECT_EQ(DescribeNeeds(baseline), "`alpha`; singular values of every matrix");
    }
  }
}

}  // namespace
}  // namespace strata::expr
