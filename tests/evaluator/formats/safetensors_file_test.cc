#include "evaluator/formats/safetensors_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/evaluator/support/gguf_writer.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string File(const std::string& header, const std::string& data = "") {
  return Bytes().Number<uint64_t>(header.size()).Raw(header).Raw(data).text();
}

std::string ErrorOf(const std::string& contents) {
  const TemporaryFile file(contents, ".safetensors");
  const auto opened = SafetensorsFile::Open(file.path());
  if (opened.ok()) return "no error";
  EXPECT_EQ(opened.status().code(), absl::StatusCode::kDataLoss) << opened.status();
  EXPECT_THAT(std::string(opened.status().message()), HasSubstr(file.path()));
  return std::string(opened.status().message());
}

TEST(SafetensorsFile, ReadsTensorsAndMetadata) {
  const TemporaryFile file(
      File(
          R"({"b":{"dtype":"F32","shape":[2,1],"data_offsets":[2,10]},"__metadata__":{"format":"pt"},
               "a":{"dtype":"BF16","shape":[],"data_offsets":[0,2]},
               "e":{"dtype":"I64","shape":[0,7],"data_offsets":[10,10]}}  )",
          "0123456789"),
      ".safetensors");
  const auto opened = SafetensorsFile::Open(file.path());
  ASSERT_TRUE(opened.ok()) << opened.status();
  const auto& tensors = (*opened)->tensors();
  ASSERT_EQ(tensors.size(), 3u);
  EXPECT_EQ(tensors.at("a").type, "BF16");
  EXPECT_TRUE(tensors.at("a").shape.empty());
  EXPECT_THAT(tensors.at("b").shape, ElementsAre(2, 1));
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(tensors.at("b").data.data()),
                        tensors.at("b").data.size()),
            "23456789");
  EXPECT_EQ((*opened)->metadata().at("format"), "pt");
}

// Issue 21, case06: the reference implementation takes both.
TEST(SafetensorsFile, MetadataMayBeNullAndTypesPacked) {
  const TemporaryFile file(
      File(
          R"({"__metadata__":null,"a":{"dtype":"F4","shape":[2,3],"data_offsets":[0,3]},
               "b":{"dtype":"C64","shape":[1],"data_offsets":[3,11]},
               "c":{"dtype":"F6_E2M3","shape":[4],"data_offsets":[11,14]},
               "d":{"dtype":"F8_E8M0","shape":[1],"data_offsets":[14,15]}})",
          "0123456789abcde"),
      ".safetensors");
  const auto opened = SafetensorsFile::Open(file.path());
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ((*opened)->tensors().size(), 4u);
  EXPECT_TRUE((*opened)->metadata().empty());
  EXPECT_THAT(ErrorOf(File(R"({"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}})", "0")),
              HasSubstr("expected 1.5 bytes for F4 [3]"));
}

TEST(SafetensorsFile, DamagedFilesAreNamed) {
  const struct {
    std::string contents;
    const char* expected;
  } cases[] = {
      {"1234567", "found 7 bytes"},
      {Bytes().Number<uint64_t>(100).Raw("{}").text(), "at most 2 bytes, found one of 100"},
      {Bytes().Number<uint64_t>(uint64_t{1} << 63).Raw("{}").text(), "truncated"},
      {File("[]"), "the header is not a JSON object"},
      {File("{"), "the header is not a JSON object"},
      {File(R"({"a":3})"), "tensor \"a\": expected \"dtype\""},
      {File(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "0123"),
       "expected \"dtype\""},
      {File(R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", "0123"),
       "expected \"dtype\""},
      {File(R"({"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}})", "0123"),
       "the type \"F31\" is unknown"},
      {File(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "0123"),
       "expected 8 bytes for F32 [2]"},
      {File(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}})",
            "0123"),
       "more than 2^60"},
      {File(R"({"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,4]}})", "0123"),
       "a dimension of 18446744073709551615"},
      {File(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}})", "0123"),
       "found the offsets 4 to 0"},
      {File(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "012"),
       "up to 3 at most, found the offsets 0 to 4: truncated or damaged"},
      {File(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})", "01234"),
       "expected bytes from 0 on"},
      {File(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},
                "b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
            "012"),
       "tensor \"b\": expected bytes from 2 on"},
      {File(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", "0123"),
       "expected 2 bytes of tensors, found 4"},
      {File(R"({"__metadata__":{"format":1}})"), "__metadata__: \"format\": expected a text"},
      {File(R"({"__metadata__":[]})"), "__metadata__: expected an object"},
  };
  for (const auto& c : cases) EXPECT_THAT(ErrorOf(c.contents), HasSubstr(c.expected));
  EXPECT_TRUE(absl::IsNotFound(SafetensorsFile::Open("/no/such/file").status()));
}

TEST(SafetensorsFile, DeeplyNestedHeadersEnd) {
  EXPECT_THAT(ErrorOf(File(std::string(1'000'000, '['))), HasSubstr("not a JSON object"));
  EXPECT_THAT(
      ErrorOf(File("{\"a\":" + std::string(1'000'000, '[') + std::string(1'000'000, ']') + "}")),
      HasSubstr("expected \"dtype\""));
}

}  // namespace
}  // namespace strata::evaluator
