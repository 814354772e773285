// A Hugging Face directory as a checkpoint: config.json and one safetensors file, or several with
// model.safetensors.index.json, or those of bitmap.safetensors.index.json, whose linears are
// bitmaps (evaluator/formats/bitmap_matrix.h) or dense. If files or tensors contradict each other,
// transformers' choice counts, and notes() reports it: model.safetensors counts before an index,
// and a head whose values differ from the embedding's is not tied to it, whatever config.json says.
#ifndef STRATA_EVALUATOR_CHECKPOINT_HUGGING_FACE_CHECKPOINT_H_
#define STRATA_EVALUATOR_CHECKPOINT_HUGGING_FACE_CHECKPOINT_H_

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "evaluator/checkpoint/checkpoint.h"
#include "evaluator/formats/bitmap_matrix.h"
#include "evaluator/formats/safetensors_file.h"

namespace strata::evaluator {

class HuggingFaceCheckpoint : public Checkpoint {
 public:
  // Errors: NotFound for a missing file, or for a missing shard that the index names (with the
  // number of tensors it should hold); those of ReadHuggingFaceConfig, SafetensorsFile::Open and
  // BitmapMatrix::Of; DataLoss for a bitmap of anything else than a linear of config.json;
  // InvalidArgument for a missing tensor, or one whose shape is not what config.json asks for;
  // Unimplemented for a needed tensor of a type other than F32, F16, BF16 or F64, for one of
  // floating-point numbers in a block that no model of the family has there, or for a config.json
  // that names another file of weights. Other tensors that config.json does not ask for are left
  // unread, and notes() names them. F64 is read as F32.
  static absl::StatusOr<std::unique_ptr<HuggingFaceCheckpoint>> Open(const std::string& folder);

  // Returns a tensor that the model needs, as the file has it; nullptr if there is none. The data
  // of a linear that is a bitmap are empty.
  const SafetensorsTensor* Find(const std::string& name) const;

  // Returns a linear that is stored as a bitmap; nullptr if it is dense, or there is none.
  const BitmapMatrix* FindBitmap(const std::string& name) const;
  bool has_bitmaps() const { return !bitmaps_.empty(); }

  // Tensors that the family's computation does not use. A copy keeps them as they are.
  const std::map<std::string, const SafetensorsTensor*>& unused() const { return unused_; }

  // The longest text that the model was made for according to config.json, in tokens; 2048, as in
  // transformers, if config.json does not say.
  int64_t context_tokens() const { return context_tokens_; }

  const std::string& path() const override { return folder_; }
  const std::string& model_name() const override { return name_; }
  const ModelConfig& config() const override { return config_; }
  absl::StatusOr<std::string> Digest() const override;
  std::vector<std::string> notes() const override { return notes_; }
  std::string StoredName(const std::string& name) const override;
  std::optional<NumberFormat> FormatOf(const std::string& name) const override;
  absl::Status ReadRows(const std::string& name, int64_t first_row,
                        std::span<float> values) const override;
  void Forget(const std::string& name) const override;

 private:
  HuggingFaceCheckpoint() = default;
  absl::Status OpenShards();
  absl::Status AddShard(const std::string& name);
  absl::Status OpenIndex(const std::string& path);
  absl::Status OpenBitmaps();
  void UntieDifferentHead();
  absl::Status CheckTensors();
  absl::Status KeepUnused(const std::set<std::string>& used);
  bool IsInABlock(const std::string& name) const;  // of the blocks that config.json asks for

  std::string folder_;
  std::string index_;  // name of the file that lists the tensors, if there is more than one
  std::string name_;
  ModelConfig config_;
  bool lacks_prefix_ = false;  // stored names lack "model."
  int64_t context_tokens_ = 2048;
  std::vector<std::string> notes_;
  std::map<std::string, std::unique_ptr<SafetensorsFile>> shards_;  // by file name
  std::map<std::string, BitmapMatrix> bitmaps_;
  std::map<std::string, const SafetensorsTensor*> tensors_;
  std::map<std::string, const SafetensorsTensor*> unused_;
  std::map<std::string, std::string> not_held_;  // file by tensor: those that only the index names
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CHECKPOINT_HUGGING_FACE_CHECKPOINT_H_
