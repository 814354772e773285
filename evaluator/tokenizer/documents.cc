// Reads text files as one text or as documents. Declared in text_corpus.h.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>
#include <utility>

#include "evaluator/files/file_system.h"
#include "evaluator/files/json_field.h"
#include "evaluator/text/text_encoding.h"
#include "evaluator/tokenizer/text_corpus.h"
#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

constexpr size_t kSmallestRunBytes = 4096;

struct FormatName {
  const char* name;
  TextFormat format;
};

constexpr FormatName kFormats[] = {{"plain", TextFormat::kPlain},
                                   {"wikitext", TextFormat::kWikitext},
                                   {"jsonl", TextFormat::kJsonl}};

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return absl::NotFoundError(fmt::format("{}: no such file", path));
  }
  if (std::filesystem::is_directory(path, error)) {
    return absl::InvalidArgumentError(fmt::format("{}: expected a file, found a folder", path));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return FileStatus(errno, "open", path);
  std::ostringstream text;
  // An empty file sets the failure bit of the destination, which is no error here.
  text << file.rdbuf();
  if (file.bad()) return absl::DataLossError(fmt::format("{}: reading failed", path));
  std::string bytes = std::move(text).str();
  STRATA_RETURN_IF_ERROR(CheckUtf8(bytes, {path}));
  return bytes;
}

bool IsBlank(std::string_view line) {
  return line.find_first_not_of(" \t\n\v\f\r") == std::string_view::npos;
}

// Returns the lines, each with the newline that ends it. The last line may have none.
std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    const size_t size = newline == std::string_view::npos ? text.size() : newline + 1;
    lines.push_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return lines;
}

std::string Join(const std::vector<std::string>& rows) {
  std::string text;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i > 0) text += "\n\n";
    text += rows[i];
  }
  return text;
}

std::vector<std::string> WikitextRows(std::string_view text) {
  std::vector<std::string> rows;
  for (const std::string_view line : Lines(text)) {
    rows.emplace_back(IsBlank(line) ? std::string_view() : line);
  }
  return rows;
}

absl::StatusOr<std::vector<std::string>> JsonlTexts(std::string_view text,
                                                    const std::string& path) {
  std::vector<std::string> texts;
  int64_t number = 0;
  for (const std::string_view line : Lines(text)) {
    ++number;
    if (IsBlank(line)) continue;
    try {
      const nlohmann::json value = nlohmann::json::parse(line);
      const auto found = value.find("text");  // end() unless the value is an object
      if (found == value.end() || !found->is_string()) {
        return absl::InvalidArgumentError(
            fmt::format("{}: line {}: expected an object with a string \"text\", found {}", path,
                        number, std::string(line.substr(0, 80))));
      }
      texts.push_back(found->get<std::string>());
    } catch (const nlohmann::json::parse_error& error) {
      return absl::InvalidArgumentError(
          fmt::format("{}: line {}: expected a JSON object: {}", path, number, ProblemOf(error)));
    }
  }
  return texts;
}

// Cuts a text into runs of lines. A last run that is too short joins the one before it.
std::vector<std::string> LineRuns(std::string_view text) {
  std::vector<std::string> runs;
  std::string run;
  for (const std::string_view line : Lines(text)) {
    run += line;
    if (run.size() >= kSmallestRunBytes) runs.push_back(std::exchange(run, {}));
  }
  if (!run.empty() && !runs.empty()) {
    runs.back() += run;
  } else if (!run.empty()) {
    runs.push_back(std::move(run));
  }
  return runs;
}

absl::StatusOr<std::vector<std::string>> ReadFolder(const std::string& path) {
  namespace fs = std::filesystem;
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (entry->path().extension() == ".txt" && entry->is_regular_file(ignored)) {
      names.push_back(entry->path().filename().string());
    }
  }
  if (error) return FileStatus(error.value(), "list the folder", path);
  if (names.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("{}: expected *.txt files in the folder, found none; a text is {}", path,
                    kDocumentsOfAText));
  }
  std::sort(names.begin(), names.end());
  std::vector<std::string> documents;
  for (const std::string& name : names) {
    STRATA_ASSIGN_OR_RETURN(std::string text, ReadFile((fs::path(path) / name).string()));
    documents.push_back(std::move(text));
  }
  return documents;
}

absl::StatusOr<std::vector<std::string>> ReadDocumentsOfFile(const std::string& path) {
  STRATA_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  if (std::filesystem::path(path).extension() == ".jsonl") return JsonlTexts(text, path);
  return LineRuns(text);
}

}  // namespace

absl::StatusOr<TextFormat> ParseTextFormat(const std::string& name) {
  std::string known;
  for (const FormatName& row : kFormats) {
    if (name == row.name) return row.format;
    known += fmt::format(" {}", row.name);
  }
  return absl::InvalidArgumentError(
      fmt::format("text format: expected one of{}, found \"{}\"", known, name));
}

absl::StatusOr<std::vector<std::string>> ReadTexts(const std::string& path, TextFormat format) {
  STRATA_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
  if (format == TextFormat::kJsonl) return JsonlTexts(text, path);
  if (format == TextFormat::kWikitext) return std::vector<std::string>{Join(WikitextRows(text))};
  return std::vector<std::string>{std::move(text)};
}

absl::StatusOr<std::string> ReadText(const std::string& path, TextFormat format) {
  STRATA_ASSIGN_OR_RETURN(const std::vector<std::string> texts, ReadTexts(path, format));
  return Join(texts);
}

absl::StatusOr<std::vector<std::string>> ReadDocuments(const std::string& path) {
  std::error_code ignored;
  const bool is_folder = std::filesystem::is_directory(path, ignored);
  absl::StatusOr<std::vector<std::string>> documents =
      is_folder ? ReadFolder(path) : ReadDocumentsOfFile(path);
  if (!documents.ok()) return documents;
  const bool has_text = std::any_of(documents->begin(), documents->end(),
                                    [](const std::string& document) { return !document.empty(); });
  if (!has_text) {
    return absl::InvalidArgumentError(
        fmt::format("{}: expected text, found no characters in {} documents; a text is {}", path,
                    documents->size(), kDocumentsOfAText));
  }
  return documents;
}

}  // namespace strata::evaluator
