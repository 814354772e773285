#include "workers/wire/announcement.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include "workers/wire/address.h"

namespace strata::workers {
namespace {

constexpr char kFilePrefix[] = "file:";
constexpr std::array kStateNames = {"serving", "stopped", "over"};

// Returns what follows "KEY " in the next line.
std::optional<std::string> NextValue(std::istream* file, const std::string& key) {
  std::string line;
  if (!std::getline(*file, line) || !line.starts_with(key + " ")) return std::nullopt;
  return line.substr(key.size() + 1);
}

}  // namespace

std::string ToText(const Announcement& announcement) {
  return fmt::format("run {}\naddress {}\nstate {}\n", announcement.run, announcement.address,
                     kStateNames[static_cast<size_t>(announcement.state)]);
}

absl::StatusOr<Announcement> ReadAnnouncement(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return absl::UnavailableError(fmt::format("{}: no coordinator has announced itself there: {}",
                                              path, std::strerror(errno)));
  }
  const auto run = NextValue(&file, "run");
  const auto address = NextValue(&file, "address");
  const auto state = NextValue(&file, "state");
  const auto invalid = absl::InvalidArgumentError(
      fmt::format("{}: expected the lines \"run PATH\", \"address HOST:PORT\" and \"state "
                  "serving|stopped|over\", found others",
                  path));
  if (!run || !address || !state || !ParseAddress(*address).ok()) return invalid;
  for (size_t i = 0; i < kStateNames.size(); ++i) {
    if (*state == kStateNames[i]) return Announcement{*run, *address, static_cast<RunState>(i)};
  }
  return invalid;
}

std::string AnnouncementPath(const std::string& address) {
  return address.starts_with(kFilePrefix) ? address.substr(std::strlen(kFilePrefix)) : "";
}

}  // namespace strata::workers
