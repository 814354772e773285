// gRPC service through which people watch and control a search. The thread that runs the search
// answers each call.
#ifndef STRATA_WORKERS_COORDINATOR_CONTROL_SERVICE_H_
#define STRATA_WORKERS_COORDINATOR_CONTROL_SERVICE_H_

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "proto/strata.grpc.pb.h"
#include "workers/wire/authorization.h"

namespace strata::workers {

// Functions that answer the calls. They run on the io_context.
struct ControlHandlers {
  std::function<void(v1::StatusReply*)> fill_status;
  std::function<void()> stop;
  // Returns the number of workers that were told to leave.
  std::function<int(const std::string& worker_name)> drain_workers;
};

// Thread-safe. Must be destroyed after its server was shut down.
class ControlService : public v1::Control::CallbackService {
 public:
  ControlService(const Credentials& credentials, boost::asio::io_context* context,
                 ControlHandlers handlers);

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const v1::StatusRequest* request,
                                      v1::StatusReply* reply) override;
  grpc::ServerUnaryReactor* Stop(grpc::CallbackServerContext* context,
                                 const v1::StopRequest* request, v1::StopReply* reply) override;
  grpc::ServerUnaryReactor* DrainWorker(grpc::CallbackServerContext* context,
                                        const v1::DrainWorkerRequest* request,
                                        v1::DrainWorkerReply* reply) override;

  // Answers all waiting calls, and all later ones, with UNAVAILABLE. To be called when the
  // io_context no longer runs.
  void Close();

 private:
  // Answers a call if the client has the right. `answer` runs on the io_context while the call
  // waits.
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, Right right,
                                   std::function<grpc::Status()> answer);
  // Removes a call from the waiting ones and returns it; the caller must finish it. Returns null if
  // the call has been finished already.
  grpc::ServerUnaryReactor* Take(int64_t call);

  const Credentials credentials_;
  boost::asio::io_context* const context_;
  const ControlHandlers handlers_;
  absl::Mutex mutex_;
  std::map<int64_t, grpc::ServerUnaryReactor*> waiting_ ABSL_GUARDED_BY(mutex_);
  int64_t next_ ABSL_GUARDED_BY(mutex_) = 1;
  bool is_closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace strata::workers

#endif  // STRATA_WORKERS_COORDINATOR_CONTROL_SERVICE_H_
