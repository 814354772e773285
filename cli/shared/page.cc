#include "cli/shared/page.h"

#include <algorithm>

#include "evaluator/text/unicode.h"
#include "evaluator/text/utf8.h"

namespace strata::cli {
namespace {

constexpr std::string_view kEllipsis = "…";

struct Prefix {
  size_t bytes = 0;
  size_t columns = 0;
};

// Returns the longest prefix of at most `columns`, marks on its last character included.
Prefix LongestPrefix(std::string_view text, size_t columns) {
  Prefix prefix;
  while (prefix.bytes < text.size()) {
    const std::string_view rest = text.substr(prefix.bytes);
    const size_t bytes = evaluator::CharacterBytes(rest);
    const size_t width =
        bytes == 0 ? 1 : evaluator::DisplayColumns(evaluator::CodePoint(rest, bytes));
    if (prefix.columns + width > columns) break;
    prefix.bytes += std::max<size_t>(bytes, 1);
    prefix.columns += width;
  }
  return prefix;
}

size_t LeadingBlanks(std::string_view text) {
  return std::min(text.find_first_not_of(' '), text.size());
}

void RemoveTrailingBlanks(std::string* text) { text->erase(text->find_last_not_of(' ') + 1); }

// Returns the columns by which the lines after the first are indented.
size_t HangingIndent(std::string_view line, size_t columns) {
  const size_t indent = LeadingBlanks(line);
  const size_t gap = line.find("  ", indent);
  if (gap != std::string_view::npos) {
    const size_t text = gap + LeadingBlanks(line.substr(gap));
    const size_t at = ColumnsOf(line.substr(0, text));
    if (text < line.size() && at <= columns / 2) return at;
  }
  return std::min(indent + 2, columns / 2);
}

std::string FoldedLine(std::string_view line, size_t columns) {
  if (ColumnsOf(line) <= columns) return std::string(line);
  const size_t hang = HangingIndent(line, columns);
  // The blanks before the hanging indent and the label must survive, so that only what follows is
  // wrapped.
  const size_t head = LongestPrefix(line, hang).bytes;
  std::string folded(line.substr(0, head));
  bool is_first = true;
  for (const std::string& part : Wrapped(line.substr(head), columns - hang)) {
    if (!is_first) folded += '\n' + std::string(hang, ' ');
    folded += part;
    is_first = false;
  }
  return folded;
}

}  // namespace

size_t ColumnsOf(std::string_view text) { return LongestPrefix(text, text.size() * 2).columns; }

std::string ShortenedTo(std::string_view text, size_t columns) {
  if (ColumnsOf(text) <= columns) return std::string(text);
  if (columns == 0) return "";
  std::string beginning(text.substr(0, LongestPrefix(text, columns - 1).bytes));
  return beginning + std::string(kEllipsis);
}

std::vector<std::string> Wrapped(std::string_view text, size_t columns) {
  std::vector<std::string> lines;
  for (;;) {
    const size_t fits = LongestPrefix(text, columns).bytes;
    if (fits >= text.size()) break;
    // The blank itself may lie just behind what fits.
    const size_t blank = text.substr(0, fits + 1).rfind(' ');
    const bool at_blank = blank != std::string_view::npos && blank >= LeadingBlanks(text);
    const size_t end = at_blank ? blank : std::max<size_t>(fits, 1);
    lines.emplace_back(text.substr(0, end));
    RemoveTrailingBlanks(&lines.back());
    text.remove_prefix(end);
    text.remove_prefix(LeadingBlanks(text));
  }
  if (!text.empty() || lines.empty()) lines.emplace_back(text);
  return lines;
}

std::string Folded(std::string_view text, const Page& page) {
  if (!page.columns) return std::string(text);
  std::string folded;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    folded += FoldedLine(text.substr(0, end), *page.columns);
    if (end == std::string_view::npos) break;
    folded += '\n';
    text.remove_prefix(end + 1);
  }
  return folded;
}

}  // namespace strata::cli
