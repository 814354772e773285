#include "workers/wire/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace strata::workers {
namespace {

using testing::HasSubstr;

TEST(AddressTest, UnixSockets) {
  EXPECT_EQ(ParseAddress("unix:/tmp/a")->socket_path, "/tmp/a");
  EXPECT_EQ(ParseAddress("unix:///tmp/a")->socket_path, "/tmp/a");
  EXPECT_EQ(ParseAddress("unix:a/b")->socket_path, "a/b");
  EXPECT_EQ(ParseAddress("unix:").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(AddressTest, ASocketPathMustFit) {
  EXPECT_TRUE(ParseAddress("unix:/" + std::string(106, 'x')).ok());
  const absl::Status status = ParseAddress("unix:/" + std::string(107, 'x')).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("at most 107 bytes, this one has 108"));
}

TEST(AddressTest, ASocketPathIsNoUri) {
  for (const char* text : {"unix:/tmp/50%", "unix:/tmp/a?b", "unix:/tmp/#1"}) {
    const absl::Status status = ParseAddress(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr("without %, ? and #"));
  }
}

TEST(AddressTest, LoopbackAndUnixSocketsAreLocalAndNothingElse) {
  for (const char* text :
       {"localhost:0", "127.0.0.1:65535", "127.1.2.3:80", "[::1]:5", "unix:/tmp/a"}) {
    EXPECT_TRUE(ParseAddress(text)->is_local) << text;
  }
  for (const char* text : {"0.0.0.0:80", "[::]:80", "example.org:80", "127.example.org:80"}) {
    EXPECT_FALSE(ParseAddress(text)->is_local) << text;
  }
}

TEST(AddressTest, MalformedOnesAreRefused) {
  for (const char* text :
       {"", "localhost", ":80", "localhost:", "localhost:x", "localhost:65536", "localhost:-1"}) {
    EXPECT_EQ(ParseAddress(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace strata::workers
