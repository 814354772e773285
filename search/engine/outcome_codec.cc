#include "search/engine/outcome_codec.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>

namespace strata::search {
namespace {

constexpr size_t kWordBytes = 8;

void AppendDouble(double value, std::string* bytes) {
  AppendInteger(std::bit_cast<uint64_t>(value), bytes);
}

// Reads words from the front of bytes; `ok` turns false, for good, at the first read past the end.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  uint64_t Integer() {
    if (bytes_.size() < kWordBytes) {
      ok_ = false;
      return 0;
    }
    uint64_t value = 0;
    for (size_t i = kWordBytes; i-- > 0;) {
      value = value << 8 | static_cast<unsigned char>(bytes_[i]);
    }
    bytes_.remove_prefix(kWordBytes);
    return value;
  }
  double Double() { return std::bit_cast<double>(Integer()); }

  // Reads a count of things of at least one word each. A count beyond what is left is an error,
  // found before anything is allocated.
  uint64_t Count() {
    const uint64_t count = Integer();
    if (count > bytes_.size() / kWordBytes) ok_ = false;
    return ok_ ? count : 0;
  }

  // Reads a number of characters, then the characters.
  std::string Text() {
    const uint64_t length = Integer();
    if (length > bytes_.size()) ok_ = false;
    if (!ok_) return "";
    std::string text(bytes_.substr(0, length));
    bytes_.remove_prefix(length);
    return text;
  }

  bool ok() const { return ok_; }
  bool AtEnd() const { return ok_ && bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

absl::Status CheckSlopes(const WorkItem& item, int units, const std::vector<double>& slopes) {
  const bool wanted = std::get<EvaluateWork>(item.work).stage == Stage::kSlope;
  const size_t expected = wanted ? static_cast<size_t>(units) : 0;
  if (slopes.size() != expected) {
    return absl::InvalidArgumentError(fmt::format("work item {}: expected {} slopes, found {}",
                                                  item.id, expected, slopes.size()));
  }
  for (size_t i = 0; i < slopes.size(); ++i) {
    if (std::isfinite(slopes[i])) continue;
    return absl::InvalidArgumentError(fmt::format(
        "work item {}: slope {}: expected a finite number, found {}", item.id, i, slopes[i]));
  }
  return absl::OkStatus();
}

}  // namespace

void AppendInteger(uint64_t value, std::string* bytes) {
  for (size_t i = 0; i < kWordBytes; ++i) bytes->push_back(static_cast<char>(value >> (8 * i)));
}

std::string EncodeDoubles(const std::vector<double>& values) {
  std::string bytes;
  bytes.reserve(values.size() * kWordBytes);
  for (const double value : values) AppendDouble(value, &bytes);
  return bytes;
}

absl::StatusOr<std::vector<double>> DecodeDoubles(std::string_view bytes) {
  if (bytes.size() % kWordBytes != 0) {
    return absl::DataLossError(
        fmt::format("expected a multiple of {} bytes, found {}", kWordBytes, bytes.size()));
  }
  std::vector<double> values(bytes.size() / kWordBytes);
  Reader reader(bytes);
  for (double& value : values) value = reader.Double();
  return values;
}

std::string KindOf(const Outcome& outcome) {
  if (std::holds_alternative<ProfileOutcome>(outcome)) return "profile";
  if (std::holds_alternative<EvaluateOutcome>(outcome)) return "evaluate";
  return "failed";
}

std::string EncodeOutcome(const Outcome& outcome) {
  std::string bytes;
  if (const auto* profile = std::get_if<ProfileOutcome>(&outcome)) {
    AppendInteger(profile->values.size(), &bytes);
    for (const std::vector<double>& values : profile->values) {
      AppendInteger(values.size(), &bytes);
      bytes += EncodeDoubles(values);
    }
  } else if (const auto* evaluate = std::get_if<EvaluateOutcome>(&outcome)) {
    bytes = EncodeDoubles({evaluate->mean_nll, evaluate->achieved_sparsity});
    AppendInteger(evaluate->window_nll.size(), &bytes);
    bytes += EncodeDoubles(evaluate->window_nll);
    AppendInteger(evaluate->measures.size(), &bytes);
    for (const auto& [name, value] : evaluate->measures) {
      AppendDouble(value, &bytes);
      AppendInteger(name.size(), &bytes);
      bytes += name;
    }
    if (!evaluate->slopes.empty()) {
      AppendInteger(evaluate->slopes.size(), &bytes);
      bytes += EncodeDoubles(evaluate->slopes);
    }
  } else {
    bytes = std::get<FailedOutcome>(outcome).reason;
  }
  return bytes;
}

absl::StatusOr<Outcome> DecodeOutcome(std::string_view kind, std::string_view bytes) {
  if (kind == "failed") return FailedOutcome{std::string(bytes)};
  Reader reader(bytes);
  Outcome outcome;
  if (kind == "profile") {
    ProfileOutcome profile;
    profile.values.resize(reader.Count());
    for (std::vector<double>& values : profile.values) {
      values.resize(reader.Count());
      for (double& value : values) value = reader.Double();
    }
    outcome = std::move(profile);
  } else if (kind == "evaluate") {
    EvaluateOutcome evaluate;
    evaluate.mean_nll = reader.Double();
    evaluate.achieved_sparsity = reader.Double();
    evaluate.window_nll.resize(reader.Count());
    for (double& nll : evaluate.window_nll) nll = reader.Double();
    const uint64_t measures = reader.Count();
    for (uint64_t i = 0; i < measures && reader.ok(); ++i) {
      const double value = reader.Double();
      evaluate.measures[reader.Text()] = value;
    }
    if (reader.ok() && !reader.AtEnd()) {
      evaluate.slopes.resize(reader.Count());
      for (double& slope : evaluate.slopes) slope = reader.Double();
    }
    outcome = evaluate;
  } else {
    return absl::DataLossError(
        fmt::format("expected an outcome of kind profile, evaluate or failed, found \"{}\"", kind));
  }
  if (!reader.AtEnd()) {
    return absl::DataLossError(
        fmt::format("an outcome of kind {} cannot be {} bytes long as read", kind, bytes.size()));
  }
  return outcome;
}

absl::Status CheckOutcome(const WorkItem& item, int units, const Outcome& outcome) {
  if (std::holds_alternative<FailedOutcome>(outcome)) return absl::OkStatus();
  const auto* asked = std::get_if<ProfileWork>(&item.work);
  const std::string expected = asked != nullptr ? "profile" : "evaluate";
  if (KindOf(outcome) != expected) {
    return absl::InvalidArgumentError(
        fmt::format("work item {}: expected an outcome of kind {} or failed, found kind {}",
                    item.id, expected, KindOf(outcome)));
  }
  if (asked == nullptr) {
    return CheckSlopes(item, units, std::get<EvaluateOutcome>(outcome).slopes);
  }
  const auto& values = std::get<ProfileOutcome>(outcome).values;
  if (values.size() != asked->features.size()) {
    return absl::InvalidArgumentError(fmt::format("work item {}: expected {} features, found {}",
                                                  item.id, asked->features.size(), values.size()));
  }
  for (size_t i = 0; i < values.size(); ++i) {
    if (static_cast<int>(values[i].size()) == units) continue;
    return absl::InvalidArgumentError(
        fmt::format("work item {}: feature {}: expected {} values, found {}", item.id,
                    asked->features[i], units, values[i].size()));
  }
  return absl::OkStatus();
}

}  // namespace strata::search
