#include "search/engine/archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::search {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ArchiveTest : public ::testing::Test {
 protected:
  // Without a text, every candidate gets a form of its own.
  void Add(std::optional<double> fitness_nll, int complexity,
           std::optional<int64_t> same_as = std::nullopt, std::string text = "") {
    Candidate candidate;
    candidate.id = static_cast<int64_t>(candidates_.size());
    if (text.empty()) {
      text = "depth";
      for (int64_t depth = 0; depth < candidate.id; ++depth) text = "sin(" + text + ")";
      text = "span(" + text + ", 0.1)";
    }
    candidate.text = text;
    candidate.fitness_nll = fitness_nll;
    candidate.complexity = complexity;
    candidate.same_as = same_as;
    candidates_.push_back(candidate);
  }
  const std::vector<std::string> names_ = {kLoss, kComplexity};
  std::vector<Candidate> candidates_;
};

TEST_F(ArchiveTest, FrontByComplexityFirstOfEquals) {
  Add(5.0, 3);           // 0: below 4
  Add(std::nullopt, 1);  // 1: no result
  Add(4.0, 6);           // 2: on the front
  Add(4.5, 6);           // 3: below 2
  Add(4.8, 3);           // 4: on the front
  Add(4.8, 3);           // 5: equal to 4, later
  Add(6.0, 1);           // 6: on the front
  Add(4.0, 7);           // 7: as good as 2, but larger
  EXPECT_THAT(ParetoFront(candidates_, names_), ElementsAre(6, 4, 2));
  EXPECT_THAT(ParetoFront({}, names_), IsEmpty());
}

TEST_F(ArchiveTest, BestOfBaselinesInTheirOrder) {
  Add(5.0, 1);           // baseline 0
  Add(std::nullopt, 1);  // baseline 1, never with a result
  Add(7.0, 1);           // baseline 2
  Add(4.0, 1);           // baseline 0
  Add(6.0, 1);           // baseline 2
  Add(6.0, 1);           // baseline 2, equal but later
  Add(1.0, 1);           // no baseline
  EXPECT_THAT(BestOfBaselines(candidates_, {{0, 0}, {1, 1}, {2, 2}, {3, 0}, {4, 2}, {5, 2}}),
              ElementsAre(3, 4));
}

TEST_F(ArchiveTest, FinalistsNameEachAllocationOnce) {
  Add(5.0, 1);     // 0
  Add(4.0, 2);     // 1
  Add(4.0, 1, 1);  // 2: the allocation of 1, simpler
  Add(3.0, 5);     // 3
  Add(3.5, 4);     // 4
  Add(2.0, 9);     // 5
  const std::vector<int64_t> front = ParetoFront(candidates_, names_);
  EXPECT_THAT(front, ElementsAre(2, 4, 3, 5));
  // Baselines 0 and 2 (measured as 1); of the front the best loss first, 2 being there already.
  EXPECT_THAT(Finalists(candidates_, names_, {0, 2}, 2), ElementsAre(0, 1, 5, 3));
  EXPECT_THAT(Finalists(candidates_, names_, {0, 2}, 10), ElementsAre(0, 1, 5, 3, 4));
  EXPECT_THAT(Finalists(candidates_, names_, {}, 1), ElementsAre(5));
  // A member verified as a baseline's best takes no place from the others.
  EXPECT_THAT(Finalists(candidates_, names_, {5}, 1), ElementsAre(5, 3));
}

TEST_F(ArchiveTest, FinalistsComeFromLaterFrontsWhenTheFirstIsSmall) {
  Add(2.0, 3, std::nullopt, "span(redundancy, 0.1)");            // 0: the whole first front
  Add(2.1, 3, std::nullopt, "span(redundancy, 0.2)");            // 1: second front, the form of 0
  Add(2.2, 3, std::nullopt, "span(influence, 0.1)");             // 2: third front
  Add(2.3, 4, std::nullopt, "span(-redundancy, 0.1)");           // 3: fourth front
  Add(std::nullopt, 1, std::nullopt, "span(outliers(5), 0.1)");  // 4: no result
  EXPECT_THAT(Finalists(candidates_, names_, {}, 1), ElementsAre(0));
  EXPECT_THAT(Finalists(candidates_, names_, {}, 2), ElementsAre(0, 2));
  EXPECT_THAT(Finalists(candidates_, names_, {}, 9), ElementsAre(0, 2, 3));
}

TEST_F(ArchiveTest, AFormIsThatOfTheCandidateThatIsMeasured) {
  Add(2.0, 3, std::nullopt, "span(redundancy, 0.1)");  // 0: the whole first front
  Add(2.1, 3, std::nullopt, "span(redundancy, 0.2)");  // 1: the form of 0
  Add(2.1, 4, 1, "span(reverse(redundancy), 0.2)");    // 2: another form, but measured as 1
  Add(2.2, 4, std::nullopt, "span(influence, 0.1)");   // 3
  EXPECT_THAT(Finalists(candidates_, names_, {}, 9), ElementsAre(0, 3));
}

TEST_F(ArchiveTest, MembersOfTheFirstFrontMayShareAForm) {
  Add(2.0, 5, std::nullopt, "span(redundancy + 1, 0.1)");
  Add(2.5, 3, std::nullopt, "span(redundancy, 0.1)");
  Add(3.0, 2, std::nullopt, "span(redundancy, 0.3)");
  EXPECT_THAT(Finalists(candidates_, names_, {}, 9), ElementsAre(0, 1, 2));
}

}  // namespace
}  // namespace strata::search
