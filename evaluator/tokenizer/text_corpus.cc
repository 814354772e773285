#include "evaluator/tokenizer/text_corpus.h"

#include <fmt/format.h>

#include <algorithm>

#include "evaluator/files/digest.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

constexpr size_t kDealt = 8;            // documents per round of dealing
constexpr size_t kFewestDocuments = 7;  // with which no split is empty

Split SplitOf(size_t document) {
  const size_t place = document % kDealt;
  return place < 4 ? Split::kCalibration : place < 6 ? Split::kFitness : Split::kReport;
}

const char* NameOf(Split split) {
  constexpr const char* kNames[] = {"calibration", "fitness", "report"};
  return kNames[static_cast<int>(split)];
}

// The lengths are hashed too, so text that moves across a boundary gives another digest.
std::string DigestOf(const std::vector<std::string>& documents) {
  std::string bytes;
  for (const std::string& document : documents) {
    bytes += fmt::format("{}:", document.size());
    bytes += document;
  }
  return Sha256(bytes);
}

}  // namespace

absl::StatusOr<TextCorpus> TextCorpus::Load(const std::string& path, const Tokenizer& tokenizer) {
  STRATA_ASSIGN_OR_RETURN(const std::vector<std::string> documents, ReadDocuments(path));
  TextCorpus corpus;
  corpus.path_ = path;
  corpus.digest_ = DigestOf(documents);
  corpus.documents_ = documents.size();
  for (size_t i = 0; i < documents.size(); ++i) {
    const std::vector<int32_t> ids = tokenizer.Encode(documents[i]);
    corpus.longest_document_tokens_ = std::max(corpus.longest_document_tokens_, ids.size());
    std::vector<int32_t>& split = corpus.ids_[static_cast<int>(SplitOf(i))];
    split.insert(split.end(), ids.begin(), ids.end());
  }
  return corpus;
}

absl::StatusOr<std::vector<std::vector<int32_t>>> TextCorpus::Windows(Split split, int64_t count,
                                                                      int64_t window_tokens) const {
  if (count < 1 || window_tokens < 1) {
    return absl::InvalidArgumentError(
        fmt::format("{} windows: expected at least 1 of at least 1 token, found {} of {}",
                    NameOf(split), count, window_tokens));
  }
  const std::vector<int32_t>& ids = ids_[static_cast<int>(split)];
  const int64_t whole_windows = tokens(split) / window_tokens;
  if (whole_windows < count) {
    return absl::InvalidArgumentError(fmt::format(
        "{}: the {} split has {} tokens, which is {} whole windows of {}; {} windows are needed, "
        "{:.0f} tokens: {}. {}",
        path_, NameOf(split), ids.size(), whole_windows, window_tokens, count,
        static_cast<double>(count) * static_cast<double>(window_tokens),
        documents_ < kFewestDocuments ? "cut the text into more documents"
                                      : "take a longer text, or fewer or shorter windows",
        DescribeDocuments()));
  }
  std::vector<std::vector<int32_t>> windows;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t start = (2 * i + 1) * whole_windows / (2 * count) * window_tokens;
    windows.emplace_back(ids.begin() + start, ids.begin() + start + window_tokens);
  }
  return windows;
}

// Says what was found and how documents come to splits.
std::string TextCorpus::DescribeDocuments() const {
  std::string empty;
  for (const Split split : {Split::kCalibration, Split::kFitness, Split::kReport}) {
    if (tokens(split) == 0) empty += fmt::format("{}{}", empty.empty() ? "" : ", ", NameOf(split));
  }
  return fmt::format(
      "Found {} document{}, the longest of {} tokens; splits without a token: {}. Of every {} "
      "documents, 1 to 4 are for calibration, 5 and 6 for fitness, 7 and 8 for the report, so at "
      "least {} are needed for all three. A text is {}",
      documents_, documents_ == 1 ? "" : "s", longest_document_tokens_,
      empty.empty() ? "none" : empty, kDealt, kFewestDocuments, kDocumentsOfAText);
}

int64_t TextCorpus::tokens(Split split) const {
  return static_cast<int64_t>(ids_[static_cast<int>(split)].size());
}

absl::StatusOr<std::vector<std::vector<int32_t>>> CalibrationSequences(
    const TextCorpus& corpus, const Calibration& calibration) {
  if (calibration.sequences < 1 || calibration.sequence_tokens < 1) {
    return absl::InvalidArgumentError(
        fmt::format("calibration: expected at least 1 sequence of at least 1 token, found {} of {}",
                    calibration.sequences, calibration.sequence_tokens));
  }
  return corpus.Windows(Split::kCalibration, calibration.sequences, calibration.sequence_tokens);
}

}  // namespace strata::evaluator
