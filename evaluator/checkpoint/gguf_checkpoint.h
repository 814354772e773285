// A GGUF file as a checkpoint.
#ifndef STRATA_EVALUATOR_CHECKPOINT_GGUF_CHECKPOINT_H_
#define STRATA_EVALUATOR_CHECKPOINT_GGUF_CHECKPOINT_H_

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "evaluator/checkpoint/checkpoint.h"
#include "evaluator/formats/gguf_file.h"

namespace strata::evaluator {

// Returns the row of a GGUF file that holds row `row` of a query or key matrix in the Hugging Face
// order. GGUF interleaves the two halves of every head for its rotary embedding.
int64_t InterleavedRow(int64_t row, int64_t head_dimension);

class GgufCheckpoint : public Checkpoint {
 public:
  static absl::StatusOr<std::unique_ptr<GgufCheckpoint>> Open(const std::string& path);

  const GgufFile& file() const { return *file_; }

  const std::string& path() const override { return file_->path(); }
  const std::string& model_name() const override { return name_; }
  const ModelConfig& config() const override { return config_; }
  absl::StatusOr<std::string> Digest() const override;
  std::string StoredName(const std::string& name) const override;
  std::optional<NumberFormat> FormatOf(const std::string& name) const override;
  absl::Status ReadRows(const std::string& name, int64_t first_row,
                        std::span<float> values) const override;
  void Forget(const std::string& name) const override;

 private:
  struct Stored {
    std::string name;
    GgufForm form = GgufForm::kSame;
  };

  GgufCheckpoint() = default;
  absl::StatusOr<const GgufTensor*> Find(const std::string& name) const;

  std::unique_ptr<GgufFile> file_;
  std::string name_;
  ModelConfig config_;
  std::map<std::string, Stored> stored_;  // by Hugging Face name
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CHECKPOINT_GGUF_CHECKPOINT_H_
