// Text that is cut into documents, dealt to three disjoint splits, tokenised, and read as fixed
// windows.
#ifndef STRATA_EVALUATOR_TOKENIZER_TEXT_CORPUS_H_
#define STRATA_EVALUATOR_TOKENIZER_TEXT_CORPUS_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/tokenizer/tokenizer.h"

namespace strata::evaluator {

enum class TextFormat { kPlain, kWikitext, kJsonl };
absl::StatusOr<TextFormat> ParseTextFormat(const std::string& name);

// Reads a file as one text, as is usual for perplexity. kPlain keeps the file as it is. kWikitext
// splits it at newlines, makes blank lines empty rows, keeps the newline of other lines and joins
// rows with two newlines. kJsonl joins the "text" fields of its lines with two newlines; blank
// lines are no rows. Errors: those of FileStatus; InvalidArgument if the file is not UTF-8
// (CheckUtf8 in text_encoding.h) or a line of a kJsonl file has no text.
absl::StatusOr<std::string> ReadText(const std::string& path, TextFormat format);

// Reads the texts of a file: the "text" fields of a kJsonl file before they are joined, or the one
// text of ReadText for the other formats.
absl::StatusOr<std::vector<std::string>> ReadTexts(const std::string& path, TextFormat format);

// What a path must hold for ReadDocuments, for help texts and errors: "Text: {}."
inline constexpr const char* kDocumentsOfAText =
    "a folder, each .txt file of which is a document; a .jsonl file, each line of which is one; or "
    "another file, cut into documents of whole lines and at least 4,096 bytes";

// Reads the documents of a path: every *.txt file of a folder, in name order; the "text" of every
// line of a .jsonl file that is not blank; for any other file, runs of whole lines of at least
// 4,096 bytes. Errors: those of ReadText; InvalidArgument if there is no text.
absl::StatusOr<std::vector<std::string>> ReadDocuments(const std::string& path);

// The token windows of the three splits. Document k goes to calibration if k mod 8 is 0 to 3, to
// fitness if it is 4 or 5, and to report if it is 6 or 7. A split is the concatenation of its
// documents' ids.
class TextCorpus {
 public:
  static absl::StatusOr<TextCorpus> Load(const std::string& path, const Tokenizer& tokenizer);

  // Returns `count` disjoint windows of `window_tokens` ids, evenly spaced over the split. Window i
  // of n starts at (floor((2i+1) * N / (2n))) * window_tokens, and N is the number of whole
  // windows. Errors: InvalidArgument if there are fewer than `count`, with the number of tokens
  // that the split has and the number needed, the number of documents and what a document is.
  absl::StatusOr<std::vector<std::vector<int32_t>>> Windows(Split split, int64_t count,
                                                            int64_t window_tokens) const;

  int64_t tokens(Split split) const;
  const std::string& digest() const { return digest_; }  // SHA-256 of the documents, hexadecimal

 private:
  std::string DescribeDocuments() const;

  std::vector<int32_t> ids_[3];
  size_t documents_ = 0;
  size_t longest_document_tokens_ = 0;
  std::string digest_;
  std::string path_;
};

// Returns the windows of the calibration split. Errors: those of Windows; InvalidArgument also for
// a calibration of no sequence or no token.
absl::StatusOr<std::vector<std::vector<int32_t>>> CalibrationSequences(
    const TextCorpus& corpus, const Calibration& calibration);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_TOKENIZER_TEXT_CORPUS_H_
