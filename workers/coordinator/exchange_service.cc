#include "workers/coordinator/exchange_service.h"

#include <boost/asio/post.hpp>
#include <deque>
#include <utility>

#include "workers/wire/authorization.h"

namespace strata::workers {

// Stream of one worker. gRPC calls the reactions (On...), possibly at the same time; OnDone is the
// last.
class ExchangeStream : public grpc::ServerBidiReactor<v1::WorkerState, v1::DesiredState> {
 public:
  ExchangeStream(ExchangeService* service, WorkerId id) : service_(service), id_(id) {}

  void ReadNext() {
    absl::MutexLock lock(&mutex_);
    if (!is_finished_) StartRead(&incoming_);
  }

  void Send(const v1::DesiredState& desired) {
    absl::MutexLock lock(&mutex_);
    if (is_finished_ || is_closing_) return;
    // A worker that reads nothing must not fill the memory.
    if (outgoing_.size() >= kMaximumQueued) {
      FinishLocked(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                                "the worker does not read what it is sent"));
      return;
    }
    outgoing_.push_back(desired);
    if (outgoing_.size() == 1) StartWrite(&outgoing_.front());
  }

  // Ends the stream after what is queued has been written.
  void Close() {
    absl::MutexLock lock(&mutex_);
    is_closing_ = true;
    if (outgoing_.empty()) FinishLocked(grpc::Status::OK);
  }

  void OnReadDone(bool ok) override {
    if (ok) {
      service_->Received(id_, std::exchange(incoming_, {}));
      return;
    }
    Close();
  }

  void OnWriteDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    outgoing_.pop_front();
    if (is_finished_) return;
    if (!ok) {
      FinishLocked(grpc::Status(grpc::StatusCode::UNAVAILABLE, "the worker is gone"));
    } else if (!outgoing_.empty()) {
      StartWrite(&outgoing_.front());
    } else if (is_closing_) {
      FinishLocked(grpc::Status::OK);
    }
  }

  void OnCancel() override {
    absl::MutexLock lock(&mutex_);
    FinishLocked(grpc::Status::CANCELLED);
  }

  void OnDone() override {
    service_->Gone(id_);
    delete this;
  }

 private:
  static constexpr size_t kMaximumQueued = 64;

  void FinishLocked(const grpc::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (std::exchange(is_finished_, true)) return;
    Finish(status);
  }

  ExchangeService* const service_;
  const WorkerId id_;
  v1::WorkerState incoming_;
  absl::Mutex mutex_;
  std::deque<v1::DesiredState> outgoing_ ABSL_GUARDED_BY(mutex_);  // the front is being written
  bool is_closing_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_finished_ ABSL_GUARDED_BY(mutex_) = false;
};

namespace {

// A stream that is refused: it ends as soon as it begins.
class RefusedStream : public grpc::ServerBidiReactor<v1::WorkerState, v1::DesiredState> {
 public:
  explicit RefusedStream(const grpc::Status& reason) { Finish(reason); }
  void OnDone() override { delete this; }
};

}  // namespace

ExchangeService::ExchangeService(const ExchangeServiceOptions& options,
                                 boost::asio::io_context* context, OnState on_state,
                                 OnClosed on_closed)
    : options_(options),
      context_(context),
      on_state_(std::move(on_state)),
      on_closed_(std::move(on_closed)) {}

grpc::ServerBidiReactor<v1::WorkerState, v1::DesiredState>* ExchangeService::Exchange(
    grpc::CallbackServerContext* context) {
  const grpc::Status allowed = CheckRight(*context, options_.credentials, Right::kExchange);
  if (!allowed.ok()) return new RefusedStream(allowed);
  ExchangeStream* stream = nullptr;
  {
    absl::MutexLock lock(&mutex_);
    if (streams_.size() >= options_.maximum_streams) {
      return new RefusedStream(
          {grpc::StatusCode::RESOURCE_EXHAUSTED, "too many workers are connected"});
    }
    const WorkerId id = next_++;
    stream = new ExchangeStream(this, id);  // deletes itself in OnDone
    streams_[id] = stream;
  }
  stream->ReadNext();
  return stream;
}

void ExchangeService::Send(WorkerId id, const v1::DesiredState& desired) {
  absl::MutexLock lock(&mutex_);
  const auto found = streams_.find(id);
  if (found != streams_.end()) found->second->Send(desired);
}

void ExchangeService::Close(WorkerId id) {
  absl::MutexLock lock(&mutex_);
  const auto found = streams_.find(id);
  if (found != streams_.end()) found->second->Close();
}

void ExchangeService::WaitUntilEmpty() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(
      +[](std::map<WorkerId, ExchangeStream*>* streams) { return streams->empty(); }, &streams_));
}

void ExchangeService::Received(WorkerId id, v1::WorkerState state) {
  boost::asio::post(*context_, [this, id, state = std::move(state)] {
    on_state_(id, state);
    ReadNext(id);
  });
}

void ExchangeService::ReadNext(WorkerId id) {
  absl::MutexLock lock(&mutex_);
  const auto found = streams_.find(id);
  if (found != streams_.end()) found->second->ReadNext();
}

void ExchangeService::Gone(WorkerId id) {
  boost::asio::post(*context_, [this, id] { on_closed_(id); });
  absl::MutexLock lock(&mutex_);
  streams_.erase(id);
}

}  // namespace strata::workers
