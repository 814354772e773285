#include "evaluator/banks/level_layout.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "expr/status_macros.h"

namespace strata::evaluator {
namespace {

// Must be changed with anything that changes the weights.
constexpr const char* kContents = "one-shot SparseGPT levels, version 1";

BankKey KeyOf(const ModelSummary& model, const std::string& text_digest,
              const LevelSettings& settings) {
  return {{{"contents", kContents},
           {"model", model.digest},
           {"text", text_digest},
           {"calibration", CalibrationText(settings.calibration)},
           {"group", fmt::format("{}", settings.group)},
           {"grid", settings.grid.Text()},
           {"store", NameOf(settings.store)}}};
}

int64_t BytesPerWeight(LevelStore store) { return store == LevelStore::kFloat32 ? 4 : 2; }

absl::Status CheckGridFitsGroup(const pruning::LevelGrid& grid, int64_t group) {
  if (group == 0) return absl::OkStatus();
  for (int level = 0; level < grid.size(); ++level) {
    if (grid.numerator(level) * group % grid.denominator() != 0) {
      return absl::InvalidArgumentError(
          fmt::format("level {}: expected a whole number of zeros in every {} weights, found the "
                      "sparsity {}",
                      level + 1, group, grid.level(level)));
    }
  }
  return absl::OkStatus();
}

bool ParseWhole(const std::string& text, int64_t* value) {
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && stopped == end;
}

}  // namespace

std::string NameOf(LevelStore store) { return store == LevelStore::kFloat32 ? "fp32" : "bf16"; }

absl::StatusOr<LevelStore> ParseLevelStore(const std::string& name) {
  for (const LevelStore store : {LevelStore::kBFloat16, LevelStore::kFloat32}) {
    if (NameOf(store) == name) return store;
  }
  return absl::InvalidArgumentError(
      fmt::format("store: expected one of \"bf16\", \"fp32\", found \"{}\"", name));
}

std::string CalibrationText(const Calibration& calibration) {
  return fmt::format("{}x{}", calibration.sequences, calibration.sequence_tokens);
}

absl::StatusOr<LevelLayout> LevelLayout::Create(const ModelSummary& model,
                                                const std::string& text_digest,
                                                const LevelSettings& settings) {
  STRATA_RETURN_IF_ERROR(CheckGroup(model, settings.group));
  STRATA_RETURN_IF_ERROR(CheckGridFitsGroup(settings.grid, settings.group));
  std::vector<BankEntry> entries;
  const size_t linears = model.linears.size() / static_cast<size_t>(model.blocks);
  for (size_t i = 0; i < model.linears.size(); ++i) {
    const LinearShape& linear = model.linears[i];
    if (i % linears == 0) {
      BankEntry dead{fmt::format("block {}, dead inputs", linear.block), 0};
      for (const int first : FirstLinearOfInputs(static_cast<int>(linears))) {
        dead.bytes += DeadInputBytes(model.linears[i + first].columns);
      }
      entries.push_back(std::move(dead));
    }
    for (const double level : settings.grid.levels()) {
      if (level == 0) continue;
      entries.push_back({fmt::format("block {}, {}, sparsity {}", linear.block, linear.name, level),
                         linear.rows * linear.columns * BytesPerWeight(settings.store)});
    }
  }
  const int per_block = static_cast<int>(entries.size()) / model.blocks;
  return LevelLayout(settings, BankLayout(KeyOf(model, text_digest, settings), std::move(entries)),
                     per_block);
}

int LevelLayout::WeightsEntry(int block, int linear, int level) const {
  const bool has_zero = settings_.grid.level(0) == 0;
  if (has_zero && level == 0) return -1;
  const int stored = settings_.grid.size() - (has_zero ? 1 : 0);
  return DeadInputsEntry(block) + 1 + linear * stored + level - (has_zero ? 1 : 0);
}

std::string LevelFilePath(const std::string& folder) {
  return std::filesystem::path(folder) / "levels.bank";
}

absl::StatusOr<LevelSettings> LevelSettingsOf(const BankFile& file) {
  const auto wrong = [&](const std::string& name, const std::string& expected) {
    return absl::InvalidArgumentError(fmt::format("{}: {}: expected {}, found '{}'", file.path(),
                                                  name, expected, file.key().Value(name)));
  };
  if (file.key().Value("contents") != kContents) return wrong("contents", kContents);
  const absl::StatusOr<pruning::LevelGrid> grid =
      pruning::LevelGrid::Parse(file.key().Value("grid"));
  if (!grid.ok()) return wrong("grid", "levels");
  const absl::StatusOr<LevelStore> store = ParseLevelStore(file.key().Value("store"));
  if (!store.ok()) return wrong("store", "bf16 or fp32");
  LevelSettings settings{.calibration = {}, .group = 0, .grid = *grid, .store = *store};
  if (!ParseWhole(file.key().Value("group"), &settings.group)) {
    return wrong("group", "a whole number");
  }
  const std::string calibration = file.key().Value("calibration");
  const size_t cross = calibration.find('x');
  if (cross == std::string::npos ||
      !ParseWhole(calibration.substr(0, cross), &settings.calibration.sequences) ||
      !ParseWhole(calibration.substr(cross + 1), &settings.calibration.sequence_tokens)) {
    return wrong("calibration", "SEQUENCESxTOKENS");
  }
  return settings;
}

absl::Status CheckLevels(const BankFile& file, const ModelSummary& model,
                         const std::string& text_digest, const Calibration& calibration,
                         int64_t group) {
  STRATA_ASSIGN_OR_RETURN(LevelSettings settings, LevelSettingsOf(file));
  settings.calibration = calibration;
  settings.group = group;
  return file.CheckKey(KeyOf(model, text_digest, settings));
}

}  // namespace strata::evaluator
