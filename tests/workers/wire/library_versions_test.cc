#include "workers/wire/library_versions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::workers {
namespace {

using ::testing::MatchesRegex;

TEST(LibraryVersionsTest, AreNumbersWithDots) {
  EXPECT_THAT(GrpcVersion(), MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+.*"));
  EXPECT_THAT(ProtobufVersion(), MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+.*"));
}

}  // namespace
}  // namespace strata::workers
