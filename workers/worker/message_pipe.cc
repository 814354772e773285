#include "workers/worker/message_pipe.h"

#include <fmt/format.h>
#include <google/protobuf/message_lite.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "evaluator/clock.h"
#include "workers/wire/work_codec.h"

namespace strata::workers {
namespace {

constexpr size_t kLengthBytes = 4;
constexpr size_t kChunkBytes = 64 << 10;

absl::Status Gone(const char* reason) {
  return absl::UnavailableError(fmt::format("the other process is gone: {}", reason));
}

}  // namespace

MessagePipe::~MessagePipe() { close(socket_); }

absl::Status MessagePipe::Write(const google::protobuf::MessageLite& message) {
  const size_t size = message.ByteSizeLong();
  if (size > kMaximumMessageBytes) {
    return absl::ResourceExhaustedError(
        fmt::format("message: expected at most {} bytes, found {}", kMaximumMessageBytes, size));
  }
  std::string bytes;
  for (size_t i = 0; i < kLengthBytes; ++i) bytes.push_back(static_cast<char>(size >> (8 * i)));
  message.AppendToString(&bytes);
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t count = send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Gone(std::strerror(errno));
    sent += static_cast<size_t>(count);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> MessagePipe::TakeMessage(google::protobuf::MessageLite* message) {
  if (received_.size() < kLengthBytes) return false;
  uint32_t size = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) {
    size |= static_cast<uint32_t>(static_cast<unsigned char>(received_[i])) << (8 * i);
  }
  if (size > kMaximumMessageBytes) {
    return absl::DataLossError(
        fmt::format("message: expected at most {} bytes, found {}", kMaximumMessageBytes, size));
  }
  if (received_.size() < kLengthBytes + size) return false;
  if (!message->ParseFromArray(received_.data() + kLengthBytes, static_cast<int>(size))) {
    return absl::DataLossError(fmt::format("{} bytes that are no message", size));
  }
  received_.erase(0, kLengthBytes + size);
  return true;
}

absl::StatusOr<bool> MessagePipe::Read(double timeout_seconds,
                                       google::protobuf::MessageLite* message) {
  const double start = evaluator::SteadySeconds();
  while (true) {
    const absl::StatusOr<bool> taken = TakeMessage(message);
    if (!taken.ok() || *taken) return taken;
    const double left = std::clamp(timeout_seconds - evaluator::SecondsSince(start), 0.0, 1e6);
    pollfd waiting = {.fd = socket_, .events = POLLIN, .revents = 0};
    const int ready =
        poll(&waiting, 1, timeout_seconds < 0 ? -1 : static_cast<int>(std::ceil(1000 * left)));
    if (ready < 0 && errno != EINTR) return Gone(std::strerror(errno));
    if (ready == 0) return false;
    if (ready < 0) continue;
    std::array<char, kChunkBytes> chunk;
    const ssize_t count = recv(socket_, chunk.data(), chunk.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Gone(count < 0 ? std::strerror(errno) : "it closed the connection");
    received_.append(chunk.data(), static_cast<size_t>(count));
  }
}

}  // namespace strata::workers
