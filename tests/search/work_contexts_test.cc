#include "search/work_contexts.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace strata::search {
namespace {

TEST(WorkDigest, IsSha256OfTheDocumentedBytes) {
  // python3: p = lambda b: len(b).to_bytes(8, 'little') + b
  //   hashlib.sha256(p(b'evaluate') + p(b'ctx') + p(struct.pack('<2d', 0.5, 0.25))).hexdigest()
  EXPECT_EQ(WorkDigest("ctx", WorkItem{9, EvaluateWork{1, Stage::kSearch, {0.5, 0.25}}}),
            "7adc03d83948a9e1dd8c07a5f24ed3ac168c155186579dd141e0cabccbd4934c");
  //   hashlib.sha256(p(b'profile') + p(b'ctx') + (2).to_bytes(8, 'little') + p(b'a') +
  //   p(b'bc')).hexdigest()
  EXPECT_EQ(WorkDigest("ctx", WorkItem{0, ProfileWork{{"a", "bc"}}}),
            "876f55ce434804f9e47a96392f42abf475224a8c8875c9200a90840e593a7ca4");
}

TEST(WorkDigest, CoversContentAndContextOnly) {
  const auto evaluate = [](std::string_view context, expr::Allocation allocation) {
    return WorkDigest(context, WorkItem{0, EvaluateWork{0, Stage::kSearch, std::move(allocation)}});
  };
  const auto profile = [](std::string_view context, std::vector<std::string> features) {
    return WorkDigest(context, WorkItem{0, ProfileWork{std::move(features)}});
  };
  std::set<std::string> digests = {
      evaluate("c", {0.5, 0.7}), evaluate("d", {0.5, 0.7}),
      evaluate("c", {0.7, 0.5}), evaluate("c", {0.5, std::nextafter(0.7, 1)}),
      evaluate("c", {0.5}),      evaluate("c", {0.0}),
      evaluate("c", {-0.0}),     evaluate("c", {}),
      profile("c", {"ab", "c"}), profile("c", {"a", "bc"}),
      profile("c", {"abc"}),     profile("c", {"c", "ab"}),
      profile("c", {})};
  EXPECT_EQ(digests.size(), 13u);
  EXPECT_EQ(evaluate("c", {0.5, 0.7}),
            WorkDigest("c", WorkItem{7, EvaluateWork{3, Stage::kVerify, {0.5, 0.7}}}));
}

}  // namespace
}  // namespace strata::search
