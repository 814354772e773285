#include "cli/config/robust_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <filesystem>
#include <set>
#include <utility>

#include "expr/status_macros.h"
#include "search/pareto/hypervolume.h"

namespace strata::cli {
namespace {

std::vector<std::string> WithFirst(const std::string& first, const std::vector<std::string>& rest) {
  std::vector<std::string> all = {first};
  all.insert(all.end(), rest.begin(), rest.end());
  return all;
}

// Each name once, none empty.
absl::Status CheckPaths(const RunConfig& config, const std::string& key, const std::string& own,
                        const std::vector<std::string>& further) {
  std::set<std::string> known = {own};
  for (const std::string& path : further) {
    if (!path.empty() && known.insert(path).second) continue;
    return BadOption(config, key,
                     fmt::format("paths that differ from each other and from '{}'", own),
                     fmt::format("'{}'", path));
  }
  return absl::OkStatus();
}

expr::AllocationTarget TargetOf(const RunConfig& config, double sparsity) {
  return {.sparsity = sparsity,
          .minimum = config.minimum_sparsity,
          .maximum = config.maximum_sparsity,
          .group = static_cast<int>(config.group)};
}

}  // namespace

std::vector<SubjectPaths> SubjectsOf(const RunConfig& config) {
  std::vector<SubjectPaths> subjects;
  for (const std::string& model : WithFirst(config.model, config.robust_models)) {
    for (const std::string& text : WithFirst(config.text, config.robust_texts)) {
      subjects.push_back({model, text});
    }
  }
  return subjects;
}

absl::StatusOr<std::vector<double>> TargetSparsitiesOf(const RunConfig& config) {
  std::vector<double> sparsities = {config.target_sparsity};
  for (const std::string& text : config.robust_sparsities) {
    double sparsity = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, sparsity);
    if (error != std::errc() || stopped != end || !(sparsity > 0 && sparsity < 1)) {
      return BadOption(config, "robust.sparsities", "numbers between 0 and 1",
                       fmt::format("'{}'", text));
    }
    sparsities.push_back(sparsity);
  }
  return sparsities;
}

absl::StatusOr<search::RobustOptions> RobustOptionsOf(
    const RunConfig& config, const std::vector<expr::UnitLayout>& further_layouts) {
  STRATA_ASSIGN_OR_RETURN(const auto sparsities, TargetSparsitiesOf(config));
  const size_t subjects = SubjectsOf(config).size();
  if (further_layouts.size() + 1 != subjects) {
    return absl::InvalidArgumentError(
        fmt::format("expected the layouts of {} further models and texts, found {}", subjects - 1,
                    further_layouts.size()));
  }
  search::RobustOptions options;
  options.aggregate = config.robust_aggregate;
  options.further_layouts = further_layouts;
  for (int subject = 0; subject <= static_cast<int>(further_layouts.size()); ++subject) {
    for (const double sparsity : sparsities) {
      options.further.push_back({subject, TargetOf(config, sparsity)});
    }
  }
  options.further.erase(options.further.begin());
  return options;
}

std::vector<std::string> ScenarioNames(const RunConfig& config) {
  const auto sparsities = TargetSparsitiesOf(config);
  const std::vector<SubjectPaths> subjects = SubjectsOf(config);
  if (!sparsities.ok() || sparsities->size() * subjects.size() == 1) return {};
  const auto short_name = [](const std::string& path) {
    return std::filesystem::path(path).filename().string();
  };
  std::vector<std::string> names;
  for (const SubjectPaths& subject : subjects) {
    for (const double sparsity : *sparsities) {
      std::vector<std::string> parts;
      if (!config.robust_models.empty()) parts.push_back(short_name(subject.model));
      if (!config.robust_texts.empty()) parts.push_back(short_name(subject.text));
      if (sparsities->size() > 1) parts.push_back(fmt::format("{}", sparsity));
      names.push_back(fmt::format("{}", fmt::join(parts, ", ")));
    }
  }
  return names;
}

absl::Status CheckRobust(const RunConfig& config) {
  absl::Status status = CheckPaths(config, "robust.models", config.model, config.robust_models);
  status.Update(CheckPaths(config, "robust.texts", config.text, config.robust_texts));
  if (!status.ok()) return status;
  STRATA_ASSIGN_OR_RETURN(const auto sparsities, TargetSparsitiesOf(config));
  std::set<double> known;
  for (const double sparsity : sparsities) {
    if (!known.insert(sparsity).second) {
      return BadOption(
          config, "robust.sparsities",
          fmt::format("numbers that differ from each other and from target_sparsity ({})",
                      config.target_sparsity),
          fmt::format("{}", sparsity));
    }
    const absl::Status feasible = expr::ValidateTarget(TargetOf(config, sparsity));
    if (!feasible.ok()) {
      return BadOption(config, "robust.sparsities", "within the bounds of allocation",
                       std::string(feasible.message()));
    }
  }
  const auto objectives =
      search::ScenarioObjectives(config.objectives, config.robust_aggregate,
                                 static_cast<int>(sparsities.size() * SubjectsOf(config).size()));
  if (objectives.size() > search::kMaximumObjectives) {
    return BadOption(
        config, "robust.aggregate",
        fmt::format("such that there are at most {} objectives", search::kMaximumObjectives),
        fmt::format("'{}', which gives {}", NameOf(config.robust_aggregate),
                    fmt::join(objectives, ", ")));
  }
  if (!config.fitness_levels.empty() && SubjectsOf(config).size() > 1) {
    return BadOption(config, "fitness.levels", "empty where robust names further models or texts",
                     fmt::format("'{}'", config.fitness_levels));
  }
  return absl::OkStatus();
}

}  // namespace strata::cli
