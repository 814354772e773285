// The reader of GGUF files: of what it accepts every tensor can be read and the model described or
// refused.
#include "evaluator/checkpoint/model_config.h"
#include "evaluator/formats/gguf_file.h"
#include "tests/fuzz/memory_file.h"
#include "tests/fuzz/tokenizer_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using strata::fuzz::Require;
  const strata::fuzz::MemoryFile file(data, size);
  const auto opened = strata::evaluator::GgufFile::Open(file.path());
  if (!opened.ok()) {
    Require(!opened.status().message().empty(), "an error says something");
    return 0;
  }
  for (const auto& [name, tensor] : (*opened)->tensors()) {
    std::vector<float> numbers(static_cast<size_t>(tensor.elements()));
    Require(Dequantize(tensor, numbers).ok(), "an accepted tensor can be read");
  }
  const auto config = strata::evaluator::ReadGgufConfig(**opened);
  Require(config.ok() || !config.status().message().empty(), "an error says something");
  strata::fuzz::CheckTokenizer(strata::evaluator::ReadTokenizerDescription(file.path()));
  return 0;
}
