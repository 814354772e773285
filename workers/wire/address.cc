#include "workers/wire/address.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "evaluator/files/file_system.h"

namespace strata::workers {
namespace {

constexpr char kUnixPrefix[] = "unix:";
constexpr size_t kMaximumPathBytes = sizeof(sockaddr_un{}.sun_path) - 1;

bool IsLoopback(const std::string& host) {
  const bool is_loopback_number =
      host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos;
  return host == "localhost" || host == "[::1]" || is_loopback_number;
}

absl::StatusOr<Address> ParseUnixAddress(const std::string& text) {
  Address address;
  address.socket_path = text.substr(std::strlen(kUnixPrefix));
  // gRPC reads "unix:///path" as the absolute path after two slashes.
  if (address.socket_path.starts_with("///")) address.socket_path.erase(0, 2);
  if (address.socket_path.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("address \"{}\": expected a path after \"unix:\"", text));
  }
  if (address.socket_path.size() > kMaximumPathBytes) {
    return absl::InvalidArgumentError(fmt::format(
        "address \"{}\": a socket path has at most {} bytes, this one has {}; choose a shorter one",
        text, kMaximumPathBytes, address.socket_path.size()));
  }
  const size_t special = address.socket_path.find_first_of("%?#");
  if (special != std::string::npos) {
    return absl::InvalidArgumentError(fmt::format(
        "address \"{}\": expected a socket path without %, ? and #, which gRPC reads as parts of a "
        "URI, found '{}'; choose another path",
        text, address.socket_path[special]));
  }
  address.text = kUnixPrefix + address.socket_path;
  return address;
}

// Returns true if a process accepts connections on the socket.
absl::StatusOr<bool> SomebodyListens(const std::string& path) {
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) {
    return evaluator::FileStatus(errno, "make a socket to inspect it", path);
  }
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.data(), path.size());
  const int outcome = connect(descriptor, reinterpret_cast<const sockaddr*>(&name), sizeof(name));
  const int error = errno;
  close(descriptor);
  // EAGAIN: the socket's queue of connections is full, so a process listens on it.
  if (outcome == 0 || error == EAGAIN) return true;
  if (error == ECONNREFUSED || error == ENOENT) return false;
  return evaluator::FileStatus(error, "inspect the socket", path);
}

}  // namespace

absl::StatusOr<Address> ParseAddress(const std::string& text) {
  if (text.starts_with(kUnixPrefix)) return ParseUnixAddress(text);
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) {
    return absl::InvalidArgumentError(
        fmt::format("address \"{}\": expected \"unix:/path/of/socket\" or \"host:port\"", text));
  }
  const std::string port = text.substr(colon + 1);
  const bool numeric = !port.empty() && port.size() <= 5 &&
                       port.find_first_not_of("0123456789") == std::string::npos;
  if (!numeric || std::stoi(port) > 65535) {
    return absl::InvalidArgumentError(fmt::format(
        "address \"{}\": expected a port of 0 to 65535 after the colon, found \"{}\"", text, port));
  }
  Address address;
  address.text = text;
  address.host = text.substr(0, colon);
  address.is_local = IsLoopback(address.host);
  return address;
}

absl::Status ClaimSocketPath(const Address& address) {
  if (address.socket_path.empty()) return absl::OkStatus();
  struct stat status {};
  if (lstat(address.socket_path.c_str(), &status) != 0) {
    if (errno == ENOENT) return absl::OkStatus();
    return evaluator::FileStatus(errno, "inspect", address.socket_path);
  }
  if (!S_ISSOCK(status.st_mode)) {
    return absl::FailedPreconditionError(fmt::format(
        "expected a socket or nothing at {}, found a file of another kind", address.socket_path));
  }
  const absl::StatusOr<bool> listens = SomebodyListens(address.socket_path);
  if (!listens.ok()) return listens.status();
  if (*listens) {
    return absl::UnavailableError(
        fmt::format("another coordinator listens on {}", address.socket_path));
  }
  if (unlink(address.socket_path.c_str()) != 0 && errno != ENOENT) {
    return evaluator::FileStatus(errno, "remove the unused socket", address.socket_path);
  }
  return absl::OkStatus();
}

}  // namespace strata::workers
