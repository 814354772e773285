// Writes safetensors files: all tensors in one file, or in several.
#ifndef STRATA_EVALUATOR_FORMATS_SAFETENSORS_WRITER_H_
#define STRATA_EVALUATOR_FORMATS_SAFETENSORS_WRITER_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "evaluator/formats/tensor_output.h"

namespace strata::evaluator {

struct PlannedTensor {
  std::string name;
  std::string type;  // as safetensors names it
  std::vector<int64_t> shape;
  int64_t bytes = 0;
};

// The distribution of tensors over files, in order. A new file begins if the next tensor would take
// the current one beyond `shard_bytes`. A tensor larger than that has a file of its own.
struct SafetensorsPlan {
  struct Shard {
    std::string file;    // "model.safetensors", or "model-00001-of-00002.safetensors"
    std::string header;  // the beginning of the file: length and JSON
    int64_t bytes = 0;   // of the file
    std::vector<PlannedTensor> tensors;

    // A file with these tensors in this order. `metadata` is added to what transformers asks for.
    static Shard Of(const std::string& file, const std::vector<PlannedTensor>& tensors,
                    const std::map<std::string, std::string>& metadata = {});
  };
  std::vector<Shard> shards;
  int64_t tensor_bytes = 0;
  int64_t bytes() const;  // of all files except the index

  static SafetensorsPlan Of(const std::vector<PlannedTensor>& tensors, int64_t shard_bytes);
};

// Creates the files of the plan in an existing folder and reserves their space.
absl::StatusOr<TensorOutput> CreateSafetensors(const SafetensorsPlan& plan,
                                               const std::string& folder);

// Writes model.safetensors.index.json, or a file of another name, if there is more than one file of
// tensors.
absl::Status WriteSafetensorsIndex(const SafetensorsPlan& plan, const std::string& folder,
                                   const std::string& name = "model.safetensors.index.json");

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FORMATS_SAFETENSORS_WRITER_H_
