// Reads llama.cpp's tokenizer test vectors. VOCABULARY.gguf.inp, beside VOCABULARY.gguf, holds the
// texts, separated by a marker line. VOCABULARY.gguf.out holds one line of ids per text.
#ifndef STRATA_TESTS_EVALUATOR_TOKENIZER_TOKENIZER_VECTORS_H_
#define STRATA_TESTS_EVALUATOR_TOKENIZER_TOKENIZER_VECTORS_H_

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace strata::evaluator {

struct TokenizerVector {
  std::string text;
  std::vector<int32_t> ids;
};

inline std::vector<TokenizerVector> ReadTokenizerVectors(const std::string& vocabulary) {
  const std::string marker = "\n__ggml_vocab_test__\n";
  std::stringstream whole;
  whole << std::ifstream(vocabulary + ".inp", std::ios::binary).rdbuf();
  const std::string texts = whole.str();
  std::ifstream lines(vocabulary + ".out");
  std::vector<TokenizerVector> vectors;
  size_t begin = 0;
  for (std::string line; std::getline(lines, line) && begin <= texts.size();) {
    const size_t end = texts.find(marker, begin);
    TokenizerVector vector{.text = texts.substr(begin, end - begin), .ids = {}};
    std::istringstream numbers(line);
    for (int32_t id; numbers >> id;) vector.ids.push_back(id);
    vectors.push_back(vector);
    begin = end == std::string::npos ? texts.size() + 1 : end + marker.size();
  }
  return vectors;
}

}  // namespace strata::evaluator

#endif  // STRATA_TESTS_EVALUATOR_TOKENIZER_TOKENIZER_VECTORS_H_
