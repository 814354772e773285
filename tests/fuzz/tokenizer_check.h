// Checks the properties of every description that a reader of tokenizers accepts.
#ifndef STRATA_TESTS_FUZZ_TOKENIZER_CHECK_H_
#define STRATA_TESTS_FUZZ_TOKENIZER_CHECK_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "evaluator/tokenizer/tokenizer.h"
#include "evaluator/tokenizer/tokenizer_description.h"
#include "tests/fuzz/require.h"

namespace strata::fuzz {

inline void CheckTokenizer(const absl::StatusOr<evaluator::TokenizerDescription>& description) {
  if (!description.ok()) {
    Require(!description.status().message().empty(), "an error says something");
    return;
  }
  Require(evaluator::Validate(*description).ok(), "readers accept only what is valid");
  const absl::StatusOr<std::unique_ptr<evaluator::Tokenizer>> tokenizer =
      evaluator::MakeTokenizer(*description);
  if (!tokenizer.ok()) {
    Require(!tokenizer.status().message().empty(), "an error says something");
    return;
  }
  constexpr std::string_view kTexts[] = {
      "", "Hello  world's 12345\n\n a", "<s>ab</s> \xE2\x96\x81 e\xCC\x81\xEF\xAC\x81",
      "\xFF\xE4\xB8 <0x41>\t\xF0\x9F\x98\x80", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
  for (const std::string_view text : kTexts) {
    std::vector<int32_t> ids;
    try {
      ids = (*tokenizer)->Encode(text);
    } catch (const std::runtime_error&) {
      continue;  // a regular expression of the file exceeds its limit
    }
    for (const int32_t id : ids) {
      Require(id >= 0 && id < (*tokenizer)->vocabulary_size(), "ids are of the vocabulary");
    }
    (*tokenizer)->Decode(ids);
  }
}

}  // namespace strata::fuzz

#endif  // STRATA_TESTS_FUZZ_TOKENIZER_CHECK_H_
