#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "evaluator/checkpoint/checkpoint_writer.h"
#include "tests/evaluator/support/hugging_face_folder.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

using ::testing::HasSubstr;

class BitmapWriterTest : public ::testing::Test {
 protected:
  BitmapWriterTest() {
    HuggingFaceFiles files = HuggingFaceFiles::Wave();
    files.Convert(NumberFormat::kBFloat16);
    files.Write(folder_);
    source_ = HuggingFaceCheckpoint::Open(folder_.path()).value();
  }

  // Writes the model with the first weights of each row pruned, in parts of two rows.
  absl::Status WriteAll(CheckpointWriter& writer, double sparsity) {
    absl::Status status = writer.Start(path_);
    for (const NamedShape& tensor : TensorsOf(source_->config())) {
      if (!status.ok()) return status;
      if (!tensor.is_linear) {
        status = CopyTensor(*source_, tensor, writer);
        continue;
      }
      const auto columns = static_cast<size_t>(tensor.shape[1]);
      const auto zeros = static_cast<size_t>(sparsity * static_cast<double>(columns));
      for (int64_t row = 0; row < tensor.shape[0] && status.ok(); row += 2) {
        std::vector<float> rows(2 * columns, 1.0f);
        std::fill_n(rows.begin(), zeros, 0.0f);
        std::fill_n(rows.begin() + static_cast<std::ptrdiff_t>(columns), zeros, 0.0f);
        const auto written = writer.WriteRows(tensor.name, row, rows);
        status = written.status();
        if (status.ok()) {
          EXPECT_EQ(*written, 2 * static_cast<int64_t>(zeros));
        }
      }
    }
    if (status.ok()) status = writer.Finish();
    return status;
  }

  const TemporaryFolder folder_;
  const TemporaryFolder parent_;
  const std::string path_ = parent_ / "out";
  std::unique_ptr<HuggingFaceCheckpoint> source_;
};

TEST_F(BitmapWriterTest, WritesTheFilesAndBytesThatItPlans) {
  const auto linears = static_cast<size_t>(source_->config().blocks) *
                       static_cast<size_t>(source_->config().linears_per_block());
  const auto writer = NewBitmapWriter(*source_, {.sparsity = std::vector<double>(linears, 0.75)});
  ASSERT_TRUE(writer.ok()) << writer.status();
  const absl::Status status = WriteAll(**writer, 0.75);
  ASSERT_TRUE(status.ok()) << status;
  int64_t bytes = 0;
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    ++files;
    if (!entry.path().string().ends_with(".index.json")) {
      bytes += static_cast<int64_t>(entry.file_size());
    }
  }
  EXPECT_EQ(bytes, (*writer)->bytes());
  EXPECT_EQ(files, (*writer)->files().size());
  for (const std::string& name : (*writer)->files()) {
    EXPECT_TRUE(std::filesystem::exists(path_ + "/" + name)) << name;
  }
  const auto copy = HuggingFaceCheckpoint::Open(path_);
  ASSERT_TRUE(copy.ok()) << copy.status();
  const BitmapMatrix* matrix = (*copy)->FindBitmap("model.layers.1.mlp.up_proj.weight");
  ASSERT_NE(matrix, nullptr);
  EXPECT_EQ(matrix->RowValues(0).size(), static_cast<size_t>(matrix->columns() / 4) * 2);
}

TEST_F(BitmapWriterTest, RowsComeInOrderAndAllOfThem) {
  const auto writer = NewBitmapWriter(*source_, {});
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE((*writer)->Start(path_).ok());
  const std::string name = "model.layers.0.mlp.up_proj.weight";
  const std::vector<float> row(static_cast<size_t>(source_->config().hidden), 1.0f);
  const absl::Status skipped = (*writer)->WriteRows(name, 1, row).status();
  EXPECT_TRUE(absl::IsInvalidArgument(skipped));
  EXPECT_THAT(std::string(skipped.message()),
              HasSubstr(name + ": expected rows from 0 on and up to"));
  EXPECT_TRUE((*writer)->WriteRows(name, 0, row).ok());
  EXPECT_FALSE((*writer)->WriteRows(name, 0, row).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition((*writer)->Finish()));
}

TEST_F(BitmapWriterTest, SparsitiesThatDoNotFitTheModelAreRefused) {
  const auto writer = NewBitmapWriter(*source_, {.sparsity = {0.5}});
  ASSERT_FALSE(writer.ok());
  EXPECT_THAT(std::string(writer.status().message()),
              HasSubstr("expected the sparsities of 21 linears, found 1"));
}

}  // namespace
}  // namespace strata::evaluator
