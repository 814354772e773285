#include "cli/config/racing_rungs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::cli {
namespace {

using evaluator::Arithmetic;
using evaluator::Fidelity;
using evaluator::Protocol;
using testing::HasSubstr;

Fidelity Last() {
  return {.windows = 8, .window_tokens = 64, .protocol = Protocol::kSequential, .levels = {}};
}

TEST(RacingRungsTest, WhatIsLeftOutIsThatOfTheFitness) {
  const auto rungs = ParseRacingRungs({"8 one-shot bf16", "4 one-shot", "2"}, Last());
  ASSERT_TRUE(rungs.ok()) << rungs.status();
  ASSERT_EQ(rungs->size(), 3u);
  EXPECT_EQ((*rungs)[0].windows, 8);
  EXPECT_EQ((*rungs)[0].protocol, Protocol::kOneShot);
  EXPECT_EQ((*rungs)[0].arithmetic, Arithmetic::kBFloat16);
  EXPECT_EQ((*rungs)[1].protocol, Protocol::kOneShot);
  EXPECT_EQ((*rungs)[1].arithmetic, Arithmetic::kFloat32);
  EXPECT_EQ((*rungs)[2].protocol, Protocol::kSequential);
  EXPECT_EQ((*rungs)[2].window_tokens, 64);
}

TEST(RacingRungsTest, WindowsRiseWithinAProtocolAndArithmetic) {
  EXPECT_TRUE(ParseRacingRungs({"8 one-shot", "2", "4"}, Last()).ok());
  const auto message = [](const std::vector<std::string>& texts) {
    return std::string(ParseRacingRungs(texts, Last()).status().message());
  };
  EXPECT_THAT(message({"4", "4"}), HasSubstr("more than the 4 windows of an earlier rung"));
  EXPECT_THAT(message({"4", "4 one-shot", "2"}), HasSubstr("found '2'"));
  EXPECT_THAT(message({"8"}), HasSubstr("fewer than the 8 windows of the fitness"));
  EXPECT_THAT(message({"9 one-shot"}), HasSubstr("1 to 8 windows, found '9 one-shot'"));
  EXPECT_THAT(message({"0"}), HasSubstr("1 to 8 windows"));
  EXPECT_THAT(message({"two"}), HasSubstr("found 'two'"));
  EXPECT_THAT(message({""}), HasSubstr("found ''"));
  EXPECT_THAT(message({"2 one-shot bf16 twice"}), HasSubstr("WINDOWS [PROTOCOL [ARITHMETIC]]"));
  EXPECT_THAT(message({"2 refreshed"}), HasSubstr("found \"refreshed\""));
  EXPECT_THAT(message({"2 oneshot"}), HasSubstr("\"sequential\""));
}

}  // namespace
}  // namespace strata::cli
