// What comes over the socket between a worker and the process that evaluates for it: it is read to
// its end or to the first bytes that are no message, and never waits for more than there is.
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "proto/child.pb.h"
#include "tests/fuzz/require.h"
#include "workers/worker/message_pipe.h"

namespace strata::workers {
namespace {

using fuzz::Require;

constexpr size_t kMostBytes = 64 << 10;  // fits a socket's buffer

template <typename Message>
void Check(const uint8_t* data, size_t size) {
  int sockets[2];
  Require(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0, "a pair of sockets");
  MessagePipe reader(sockets[0]);
  {
    const MessagePipe writer(sockets[1]);
    const size_t length = std::min(size, kMostBytes);
    Require(send(sockets[1], data, length, 0) == static_cast<ssize_t>(length), "all is sent");
  }
  Message message;
  absl::StatusOr<bool> read = true;
  size_t messages = 0;
  while (read.ok()) {
    read = reader.Read(-1, &message);
    Require(!read.ok() || *read, "without a time limit there is a message or an end");
    messages += read.ok() ? 1 : 0;
  }
  Require(absl::IsUnavailable(read.status()) || absl::IsDataLoss(read.status()),
          "the end, or no message");
  Require(4 * messages <= size, "each has a length of four bytes");
}

}  // namespace
}  // namespace strata::workers

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  strata::workers::Check<strata::v1::FromChild>(data, size);
  strata::workers::Check<strata::v1::ToChild>(data, size);
  return 0;
}
