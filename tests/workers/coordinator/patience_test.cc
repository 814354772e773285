#include "workers/coordinator/patience.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::workers {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(Patience, EndsSoLongAfterTheLastWorkerLeft) {
  Patience patience(10, "unix:/run/s");
  EXPECT_TRUE(patience.Check(9, false, nullptr).ok());
  EXPECT_TRUE(patience.Check(50, true, nullptr).ok());
  patience.LastWorkerLeft(60);
  patience.WorkerRefused("wrong model");
  EXPECT_TRUE(patience.Check(69, false, nullptr).ok());
  const absl::Status out = patience.Check(70, false, nullptr);
  EXPECT_EQ(out.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(out.message()),
              AllOf(HasSubstr("unix:/run/s for 10 s"), HasSubstr("refused: wrong model")));
}

TEST(Patience, EndsSoLongAfterWorkThatNobodyHolds) {
  Patience patience(10, "unix:/run/s");
  const SubjectDigests subject = {"m1", "t1"};
  EXPECT_TRUE(patience.Check(100, true, &subject).ok());
  EXPECT_TRUE(patience.Check(105, true, nullptr).ok());  // somebody came
  EXPECT_TRUE(patience.Check(106, true, &subject).ok());
  EXPECT_TRUE(patience.Check(115, true, &subject).ok());
  const absl::Status out = patience.Check(116, true, &subject);
  EXPECT_EQ(out.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(out.message()), AllOf(HasSubstr("model m1"), HasSubstr("text t1")));
}

}  // namespace
}  // namespace strata::workers
