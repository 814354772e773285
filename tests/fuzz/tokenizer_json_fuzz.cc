// The reader of tokenizer.json: whatever it accepts makes a tokenizer whose ids are of its
// vocabulary, or says why it cannot.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "evaluator/tokenizer/tokenizer_json.h"
#include "tests/fuzz/tokenizer_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const nlohmann::json json =
      nlohmann::json::parse(std::string_view(reinterpret_cast<const char*>(data), size), nullptr,
                            /*allow_exceptions=*/false);
  if (json.is_discarded()) return 0;
  strata::fuzz::CheckTokenizer(strata::evaluator::ReadTokenizerJson(json, "fuzz"));
  return 0;
}
