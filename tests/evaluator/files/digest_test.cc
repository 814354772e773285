#include "evaluator/files/digest.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

// Examples of FIPS 180-2, appendix B.
constexpr const char* kAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kMillion = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
constexpr const char* kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(Digest, PublishedExamples) {
  EXPECT_EQ(Sha256("abc"), kAbc);
  EXPECT_EQ(Sha256(std::string(1000000, 'a')), kMillion);
  EXPECT_EQ(Sha256(""), kEmpty);
}

TEST(Digest, FilesAreTheirBytes) {
  EXPECT_EQ(Sha256OfFile(TemporaryFile("abc").path()).value(), kAbc);
  EXPECT_EQ(Sha256OfFile(TemporaryFile("").path()).value(), kEmpty);
  // A whole number of the buffers it is read with, and one byte more.
  for (const size_t size : {size_t{2} << 20, (size_t{2} << 20) + 1}) {
    const std::string bytes(size, 'x');
    EXPECT_EQ(Sha256OfFile(TemporaryFile(bytes).path()).value(), Sha256(bytes));
  }
}

TEST(Digest, ErrorsNameThePath) {
  const auto absent = Sha256OfFile("/no/such/file");
  EXPECT_TRUE(absl::IsNotFound(absent.status()));
  EXPECT_NE(absent.status().message().find("/no/such/file"), std::string::npos);
  EXPECT_TRUE(absl::IsInvalidArgument(Sha256OfFile("/tmp").status()));
}

}  // namespace
}  // namespace strata::evaluator
