// Everyone who looks on while a search runs: the stream of events, the run's own log of the notable
// ones, and the file of `strata status`.
#ifndef STRATA_CLI_SEARCH_OBSERVER_H_
#define STRATA_CLI_SEARCH_OBSERVER_H_

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

// `path` is a file, which is made if need be and otherwise left as it is, "-" for standard output,
// or empty for none. InvalidArgument if it cannot be opened.
absl::StatusOr<EventStream> OpenEvents(const std::string& path);

// Used by the thread of the coordinator.
class SearchObserver {
 public:
  // What `events` held is written over. `setup` must outlive the observer.
  static absl::StatusOr<std::unique_ptr<SearchObserver>> Begin(EventStream events,
                                                               SearchSetup* setup, bool is_resumed);
  ~SearchObserver();

  // About ten times a second, and at the end.
  void Observe(const workers::CoordinatorStatus& workers);
  void End();

 private:
  SearchObserver(EventStream stream, SearchSetup* setup);
  void Receive(const nlohmann::ordered_json& event);
  void WriteSnapshotFile(const workers::CoordinatorStatus& workers);

  EventStream stream_;  // null: none, or it could not be written
  SearchSetup* const setup_;
  SearchEvents events_;
  SearchSnapshot snapshot_;
  double written_at_ = 0;
  bool is_snapshot_broken_ = false;
};

}  // namespace strata::cli

#endif  // STRATA_CLI_SEARCH_OBSERVER_H_
