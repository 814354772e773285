// Publishes a running search: the stream of events, the notable events in the run's own log, and
// the file that `strata status` reads.
#ifndef STRATA_CLI_RUN_SEARCH_OBSERVER_H_
#define STRATA_CLI_RUN_SEARCH_OBSERVER_H_

#include <absl/status/statusor.h>

#include <cstdio>
#include <memory>
#include <string>

#include "cli/run/search_events.h"
#include "cli/run/search_setup.h"
#include "cli/run/search_snapshot.h"

namespace strata::cli {

struct CloseEvents {
  void operator()(std::FILE* stream) const;
};
using EventStream = std::unique_ptr<std::FILE, CloseEvents>;

// Opens the stream of events. `path` is a file, "-" for standard output, or empty for none. A
// missing file is created; an existing one keeps its content until SearchObserver::Begin. Errors:
// InvalidArgument if the file cannot be opened.
absl::StatusOr<EventStream> OpenEvents(const std::string& path);

// All calls come from the coordinator's thread.
class SearchObserver {
 public:
  // Overwrites what `events` held. `setup` must outlive the observer.
  static absl::StatusOr<std::unique_ptr<SearchObserver>> Begin(EventStream events,
                                                               SearchSetup* setup, bool is_resumed);
  ~SearchObserver();

  // Says where operators reach the coordinator, for the snapshot. To be called before Observe.
  void Serve(const std::string& coordinator) { coordinator_ = coordinator; }
  // Called about ten times a second, and at the end.
  void Observe(const workers::CoordinatorStatus& workers);
  void End();

 private:
  SearchObserver(EventStream stream, SearchSetup* setup);
  void Receive(const nlohmann::ordered_json& event);
  void WriteSnapshotFile(const workers::CoordinatorStatus& workers);

  EventStream stream_;  // null if there is none or writing it failed
  SearchSetup* const setup_;
  SearchEvents events_;
  SearchSnapshot snapshot_;
  std::string coordinator_;
  double written_at_ = 0;
  bool is_snapshot_broken_ = false;
};

}  // namespace strata::cli

#endif  // STRATA_CLI_RUN_SEARCH_OBSERVER_H_
