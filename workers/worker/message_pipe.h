// Protobuf messages over a stream socket, each preceded by its length (see proto/child.proto).
#ifndef STRATA_WORKERS_MESSAGE_PIPE_H_
#define STRATA_WORKERS_MESSAGE_PIPE_H_

#include <absl/status/statusor.h>

#include <string>

namespace google::protobuf {
class MessageLite;
}

namespace strata::workers {

// Reading and writing are for one thread each.
class MessagePipe {
 public:
  explicit MessagePipe(int socket) : socket_(socket) {}  // owns it
  ~MessagePipe();
  MessagePipe(const MessagePipe&) = delete;
  MessagePipe& operator=(const MessagePipe&) = delete;

  // Blocks until all is written. Unavailable: the other end is gone. ResourceExhausted: more than
  // kMaximumMessageBytes.
  absl::Status Write(const google::protobuf::MessageLite& message);

  // False: no whole message came within `timeout_seconds`; negative: waits for ever. Unavailable:
  // the other end is gone. DataLoss: what came is no such message, or too long.
  absl::StatusOr<bool> Read(double timeout_seconds, google::protobuf::MessageLite* message);

 private:
  // Whether the message was there.
  absl::StatusOr<bool> TakeMessage(google::protobuf::MessageLite* message);

  const int socket_;
  std::string received_;  // not yet a whole message
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_MESSAGE_PIPE_H_
