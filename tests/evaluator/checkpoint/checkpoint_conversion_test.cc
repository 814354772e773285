#include "evaluator/checkpoint/checkpoint_conversion.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>

#include "evaluator/checkpoint/hugging_face_checkpoint.h"
#include "tests/evaluator/support/hugging_face_folder.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kLinear = "model.layers.0.mlp.up_proj.weight";

// A model in which every third number of each linear is left.
HuggingFaceFiles SparseModel(NumberFormat format) {
  HuggingFaceFiles files = HuggingFaceFiles::Wave();
  for (const PlannedTensor& tensor : files.tensors) {
    if (!tensor.name.ends_with("_proj.weight")) continue;
    std::string& bytes = files.data[tensor.name];
    for (size_t i = 0; i < bytes.size() / 4; ++i) {
      if (i % 3 != 0) std::memset(bytes.data() + 4 * i, 0, 4);
    }
    const float minus_zero = -0.0f;
    std::memcpy(bytes.data() + 4, &minus_zero, 4);
  }
  files.Convert(format);
  return files;
}

absl::Status Convert(const std::string& source, bool to_bitmap, const std::string& output) {
  return ConvertCheckpoint({.source = source, .to_bitmap = to_bitmap}, output, nullptr);
}

std::string ErrorOf(const absl::Status& status) {
  EXPECT_TRUE(absl::IsInvalidArgument(status) || absl::IsDataLoss(status) ||
              absl::IsUnimplemented(status))
      << status;
  return std::string(status.message());
}

// The bytes of a file, and their place.
struct FileBytes {
  explicit FileBytes(std::string file) : path(std::move(file)) {
    std::ifstream stream(path, std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(stream), {});
  }
  void Write() const { std::ofstream(path, std::ios::binary) << text; }
  std::string path;
  std::string text;
};

TEST(CheckpointConversion, ThereAndBackKeepsEveryBit) {
  for (const auto format :
       {NumberFormat::kFloat32, NumberFormat::kFloat16, NumberFormat::kBFloat16}) {
    const TemporaryFolder folder;
    HuggingFaceFiles files = SparseModel(format);
    files.Add("model.layers.0.self_attn.rotary_emb.inv_freq", "F64", {1}, "12345678");
    files.Write(folder, 3000);
    folder.Write("tokenizer.json", "{\"any\": 1}");
    const TemporaryFolder parent;
    const absl::Status there = Convert(folder.path(), true, parent / "bitmap");
    ASSERT_TRUE(there.ok()) << there;
    const absl::Status back = Convert(parent / "bitmap", false, parent / "dense");
    ASSERT_TRUE(back.ok()) << back;
    const auto dense = SafetensorsFile::Open(parent / "dense/model.safetensors");
    ASSERT_TRUE(dense.ok()) << dense.status();
    EXPECT_EQ((*dense)->tensors().size(), files.tensors.size());
    for (const auto& [name, tensor] : (*dense)->tensors()) {
      EXPECT_EQ(std::string(reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size()),
                files.data.at(name))
          << name;
    }
    EXPECT_EQ(FileBytes(parent / "dense/tokenizer.json").text, "{\"any\": 1}");
    EXPECT_FALSE(std::filesystem::exists(parent / "bitmap/model.safetensors"));
  }
}

TEST(CheckpointConversion, TheFormThatIsThereAlreadyIsRefused) {
  const TemporaryFolder folder;
  SparseModel(NumberFormat::kBFloat16).Write(folder);
  const TemporaryFolder parent;
  EXPECT_THAT(ErrorOf(Convert(folder.path(), false, parent / "out")), HasSubstr("dense already"));
  ASSERT_TRUE(Convert(folder.path(), true, parent / "bitmap").ok());
  EXPECT_THAT(ErrorOf(Convert(parent / "bitmap", true, parent / "out")),
              HasSubstr("bitmaps already"));
  EXPECT_FALSE(std::filesystem::exists(parent / "out"));
}

TEST(CheckpointConversion, NumbersThatWouldLoseTheirBitsAreRefused) {
  const TemporaryFolder doubles;
  HuggingFaceFiles files = SparseModel(NumberFormat::kFloat32);
  PlannedTensor& norm = files.Tensor("model.norm.weight");
  norm.type = "F64";
  norm.bytes *= 2;
  files.data[norm.name].resize(static_cast<size_t>(norm.bytes));
  files.Write(doubles);
  const TemporaryFolder parent;
  EXPECT_THAT(ErrorOf(Convert(doubles.path(), true, parent / "out")),
              HasSubstr("model.norm.weight is of type F64"));
  const TemporaryFolder infinite;
  files = SparseModel(NumberFormat::kFloat32);
  const float infinity = std::numeric_limits<float>::infinity();
  std::memcpy(files.data[kLinear].data() + 4 * 21, &infinity, 4);
  files.Write(infinite);
  EXPECT_THAT(ErrorOf(Convert(infinite.path(), true, parent / "out")),
              AllOf(HasSubstr(kLinear), HasSubstr("found inf at position 21")));
}

// A directory with bitmaps, for tests that damage it.
class BitmapFolder : public ::testing::Test {
 protected:
  BitmapFolder() {
    SparseModel(NumberFormat::kBFloat16).Write(dense_);
    const absl::Status status = Convert(dense_.path(), true, path_);
    EXPECT_TRUE(status.ok()) << status;
  }
  std::string OpenError() const { return ErrorOf(HuggingFaceCheckpoint::Open(path_).status()); }
  FileBytes File(int number) const {
    return FileBytes(fmt::format("{}/bitmap-{:05}-of-00004.safetensors", path_, number));
  }
  // Replaces a text of a file by one of the same length, so that all offsets stay.
  void Replace(int number, const std::string& old_text, const std::string& new_text) const {
    FileBytes file = File(number);
    const size_t place = file.text.find(old_text);
    ASSERT_NE(place, std::string::npos);
    ASSERT_EQ(old_text.size(), new_text.size());
    file.text.replace(place, old_text.size(), new_text);
    file.Write();
  }

  const TemporaryFolder dense_;
  const TemporaryFolder parent_;
  const std::string path_ = parent_ / "bitmap";
};

TEST_F(BitmapFolder, IsACheckpointLikeTheDenseOne) {
  const auto dense = HuggingFaceCheckpoint::Open(dense_.path());
  const auto bitmap = HuggingFaceCheckpoint::Open(path_);
  ASSERT_TRUE(bitmap.ok()) << bitmap.status();
  EXPECT_TRUE((*bitmap)->notes().empty());
  EXPECT_NE((*bitmap)->FindBitmap(kLinear), nullptr);
  EXPECT_EQ((*bitmap)->FindBitmap("model.norm.weight"), nullptr);
  EXPECT_EQ((*dense)->FindBitmap(kLinear), nullptr);
  for (const NamedShape& tensor : TensorsOf((*dense)->config())) {
    EXPECT_EQ((*bitmap)->FormatOf(tensor.name), NumberFormat::kBFloat16);
    size_t count = 1;
    for (const int64_t size : tensor.shape) count *= static_cast<size_t>(size);
    std::vector<float> a(count), b(count);
    ASSERT_TRUE((*dense)->ReadRows(tensor.name, 0, a).ok());
    ASSERT_TRUE((*bitmap)->ReadRows(tensor.name, 0, b).ok());
    EXPECT_EQ(a, b) << tensor.name;
    (*bitmap)->Forget(tensor.name);
    ASSERT_TRUE((*bitmap)->ReadRows(tensor.name, 0, b).ok());
    EXPECT_EQ(a, b) << tensor.name;
  }
}

TEST_F(BitmapFolder, OfAnotherVersionIsRefused) {
  Replace(3, "bitmap/1", "bitmap/2");
  EXPECT_THAT(OpenError(), AllOf(HasSubstr("bitmap-00003-of-00004.safetensors"),
                                 HasSubstr("to be \"bitmap/1\", found \"bitmap/2\"")));
}

TEST_F(BitmapFolder, AFlippedBitIsFoundWithItsTensor) {
  FileBytes file = File(2);
  file.text.back() = static_cast<char>(file.text.back() ^ 1);  // the last bitmap of the file
  file.Write();
  EXPECT_THAT(OpenError(), AllOf(HasSubstr(path_ + ": model.layers.0."), HasSubstr(" bits set")));
}

TEST_F(BitmapFolder, ACutFileIsRefused) {
  FileBytes file = File(4);
  file.text.resize(file.text.size() - 5);
  file.Write();
  EXPECT_THAT(OpenError(), AllOf(HasSubstr("bitmap-00004-of-00004.safetensors"),
                                 HasSubstr("truncated or damaged")));
}

TEST_F(BitmapFolder, AMissingFileOrTensorIsNamed) {
  Replace(2, "0.mlp.up_proj.weight.values", "0.mlp.up_proj.weight.volume");
  EXPECT_THAT(OpenError(),
              HasSubstr("expected a tensor \"model.layers.0.mlp.up_proj.weight.values\""));
  std::filesystem::remove(File(2).path);
  EXPECT_THAT(std::string(HuggingFaceCheckpoint::Open(path_).status().message()),
              HasSubstr("bitmap-00002-of-00004.safetensors (21 tensors)"));
}

TEST_F(BitmapFolder, ABitmapOfAnythingButALinearIsRefused) {
  const char* const endings[] = {".shape", ".values", ".bitmap"};
  for (const char* ending : endings) {
    Replace(2, std::string("0.mlp.up_proj.weight") + ending,
            std::string("0.mlp.xx_proj.weight") + ending);
  }
  EXPECT_THAT(OpenError(), HasSubstr("expected a tensor \"model.layers.0.mlp.up_proj.weight\""));
}

}  // namespace
}  // namespace strata::evaluator
