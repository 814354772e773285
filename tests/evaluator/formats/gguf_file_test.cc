#include "evaluator/formats/gguf_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <random>

#include "evaluator/formats/gguf_parser.h"
#include "tests/evaluator/support/gguf_writer.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<GgufContents> Parse(const std::string& bytes) {
  return ParseGguf(std::as_bytes(std::span(bytes.data(), bytes.size())), "small.gguf");
}

absl::Status ErrorOf(const std::string& bytes) { return Parse(bytes).status(); }

std::string MessageOf(const GgufWriter& writer) {
  return std::string(ErrorOf(writer.Finish()).message());
}

std::string Floats(const std::vector<float>& values) {
  Bytes bytes;
  for (const float value : values) bytes.Number(value);
  return bytes.text();
}

GgufWriter SmallFile() {
  GgufWriter writer;
  writer.Value("u8", 0, Bytes().Number<uint8_t>(200).text())
      .Value("i8", 1, Bytes().Number<int8_t>(-100).text())
      .Value("u16", 2, Bytes().Number<uint16_t>(60000).text())
      .Value("i16", 3, Bytes().Number<int16_t>(-30000).text())
      .Uint32("u32", 4000000000u)
      .Value("i32", 5, Bytes().Number<int32_t>(-2000000000).text())
      .Value("f32", 6, Bytes().Number(0.5f).text())
      .Bool("yes", true)
      .Bool("no", false)
      .Text("text", "words")
      .Value("u64", 10, Bytes().Number<uint64_t>(1).text())
      .Value("i64", 11, Bytes().Number<int64_t>(-5).text())
      .Value("f64", 12, Bytes().Number(-2.25).text())
      .Value("huge", 10, Bytes().Number(std::numeric_limits<uint64_t>::max()).text())
      .Texts("texts", {"a", "", "c"})
      .Int32s("numbers", {1, -2})
      .Float32s("reals", {0.25f})
      .Tensor("first", {3, 2}, 0, Floats({1, 2, 3, 4, 5, 6}))
      .Tensor("second", {1}, 0, Floats({7}));
  return writer;
}

TEST(GgufFile, ReadsMetadataAndTensors) {
  const TemporaryFile temporary(SmallFile().Finish());
  const auto opened = GgufFile::Open(temporary.path());
  ASSERT_TRUE(opened.ok()) << opened.status();
  const GgufFile& file = **opened;
  EXPECT_EQ(file.path(), temporary.path());
  EXPECT_EQ(file.Integer("u8").value(), 200);
  EXPECT_EQ(file.Integer("i8").value(), -100);
  EXPECT_EQ(file.Integer("u16").value(), 60000);
  EXPECT_EQ(file.Integer("i16").value(), -30000);
  EXPECT_EQ(file.Integer("u32").value(), 4000000000);
  EXPECT_EQ(file.Integer("i32").value(), -2000000000);
  EXPECT_EQ(file.Integer("u64").value(), 1);
  EXPECT_EQ(file.Integer("i64").value(), -5);
  EXPECT_EQ(file.Real("f32").value(), 0.5);
  EXPECT_EQ(file.Real("f64").value(), -2.25);
  EXPECT_EQ(std::get<bool>(file.metadata().at("yes")), true);
  EXPECT_EQ(std::get<bool>(file.metadata().at("no")), false);
  EXPECT_EQ(file.String("text").value(), "words");
  EXPECT_THAT(*file.Strings("texts").value(), ElementsAre("a", "", "c"));
  EXPECT_THAT(std::get<std::vector<int64_t>>(file.metadata().at("numbers")), ElementsAre(1, -2));
  EXPECT_THAT(std::get<std::vector<double>>(file.metadata().at("reals")), ElementsAre(0.25));

  const GgufTensor& first = *file.Tensor("first").value();
  EXPECT_THAT(first.shape, ElementsAre(2, 3));
  EXPECT_EQ(first.elements(), 6);
  std::vector<float> values(6);
  ASSERT_TRUE(Dequantize(first, values).ok());
  EXPECT_THAT(values, ElementsAre(1, 2, 3, 4, 5, 6));
  values.resize(1);
  ASSERT_TRUE(Dequantize(*file.Tensor("second").value(), values).ok());
  EXPECT_THAT(values, ElementsAre(7));
}

TEST(GgufFile, AccessorsNameKeyAndFile) {
  const TemporaryFile temporary(SmallFile().Finish());
  const auto file = GgufFile::Open(temporary.path()).value();
  EXPECT_TRUE(absl::IsNotFound(file->Integer("absent").status()));
  EXPECT_THAT(std::string(file->Integer("absent").status().message()),
              ::testing::AllOf(HasSubstr("absent"), HasSubstr(temporary.path())));
  EXPECT_TRUE(absl::IsNotFound(file->Tensor("third").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(file->Integer("text").status()));
  EXPECT_THAT(std::string(file->Integer("text").status().message()),
              HasSubstr("expected an integer, found a string"));
  EXPECT_TRUE(absl::IsInvalidArgument(file->Integer("huge").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(file->Real("u32").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(file->String("f32").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(file->Strings("numbers").status()));
}

TEST(GgufFile, VersionsAndAlignments) {
  for (const uint32_t version : {2, 3}) {
    GgufWriter writer = SmallFile();
    writer.version = version;
    EXPECT_TRUE(Parse(writer.Finish()).ok());
  }
  GgufWriter wide;
  wide.alignment = 64;
  wide.Uint32("general.alignment", 64)
      .Tensor("a", {1}, 0, Floats({1}))
      .Tensor("b", {1}, 0, Floats({2}));
  const std::string bytes = wide.Finish();
  const auto contents = Parse(bytes);
  ASSERT_TRUE(contents.ok()) << contents.status();
  std::vector<float> value(1);
  ASSERT_TRUE(Dequantize(contents->tensors.at("b"), value).ok());
  EXPECT_EQ(value[0], 2);
}

TEST(GgufFile, EveryTruncationIsAnError) {
  const std::string whole = SmallFile().Finish();
  ASSERT_TRUE(Parse(whole).ok());
  for (size_t size = 0; size < whole.size(); ++size) {
    const absl::Status status = ErrorOf(whole.substr(0, size));
    ASSERT_TRUE(absl::IsDataLoss(status)) << size << ": " << status;
    if (size > 0) {
      ASSERT_THAT(std::string(status.message()), HasSubstr(std::to_string(size))) << size;
    }
  }
  const TemporaryFile cut(whole.substr(0, whole.size() - 1));
  EXPECT_THAT(std::string(GgufFile::Open(cut.path()).status().message()),
              ::testing::AllOf(HasSubstr(cut.path()), HasSubstr(std::to_string(whole.size())),
                               HasSubstr(std::to_string(whole.size() - 1))));
}

TEST(GgufFile, AnyByteMayBeAnyOtherWithoutACrash) {
  const std::string whole = SmallFile().Finish();
  for (size_t i = 0; i < whole.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(value);
      const auto contents = Parse(damaged);
      if (!contents.ok()) continue;
      for (const auto& [name, tensor] : contents->tensors) {
        // Within the file, as sanitizers see.
        std::vector<float> values(tensor.elements());
        ASSERT_TRUE(Dequantize(tensor, values).ok());
      }
    }
  }
}

TEST(GgufFile, RandomDamageIsNoCrash) {
  const std::string whole = SmallFile().Finish();
  std::mt19937 random(11);
  for (int round = 0; round < 20000; ++round) {
    std::string damaged =
        whole.substr(0, random() % 8 == 0 ? random() % whole.size() : whole.size());
    for (uint32_t i = random() % 6; i > 0 && !damaged.empty(); --i) {
      // Runs of 0xFF make the largest counts, lengths and offsets.
      const size_t place = random() % damaged.size();
      const size_t run = std::min<size_t>(random() % 9, damaged.size() - place);
      damaged.replace(place, run, run, random() % 2 == 0 ? '\xFF' : static_cast<char>(random()));
    }
    const auto contents = Parse(damaged);
    if (!contents.ok()) {
      EXPECT_FALSE(contents.status().message().empty());
    }
  }
}

TEST(GgufFile, HugeCountsAreRefusedBeforeAnythingIsReserved) {
  const uint64_t huge = std::numeric_limits<uint64_t>::max() / 16;
  const auto header = [](uint64_t tensors, uint64_t metadata) {
    return Bytes().Raw("GGUF").Number<uint32_t>(3).Number(tensors).Number(metadata);
  };
  EXPECT_TRUE(absl::IsDataLoss(ErrorOf(header(huge, 0).text())));
  EXPECT_TRUE(absl::IsDataLoss(ErrorOf(header(0, huge).text())));
  EXPECT_TRUE(absl::IsDataLoss(ErrorOf(header(0, 1).Number(huge).text())));
  for (const uint32_t type : {0, 5, 8, 12}) {
    Bytes bytes = header(0, 1);
    bytes.String("key").Number<uint32_t>(9).Number(type).Number(huge).Raw(std::string(64, 'x'));
    EXPECT_TRUE(absl::IsDataLoss(ErrorOf(bytes.text()))) << type;
  }
  // A count below the bytes that are left, whose elements need more.
  Bytes nine = header(0, 1);
  nine.String("key").Number<uint32_t>(9).Number<uint32_t>(12).Number<uint64_t>(9);
  nine.Raw(std::string(64, 'x'));
  EXPECT_THAT(std::string(ErrorOf(nine.text()).message()), HasSubstr("an array of 9 does not fit"));
}

TEST(GgufFile, NotAGgufFile) {
  EXPECT_TRUE(absl::IsInvalidArgument(ErrorOf("PK\x03\x04 and so on")));
  EXPECT_THAT(std::string(ErrorOf("PKxx").message()), HasSubstr("found 50 4b 78 78"));
  GgufWriter writer;
  writer.version = 1;
  EXPECT_THAT(MessageOf(writer), HasSubstr("expected GGUF version 2 or 3, found 1"));
  EXPECT_TRUE(absl::IsInvalidArgument(ErrorOf(writer.Finish())));
  writer.version = 0x03000000;
  EXPECT_THAT(MessageOf(writer), HasSubstr("big-endian"));
  EXPECT_TRUE(absl::IsNotFound(GgufFile::Open("/no/such/file").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(GgufFile::Open("/tmp").status()));
  EXPECT_TRUE(absl::IsDataLoss(GgufFile::Open(TemporaryFile("").path()).status()));
}

TEST(GgufFile, BadTensorsAreNamed) {
  const auto message = [](const std::vector<uint64_t>& shape, uint32_t type, uint64_t offset) {
    GgufWriter writer;
    writer.Tensor("good", {8}, 0, std::string(32, 'x')).TensorAt("bad", shape, type, offset);
    return MessageOf(writer);
  };
  EXPECT_THAT(message({8}, 9, 0), HasSubstr("tensor \"bad\": type 9 (Q8_1) is not supported"));
  EXPECT_THAT(message({8}, 77, 0),
              HasSubstr("type 77 (unknown) is not supported; supported are F32"));
  EXPECT_THAT(message({}, 0, 0), HasSubstr("tensor \"bad\": expected 1 to 4 dimensions, found 0"));
  EXPECT_THAT(message({1, 1, 1, 1, 1}, 0, 0), HasSubstr("found 5"));
  EXPECT_THAT(message({8, 0}, 0, 0), HasSubstr("empty or too large"));
  EXPECT_THAT(message({uint64_t{1} << 63}, 0, 0), HasSubstr("empty or too large"));
  EXPECT_THAT(message({uint64_t{1} << 31, uint64_t{1} << 31, 4}, 0, 0), HasSubstr("too large"));
  EXPECT_THAT(message({48}, 3, 0),
              HasSubstr("expected rows of a multiple of 32 weights, found 48"));
  EXPECT_THAT(message({8}, 0, 8), HasSubstr("offset 8 is not a multiple of the alignment 32"));
  EXPECT_THAT(message({8}, 0, 32), HasSubstr("the tensor directory needs"));
  EXPECT_THAT(message({8}, 0, ~uint64_t{31}), HasSubstr("outside the file"));
  GgufWriter unknown_type;
  unknown_type.TensorAt("bad", {8}, 9, 0);
  EXPECT_TRUE(absl::IsUnimplemented(ErrorOf(unknown_type.Finish())));
  GgufWriter twice;
  twice.Tensor("same", {1}, 0, Floats({1})).TensorAt("same", {1}, 0, 0);
  EXPECT_THAT(MessageOf(twice), HasSubstr("tensor \"same\" is in the directory twice"));
}

TEST(GgufFile, BadMetadataIsNamed) {
  EXPECT_THAT(MessageOf(GgufWriter().Value("key", 13, "")),
              HasSubstr("metadata \"key\": expected a value type from 0 to 12, found 13"));
  const std::string nested = Bytes().Number<uint32_t>(9).Number<uint64_t>(0).text();
  EXPECT_THAT(MessageOf(GgufWriter().Value("key", 9, nested)), HasSubstr("found element type 9"));
  EXPECT_THAT(MessageOf(GgufWriter().Text("key", "a").Text("key", "b")), HasSubstr("there twice"));
  const std::string large =
      Bytes().Number<uint32_t>(10).Number<uint64_t>(1).Number(~uint64_t{0}).text();
  EXPECT_THAT(MessageOf(GgufWriter().Value("key", 9, large)), HasSubstr("above the supported"));
  for (const uint32_t alignment : {0u, 4u, 48u, 1u << 31}) {
    EXPECT_THAT(MessageOf(GgufWriter().Uint32("general.alignment", alignment)),
                HasSubstr("general.alignment: expected an unsigned power of two"));
  }
  EXPECT_THAT(MessageOf(GgufWriter().Text("general.alignment", "32")),
              HasSubstr("general.alignment: expected an unsigned power of two"));
}

TEST(GgufFile, DefaultModel) {
  const auto file = GgufFile::Open(DefaultModelPath()).value();
  EXPECT_EQ(file->tensors().size(), 272u);
  const GgufTensor& embedding = *file->Tensor("token_embd.weight").value();
  EXPECT_THAT(embedding.shape, ElementsAre(49152, 576));
  EXPECT_EQ(embedding.type, GgufType::kQ8_0);
}

TEST(GgufFile, SmallTrainedModel) {
  const std::string path = DevelopmentData("models/stories260K.gguf");
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << path << " is absent: it is optional data for development";
  }
  const auto file = GgufFile::Open(path).value();
  EXPECT_EQ(file->Integer("llama.block_count").value(), 5);
  EXPECT_THAT(file->Tensor("blk.0.ffn_down.weight").value()->shape, ElementsAre(64, 172));
}

}  // namespace
}  // namespace strata::evaluator
