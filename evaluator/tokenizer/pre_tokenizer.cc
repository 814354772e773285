#include "evaluator/tokenizer/pre_tokenizer.h"

#include <algorithm>
#include <utility>

#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

struct Segment {
  std::string_view text;
  bool is_match = false;
};

// Joins neighbouring segments as `behavior` says; for kMergedWithNext it works from the back.
void Join(std::vector<Segment>& segments, SplitBehavior behavior,
          std::vector<std::string_view>& pieces) {
  const auto joined = [](const Segment& a, const Segment& b) {
    return std::string_view(a.text.data(), a.text.size() + b.text.size());
  };
  std::vector<Segment> output;
  if (behavior == SplitBehavior::kMergedWithNext) {
    for (size_t i = segments.size(); i-- > 0;) {
      const bool follower_is_match = i + 1 < segments.size() && segments[i + 1].is_match;
      if (segments[i].is_match && !follower_is_match && !output.empty()) {
        output.back().text = joined(segments[i], output.back());
      } else {
        output.push_back(segments[i]);
      }
    }
    std::reverse(output.begin(), output.end());
  } else {
    bool previous_is_match = false;
    for (const Segment& segment : segments) {
      const bool joins = behavior == SplitBehavior::kContiguous
                             ? segment.is_match == previous_is_match
                             : segment.is_match && !previous_is_match;
      previous_is_match = segment.is_match;
      if (joins && !output.empty()) {
        output.back().text = joined(output.back(), segment);
      } else {
        output.push_back(segment);
      }
    }
  }
  for (const Segment& segment : output) {
    if (!segment.text.empty()) pieces.push_back(segment.text);
  }
}

void SplitPiece(const SplitStep& step, const PatternMatcher& pattern, std::string_view text,
                std::vector<std::string_view>& pieces) {
  const auto keep = [&](std::string_view piece) {
    if (!piece.empty()) pieces.push_back(piece);
  };
  if (step.behavior == SplitBehavior::kIsolated) {
    pattern.ForEachPiece(
        text, [&](std::string_view piece, bool) { keep(piece); }, keep);
    return;
  }
  if (step.behavior == SplitBehavior::kRemoved) {
    pattern.ForEachPiece(
        text,
        [&](std::string_view piece, bool is_match) {
          if (is_match == step.inverted) keep(piece);
        },
        keep);
    return;
  }
  std::vector<Segment> segments;
  const auto flush = [&] {
    Join(segments, step.behavior, pieces);
    segments.clear();
  };
  pattern.ForEachPiece(
      text,
      [&](std::string_view piece, bool is_match) {
        segments.push_back({piece, is_match != step.inverted});
      },
      [&](std::string_view byte) {
        flush();
        keep(byte);
      });
  flush();
}

// Cuts `text` into pieces that begin with `delimiter`; only the first may begin otherwise.
void SplitBefore(std::string_view text, std::string_view delimiter,
                 std::vector<std::string_view>& pieces) {
  while (!text.empty()) {
    // This is like a split that merges a match with what follows: each delimiter of a run except
    // the last is a piece.
    const size_t next = std::min(text.find(delimiter, text.starts_with(delimiter)), text.size());
    pieces.push_back(text.substr(0, next));
    text.remove_prefix(next);
  }
}

std::string_view WithReplacedSpaces(std::string_view text, const MetaspaceStep& step,
                                    bool begins_text, std::deque<std::string>& storage) {
  const bool prepends = (step.scheme == PrependScheme::kAlways ||
                         (step.scheme == PrependScheme::kFirst && begins_text)) &&
                        !text.starts_with(step.replacement) && !text.starts_with(' ');
  if (!prepends && text.find(' ') == std::string_view::npos) return text;
  std::string& output = storage.emplace_back();
  output.reserve(text.size() * 3 / 2 + step.replacement.size());
  if (prepends) output += step.replacement;
  while (!text.empty()) {
    const size_t space = std::min(text.find(' '), text.size());
    output += text.substr(0, space);
    text.remove_prefix(space);
    if (text.empty()) break;
    output += step.replacement;
    text.remove_prefix(1);
  }
  return output;
}

}  // namespace

absl::StatusOr<PreTokenizer> PreTokenizer::Create(const std::vector<PreTokenizerStep>& steps) {
  PreTokenizer pre_tokenizer;
  for (const PreTokenizerStep& description : steps) {
    Step step{.description = description, .pattern = {}};
    if (const auto* split = std::get_if<SplitStep>(&description)) {
      STRATA_ASSIGN_OR_RETURN(PatternMatcher pattern, PatternMatcher::Create(split->pattern));
      step.pattern.push_back(std::move(pattern));
    }
    pre_tokenizer.steps_.push_back(std::move(step));
  }
  return pre_tokenizer;
}

std::vector<std::string_view> PreTokenizer::Split(std::string_view text, bool begins_text,
                                                  std::deque<std::string>& storage) const {
  std::vector<std::string_view> pieces;
  if (!text.empty()) pieces.push_back(text);
  std::vector<std::string_view> output;
  for (const Step& step : steps_) {
    output.clear();
    for (std::string_view piece : pieces) {
      const bool is_first = begins_text && piece.data() == pieces.front().data();
      if (const auto* split = std::get_if<SplitStep>(&step.description)) {
        SplitPiece(*split, step.pattern.front(), piece, output);
      } else if (const auto* space = std::get_if<MetaspaceStep>(&step.description)) {
        piece = WithReplacedSpaces(piece, *space, is_first, storage);
        if (space->splits) {
          SplitBefore(piece, space->replacement, output);
        } else {
          output.push_back(piece);
        }
      } else {
        if (!piece.starts_with(' ')) {
          std::string& spaced = storage.emplace_back(1, ' ');
          piece = spaced += piece;
        }
        output.push_back(piece);
      }
    }
    // If a split removed the beginning, the remaining pieces no longer begin the text.
    if (!pieces.empty() && !output.empty() && std::holds_alternative<SplitStep>(step.description)) {
      begins_text = begins_text && output.front().data() == pieces.front().data();
    }
    pieces.swap(output);
  }
  return pieces;
}

}  // namespace strata::evaluator
