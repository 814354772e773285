#include "expr/baselines.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "expr/blockwise.h"
#include "expr/feature_table.h"
#include "expr/grammar.h"
#include "expr/nearest_name.h"
#include "expr/published_functions.h"
#include "expr/shortened.h"
#include "expr/status_macros.h"

namespace strata::expr {
namespace {

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Replaces the settings' names in the formula by their values, and S by the target.
std::string Substitute(const PublishedFunction& function, const SettingValues& values,
                       double target) {
  std::string out;
  const std::string_view formula = function.formula;
  for (size_t i = 0; i < formula.size();) {
    size_t end = i;
    while (end < formula.size() && IsWord(formula[end])) ++end;
    if (end == i) {
      out += formula[i++];
      continue;
    }
    const std::string_view word = formula.substr(i, end - i);
    const auto setting = std::find(function.settings.begin(), function.settings.end(), word);
    if (setting != function.settings.end()) {
      out += FormatNumber(values[static_cast<size_t>(setting - function.settings.begin())]);
    } else {
      out += word == "S" ? FormatNumber(target) : std::string(word);
    }
    i = end;
  }
  return out;
}

absl::StatusOr<BaselineSetting> Setting(const PublishedFunction& function,
                                        const SettingValues& values, double target) {
  BaselineSetting setting;
  for (size_t i = 0; i < values.size(); ++i) {
    setting.settings +=
        fmt::format("{}{}={}", i == 0 ? "" : " ", function.settings[i], FormatNumber(values[i]));
  }
  absl::StatusOr<Expression> expression = ParseExpression(Substitute(function, values, target));
  if (!expression.ok()) {
    return absl::InvalidArgumentError(fmt::format("{} {}: {}", function.name, setting.settings,
                                                  std::string(expression.status().message())));
  }
  setting.expression = *std::move(expression);
  return setting;
}

// Returns a setting of this library's own grids. Its values must lie in the ranges of the operator
// table.
BaselineSetting OwnSetting(const PublishedFunction& function, const SettingValues& values,
                           double target) {
  absl::StatusOr<BaselineSetting> setting = Setting(function, values, target);
  if (!setting.ok()) {
    std::fprintf(stderr, "library: %s\n", std::string(setting.status().message()).c_str());
    std::abort();
  }
  return *std::move(setting);
}

Baseline BaselineOf(const PublishedFunction& function, const UnitLayout& layout, double target) {
  Baseline baseline{.name = std::string(function.name),
                    .source = std::string(function.source),
                    .published = {},
                    .widened = {},
                    .title = std::string(function.title),
                    .formula = std::string(function.formula),
                    .words = std::string(function.words),
                    .default_is = std::string(function.default_is),
                    .deviation = std::string(function.deviation),
                    .granularities = function.granularities,
                    .needs = {},
                    .unstructured = function.unstructured,
                    .left_out = {}};
  const Grid grid = function.grid(layout, target);
  for (const SettingValues& values : grid.published) {
    baseline.published.push_back(OwnSetting(function, values, target));
  }
  for (const SettingValues& values : grid.widened) {
    baseline.widened.push_back(OwnSetting(function, values, target));
  }
  baseline.left_out = grid.left_out;
  for (const auto* settings : {&baseline.published, &baseline.widened}) {
    if (!settings->empty()) baseline.needs = NeedsOf(settings->front().expression);
  }
  return baseline;
}

// True if the library means this function for units like these.
bool IsMeantFor(const Granularities& granularities, const UnitLayout& layout) {
  if (layout.front().kind == UnitKind::kBlock) return granularities.block;
  const size_t blocks = static_cast<size_t>(layout.back().block) + 1;
  return layout.size() <= 2 * blocks ? granularities.kind : granularities.linear;
}

const PublishedFunction* Find(std::string_view name) {
  for (const PublishedFunction& function : PublishedFunctions()) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  for (size_t i = 0; i < text.size();) {
    const size_t end = std::min(text.find(' ', i), text.size());
    if (end > i) words.push_back(text.substr(i, end - i));
    i = end + 1;
  }
  return words;
}

// Reads a word like "M=5", for a function that has a setting M.
absl::Status Assign(const PublishedFunction& function, std::string_view word,
                    SettingValues* values) {
  const size_t equals = word.find('=');
  const std::string_view name = word.substr(0, equals);
  const auto setting = std::find(function.settings.begin(), function.settings.end(), name);
  if (equals == std::string_view::npos || setting == function.settings.end()) {
    return absl::InvalidArgumentError(fmt::format(
        "'{}': expected {}, found '{}'", function.name,
        function.settings.empty()
            ? "no settings, since it has none"
            : fmt::format("settings like {}=1, with a name of {}", function.settings.front(),
                          fmt::join(function.settings, ", ")),
        Shortened(word)));
  }
  const std::string_view digits = word.substr(equals + 1);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) {
    return absl::InvalidArgumentError(fmt::format("'{}': expected a number for {}, found '{}'",
                                                  function.name, name, Shortened(digits)));
  }
  (*values)[static_cast<size_t>(setting - function.settings.begin())] = value;
  return absl::OkStatus();
}

}  // namespace

Needs NeedsOf(const Expression& expression) {
  const std::string_view name = OperatorOf(expression.op).name;
  const bool spectra = name == "alpha" || name == "spectraltail" || name == "stablerank" ||
                       name == "matrixrank" || name == "logdet";
  Needs needs{.features = !RequiredFeatures(expression).empty(),
              .gradients = name == "G",
              .gradient_free = name == "sensitivity",
              .spectra = spectra,
              .distortion = name == "distortion",
              .slopes = name == "slope" || name == "slopes"};
  for (const Expression& child : expression.children) {
    const Needs below = NeedsOf(child);
    needs.gradients |= below.gradients;
    needs.gradient_free |= below.gradient_free;
    needs.spectra |= below.spectra;
    needs.distortion |= below.distortion;
    needs.slopes |= below.slopes;
  }
  return needs;
}

std::vector<Baseline> Library(const UnitLayout& layout, double target_sparsity) {
  std::vector<Baseline> library;
  for (const PublishedFunction& function : PublishedFunctions()) {
    library.push_back(BaselineOf(function, layout, target_sparsity));
  }
  return library;
}

std::vector<Baseline> Baselines(const UnitLayout& layout, double target_sparsity,
                                const BaselineSelection& selection) {
  std::vector<Baseline> baselines = Library(layout, target_sparsity);
  std::erase_if(baselines, [&](const Baseline& baseline) {
    const Needs& needs = baseline.needs;
    return !baseline.left_out.empty() || !baseline.unstructured ||
           !IsMeantFor(baseline.granularities, layout) ||
           (needs.gradients && !selection.gradients) ||
           (needs.gradient_free && !selection.gradient_free) ||
           (needs.spectra && !selection.spectra);
  });
  return baselines;
}

std::vector<Baseline> BlockwiseBaselines(const UnitLayout& layout, double target_sparsity,
                                         const BaselineSelection& selection) {
  std::vector<Baseline> baselines = Baselines(BlockLayoutOf(layout), target_sparsity, selection);
  for (Baseline& baseline : baselines) {
    baseline.name += " blockwise";
    for (auto* settings : {&baseline.published, &baseline.widened}) {
      for (BaselineSetting& setting : *settings) setting.expression = Blockwise(setting.expression);
    }
  }
  return baselines;
}

absl::StatusOr<BaselineSetting> FindPublished(std::string_view reference, const UnitLayout& layout,
                                              double target_sparsity) {
  const std::vector<std::string_view> words = Words(reference);
  const PublishedFunction* function = words.empty() ? nullptr : Find(words.front());
  if (function == nullptr) {
    std::vector<std::string_view> names;
    for (const PublishedFunction& known : PublishedFunctions()) names.push_back(known.name);
    const std::string_view name = words.empty() ? "" : words.front();
    return absl::NotFoundError(fmt::format("the library has no function '{}', the nearest is '{}'",
                                           Shortened(name), NearestName(name, names)));
  }
  const Grid grid = function->grid(layout, target_sparsity);
  const auto& rows = grid.published.empty() ? grid.widened : grid.published;
  if (rows.empty()) {
    return absl::FailedPreconditionError(
        fmt::format("'{}' cannot be used here: {}", function->name, grid.left_out));
  }
  SettingValues values = rows.front();
  for (size_t i = 1; i < words.size(); ++i) {
    STRATA_RETURN_IF_ERROR(Assign(*function, words[i], &values));
    const std::string_view setting = words[i].substr(0, words[i].find('=') + 1);
    for (size_t j = 1; j < i; ++j) {
      if (!words[j].starts_with(setting)) continue;
      return absl::InvalidArgumentError(
          fmt::format("'{}': expected each setting once, found '{}' and '{}'", function->name,
                      Shortened(words[j]), Shortened(words[i])));
    }
  }
  return Setting(*function, values, target_sparsity);
}

}  // namespace strata::expr
