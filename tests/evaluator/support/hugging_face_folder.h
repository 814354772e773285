// Hugging Face directories for tests, made from the weights of a GGUF file.
#ifndef STRATA_TESTS_EVALUATOR_SUPPORT_HUGGING_FACE_FOLDER_H_
#define STRATA_TESTS_EVALUATOR_SUPPORT_HUGGING_FACE_FOLDER_H_

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "evaluator/formats/number_format.h"
#include "evaluator/formats/safetensors_writer.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {

// config.json and the tensors of a small model. Tests change them before they write them.
struct HuggingFaceFiles {
  nlohmann::json config;
  std::vector<PlannedTensor> tensors;
  std::map<std::string, std::string> data;  // of the tensors, by name

  // Returns the model of WaveModelGguf (small_model.h), in F32.
  static HuggingFaceFiles Wave();

  // Changes the type and data of every tensor.
  void Convert(NumberFormat format);
  void Add(const std::string& name, const std::string& type, const std::vector<int64_t>& shape,
           const std::string& bytes);
  void Remove(const std::string& name);
  PlannedTensor& Tensor(const std::string& name);

  void Write(const TemporaryFolder& folder, int64_t shard_bytes = 1 << 30) const;
};

}  // namespace strata::evaluator

#endif  // STRATA_TESTS_EVALUATOR_SUPPORT_HUGGING_FACE_FOLDER_H_
