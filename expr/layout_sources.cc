#include "expr/layout_sources.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace strata::expr {
namespace {

void BlockDepth(const UnitLayout& layout, std::span<double> out) {
  const int last = layout.back().block;
  for (size_t i = 0; i < layout.size(); ++i) {
    out[i] = last == 0 ? 0.0 : static_cast<double>(layout[i].block) / static_cast<double>(last);
  }
}

void Size(const UnitLayout& layout, std::span<double> out) {
  const int64_t largest =
      std::max_element(layout.begin(), layout.end(), [](const Unit& a, const Unit& b) {
        return a.parameters < b.parameters;
      })->parameters;
  for (size_t i = 0; i < layout.size(); ++i) {
    out[i] = static_cast<double>(layout[i].parameters) / static_cast<double>(largest);
  }
}

void Fan(const UnitLayout& layout, std::span<double> out) {
  for (size_t i = 0; i < layout.size(); ++i) {
    out[i] = static_cast<double>(layout[i].fan) / static_cast<double>(layout[i].parameters);
  }
}

void Last(const UnitLayout&, std::span<double> out) {
  std::fill(out.begin(), out.end(), 0.0);
  out.back() = 1.0;
}

void Attention(const UnitLayout& layout, std::span<double> out) {
  for (size_t i = 0; i < layout.size(); ++i) {
    out[i] = layout[i].kind == UnitKind::kAttention ? 1.0 : 0.0;
  }
}

template <LinearRole kRole>
void Role(const UnitLayout& layout, std::span<double> out) {
  for (size_t i = 0; i < layout.size(); ++i) out[i] = layout[i].role == kRole ? 1.0 : 0.0;
}

struct NamedSource {
  std::string_view name;
  LayoutSource source;
};

constexpr NamedSource kSources[] = {
    {"depth", BlockDepth},
    {"size", Size},
    {"fan", Fan},
    {"last", Last},
    {"attention", Attention},
    {"query", Role<LinearRole::kQuery>},
    {"key", Role<LinearRole::kKey>},
    {"value", Role<LinearRole::kValue>},
    {"output", Role<LinearRole::kOutput>},
    {"gate", Role<LinearRole::kGate>},
    {"up", Role<LinearRole::kUp>},
    {"down", Role<LinearRole::kDown>},
};

}  // namespace

LayoutSource LayoutSourceOf(OperatorId id) {
  static const std::vector<LayoutSource> table = [] {
    std::vector<LayoutSource> sources(Operators().size(), nullptr);
    for (const auto& [name, source] : kSources) sources[static_cast<size_t>(IdOf(name))] = source;
    return sources;
  }();
  return table[static_cast<size_t>(id)];
}

}  // namespace strata::expr
