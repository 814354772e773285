#include "evaluator/formats/wire_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace strata::evaluator {
namespace {

using ::testing::HasSubstr;
using namespace std::string_literals;

std::string ErrorOf(const std::string& message) {
  WireReader reader(message);
  while (true) {
    const auto field = reader.Next();
    if (!field.ok()) return std::string(field.status().message());
    if (!field->has_value()) return "no error";
  }
}

TEST(WireFormat, FieldsOfEveryType) {
  const std::string message =
      "\x08\x96\x01"s
      "\x11\x01\x02\x03\x04\x05\x06\x07\x08"s
      "\x1a\x03"s
      "abc"
      "\x25\x00\x00\x80\x3f"s;
  WireReader reader(message);
  WireField field = reader.Next()->value();
  EXPECT_EQ(field.number, 1u);
  EXPECT_EQ(field.type, 0);
  EXPECT_EQ(field.value, 150u);
  field = reader.Next()->value();
  EXPECT_EQ(field.number, 2u);
  EXPECT_EQ(field.value, 0x0807060504030201u);
  field = reader.Next()->value();
  EXPECT_EQ(field.number, 3u);
  EXPECT_EQ(field.bytes, "abc");
  field = reader.Next()->value();
  EXPECT_EQ(field.number, 4u);
  EXPECT_EQ(field.Float(), 1.0f);
  EXPECT_FALSE(reader.Next()->has_value());
}

TEST(WireFormat, LargestNumber) {
  WireReader reader("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  EXPECT_EQ(reader.Next()->value().value, ~uint64_t{0});
}

TEST(WireFormat, DamageIsNamed) {
  EXPECT_EQ(ErrorOf(""), "no error");
  EXPECT_EQ(ErrorOf("\x08"), "byte 1: a number is cut off");
  EXPECT_EQ(ErrorOf("\x08\x80"), "byte 1: a number is cut off");
  EXPECT_EQ(ErrorOf("\x1a\x05"s
                    "abc"),
            "byte 2: expected 5 bytes, found 3");
  EXPECT_EQ(ErrorOf("\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
            "byte 11: expected 18446744073709551615 bytes, found 0");
  EXPECT_EQ(ErrorOf("\x25\x00"s), "byte 1: expected 4 bytes, found 1");
  EXPECT_THAT(ErrorOf("\x0b"), HasSubstr("wire type 3 is not supported"));
  EXPECT_THAT(ErrorOf("\x00\x00"s), HasSubstr("expected a field number from 1"));
  EXPECT_THAT(ErrorOf("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
              HasSubstr("at most 10 bytes"));
}

}  // namespace
}  // namespace strata::evaluator
