// The reader of tokenizer.model: whatever it accepts makes a tokenizer whose ids are of its
// vocabulary.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "evaluator/tokenizer/sentencepiece_model.h"
#include "tests/fuzz/tokenizer_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  strata::fuzz::CheckTokenizer(
      strata::evaluator::ReadSentencePieceModel(bytes, "fuzz", /*adds_space_to_all=*/false));
  return 0;
}
