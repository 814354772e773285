#include "search/refinement/slope_descent.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "expr/descent.h"
#include "expr/status_macros.h"

namespace strata::search {
namespace {

// Lengths of the steps of a line, relative to the length that is expected to be best.
constexpr double kLengths[] = {2, 1, 0.5, 0.25};

// Factor of the expected length after a line without gain: all steps of the next line are shorter.
constexpr double kRetreat = 1.0 / 16;

}  // namespace

SlopeDescent::SlopeDescent(std::vector<int64_t> parameters, const expr::AllocationTarget& target)
    : parameters_(std::move(parameters)), target_(target) {}

absl::Status SlopeDescent::CheckAsked(int64_t id) const {
  if (asked_ == id) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("refinement: slopes at allocation {} are not being measured", id));
}

absl::Status SlopeDescent::TellSlopes(int64_t id, const std::vector<double>& slopes) {
  STRATA_RETURN_IF_ERROR(CheckAsked(id));
  const bool finite =
      std::ranges::all_of(slopes, [](double slope) { return std::isfinite(slope); });
  if (slopes.size() != parameters_.size() || !finite) {
    return absl::InvalidArgumentError(
        fmt::format("refinement: slopes at allocation {}: expected {} finite numbers, found {}{}",
                    id, parameters_.size(), slopes.size(), finite ? "" : ", not all finite"));
  }
  slopes_ = slopes;
  asked_.reset();
  ++measured_;
  return absl::OkStatus();
}

absl::Status SlopeDescent::TellFailure(int64_t id, const std::string& reason) {
  STRATA_RETURN_IF_ERROR(CheckAsked(id));
  failure_ = reason;
  asked_.reset();
  ++measured_;
  End();
  return absl::OkStatus();
}

std::vector<SlopeDescent::Step> SlopeDescent::Line(const expr::Allocation& from) const {
  std::vector<double> direction(slopes_.size());
  expr::DescentStep(slopes_, expr::WeightsOf(parameters_), direction);
  std::vector<Step> line;
  if (std::ranges::all_of(direction, [](double d) { return d == 0; })) return line;
  for (const double multiple : kLengths) {
    const double length = length_ * multiple;
    expr::Allocation wanted = from;
    for (size_t i = 0; i < wanted.size(); ++i) {
      wanted[i] += length * direction[i];
    }
    auto allocation = expr::ProjectToGroups(wanted, parameters_, target_);
    if (!allocation.ok()) continue;  // no allocation with whole numbers of zeros is near
    line.push_back({length, *std::move(allocation)});
  }
  return line;
}

void SlopeDescent::EndLine(int64_t best) {
  const auto step = line_.find(best);
  if (step == line_.end()) {
    length_ *= kRetreat;
  } else {
    length_ = step->second;
    slopes_.clear();
  }
  line_.clear();
}

}  // namespace strata::search
