// Text cut into documents, dealt to three disjoint splits, tokenised, and read as fixed windows.
#ifndef STRATA_EVALUATOR_TEXT_CORPUS_H_
#define STRATA_EVALUATOR_TEXT_CORPUS_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/tokenizer/tokenizer.h"

namespace strata::evaluator {

enum class TextFormat { kPlain, kWikitext, kJsonl };
absl::StatusOr<TextFormat> ParseTextFormat(const std::string& name);

// Reads one text as the field does for perplexity: kPlain is the file as it is; kWikitext splits at
// newlines, makes blank lines empty rows, keeps the newline of others and joins rows with two
// newlines; kJsonl joins the "text" fields of its lines with two newlines.
absl::StatusOr<std::string> ReadText(const std::string& path, TextFormat format);

// The same before anything is joined: the "text" fields of a kJsonl file, one text for the others.
absl::StatusOr<std::vector<std::string>> ReadTexts(const std::string& path, TextFormat format);

// Documents of a path: every *.txt file of a folder in name order; every line's "text" of a .jsonl
// file; for any other file, runs of whole lines of at least 4,096 bytes.
absl::StatusOr<std::vector<std::string>> ReadDocuments(const std::string& path);

// Token windows of the three splits. Document k goes to calibration when k mod 8 is in {0..3}, to
// fitness for {4, 5}, to report for {6, 7}. A split is the concatenation of its documents' ids.
class TextCorpus {
 public:
  static absl::StatusOr<TextCorpus> Load(const std::string& path, const Tokenizer& tokenizer);

  // `count` disjoint windows of `window_tokens` ids, evenly spaced over the split: window i of n
  // starts at (floor((2i+1) * N / (2n))) * window_tokens, where N is the number of whole windows.
  // InvalidArgument if there are fewer than `count`: says how many tokens the split has and how
  // many are needed.
  absl::StatusOr<std::vector<std::vector<int32_t>>> Windows(Split split, int64_t count,
                                                            int64_t window_tokens) const;

  int64_t tokens(Split split) const;
  const std::string& digest() const { return digest_; }  // SHA-256 of the documents, hexadecimal

 private:
  std::vector<int32_t> ids_[3];
  std::string digest_;
  std::string path_;
};

// The windows of the calibration split. InvalidArgument also for a calibration of no sequence or no
// token.
absl::StatusOr<std::vector<std::vector<int32_t>>> CalibrationSequences(
    const TextCorpus& corpus, const Calibration& calibration);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TEXT_CORPUS_H_
