#include "evaluator/names.h"

#include <fmt/format.h>

#include <array>
#include <utility>
#include <vector>

#include "evaluator/pruner_table.h"

namespace strata::evaluator {
namespace {

template <typename Value, size_t count>
using NameTable = std::array<std::pair<Value, const char*>, count>;

constexpr NameTable<Granularity, 3> kGranularities = {{{Granularity::kBlock, "block"},
                                                       {Granularity::kKind, "kind"},
                                                       {Granularity::kLinear, "linear"}}};
constexpr NameTable<Protocol, 2> kProtocols = {
    {{Protocol::kOneShot, "one-shot"}, {Protocol::kSequential, "sequential"}}};
constexpr NameTable<Arithmetic, 2> kArithmetics = {
    {{Arithmetic::kFloat32, "fp32"}, {Arithmetic::kBFloat16, "bf16"}}};
constexpr NameTable<Split, 3> kSplits = {{{Split::kCalibration, "calibration"},
                                          {Split::kFitness, "fitness"},
                                          {Split::kReport, "report"}}};
constexpr NameTable<Measure, 2> kMeasures = {{{Measure::kLoss, "loss"}, {Measure::kKl, "kl"}}};

template <typename Value, size_t count>
std::string FindName(const NameTable<Value, count>& table, Value value) {
  for (const auto& [known, name] : table) {
    if (known == value) return name;
  }
  return fmt::format("unknown({})", static_cast<int>(value));
}

// `table` is a range of pairs of a value and its name.
template <typename Table, typename Value>
absl::Status FindValue(const Table& table, const char* what, const std::string& name,
                       Value* value) {
  std::string known_names;
  for (const auto& [known, known_name] : table) {
    if (name == known_name) {
      *value = known;
      return absl::OkStatus();
    }
    known_names += fmt::format("{}\"{}\"", known_names.empty() ? "" : ", ", known_name);
  }
  return absl::InvalidArgumentError(
      fmt::format("{}: expected one of {}, found \"{}\"", what, known_names, name));
}

}  // namespace

std::string NameOf(Pruner value) {
  const auto index = static_cast<size_t>(value);
  return index < Pruners().size() ? RowOf(value).name : fmt::format("unknown({})", index);
}
std::string NameOf(Granularity value) { return FindName(kGranularities, value); }
std::string NameOf(Protocol value) { return FindName(kProtocols, value); }
std::string NameOf(Arithmetic value) { return FindName(kArithmetics, value); }
std::string NameOf(Split value) { return FindName(kSplits, value); }
std::string NameOf(Measure value) { return FindName(kMeasures, value); }

absl::Status ParseName(const std::string& name, Pruner* value) {
  std::vector<std::pair<Pruner, const char*>> table;
  for (const PrunerRow& row : Pruners()) table.emplace_back(row.pruner, row.name);
  return FindValue(table, "pruner", name, value);
}
absl::Status ParseName(const std::string& name, Granularity* value) {
  return FindValue(kGranularities, "granularity", name, value);
}
absl::Status ParseName(const std::string& name, Protocol* value) {
  return FindValue(kProtocols, "protocol", name, value);
}
absl::Status ParseName(const std::string& name, Arithmetic* value) {
  return FindValue(kArithmetics, "arithmetic", name, value);
}
absl::Status ParseName(const std::string& name, Split* value) {
  return FindValue(kSplits, "split", name, value);
}
absl::Status ParseName(const std::string& name, Measure* value) {
  return FindValue(kMeasures, "measure", name, value);
}

}  // namespace strata::evaluator
