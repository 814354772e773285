#include "tests/evaluator/support/hugging_face_folder.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "evaluator/checkpoint/gguf_checkpoint.h"
#include "tests/evaluator/support/small_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::evaluator {
namespace {

// Test data that cannot be made is no test result.
void Require(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  std::abort();
}

}  // namespace

HuggingFaceFiles HuggingFaceFiles::Wave() {
  const TemporaryFile gguf(WaveModelGguf());
  const auto checkpoint = GgufCheckpoint::Open(gguf.path());
  Require(checkpoint.status());
  const ModelConfig& config = (*checkpoint)->config();
  HuggingFaceFiles files;
  files.config = {{"model_type", "llama"},
                  {"num_hidden_layers", config.blocks},
                  {"hidden_size", config.hidden},
                  {"intermediate_size", config.feed_forward},
                  {"vocab_size", config.vocabulary},
                  {"num_attention_heads", config.heads},
                  {"num_key_value_heads", config.key_value_heads},
                  {"rms_norm_eps", config.norm_epsilon},
                  {"rope_theta", config.rotary.base},
                  {"torch_dtype", "float32"}};
  for (const NamedShape& tensor : TensorsOf(config)) {
    size_t elements = 1;
    for (const int64_t size : tensor.shape) elements *= static_cast<size_t>(size);
    std::string bytes(4 * elements, '\0');
    std::vector<float> values(elements);
    Require((*checkpoint)->ReadRows(tensor.name, 0, values));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    files.Add(tensor.name, "F32", tensor.shape, bytes);
  }
  return files;
}

void HuggingFaceFiles::Convert(NumberFormat format) {
  for (PlannedTensor& tensor : tensors) {
    std::string& bytes = data[tensor.name];
    std::vector<float> values(bytes.size() / 4);
    std::memcpy(values.data(), bytes.data(), bytes.size());
    bytes.resize(values.size() * static_cast<size_t>(BytesPerNumber(format)));
    Require(Pack(format, values, std::as_writable_bytes(std::span(bytes.data(), bytes.size()))));
    tensor.type = NameOf(format);
    tensor.bytes = static_cast<int64_t>(bytes.size());
  }
}

void HuggingFaceFiles::Add(const std::string& name, const std::string& type,
                           const std::vector<int64_t>& shape, const std::string& bytes) {
  tensors.push_back({name, type, shape, static_cast<int64_t>(bytes.size())});
  data[name] = bytes;
}

void HuggingFaceFiles::Remove(const std::string& name) {
  std::erase_if(tensors, [&](const PlannedTensor& tensor) { return tensor.name == name; });
}

PlannedTensor& HuggingFaceFiles::Tensor(const std::string& name) {
  for (PlannedTensor& tensor : tensors) {
    if (tensor.name == name) return tensor;
  }
  std::abort();
}

void HuggingFaceFiles::Write(const TemporaryFolder& folder, int64_t shard_bytes) const {
  folder.Write("config.json", config.dump());
  const SafetensorsPlan plan = SafetensorsPlan::Of(tensors, shard_bytes);
  auto output = CreateSafetensors(plan, folder.path());
  Require(output.status());
  for (const PlannedTensor& tensor : tensors) {
    const std::string& bytes = data.at(tensor.name);
    Require(output->Write(tensor.name, 0, std::as_bytes(std::span(bytes.data(), bytes.size()))));
  }
  Require(output->Finish());
  Require(WriteSafetensorsIndex(plan, folder.path()));
}

}  // namespace strata::evaluator
