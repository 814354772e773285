// gRPC service to which workers connect: one reactor per stream, which only moves messages.
//
// Messages that arrive are posted to the io_context of the dispatcher; any thread may send. A
// stream deletes itself when gRPC is done with it. Here it is known by a number that may still be
// used after the stream is gone; such calls have no effect.
#ifndef STRATA_WORKERS_COORDINATOR_EXCHANGE_SERVICE_H_
#define STRATA_WORKERS_COORDINATOR_EXCHANGE_SERVICE_H_

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "proto/strata.grpc.pb.h"
#include "workers/coordinator/dispatcher.h"
#include "workers/wire/credentials.h"

namespace strata::workers {

class ExchangeStream;

struct ExchangeServiceOptions {
  Credentials credentials = {};
  size_t maximum_streams = 4096;  // open at the same time; further streams are refused
};

// Thread-safe. Must be destroyed after its server was shut down and WaitUntilEmpty returned.
class ExchangeService : public v1::Coordinator::CallbackService, public WorkerStreams {
 public:
  using OnState = std::function<void(WorkerId, const v1::WorkerState&)>;
  using OnClosed = std::function<void(WorkerId)>;

  // The handlers run on `context`, in the order of each stream's events; OnClosed is the last one.
  // The next message of a stream is read when OnState has returned for the previous one, so a
  // worker that sends without end cannot fill the memory.
  ExchangeService(const ExchangeServiceOptions& options, boost::asio::io_context* context,
                  OnState on_state, OnClosed on_closed);

  grpc::ServerBidiReactor<v1::WorkerState, v1::DesiredState>* Exchange(
      grpc::CallbackServerContext* context) override;

  void Send(WorkerId stream, const v1::DesiredState& desired) override;
  void Close(WorkerId stream) override;

  // Blocks until every stream is gone.
  void WaitUntilEmpty();

 private:
  friend class ExchangeStream;

  void Received(WorkerId stream, v1::WorkerState state);
  void ReadNext(WorkerId stream);
  void Gone(WorkerId stream);

  const ExchangeServiceOptions options_;
  boost::asio::io_context* const context_;
  const OnState on_state_;
  const OnClosed on_closed_;
  absl::Mutex mutex_;
  std::map<WorkerId, ExchangeStream*> streams_ ABSL_GUARDED_BY(mutex_);
  WorkerId next_ ABSL_GUARDED_BY(mutex_) = 1;
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_COORDINATOR_EXCHANGE_SERVICE_H_
