#include "workers/coordinator/control_service.h"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "workers/wire/field_checks.h"

namespace strata::workers {
namespace {

const grpc::Status kOver(grpc::StatusCode::UNAVAILABLE, "the search is stopping");

}  // namespace

ControlService::ControlService(const Credentials& credentials, boost::asio::io_context* context,
                               ControlHandlers handlers)
    : credentials_(credentials), context_(context), handlers_(std::move(handlers)) {}

grpc::ServerUnaryReactor* ControlService::GetStatus(grpc::CallbackServerContext* context,
                                                    const v1::StatusRequest* /*request*/,
                                                    v1::StatusReply* reply) {
  return Answer(context, Right::kView, [this, reply] {
    handlers_.fill_status(reply);
    return grpc::Status::OK;
  });
}

grpc::ServerUnaryReactor* ControlService::Stop(grpc::CallbackServerContext* context,
                                               const v1::StopRequest* /*request*/,
                                               v1::StopReply* /*reply*/) {
  return Answer(context, Right::kOperate, [this] {
    handlers_.stop();
    return grpc::Status::OK;
  });
}

grpc::ServerUnaryReactor* ControlService::DrainWorker(grpc::CallbackServerContext* context,
                                                      const v1::DrainWorkerRequest* request,
                                                      v1::DrainWorkerReply* /*reply*/) {
  return Answer(context, Right::kOperate, [this, request] {
    if (handlers_.drain_workers(request->worker_name()) > 0) return grpc::Status::OK;
    return grpc::Status(
        grpc::StatusCode::NOT_FOUND,
        fmt::format("no worker called {} is connected", Printable(request->worker_name())));
  });
}

void ControlService::Close() {
  std::map<int64_t, grpc::ServerUnaryReactor*> waiting;
  {
    absl::MutexLock lock(&mutex_);
    is_closed_ = true;
    waiting.swap(waiting_);
  }
  for (const auto& [call, reactor] : waiting) reactor->Finish(kOver);
}

grpc::ServerUnaryReactor* ControlService::Answer(grpc::CallbackServerContext* context, Right right,
                                                 std::function<grpc::Status()> answer) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  const grpc::Status allowed = CheckRight(*context, credentials_, right);
  if (!allowed.ok()) {
    reactor->Finish(allowed);
    return reactor;
  }
  int64_t call = 0;
  {
    absl::MutexLock lock(&mutex_);
    if (is_closed_) {
      reactor->Finish(kOver);
      return reactor;
    }
    call = next_++;
    waiting_[call] = reactor;
  }
  boost::asio::post(*context_, [this, call, answer = std::move(answer)] {
    if (grpc::ServerUnaryReactor* const waiting = Take(call)) waiting->Finish(answer());
  });
  return reactor;
}

grpc::ServerUnaryReactor* ControlService::Take(int64_t call) {
  absl::MutexLock lock(&mutex_);
  const auto found = waiting_.find(call);
  if (found == waiting_.end()) return nullptr;
  grpc::ServerUnaryReactor* const reactor = found->second;
  waiting_.erase(found);
  return reactor;
}

}  // namespace strata::workers
