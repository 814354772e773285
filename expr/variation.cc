#include "expr/variation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <utility>

#include "expr/grammar.h"
#include "expr/growth.h"
#include "expr/nearest_name.h"
#include "expr/shortened.h"
#include "expr/status_macros.h"

namespace strata::expr {
namespace {

constexpr int kAttempts = 32;

bool IsSource(const Operator& row) {
  return row.kind == OperatorKind::kTensorSource || row.kind == OperatorKind::kStructuralSource;
}

bool WithinLimits(const Expression& expression, const VariationOptions& options) {
  return Complexity(expression) <= options.maximum_nodes &&
         Depth(expression) <= options.maximum_depth;
}

// True if the value of a node depends on what was measured in the model that its operand prunes.
bool NeedsPrunedModel(const Expression& node) {
  const OperatorKind kind = OperatorOf(node.op).kind;
  return kind == OperatorKind::kPrunedSource || kind == OperatorKind::kDescent;
}

// A node of a tree that is being changed, and its depth, which is 1 for the root.
struct Place {
  Expression* node;
  int depth;
};

// The operand of a pruned source or a descent stays as it is, because every change of it would have
// to be measured.
void Collect(Expression& node, int depth, std::vector<Place>& places) {
  places.push_back({&node, depth});
  if (NeedsPrunedModel(node)) return;
  for (Expression& child : node.children) Collect(child, depth + 1, places);
}

// Returns the places that satisfy a condition, in pre-order.
std::vector<Place> PlacesWhere(Expression& tree,
                               const std::function<bool(const Expression&)>& condition) {
  std::vector<Place> all;
  Collect(tree, 1, all);
  std::erase_if(all, [&](const Place& place) { return !condition(*place.node); });
  return all;
}

bool IsInner(const Expression& node) { return TypeOf(node) != ValueType::kAllocation; }

// Returns the subtrees that may be replaced by others. The whole tree is not one of them.
std::vector<Place> Replaceable(Expression& tree) {
  std::vector<Place> places = PlacesWhere(tree, [](const Expression&) { return true; });
  if (!IsInner(tree)) places.erase(places.begin());
  return places;
}

Place AnyPlace(Growth& growth, const std::vector<Place>& places) {
  return places[growth.Below(places.size())];
}

// Puts `op` above the node.
void Wrap(Growth& growth, OperatorId op, Expression& node) {
  std::vector<Expression> children;
  children.push_back(std::move(node));
  node = growth.Node(op, std::move(children));
}

// The following mutations change the tree in place and return true if they apply.

bool PerturbParameter(Growth& growth, const VariationOptions&, Expression& tree) {
  const std::vector<Place> places = PlacesWhere(tree, [](const Expression& node) {
    return !node.parameters.empty() && OperatorOf(node.op).kind != OperatorKind::kPrunedSource;
  });
  if (places.empty()) return false;
  Expression& node = *AnyPlace(growth, places).node;
  // The length of a descent may change; its sparsity, the first number, would have to be measured.
  const size_t first = NeedsPrunedModel(node) ? 1 : 0;
  const size_t i = first + growth.Below(node.parameters.size() - first);
  node.parameters[i] = growth.Perturbed(OperatorOf(node.op).parameters[i], node.parameters[i]);
  return true;
}

// Returns the operators that may stand at the inner node `node`, above the same children.
std::vector<OperatorId> Alternatives(const Growth& growth, const Expression& node) {
  const ValueType type = TypeOf(node);
  std::vector<OperatorId> alternatives;
  Expression candidate{node.op, {}, node.children};
  for (size_t i = 0; i < Operators().size(); ++i) {
    candidate.op = static_cast<OperatorId>(i);
    const Operator& row = OperatorOf(candidate.op);
    if (static_cast<size_t>(row.arity) != node.children.size()) continue;
    if (candidate.op == node.op || !growth.IsAllowed(candidate.op)) continue;
    bool accepts = true;
    for (size_t child = 0; child < node.children.size(); ++child) {
      accepts = accepts && Accepts(row, child, TypeOf(node.children[child]));
    }
    if (accepts && TypeOf(candidate) == type) alternatives.push_back(candidate.op);
  }
  return alternatives;
}

bool ReplaceOperator(Growth& growth, const VariationOptions&, Expression& tree) {
  const std::vector<Place> places =
      PlacesWhere(tree, [](const Expression& node) { return !node.children.empty(); });
  if (places.empty()) return false;
  Expression& node = *AnyPlace(growth, places).node;
  const std::vector<OperatorId> alternatives = Alternatives(growth, node);
  if (alternatives.empty()) return false;
  const Expression before = node;
  node = growth.Node(alternatives[growth.Below(alternatives.size())], before.children);
  // A parameter of the same name keeps its value, because an amplitude that was found is valuable.
  const std::span<const OperatorParameter> old_parameters = OperatorOf(before.op).parameters;
  const std::span<const OperatorParameter> new_parameters = OperatorOf(node.op).parameters;
  for (size_t i = 0; i < new_parameters.size(); ++i) {
    for (size_t j = 0; j < old_parameters.size(); ++j) {
      const double value = before.parameters[j];
      if (old_parameters[j].name == new_parameters[i].name &&
          CheckParameter(OperatorOf(node.op), new_parameters[i], value).ok()) {
        node.parameters[i] = value;
      }
    }
  }
  return true;
}

bool SwapSource(Growth& growth, const VariationOptions& options, Expression& tree) {
  const std::vector<Place> places = PlacesWhere(
      tree, [](const Expression& node) { return node.children.empty() && IsInner(node); });
  if (places.empty()) return false;
  const Place place = AnyPlace(growth, places);
  const ValueType type = TypeOf(*place.node);
  if (type == ValueType::kTensor && growth.tensor_sources().empty()) return false;
  *place.node = growth.Leaf(type, options.maximum_nodes - Complexity(tree) + 1,
                            options.maximum_depth - place.depth + 1);
  return true;
}

bool ReplaceSubtree(Growth& growth, const VariationOptions& options, Expression& tree) {
  std::vector<Place> places = Replaceable(tree);
  std::erase_if(places, [&growth](const Place& place) {
    return TypeOf(*place.node) == ValueType::kTensor && growth.tensor_sources().empty();
  });
  if (places.empty()) return false;
  const Place place = AnyPlace(growth, places);
  const int nodes = options.maximum_nodes - Complexity(tree) + Complexity(*place.node);
  const int depth = options.maximum_depth - place.depth + 1;
  if (nodes < 1 || depth < 1) return false;
  const int budget = 1 + static_cast<int>(growth.Below(static_cast<size_t>(nodes)));
  *place.node = growth.Subtree(TypeOf(*place.node), budget, depth);
  return true;
}

// Puts an adjustment above the allocation `place`. Its second operand is one leaf or a random
// function, with equal probability.
bool AdjustAt(Growth& growth, const VariationOptions& options, Expression& tree,
              const Place& place) {
  const int nodes = options.maximum_nodes - Complexity(tree) - 1;
  const int depth = options.maximum_depth - place.depth;
  if (nodes < 1 || depth < 1 || growth.Allowed(OperatorKind::kAdjustment).empty()) return false;
  const bool is_source = growth.Below(2) == 0;
  Expression operand =
      is_source
          ? growth.Leaf(ValueType::kUnits, nodes, depth)
          : growth.Subtree(ValueType::kUnits,
                           1 + static_cast<int>(growth.Below(static_cast<size_t>(nodes))), depth);
  std::vector<Expression> children;
  children.push_back(std::move(*place.node));
  children.push_back(std::move(operand));
  const OperatorId op = growth.AnyOf(OperatorKind::kAdjustment);
  *place.node = growth.Node(op, std::move(children));
  return true;
}

bool Insert(Growth& growth, const VariationOptions& options, Expression& tree) {
  const bool adjusts = !growth.Allowed(OperatorKind::kAdjustment).empty();
  const std::vector<Place> places =
      PlacesWhere(tree, [adjusts](const Expression& node) { return adjusts || IsInner(node); });
  if (places.empty()) return false;
  const Place place = AnyPlace(growth, places);
  if (!IsInner(*place.node)) return AdjustAt(growth, options, tree, place);
  const bool elementwise = growth.Below(2) == 0;
  const OperatorKind kind = elementwise ? OperatorKind::kElementwise
                            : TypeOf(*place.node) == ValueType::kTensor
                                ? OperatorKind::kWholeTensor
                                : OperatorKind::kAcrossUnits;
  if (growth.Allowed(kind).empty()) return false;
  Wrap(growth, growth.AnyOf(kind), *place.node);
  return true;
}

bool Adjust(Growth& growth, const VariationOptions& options, Expression& tree) {
  const std::vector<Place> places =
      PlacesWhere(tree, [](const Expression& node) { return !IsInner(node); });
  return !places.empty() && AdjustAt(growth, options, tree, AnyPlace(growth, places));
}

bool Delete(Growth& growth, const VariationOptions&, Expression& tree) {
  const std::vector<Place> places = PlacesWhere(tree, [](const Expression& node) {
    const OperatorKind kind = OperatorOf(node.op).kind;
    return kind == OperatorKind::kElementwise || kind == OperatorKind::kWholeTensor ||
           kind == OperatorKind::kAcrossUnits || kind == OperatorKind::kAdjustment ||
           kind == OperatorKind::kDescent;
  });
  if (places.empty()) return false;
  Expression& node = *AnyPlace(growth, places).node;
  Expression child = std::move(node.children[0]);
  node = std::move(child);
  return true;
}

bool Hoist(Growth& growth, const VariationOptions&, Expression& tree) {
  const std::vector<Place> places =
      PlacesWhere(tree, [](const Expression& node) { return !node.children.empty(); });
  if (places.empty()) return false;
  Expression& node = *AnyPlace(growth, places).node;
  const ValueType type = TypeOf(node);
  std::vector<Place> below =
      PlacesWhere(node, [type](const Expression& inner) { return TypeOf(inner) == type; });
  below.erase(below.begin());  // the node itself
  if (below.empty()) return false;
  Expression hoisted = std::move(*AnyPlace(growth, below).node);
  node = std::move(hoisted);
  return true;
}

bool Graft(Growth& growth, const VariationOptions& options, Expression& tree) {
  const std::vector<Place> places = Replaceable(tree);
  if (options.library.empty() || places.empty()) return false;
  Expression& node = *AnyPlace(growth, places).node;
  const ValueType type = TypeOf(node);
  Expression donor = options.library[growth.Below(options.library.size())];
  const std::vector<Place> grafts = PlacesWhere(donor, [&growth, type](const Expression& graft) {
    return TypeOf(graft) == type && growth.IsAllowed(graft);
  });
  if (grafts.empty()) return false;
  node = *AnyPlace(growth, grafts).node;
  return true;
}

bool Combine(Growth& growth, const VariationOptions& options, Expression& tree) {
  const std::vector<Place> places =
      PlacesWhere(tree, [](const Expression& node) { return TypeOf(node) == ValueType::kUnits; });
  if (places.empty()) return false;
  const Place place = AnyPlace(growth, places);
  const int nodes = options.maximum_nodes - Complexity(tree) - 1;
  const int depth = options.maximum_depth - place.depth;
  if (nodes < 1 || depth < 1 || growth.Allowed(OperatorKind::kBinary).empty()) return false;
  const int budget = 1 + static_cast<int>(growth.Below(static_cast<size_t>(nodes)));
  std::vector<Expression> children;
  children.push_back(std::move(*place.node));
  children.push_back(growth.Subtree(ValueType::kUnits, budget, depth));
  if (growth.Below(2) == 0) std::swap(children[0], children[1]);
  const OperatorId op = growth.AnyOf(OperatorKind::kBinary);
  *place.node = growth.Node(op, std::move(children));
  return true;
}

using Mutation = bool (*)(Growth&, const VariationOptions&, Expression&);

std::array<std::pair<double, Mutation>, 10> Mutations(const VariationOptions& options) {
  return {{{options.perturb_parameter_weight, PerturbParameter},
           {options.replace_operator_weight, ReplaceOperator},
           {options.swap_source_weight, SwapSource},
           {options.replace_subtree_weight, ReplaceSubtree},
           {options.insert_weight, Insert},
           {options.delete_weight, Delete},
           {options.hoist_weight, Hoist},
           {options.combine_weight, Combine},
           {options.adjust_weight, Adjust},
           {options.graft_weight, Graft}}};
}

absl::Status CheckSources(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const Operator* row = FindOperator(name);
    if (row != nullptr && IsSource(*row)) continue;
    std::vector<std::string_view> known;
    for (const Operator& source : Operators()) {
      if (IsSource(source)) known.push_back(source.name);
    }
    return absl::InvalidArgumentError(
        fmt::format("sources: expected the name of a source, found '{}', the nearest is '{}'",
                    Shortened(name), NearestName(name, known)));
  }
  return absl::OkStatus();
}

absl::Status CheckExcluded(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const Operator* row = FindOperator(name);
    if (row == nullptr) {
      std::vector<std::string_view> known;
      for (const Operator& candidate : Operators()) known.push_back(candidate.name);
      return absl::InvalidArgumentError(
          fmt::format("excluded: expected the name of an operator, found '{}', the nearest is '{}'",
                      Shortened(name), NearestName(name, known)));
    }
    if (row->name == "constant" || row->name == "uniform") {
      return absl::InvalidArgumentError(fmt::format(
          "excluded: expected an operator that trees can do without, found '{}'", row->name));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateOptions(const VariationOptions& options) {
  if (options.maximum_nodes < 1 || options.maximum_nodes > kMaximumNodes) {
    return absl::InvalidArgumentError(fmt::format("maximum_nodes: expected 1 to {}, found {}",
                                                  kMaximumNodes, options.maximum_nodes));
  }
  if (options.maximum_depth < 1 || options.maximum_depth > kMaximumDepth) {
    return absl::InvalidArgumentError(fmt::format("maximum_depth: expected 1 to {}, found {}",
                                                  kMaximumDepth, options.maximum_depth));
  }
  if (!(options.crossover_probability >= 0 && options.crossover_probability <= 1)) {
    return absl::InvalidArgumentError(
        fmt::format("crossover_probability: expected 0 to 1, found {}",
                    FormatNumber(options.crossover_probability)));
  }
  for (const auto& [weight, mutation] : Mutations(options)) {
    if (!(weight >= 0 && std::isfinite(weight))) {
      return absl::InvalidArgumentError(
          fmt::format("mutation weights: expected finite numbers that are not negative, found {}",
                      FormatNumber(weight)));
    }
  }
  STRATA_RETURN_IF_ERROR(CheckSources(options.sources));
  STRATA_RETURN_IF_ERROR(CheckExcluded(options.excluded));
  for (const Expression& term : options.terms) {
    STRATA_RETURN_IF_ERROR(Validate(term));
    if (TypeOf(term) == ValueType::kUnits) continue;
    return absl::InvalidArgumentError(fmt::format(
        "terms: expected a function of type Units, found '{}'", Shortened(PrintExpression(term))));
  }
  for (size_t i = 0; i < options.library.size(); ++i) {
    absl::Status status = Validate(options.library[i]);
    if (status.ok() && TypeOf(options.library[i]) == ValueType::kAllocation) continue;
    return absl::InvalidArgumentError(fmt::format(
        "library function {}: expected a function of type Allocation, found {}", i,
        status.ok() ? PrintExpression(options.library[i]) : std::string(status.message())));
  }
  return absl::OkStatus();
}

Expression RandomExpression(RandomGenerator& random, const VariationOptions& options) {
  Growth growth(random, options);
  // Sizes from small to the limit, so that simple functions are common.
  const int nodes =
      1 + static_cast<int>(random.Below(static_cast<uint64_t>(options.maximum_nodes)));
  return growth.Subtree(ValueType::kAllocation, std::max(nodes, std::min(3, options.maximum_nodes)),
                        options.maximum_depth);
}

Expression Crossover(RandomGenerator& random, const Expression& first, const Expression& second,
                     const VariationOptions& options) {
  Expression donor_tree = second;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Expression child = first;
    const std::vector<Place> places = Replaceable(child);
    if (places.empty()) break;
    Expression& node = *places[random.Below(places.size())].node;
    const ValueType type = TypeOf(node);
    const std::vector<Place> donors =
        PlacesWhere(donor_tree, [type](const Expression& donor) { return TypeOf(donor) == type; });
    if (donors.empty()) continue;
    node = *donors[random.Below(donors.size())].node;
    if (child != first && WithinLimits(child, options)) return child;
  }
  return Mutate(random, first, options);
}

Expression Mutate(RandomGenerator& random, const Expression& expression,
                  const VariationOptions& options) {
  Growth growth(random, options);
  const auto mutations = Mutations(options);
  double total = 0;
  for (const auto& [weight, mutation] : mutations) total += weight;
  for (int attempt = 0; attempt < kAttempts && total > 0; ++attempt) {
    double point = random.Uniform(0, total);
    Mutation chosen = nullptr;
    for (const auto& [weight, mutation] : mutations) {
      if (weight == 0) continue;
      chosen = mutation;
      point -= weight;
      if (point < 0) break;
    }
    Expression child = expression;
    if (chosen(growth, options, child) && child != expression && WithinLimits(child, options)) {
      return child;
    }
  }
  return RandomExpression(random, options);
}

}  // namespace strata::expr
