#include "cli/report/handover.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>

#include "cli/shared/output.h"
#include "evaluator/checkpoint/model_family.h"
#include "expr/status_macros.h"
#include "expr/unit_layout.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;
using evaluator::BlockPart;

struct WalkedLinear {
  std::string role;
  std::string kind;  // of the unit that holds it where units are kinds
  std::string name;  // within the block
};

// Returns the linears of a block in the order in which PyTorch walks them.
std::vector<WalkedLinear> WalkOf(const evaluator::ModelFamily& family) {
  constexpr std::pair<BlockPart, expr::LinearRole> kRoles[] = {
      {BlockPart::kQuery, expr::LinearRole::kQuery},
      {BlockPart::kKey, expr::LinearRole::kKey},
      {BlockPart::kValue, expr::LinearRole::kValue},
      {BlockPart::kAttentionOutput, expr::LinearRole::kOutput},
      {BlockPart::kGate, expr::LinearRole::kGate},
      {BlockPart::kUp, expr::LinearRole::kUp},
      {BlockPart::kDown, expr::LinearRole::kDown}};
  std::vector<WalkedLinear> walk;
  for (const auto& [part, role] : kRoles) {
    if (!family.Has(part)) continue;
    const bool attends = part <= BlockPart::kAttentionOutput;
    walk.push_back({std::string(expr::LinearRoleName(role)), attends ? "attention" : "feed-forward",
                    family.Names(part).hugging_face});
  }
  // OPT's class in transformers makes its query after key and value.
  if (std::string_view(family.name) == "opt")
    std::rotate(walk.begin(), walk.begin() + 1, walk.begin() + 3);
  return walk;
}

bool HasUnitKeys(const Json& unit) {
  const auto is = [&](const char* key, auto predicate) {
    const auto found = unit.find(key);
    return found != unit.end() && predicate(*found);
  };
  return unit.is_object() && is("block", [](const Json& j) { return j.is_number_integer(); }) &&
         is("kind", [](const Json& j) { return j.is_string(); }) &&
         is("sparsity", [](const Json& j) { return j.is_number(); });
}

struct BlockSparsities {
  std::vector<double> of_blocks;  // of the first linear of each
  bool differ_within_blocks = false;
};

BlockSparsities ByBlocks(const ModuleSparsities& modules, size_t linears_per_block) {
  BlockSparsities blocks;
  for (size_t i = 0; i < modules.size(); ++i) {
    if (i % linears_per_block == 0) blocks.of_blocks.push_back(modules[i].second);
    if (modules[i].second != blocks.of_blocks.back()) blocks.differ_within_blocks = true;
  }
  return blocks;
}

absl::StatusOr<const evaluator::ModelFamily*> FamilyOf(const Json& exported) {
  const std::string name = exported.value("/model/family"_json_pointer, std::string());
  const evaluator::ModelFamily* family = evaluator::FamilyOfModelType(name);
  if (family != nullptr) return family;
  return absl::InvalidArgumentError(
      fmt::format("the model: expected a family of docs/models.md, found '{}'", name));
}

// One modifier of a recipe. JSON is YAML, so names and numbers need no further care.
std::string Modifier(const std::string& group_name, const std::string& modifier,
                     const ModuleSparsities& modules, const std::string& structure) {
  Json targets = Json::array();
  Json sparsities = Json::array();
  for (const auto& [module, sparsity] : modules) {
    targets.push_back(module);
    sparsities.push_back(sparsity);
  }
  return fmt::format(
      "  {}:\n    {}:\n      mask_structure: \"{}\"\n      targets: {}\n      sparsity: {}\n",
      group_name, modifier, structure, targets.dump(), sparsities.dump());
}

// Returns a density that a script turns back into no less than the sparsity, so that no zero is
// lost to rounding.
double DensityOf(double sparsity) {
  const double density = 1.0 - sparsity;
  return 1.0 - density < sparsity ? std::nextafter(density, 0.0) : density;
}

// Returns a file of numpy.lib.format, version 1.0: magic, the length of a header, the header padded
// with spaces to a multiple of 64 bytes, and the numbers.
std::string NumpyFile(const std::vector<double>& values) {
  static_assert(std::endian::native == std::endian::little);
  std::string header =
      fmt::format("{{'descr': '<f8', 'fortran_order': False, 'shape': ({},), }}", values.size());
  constexpr size_t kBeforeHeader = 10;
  while ((kBeforeHeader + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  std::string file = "\x93NUMPY";
  file += '\x01';
  file += '\0';
  file += static_cast<char>(header.size() & 0xff);
  file += static_cast<char>(header.size() >> 8);
  file += header;
  file.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double));
  return file;
}

// A linear whose sparsity is rounded to a level.
struct Rounded {
  std::string module;
  double size = 0;   // weights, in units of weights_diff
  double exact = 0;  // the level before rounding
  int64_t level = 0, highest = 0;
};

// Raises levels that were rounded down, the largest remainders first, until their sum is `sum`. A
// level removes equally many weights from every linear, so the sum decides the mean.
absl::Status RaiseToSum(int64_t sum, std::vector<Rounded>* linears) {
  int64_t missing = sum;
  std::vector<Rounded*> rising;
  for (Rounded& linear : *linears) {
    missing -= linear.level;
    if (linear.level < linear.highest) rising.push_back(&linear);
  }
  if (missing < 0 || missing > static_cast<int64_t>(rising.size())) {
    return absl::FailedPreconditionError(
        "no levels of EvoPress between the sparsities 0 and 1 have the mean of the allocation");
  }
  std::stable_sort(rising.begin(), rising.end(), [](const Rounded* a, const Rounded* b) {
    return a->exact - static_cast<double>(a->level) > b->exact - static_cast<double>(b->level);
  });
  for (int64_t i = 0; i < missing; ++i) ++rising[static_cast<size_t>(i)]->level;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ModuleSparsities> ModuleSparsitiesOf(const Json& exported) {
  STRATA_ASSIGN_OR_RETURN(const evaluator::ModelFamily* family, FamilyOf(exported));
  const std::vector<WalkedLinear> walk = WalkOf(*family);
  std::map<std::pair<int64_t, size_t>, double> places;
  const Json units = exported.value("allocation", Json::array());
  for (const Json& unit : units) {
    if (!HasUnitKeys(unit)) {
      return absl::DataLossError(fmt::format(
          "the allocation: expected units with block, kind and sparsity, found {}", unit.dump()));
    }
    const std::string kind = unit["kind"], role = unit.value("role", "");
    for (size_t place = 0; place < walk.size(); ++place) {
      const bool holds =
          role.empty() ? kind == "block" || kind == walk[place].kind : role == walk[place].role;
      if (holds) places[{unit["block"].get<int64_t>(), place}] = unit["sparsity"].get<double>();
    }
  }
  ModuleSparsities modules;
  for (const auto& [place, sparsity] : places) {
    modules.emplace_back(
        fmt::format("{}.{}.{}", family->block_prefix, place.first, walk[place.second].name),
        sparsity);
  }
  if (modules.empty() || modules.size() % walk.size() != 0) {
    return absl::DataLossError(fmt::format("the allocation has {} linears, not {} in every block",
                                           modules.size(), walk.size()));
  }
  return modules;
}

absl::StatusOr<std::string> LlmCompressorRecipe(const Json& exported) {
  STRATA_ASSIGN_OR_RETURN(const ModuleSparsities modules, ModuleSparsitiesOf(exported));
  const std::string pruner = exported.value("pruner", "");
  if (pruner != "wanda" && pruner != "sparsegpt") {
    return absl::InvalidArgumentError(
        fmt::format("llm-compressor has the pruners wanda and sparsegpt, found '{}'; "
                    "strata_prune.to_llm_compressor of Python takes either for any allocation",
                    pruner));
  }
  const std::string modifier = pruner == "wanda" ? "WandaPruningModifier" : "SparseGPTModifier";
  const int64_t group = exported.value("group", int64_t{0});
  std::string recipe = "strata_stage:\n";
  if (group == 0) return recipe + Modifier("strata_modifiers", modifier, modules, "0:0");
  std::map<int64_t, ModuleSparsities> by_zeros;
  for (const auto& [module, sparsity] : modules) {
    const int64_t zeros = std::llround(sparsity * static_cast<double>(group));
    if (zeros > 0) by_zeros[zeros].emplace_back(module, sparsity);
  }
  if (by_zeros.empty()) return absl::InvalidArgumentError("the allocation removes nothing");
  for (const auto& [zeros, pruned] : by_zeros) {
    recipe += Modifier(fmt::format("strata_{}_of_{}_modifiers", zeros, group), modifier, pruned,
                       fmt::format("{}:{}", zeros, group));
  }
  return recipe;
}

absl::StatusOr<std::string> OwlDensities(const Json& exported) {
  STRATA_ASSIGN_OR_RETURN(const evaluator::ModelFamily* family, FamilyOf(exported));
  STRATA_ASSIGN_OR_RETURN(const ModuleSparsities modules, ModuleSparsitiesOf(exported));
  const BlockSparsities blocks = ByBlocks(modules, WalkOf(*family).size());
  std::vector<double> densities;
  for (const double sparsity : blocks.of_blocks) densities.push_back(DensityOf(sparsity));
  if (blocks.differ_within_blocks) densities.clear();
  for (const auto& [module, sparsity] : modules) {
    if (sparsity == 0) {
      return absl::InvalidArgumentError(
          fmt::format("'{}' has the sparsity 0: expected sparsities above 0, because OWL's scripts "
                      "prune 0.01 in place of 0",
                      module));
    }
    if (blocks.differ_within_blocks) densities.push_back(DensityOf(sparsity));
  }
  return NumpyFile(densities);
}

absl::StatusOr<std::string> TorchAoConfiguration(const Json& exported) {
  STRATA_ASSIGN_OR_RETURN(const ModuleSparsities modules, ModuleSparsitiesOf(exported));
  Json list = Json::array();
  for (const auto& [module, sparsity] : modules) {
    list.push_back({{"tensor_fqn", module + ".weight"}, {"sparsity_level", sparsity}});
  }
  return JsonText(list);
}

absl::StatusOr<std::string> TorchAmounts(const Json& exported) {
  STRATA_ASSIGN_OR_RETURN(const ModuleSparsities modules, ModuleSparsitiesOf(exported));
  Json amounts = Json::object();
  for (const auto& [module, sparsity] : modules) amounts[module] = sparsity;
  return JsonText(amounts);
}

absl::StatusOr<EvoPressLevels> EvoPressLevelsOf(const Json& exported,
                                                const evaluator::ModelSummary& model,
                                                std::optional<int64_t> weights_diff) {
  STRATA_ASSIGN_OR_RETURN(const evaluator::ModelFamily* family, FamilyOf(exported));
  STRATA_ASSIGN_OR_RETURN(const ModuleSparsities modules, ModuleSparsitiesOf(exported));
  const std::string digest = exported.value("/model/digest"_json_pointer, std::string());
  if (digest != model.digest || modules.size() != model.linears.size()) {
    return absl::InvalidArgumentError(
        fmt::format("the allocation is for the model with the digest {}, found {} with {}", digest,
                    model.name, model.digest));
  }
  std::map<std::string, int64_t> weights;
  for (const evaluator::LinearShape& linear : model.linears) {
    weights[fmt::format("{}.{}.{}", family->block_prefix, linear.block, linear.name)] =
        linear.rows * linear.columns;
  }
  EvoPressLevels levels;
  levels.sparsity = exported.value("target_sparsity", 0.0);
  // EvoPress's prune.py gives 8 levels half of the room, counted in the weights of a matrix of
  // hidden size squared. The query reads the hidden state.
  const auto hidden = static_cast<double>(model.linears.front().columns);
  levels.weights_diff = weights_diff.value_or(static_cast<int64_t>(
      0.5 * std::min(levels.sparsity, 1 - levels.sparsity) / 8 * (hidden * hidden)));
  if (levels.weights_diff < 1 || levels.sparsity <= 0) {
    return absl::InvalidArgumentError(
        fmt::format("expected a target sparsity above 0 and at least 1 weight between two levels, "
                    "found {} and {}",
                    levels.sparsity, levels.weights_diff));
  }
  std::vector<Rounded> linears;
  double sum = 0;
  for (const auto& [module, sparsity] : modules) {
    Rounded one{.module = module};
    one.size = static_cast<double>(weights[module]) / static_cast<double>(levels.weights_diff);
    one.exact = (sparsity - levels.sparsity) * one.size;
    one.highest = std::llround(std::floor((1 - levels.sparsity) * one.size));
    one.level =
        std::llround(std::max(std::floor(one.exact), -std::floor(levels.sparsity * one.size)));
    sum += one.exact;
    linears.push_back(one);
  }
  STRATA_RETURN_IF_ERROR(RaiseToSum(std::llround(sum), &linears));
  for (const Rounded& one : linears) {
    levels.text += fmt::format("{}: {}\n", one.module, one.level);
    levels.num_levels = std::max(levels.num_levels, std::abs(one.level));
    levels.largest_change = std::max(
        levels.largest_change, std::abs(static_cast<double>(one.level) - one.exact) / one.size);
  }
  return levels;
}

}  // namespace strata::cli
