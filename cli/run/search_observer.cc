#include "cli/run/search_observer.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <set>
#include <utility>

#include "cli/config/run_config_plan.h"
#include "evaluator/clock.h"

namespace strata::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kSnapshotSeconds = 1;

// True if the kind of event is rare enough to be kept in the run.
bool IsNotable(const std::string& kind) {
  static const std::set<std::string> kinds = {"run_started", "phase_changed", "worker_joined",
                                              "worker_left", "worker_failed", "finished"};
  return kinds.contains(kind);
}

}  // namespace

void CloseEvents::operator()(std::FILE* stream) const {
  if (stream != stdout) std::fclose(stream);
}

absl::StatusOr<EventStream> OpenEvents(const std::string& path) {
  if (path.empty()) return EventStream();
  // The search must go on if a reader of the events goes away.
  std::signal(SIGPIPE, SIG_IGN);
  EventStream stream(path == "-" ? stdout : std::fopen(path.c_str(), "ae"));
  if (stream == nullptr) {
    return absl::InvalidArgumentError(
        fmt::format("--events: cannot open '{}': {}", path, std::strerror(errno)));
  }
  return stream;
}

SearchObserver::SearchObserver(EventStream stream, SearchSetup* setup)
    : stream_(std::move(stream)),
      setup_(setup),
      events_([this](const Json& event) { Receive(event); }, evaluator::UnixSeconds,
              MeasuresOf(setup->config)),
      snapshot_(MeasuresOf(setup->config)) {}

absl::StatusOr<std::unique_ptr<SearchObserver>> SearchObserver::Begin(EventStream events,
                                                                      SearchSetup* setup,
                                                                      bool is_resumed) {
  struct stat about = {};
  const bool is_file = events != nullptr && events.get() != stdout &&
                       fstat(fileno(events.get()), &about) == 0 && S_ISREG(about.st_mode);
  if (is_file && ftruncate(fileno(events.get()), 0) != 0) {
    return absl::InternalError(
        fmt::format("--events: cannot be written over: {}", std::strerror(errno)));
  }
  std::unique_ptr<SearchObserver> observer(new SearchObserver(std::move(events), setup));
  *setup->on_commit = [raw = observer.get()](const search::RunChanges& changes) {
    if (raw->stream_ != nullptr) raw->events_.Committed(changes);
  };
  observer->events_.Begin(setup->config.run, setup->model.name, setup->config.target_sparsity,
                          is_resumed);
  return observer;
}

SearchObserver::~SearchObserver() { *setup_->on_commit = nullptr; }

void SearchObserver::Receive(const Json& event) {
  const std::string kind = event["event"];
  if (IsNotable(kind)) {
    Json detail = event;
    detail.erase("event");
    detail.erase("unix_seconds");
    // A failure to log an event need not end the search. If the store cannot be written, storing
    // the next result ends it.
    const absl::Status logged = setup_->store->AppendEvent(
        event["unix_seconds"], kind, detail.dump(-1, ' ', false, Json::error_handler_t::replace));
    if (!logged.ok()) spdlog::warn("{}", std::string(logged.message()));
  }
  if (stream_ == nullptr) return;
  const std::string line = event.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  if (std::fwrite(line.data(), 1, line.size(), stream_.get()) == line.size() &&
      std::fflush(stream_.get()) == 0) {
    return;
  }
  fmt::print(stderr, "--events: cannot be written: {}; the search goes on without\n",
             std::strerror(errno));
  stream_.reset();
}

void SearchObserver::WriteSnapshotFile(const workers::CoordinatorStatus& workers) {
  Json snapshot = snapshot_.Take(*setup_->session, workers, evaluator::UnixSeconds());
  snapshot["coordinator"] = coordinator_;
  const absl::Status written = WriteSnapshot(setup_->config.run, snapshot);
  if (!written.ok() && !is_snapshot_broken_) {
    spdlog::warn("strata status shows no workers: {}", std::string(written.message()));
  }
  is_snapshot_broken_ = !written.ok();
}

void SearchObserver::Observe(const workers::CoordinatorStatus& workers) {
  events_.Observe(setup_->session->engine(), workers);
  const double now = evaluator::UnixSeconds();
  if (now >= written_at_ && now - written_at_ < kSnapshotSeconds) return;
  written_at_ = now;
  WriteSnapshotFile(workers);
}

void SearchObserver::End() { events_.End(*setup_->session); }

}  // namespace strata::cli
