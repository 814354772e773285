// Protobuf messages over a stream socket, each preceded by its length (see proto/child.proto).
#ifndef STRATA_WORKERS_WORKER_MESSAGE_PIPE_H_
#define STRATA_WORKERS_WORKER_MESSAGE_PIPE_H_

#include <absl/status/statusor.h>

#include <string>

namespace google::protobuf {
class MessageLite;
}

namespace strata::workers {

// One thread may read while another one writes, but not more than one of each.
class MessagePipe {
 public:
  explicit MessagePipe(int socket) : socket_(socket) {}  // owns it
  ~MessagePipe();
  MessagePipe(const MessagePipe&) = delete;
  MessagePipe& operator=(const MessagePipe&) = delete;

  // Blocks until the whole message is written. Errors: Unavailable if the other end is gone;
  // ResourceExhausted if the message has more than kMaximumMessageBytes.
  absl::Status Write(const google::protobuf::MessageLite& message);

  // Reads one message. Returns false if no whole message arrived within `timeout_seconds`; a
  // negative timeout waits for ever. Errors: Unavailable if the other end is gone; DataLoss if what
  // arrived is not such a message or is too long.
  absl::StatusOr<bool> Read(double timeout_seconds, google::protobuf::MessageLite* message);

 private:
  // Takes the first message out of `received_`. Returns false if it is not complete yet.
  absl::StatusOr<bool> TakeMessage(google::protobuf::MessageLite* message);

  const int socket_;
  std::string received_;  // bytes that were not yet taken as messages
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WORKER_MESSAGE_PIPE_H_
