#include "search/engine/outcome_codec.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>

namespace strata::search {
namespace {

const std::vector<double> kHardDoubles = {0.0,
                                          -0.0,
                                          0.1,
                                          -1.0 / 3.0,
                                          std::numeric_limits<double>::denorm_min(),
                                          std::numeric_limits<double>::max(),
                                          std::numeric_limits<double>::infinity(),
                                          -std::numeric_limits<double>::infinity(),
                                          std::numeric_limits<double>::quiet_NaN(),
                                          std::bit_cast<double>(uint64_t{0xfff8000000001234})};

void ExpectSameBits(const std::vector<double>& a, const std::vector<double>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(std::bit_cast<uint64_t>(a[i]), std::bit_cast<uint64_t>(b[i])) << i;
  }
}

TEST(OutcomeCodec, DoublesKeepEveryBit) {
  const auto decoded = DecodeDoubles(EncodeDoubles(kHardDoubles));
  ASSERT_TRUE(decoded.ok());
  ExpectSameBits(*decoded, kHardDoubles);
  EXPECT_EQ(DecodeDoubles("1234567").status().code(), absl::StatusCode::kDataLoss);
}

TEST(OutcomeCodec, BytesAreLittleEndianIeee) {
  EXPECT_EQ(EncodeDoubles({1.0}), std::string("\0\0\0\0\0\0\xf0\x3f", 8));
}

TEST(OutcomeCodec, OutcomesKeepEveryBit) {
  const ProfileOutcome profile{{kHardDoubles, {}, {1.5}}};
  const auto decoded = DecodeOutcome(KindOf(profile), EncodeOutcome(profile));
  ASSERT_TRUE(decoded.ok());
  const auto& values = std::get<ProfileOutcome>(*decoded).values;
  ASSERT_EQ(values.size(), 3u);
  for (size_t i = 0; i < 3; ++i) ExpectSameBits(values[i], profile.values[i]);

  for (const double value : kHardDoubles) {
    const EvaluateOutcome evaluate{value, -value};
    const auto again = DecodeOutcome(KindOf(evaluate), EncodeOutcome(evaluate));
    ASSERT_TRUE(again.ok());
    const auto& read = std::get<EvaluateOutcome>(*again);
    ExpectSameBits({read.mean_nll, read.achieved_sparsity}, {value, -value});
  }
  const EvaluateOutcome named{
      1.5, 0.7, {{"zero_shot_error", 0.25}, {"", -0.0}, {"a name of more than eight", 3}}, {1, 2}};
  const auto decoded_names = DecodeOutcome(KindOf(named), EncodeOutcome(named));
  ASSERT_TRUE(decoded_names.ok());
  EXPECT_EQ(std::get<EvaluateOutcome>(*decoded_names).measures, named.measures);
  EXPECT_EQ(std::get<EvaluateOutcome>(*decoded_names).window_nll, named.window_nll);
  const std::string whole = EncodeOutcome(named);
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(DecodeOutcome("evaluate", whole.substr(0, length)).ok()) << length;
  }

  EvaluateOutcome sloping = named;
  sloping.slopes = kHardDoubles;
  const auto decoded_slopes = DecodeOutcome(KindOf(sloping), EncodeOutcome(sloping));
  ASSERT_TRUE(decoded_slopes.ok());
  ExpectSameBits(std::get<EvaluateOutcome>(*decoded_slopes).slopes, kHardDoubles);
  EXPECT_EQ(std::get<EvaluateOutcome>(*decoded_slopes).measures, named.measures);
  EXPECT_FALSE(DecodeOutcome("evaluate", EncodeOutcome(sloping) + "x").ok());

  const FailedOutcome failed{std::string("it's \0 \"broken\"", 15)};
  const auto again = DecodeOutcome(KindOf(failed), EncodeOutcome(failed));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(std::get<FailedOutcome>(*again).reason, failed.reason);
}

TEST(OutcomeCodec, DamagedBytesAreDataLoss) {
  const std::string bytes = EncodeOutcome(ProfileOutcome{{{1, 2}, {3, 4}}});
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_EQ(DecodeOutcome("profile", bytes.substr(0, length)).status().code(),
              absl::StatusCode::kDataLoss)
        << length;
  }
  EXPECT_FALSE(DecodeOutcome("profile", bytes + "x").ok());
  // A count that would need more memory than there is must be refused, not allocated.
  EXPECT_FALSE(DecodeOutcome("profile", std::string(8, '\xff')).ok());
  EXPECT_FALSE(DecodeOutcome("evaluate", std::string(15, 'x')).ok());
  EXPECT_EQ(DecodeOutcome("other", "").status().code(), absl::StatusCode::kDataLoss);
}

TEST(CheckOutcome, SaysWhatDoesNotFit) {
  const WorkItem profile{4, ProfileWork{{"var(WX)", "mean(W)"}}};
  const WorkItem evaluate{5, EvaluateWork{}};
  const Outcome two_by_three = ProfileOutcome{{{1, 2, 3}, {4, 5, 6}}};
  EXPECT_TRUE(CheckOutcome(profile, 3, two_by_three).ok());
  EXPECT_TRUE(CheckOutcome(evaluate, 3, EvaluateOutcome{}).ok());
  EXPECT_TRUE(CheckOutcome(profile, 3, FailedOutcome{"x"}).ok());
  for (const absl::Status& status :
       {CheckOutcome(profile, 3, EvaluateOutcome{}), CheckOutcome(evaluate, 3, two_by_three),
        CheckOutcome(profile, 2, two_by_three),
        CheckOutcome(profile, 3, ProfileOutcome{{{1, 2, 3}}})}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(CheckOutcome(profile, 2, two_by_three).message(),
            "work item 4: feature var(WX): expected 2 values, found 3");
}

}  // namespace
}  // namespace strata::search
