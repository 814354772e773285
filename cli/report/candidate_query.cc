#include "cli/report/candidate_query.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <system_error>

#include "cli/report/run_report.h"
#include "expr/nearest_name.h"
#include "expr/shortened.h"
#include "expr/status_macros.h"

namespace strata::cli {
namespace {

using search::StoredCandidate;

FieldValue ShownOf(const std::optional<double>& nats, evaluator::Measure measure) {
  return nats ? FieldValue(Shown(*nats, measure)) : FieldValue();
}

FieldValue TextOf(const std::string& text) {
  return text.empty() ? FieldValue() : FieldValue(text);
}

constexpr CandidateField kFields[] = {
    {"id", true, [](const auto& c, const auto&) { return FieldValue(static_cast<double>(c.id)); }},
    {"state", false, [](const auto& c, const auto&) { return FieldValue(StateOf(c)); }},
    {"origin", false, [](const auto& c, const auto&) { return TextOf(c.lineage.origin); }},
    {"name", false, [](const auto& c, const auto&) { return FieldValue(DisplayName(c)); }},
    {"nodes", true,
     [](const auto& c, const auto&) { return FieldValue(static_cast<double>(c.complexity)); }},
    {"forecast", true,
     [](const auto& c, const auto& of) {
       return c.forecast ? ShownOf(c.forecast->nll, of.fitness) : FieldValue();
     }},
    {"fitness", true,
     [](const auto& c, const auto& of) { return ShownOf(c.fitness_nll, of.fitness); }},
    {"selection", true,
     [](const auto& c, const auto& of) { return ShownOf(c.selection_nll, of.selection); }},
    {"report", true,
     [](const auto& c, const auto&) { return ShownOf(c.report_nll, evaluator::Measure::kLoss); }},
    {"sparsity", true,
     [](const auto& c, const auto&) {
       return c.achieved_sparsity ? FieldValue(*c.achieved_sparsity) : FieldValue();
     }},
    {"front", false,
     [](const auto& c, const auto&) { return FieldValue(c.on_front ? "yes" : "no"); }},
    {"same_as", true,
     [](const auto& c, const auto&) {
       return c.same_as ? FieldValue(static_cast<double>(*c.same_as)) : FieldValue();
     }},
    {"parents", false,
     [](const auto& c, const auto&) {
       return TextOf(fmt::format("{}", fmt::join(c.lineage.parents, " ")));
     }},
    {"failure", false, [](const auto& c, const auto&) { return TextOf(c.failure); }},
    {"expression", false, [](const auto& c, const auto&) { return FieldValue(c.text); }},
};

// The longer operators come first, so that "<=" is not read as "<".
constexpr std::string_view kComparisons[] = {"<=", ">=", "!=", "<", ">", "=", "~"};

struct Parts {
  std::string field, comparison, value;
};

std::string Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(' ') - first + 1));
}

// Cuts the condition at its first operator; nullopt if it has none, or nothing beside it.
std::optional<Parts> PartsOf(std::string_view text) {
  const size_t at = text.find_first_of("<>!=~");
  if (at == std::string_view::npos) return std::nullopt;
  for (const std::string_view comparison : kComparisons) {
    if (!text.substr(at).starts_with(comparison)) continue;
    Parts parts = {Trimmed(text.substr(0, at)), std::string(comparison),
                   Trimmed(text.substr(at + comparison.size()))};
    if (parts.field.empty() || parts.value.empty()) return std::nullopt;
    return parts;
  }
  return std::nullopt;
}

bool Compare(double left, const std::string& comparison, double right) {
  if (comparison == "<") return left < right;
  if (comparison == "<=") return left <= right;
  if (comparison == ">") return left > right;
  if (comparison == ">=") return left >= right;
  return comparison == "=" ? left == right : left != right;
}

}  // namespace

std::span<const CandidateField> CandidateFields() { return kFields; }

std::vector<std::string> CandidateStates() {
  return {"waiting", "measured", "selected", "verified", "stopped", "same", "failed"};
}

std::string StateOf(const StoredCandidate& candidate) {
  if (!candidate.failure.empty()) return "failed";
  if (candidate.same_as) return "same";
  if (candidate.report_nll) return "verified";
  if (candidate.selection_nll) return "selected";
  if (candidate.fitness_nll) return "measured";
  return candidate.stopped_early ? "stopped" : "waiting";
}

absl::StatusOr<const CandidateField*> FindCandidateField(const std::string& name) {
  std::vector<std::string_view> known;
  for (const CandidateField& field : kFields) {
    if (field.name == name) return &field;
    known.emplace_back(field.name);
  }
  return absl::InvalidArgumentError(
      fmt::format("candidates have no field '{}'; the nearest is '{}' (all: {})",
                  expr::Shortened(name), expr::NearestName(name, known), fmt::join(known, ", ")));
}

absl::StatusOr<CandidateFilter> CandidateFilter::Parse(const std::string& text) {
  const std::optional<Parts> parts = PartsOf(text);
  const auto refused = [&](const std::string& expected) {
    return absl::InvalidArgumentError(
        fmt::format("--filter '{}': expected {}", expr::Shortened(text), expected));
  };
  if (!parts) {
    return refused(
        "FIELD, one of = != < <= > >= ~ (contains), and a value, as in 'fitness<40' or "
        "'state=failed'");
  }
  CandidateFilter filter;
  STRATA_ASSIGN_OR_RETURN(filter.field_, FindCandidateField(parts->field));
  filter.comparison_ = parts->comparison;
  filter.text_ = parts->value;
  const std::string name = parts->field;
  if (!filter.field_->is_number) {
    if (filter.comparison_.find_first_of("<>") != std::string::npos) {
      return refused(fmt::format("=, != or ~, because {} is a text", name));
    }
    const std::vector<std::string> states = CandidateStates();
    if (name == "state" && filter.comparison_ != "~" &&
        std::find(states.begin(), states.end(), filter.text_) == states.end()) {
      return refused(fmt::format("a state of {}", fmt::join(states, ", ")));
    }
    return filter;
  }
  if (filter.comparison_ == "~") {
    return refused(fmt::format("=, !=, <, <=, > or >=, because {} is a number", name));
  }
  const char* const end = filter.text_.data() + filter.text_.size();
  const auto [stopped, error] = std::from_chars(filter.text_.data(), end, filter.number_);
  if (error != std::errc() || stopped != end || std::isnan(filter.number_)) {
    return refused(fmt::format("a number for {}, found '{}'", name, filter.text_));
  }
  return filter;
}

bool CandidateFilter::Holds(const StoredCandidate& candidate, const RunMeasures& measures) const {
  const FieldValue value = field_->value(candidate, measures);
  if (const auto* number = std::get_if<double>(&value)) {
    return Compare(*number, comparison_, number_);
  }
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return comparison_ == "!=";
  if (comparison_ == "~") return text->find(text_) != std::string::npos;
  return (*text == text_) == (comparison_ == "=");
}

void SortCandidates(const CandidateField& field, bool descends, const RunMeasures& measures,
                    std::vector<StoredCandidate>* candidates) {
  std::stable_sort(candidates->begin(), candidates->end(),
                   [&](const StoredCandidate& left, const StoredCandidate& right) {
                     const FieldValue a = field.value(left, measures);
                     const FieldValue b = field.value(right, measures);
                     const bool has_a = a.index() != 0, has_b = b.index() != 0;
                     if (!has_a || !has_b) return has_a && !has_b;
                     return descends ? b < a : a < b;
                   });
}

}  // namespace strata::cli
