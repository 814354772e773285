#include "cli/shared/expression_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>

namespace strata::cli {
namespace {

constexpr std::array<std::string_view, 8> kHeights = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr size_t kSparklineWidth = 48;
constexpr size_t kLeastSparklineWidth = 8;
constexpr size_t kLeastLabelWidth = 6;
constexpr size_t kTypeWidth = 10;
constexpr size_t kChartGap = 2;  // blanks between columns

std::string_view TypeName(expr::ValueType type) {
  switch (type) {
    case expr::ValueType::kTensor:
      return "Tensor";
    case expr::ValueType::kUnits:
      return "Units";
    case expr::ValueType::kAllocation:
      return "Allocation";
  }
  return "";
}

// Averages neighbours into at most `width` groups.
std::vector<double> Grouped(std::span<const double> values, size_t width) {
  if (values.size() <= width) return {values.begin(), values.end()};
  std::vector<double> groups;
  for (size_t k = 0; k < width; ++k) {
    const size_t first = k * values.size() / width;
    const size_t last = (k + 1) * values.size() / width;
    double sum = 0;
    for (size_t i = first; i < last; ++i) sum += values[i];
    groups.push_back(sum / static_cast<double>(last - first));
  }
  return groups;
}

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
};

Range FiniteRange(std::span<const double> values) {
  Range range;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    range.low = std::min(range.low, value);
    range.high = std::max(range.high, value);
  }
  return range;
}

// Returns a label such as "span  lambda=0.15", or "0.5" for a constant.
std::string Label(const expr::Expression& node) {
  const expr::Operator& row = expr::OperatorOf(node.op);
  if (row.kind == expr::OperatorKind::kConstant) return fmt::format("{}", node.parameters[0]);
  std::string label(row.name);
  for (size_t i = 0; i < node.parameters.size(); ++i) {
    label += fmt::format(" {}={}", row.parameters[i].name, node.parameters[i]);
  }
  return label;
}

struct Line {
  std::string label;  // includes the branches before it
  size_t width;       // characters of the label
  const expr::Expression* node;
};

void Draw(const expr::Expression& node, const std::string& before, size_t depth, bool last,
          std::vector<Line>* lines) {
  const bool root = depth == 0;
  const std::string label = Label(node);
  const std::string branch = root ? "" : last ? "└─ " : "├─ ";
  lines->push_back({before + branch + label, 3 * depth + label.size(), &node});
  const std::string below = root ? "" : before + (last ? "   " : "│  ");
  for (size_t i = 0; i < node.children.size(); ++i) {
    Draw(node.children[i], below, depth + 1, i + 1 == node.children.size(), lines);
  }
}

struct TreeWidths {
  size_t label = 0;
  size_t sparkline = kSparklineWidth;
};

// Returns widths for a tree whose widest label and extent have these columns.
TreeWidths WidthsOf(size_t label, size_t extent, const Page& page) {
  TreeWidths widths{label, kSparklineWidth};
  if (!page.columns) return widths;
  const size_t others = extent + kTypeWidth + 3 * kChartGap;
  const size_t for_labels = *page.columns - std::min(*page.columns, others + kLeastSparklineWidth);
  widths.label = std::min(label, std::max(for_labels, kLeastLabelWidth));
  const size_t left = *page.columns - std::min(*page.columns, others + widths.label);
  widths.sparkline = std::clamp(left, kLeastSparklineWidth, kSparklineWidth);
  return widths;
}

}  // namespace

std::string Sparkline(std::span<const double> values, size_t width) {
  const std::vector<double> groups = Grouped(values, width);
  const Range range = FiniteRange(groups);
  std::string line;
  for (const double value : groups) {
    if (std::isnan(value)) {
      line += "×";
    } else if (std::isinf(value)) {
      line += value > 0 ? "↑" : "↓";
    } else {
      // Both are halved, because the difference of large numbers can overflow.
      const double span = range.high / 2 - range.low / 2;
      const double height = span > 0 ? (value / 2 - range.low / 2) / span : 0.5;
      line += kHeights[std::min<size_t>(static_cast<size_t>(height * 8), 7)];
    }
  }
  return line;
}

std::string Extent(std::span<const double> values) {
  const Range range = FiniteRange(values);
  std::string text = range.low > range.high ? "no finite value"
                     : range.low == range.high
                         ? fmt::format("{:.4g} everywhere", range.low)
                         : fmt::format("{:.4g} to {:.4g}", range.low, range.high);
  const auto missing =
      std::count_if(values.begin(), values.end(), [](double x) { return std::isnan(x); });
  const auto infinite =
      std::count_if(values.begin(), values.end(), [](double x) { return std::isinf(x); });
  if (missing > 0) text += fmt::format(", {} NaN", missing);
  if (infinite > 0) text += fmt::format(", {} infinite", infinite);
  return text;
}

std::string TreeChart(const expr::Expression& expression,
                      const std::vector<expr::NodeValue>& values, const Page& page) {
  std::vector<Line> lines;
  Draw(expression, "", 0, true, &lines);
  size_t widest = 0, extent = 0;
  for (const Line& line : lines) widest = std::max(widest, line.width);
  for (const expr::NodeValue& node : values) extent = std::max(extent, Extent(node.values).size());
  const TreeWidths widths = WidthsOf(widest, extent, page);
  std::string out;
  for (size_t i = 0; i < lines.size(); ++i) {
    std::string line = lines[i].label;
    if (lines[i].width <= widths.label) {
      line += std::string(widths.label - lines[i].width + kChartGap, ' ');
    } else {
      out += Folded(line + '\n', page);
      line = std::string(widths.label + kChartGap, ' ');
    }
    line += fmt::format("{:<{}}", TypeName(expr::TypeOf(*lines[i].node)), kTypeWidth);
    if (values.empty()) {
      // The tree is all there is.
    } else if (!values[i].status.ok()) {
      line += "  unknown";
    } else if (!values[i].values.empty()) {
      line += fmt::format("  {}  {}", Sparkline(values[i].values, widths.sparkline),
                          Extent(values[i].values));
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += Folded(line + '\n', page);
  }
  return out;
}

std::string AllocationChart(const std::vector<std::string>& names, std::span<const double> sparsity,
                            const Page& page) {
  constexpr size_t kBarWidth = 40, kLeastBarWidth = 10, kNumberWidth = 10;
  size_t widest = 0;
  for (const std::string& name : names) widest = std::max(widest, ColumnsOf(name));
  const size_t columns = page.columns.value_or(widest + kNumberWidth + kBarWidth);
  const bool has_names_above = widest + kNumberWidth + kLeastBarWidth > columns;
  const size_t before = kNumberWidth + (has_names_above ? 0 : widest);
  const size_t width = std::min(kBarWidth, columns - before);
  std::string out;
  for (size_t i = 0; i < sparsity.size(); ++i) {
    const auto filled = static_cast<size_t>(std::lround(sparsity[i] * static_cast<double>(width)));
    if (has_names_above) {
      out += Folded(names[i] + '\n', page);
    } else {
      out += std::string(widest - ColumnsOf(names[i]), ' ') + names[i];
    }
    out += fmt::format("  {:.4f}  ", sparsity[i]);
    for (size_t k = 0; k < width; ++k) out += k < filled ? "█" : "·";
    out += '\n';
  }
  return out;
}

}  // namespace strata::cli
