#include "evaluator/tasks/item_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "evaluator/files/file_system.h"
#include "evaluator/files/json_field.h"
#include "evaluator/tasks/python_text.h"
#include "evaluator/text/text_encoding.h"
#include "expr/nearest_name.h"
#include "expr/status_macros.h"

namespace strata::tasks {
namespace {

using nlohmann::json;

// One line of the file.
class ItemLine {
 public:
  ItemLine(const json& value, std::string where) : value_(value), where_(std::move(where)) {}

  bool Has(const char* key) const { return value_.contains(key); }

  absl::Status Refuse(const std::string& what) const {
    return absl::InvalidArgumentError(fmt::format("{}: {}", where_, what));
  }

  absl::Status Expected(const char* key, const std::string& what) const {
    const std::string found = Has(key) ? value_[key].dump(-1, ' ', false).substr(0, 80) : "nothing";
    return Refuse(fmt::format("\"{}\": expected {}, found {}", key, what, found));
  }

  // Errors: InvalidArgument for a key that is not in `known`.
  absl::Status CheckKeys(std::vector<std::string_view> known) const {
    for (const auto& [key, unused] : value_.items()) {
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      return Refuse(fmt::format("unknown field \"{}\"; the nearest known field is \"{}\"", key,
                                expr::NearestName(key, known)));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Text(const char* key) const {
    if (!Has(key) || !value_[key].is_string()) return Expected(key, "a text");
    return value_[key].get<std::string>();
  }

  absl::StatusOr<std::vector<std::string>> Texts(const char* key) const {
    if (!Has(key) || !value_[key].is_array() || value_[key].empty()) {
      return Expected(key, "an array of one or more texts");
    }
    std::vector<std::string> texts;
    for (const json& text : value_[key]) {
      if (!text.is_string()) return Expected(key, "an array of one or more texts");
      texts.push_back(text.get<std::string>());
    }
    return texts;
  }

  absl::StatusOr<int64_t> PositiveOr(const char* key, int64_t if_absent) const {
    if (!Has(key)) return if_absent;
    if (!value_[key].is_number_integer() || value_[key].get<int64_t>() < 1) {
      return Expected(key, "a whole number from 1");
    }
    return value_[key].get<int64_t>();
  }

  // Reads one index or an array of indices, each below `choices`.
  absl::StatusOr<std::vector<int>> Gold(size_t choices) const {
    const std::string expected = fmt::format(
        "the index of the right choice, 0 to {}, or an array of such indices", choices - 1);
    if (!Has("gold")) return Expected("gold", expected);
    const json& value = value_["gold"];
    std::vector<int> gold;
    for (const json& index : value.is_array() ? value : json::array({value})) {
      if (!index.is_number_integer() || index.get<int64_t>() < 0 ||
          index.get<int64_t>() >= static_cast<int64_t>(choices)) {
        return Expected("gold", expected);
      }
      gold.push_back(index.get<int>());
    }
    std::sort(gold.begin(), gold.end());
    return gold;
  }

 private:
  const json& value_;
  std::string where_;
};

// Reads one context per choice and one continuation. Without texts of the choices, every choice has
// the length of the continuation.
absl::Status ReadContexts(const ItemLine& line, TaskItem* item) {
  absl::Status status = line.CheckKeys({"contexts", "continuation", "choices", "gold"});
  if (!status.ok()) return status;
  STRATA_ASSIGN_OR_RETURN(auto contexts, line.Texts("contexts"));
  STRATA_ASSIGN_OR_RETURN(const auto continuation, line.Text("continuation"));
  item->contexts = std::move(contexts);
  item->continuations.assign(item->contexts.size(), continuation);
  item->choices = item->continuations;
  if (!line.Has("choices")) return absl::OkStatus();
  STRATA_ASSIGN_OR_RETURN(auto choices, line.Texts("choices"));
  if (choices.size() != item->contexts.size()) {
    return line.Expected(
        "choices", fmt::format("{} texts, one for each of \"contexts\"", item->contexts.size()));
  }
  item->choices = std::move(choices);
  return absl::OkStatus();
}

absl::Status ReadChoices(const ItemLine& line, const std::string& delimiter, TaskItem* item) {
  absl::Status status = line.CheckKeys({"context", "choices", "gold"});
  if (!status.ok()) return status;
  STRATA_ASSIGN_OR_RETURN(const auto context, line.Text("context"));
  STRATA_ASSIGN_OR_RETURN(auto choices, line.Texts("choices"));
  item->contexts.assign(choices.size(), context);
  item->continuations = choices;
  for (std::string& choice : choices) {
    if (choice.starts_with(delimiter)) choice.erase(0, delimiter.size());
  }
  item->choices = std::move(choices);
  return absl::OkStatus();
}

absl::StatusOr<TaskItem> ReadMultipleChoice(const ItemLine& line, const std::string& delimiter) {
  TaskItem item;
  const absl::Status status =
      line.Has("contexts") ? ReadContexts(line, &item) : ReadChoices(line, delimiter, &item);
  if (!status.ok()) return status;
  for (const std::string& choice : item.choices) {
    if (choice.empty()) return line.Refuse("\"choices\": expected texts, found an empty one");
  }
  STRATA_ASSIGN_OR_RETURN(auto gold, line.Gold(item.choices.size()));
  item.gold = std::move(gold);
  return item;
}

absl::StatusOr<TaskItem> ReadContinuation(const ItemLine& line) {
  absl::Status status = line.CheckKeys({"context", "continuation"});
  if (!status.ok()) return status;
  STRATA_ASSIGN_OR_RETURN(auto context, line.Text("context"));
  STRATA_ASSIGN_OR_RETURN(auto continuation, line.Text("continuation"));
  if (continuation.empty()) return line.Expected("continuation", "a text that is not empty");
  TaskItem item;
  item.contexts = {std::move(context)};
  item.continuations = {std::move(continuation)};
  return item;
}

absl::StatusOr<TaskItem> ReadRolling(const ItemLine& line) {
  absl::Status status = line.CheckKeys({"text", "words", "bytes"});
  if (!status.ok()) return status;
  auto text = line.Text("text");
  if (!text.ok()) return text.status();
  if (text->empty()) return line.Expected("text", "a text that is not empty");
  TaskItem item = RollingItem(*std::move(text), 0);
  STRATA_ASSIGN_OR_RETURN(const auto words, line.PositiveOr("words", item.words));
  STRATA_ASSIGN_OR_RETURN(const auto bytes, line.PositiveOr("bytes", item.bytes));
  item.words = words;
  item.bytes = bytes;
  return item;
}

absl::StatusOr<TaskItem> ReadPrompt(const ItemLine& line) {
  absl::Status status = line.CheckKeys({"context", "target", "targets"});
  if (!status.ok()) return status;
  STRATA_ASSIGN_OR_RETURN(auto context, line.Text("context"));
  if (context.empty()) return line.Expected("context", "a text that is not empty");
  TaskItem item;
  item.contexts = {std::move(context)};
  if (line.Has("targets")) {
    STRATA_ASSIGN_OR_RETURN(auto targets, line.Texts("targets"));
    item.targets = std::move(targets);
    return item;
  }
  STRATA_ASSIGN_OR_RETURN(auto target, line.Text("target"));
  item.targets = {std::move(target)};
  return item;
}

absl::StatusOr<TaskItem> ReadItem(const ItemLine& line, TaskKind kind,
                                  const std::string& delimiter) {
  switch (kind) {
    case TaskKind::kMultipleChoice:
      return ReadMultipleChoice(line, delimiter);
    case TaskKind::kLogLikelihood:
      return ReadContinuation(line);
    case TaskKind::kRolling:
      return ReadRolling(line);
    case TaskKind::kGeneration:
      return ReadPrompt(line);
  }
  return line.Refuse("a task of unknown kind");
}

absl::StatusOr<TaskKind> KindOf(const ItemLine& line) {
  if (line.Has("choices") || line.Has("contexts")) return TaskKind::kMultipleChoice;
  if (line.Has("continuation")) return TaskKind::kLogLikelihood;
  if (line.Has("target") || line.Has("targets")) {
    return line.Refuse(
        "a generation needs a YAML file beside its items, which says where an answer ends");
  }
  if (line.Has("text")) return TaskKind::kRolling;
  return line.Refuse("expected \"choices\", \"contexts\", \"continuation\" or \"text\"");
}

}  // namespace

TaskItem RollingItem(std::string text, int64_t line) {
  TaskItem item;
  item.line = line;
  item.words = WordCount(text);
  item.bytes = static_cast<int64_t>(text.size());
  item.continuations = {std::move(text)};
  return item;
}

absl::StatusOr<ItemFile> ReadItems(const std::string& path, std::optional<TaskKind> kind,
                                   const std::string& delimiter, int64_t limit) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return evaluator::FileStatus(errno, "open", path);
  ItemFile read;
  std::string text;
  int64_t position = 0;
  for (int64_t number = 1; std::getline(file, text); ++number) {
    STRATA_RETURN_IF_ERROR(evaluator::CheckUtf8(text, {path, number, position}));
    position += static_cast<int64_t>(text.size()) + 1;
    if (Strip(text).empty()) continue;
    const std::string where = fmt::format("{}:{}", path, number);
    json value;
    try {
      value = json::parse(text);
    } catch (const json::exception& error) {
      return absl::InvalidArgumentError(
          fmt::format("{}: expected a JSON object: {}", where, evaluator::ProblemOf(error)));
    }
    const ItemLine line(value, where);
    if (!value.is_object()) return line.Refuse("expected a JSON object");
    if (!kind.has_value()) {
      STRATA_ASSIGN_OR_RETURN(const auto shown, KindOf(line));
      kind = shown;
    }
    STRATA_ASSIGN_OR_RETURN(TaskItem item, ReadItem(line, *kind, delimiter));
    ++read.items_in_file;
    if (limit > 0 && read.items_in_file > limit) continue;
    item.line = number;
    read.items.push_back(std::move(item));
  }
  if (file.bad()) return absl::DataLossError(fmt::format("{}: reading failed", path));
  if (read.items.empty()) {
    return absl::InvalidArgumentError(fmt::format("{}: expected items, found no line", path));
  }
  read.kind = *kind;
  return read;
}

}  // namespace strata::tasks
