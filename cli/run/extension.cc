#include "cli/run/extension.h"

#include <fmt/format.h>

#include <cmath>

namespace strata::cli {
namespace {

struct Budget {
  const char* key;
  double wanted, stored;
  double used;  // the least that a run without a limit can be limited to
  bool zero_is_no_limit;
};

// Returns the least value that an extension may have; infinity if it must have no limit.
double LeastOf(const Budget& budget) {
  return budget.zero_is_no_limit && budget.stored == 0 ? budget.used : budget.stored;
}

bool IsEnough(const Budget& budget) {
  return (budget.zero_is_no_limit && budget.wanted == 0) || budget.wanted >= LeastOf(budget);
}

// Says what is expected: "at least 24, or 0 for no limit".
std::string Expected(const Budget& budget) {
  const double least = LeastOf(budget);
  if (!std::isfinite(least)) return "0, no limit";
  return fmt::format("at least {}{}", least, budget.zero_is_no_limit ? ", or 0 for no limit" : "");
}

}  // namespace

absl::Status CheckExtension(const RunConfig& wanted, const RunConfig& stored,
                            const UsedBudget& used) {
  const auto number = [](int64_t value) { return static_cast<double>(value); };
  const Budget budgets[] = {
      {"search.maximum_evaluations", number(wanted.maximum_evaluations),
       number(stored.maximum_evaluations), number(used.evaluations), true},
      {"search.minutes", wanted.minutes, stored.minutes, used.minutes, true},
      // Where the search would have ended with a limit is not known.
      {"search.stagnation", number(wanted.stagnation), number(stored.stagnation), INFINITY, true},
      {"search.finalists", number(wanted.finalists), number(stored.finalists), 0, false},
      {"refine.evaluations", number(wanted.refine_evaluations), number(stored.refine_evaluations),
       0, false}};
  for (const Budget& budget : budgets) {
    const auto origin = wanted.origins.find(budget.key);
    if (origin == wanted.origins.end() || IsEnough(budget)) continue;
    return absl::InvalidArgumentError(fmt::format(
        "{}: '{}' is {} but the run in '{}' has {}{}: an extension never shortens a run, expected "
        "{}",
        origin->second, budget.key, budget.wanted, wanted.run, budget.stored,
        budget.zero_is_no_limit && budget.stored == 0 ? " (no limit)" : "", Expected(budget)));
  }
  return absl::OkStatus();
}

}  // namespace strata::cli
