// Data that the tests of the model share: one loaded model, and the numbers that reference
// implementations computed for it.
#ifndef STRATA_TESTS_EVALUATOR_SUPPORT_REFERENCE_DATA_H_
#define STRATA_TESTS_EVALUATOR_SUPPORT_REFERENCE_DATA_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "evaluator/model/transformer_model.h"

namespace strata::evaluator {

// Returns the path of a file of the downloaded defaults, below STRATA_CACHE or the source folder's
// .cache. If the file is absent, ends the test run with a message that names scripts/setup.sh.
std::string CachedFile(const std::string& path_in_cache);
std::string ModelPath();
std::string TextFolder();

// Returns SmolLM2-135M-Instruct, which is loaded once per process and uses two threads.
TransformerModel& SharedModel();

// Returns the content of tests/oracles/smollm2_reference.json.
const nlohmann::json& ReferenceNumbers();

// A tensor of tests/oracles/smollm2_reference.safetensors.
struct ReferenceTensor {
  std::vector<int64_t> shape;
  std::vector<float> floats;      // types F32 and F16
  std::vector<int32_t> integers;  // type I32
  std::vector<uint8_t> bytes;     // type U8
};
ReferenceTensor Reference(const std::string& name);

Windows CalibrationSequences();  // 8 of 128 ids
Windows PerplexityWindows();     // 16 of 256 ids, tokenised from the default text

double RelativeError(double measured, double expected);

}  // namespace strata::evaluator

#endif  // STRATA_TESTS_EVALUATOR_SUPPORT_REFERENCE_DATA_H_
