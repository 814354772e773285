#include "evaluator/tasks/task.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace strata::tasks {
namespace {

constexpr TaskKind kKinds[] = {TaskKind::kMultipleChoice, TaskKind::kLogLikelihood,
                               TaskKind::kRolling, TaskKind::kGeneration};

TEST(TaskTest, NamesAreReadBack) {
  for (const TaskKind kind : kKinds) {
    EXPECT_EQ(TaskKindNamed(NameOf(kind)), kind);
    for (const Metric metric : MetricsOf(kind)) EXPECT_EQ(MetricNamed(NameOf(metric)), metric);
  }
  EXPECT_EQ(NameOf(TaskKind::kRolling), "loglikelihood_rolling");
  EXPECT_EQ(NameOf(Metric::kAccMutualInfo), "acc_mutual_info");
  EXPECT_EQ(TaskKindNamed("multiple"), std::nullopt);
  EXPECT_EQ(MetricNamed("accuracy"), std::nullopt);
}

TEST(TaskTest, DefaultMetricsAreAmongThoseOfTheKind) {
  for (const TaskKind kind : kKinds) {
    const std::vector<Metric> all = MetricsOf(kind);
    EXPECT_FALSE(DefaultMetricsOf(kind).empty());
    for (const Metric metric : DefaultMetricsOf(kind)) {
      EXPECT_NE(std::find(all.begin(), all.end(), metric), all.end());
    }
  }
  EXPECT_EQ(DefaultMetricsOf(TaskKind::kMultipleChoice),
            (std::vector<Metric>{Metric::kAcc, Metric::kAccNorm}));
  EXPECT_TRUE(HigherIsBetter(Metric::kExactMatch));
  EXPECT_FALSE(HigherIsBetter(Metric::kBitsPerByte));
}

}  // namespace
}  // namespace strata::tasks
