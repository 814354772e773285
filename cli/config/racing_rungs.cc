#include "cli/config/racing_rungs.h"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

#include "evaluator/names.h"

namespace strata::cli {
namespace {

absl::Status Bad(const std::string& text, const std::string& expected) {
  return absl::InvalidArgumentError(fmt::format("expected {}, found '{}'", expected, text));
}

absl::StatusOr<evaluator::Fidelity> ParseRung(const std::string& text,
                                              const evaluator::Fidelity& last) {
  std::istringstream words(text);
  std::string windows, protocol, arithmetic, more;
  words >> windows >> protocol >> arithmetic >> more;
  evaluator::Fidelity rung = last;
  const char* end = windows.data() + windows.size();
  const auto [stopped, error] = std::from_chars(windows.data(), end, rung.windows);
  if (error != std::errc() || stopped != end || rung.windows < 1 || rung.windows > last.windows ||
      !more.empty()) {
    return Bad(text,
               fmt::format("'WINDOWS [PROTOCOL [ARITHMETIC]]' with 1 to {} windows", last.windows));
  }
  for (const absl::Status& status :
       {protocol.empty() ? absl::OkStatus() : evaluator::ParseName(protocol, &rung.protocol),
        arithmetic.empty() ? absl::OkStatus()
                           : evaluator::ParseName(arithmetic, &rung.arithmetic)}) {
    if (!status.ok()) return Bad(text, std::string(status.message()));
  }
  return rung;
}

bool IsAlike(const evaluator::Fidelity& one, const evaluator::Fidelity& other) {
  return one.protocol == other.protocol && one.arithmetic == other.arithmetic;
}

}  // namespace

absl::StatusOr<std::vector<evaluator::Fidelity>> ParseRacingRungs(
    const std::vector<std::string>& texts, const evaluator::Fidelity& last) {
  std::vector<evaluator::Fidelity> rungs;
  for (const std::string& text : texts) {
    const absl::StatusOr<evaluator::Fidelity> rung = ParseRung(text, last);
    if (!rung.ok()) return rung.status();
    for (const evaluator::Fidelity& earlier : rungs) {
      if (IsAlike(earlier, *rung) && earlier.windows >= rung->windows) {
        return Bad(text,
                   fmt::format("more than the {} windows of an earlier rung", earlier.windows));
      }
    }
    if (IsAlike(*rung, last) && rung->windows == last.windows) {
      return Bad(text,
                 fmt::format("fewer than the {} windows of the fitness itself", last.windows));
    }
    rungs.push_back(*rung);
  }
  return rungs;
}

}  // namespace strata::cli
