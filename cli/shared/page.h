// Lays text out for a page of a given width. Widths are display columns: a character of UTF-8 takes
// as many as evaluator::DisplayColumns says, and a malformed byte one.
#ifndef STRATA_CLI_SHARED_PAGE_H_
#define STRATA_CLI_SHARED_PAGE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace strata::cli {

// What a text is laid out for.
struct Page {
  // nullopt: the page has no end, so that every row of a table is one line and nothing is cut.
  std::optional<size_t> columns;
};

// Returns the display columns of a text without line breaks.
size_t ColumnsOf(std::string_view text);

// Returns the text itself if it fits into `columns`, otherwise its beginning and "…".
std::string ShortenedTo(std::string_view text, size_t columns);

// Returns the text in lines of at most `columns`, at least one. Lines are broken at blanks, and
// within a word that is too long. `columns` is at least 2, the width of a wide character.
std::vector<std::string> Wrapped(std::string_view text, size_t columns);

// Returns `text`, lines with line breaks, with every line that is too long for the page wrapped.
// The lines that follow are indented to where the text of "label   text" begins, or else by two
// columns more than the first one.
std::string Folded(std::string_view text, const Page& page);

}  // namespace strata::cli

#endif  // STRATA_CLI_SHARED_PAGE_H_
