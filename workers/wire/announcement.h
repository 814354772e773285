// Where the coordinator of a cluster's run is to be found: a small file in a folder that its
// workers read too. The coordinator may end and begin again on another machine; workers read the
// file anew whenever they connect.
//
// Three lines: "run PATH", "address HOST:PORT", "state serving|stopped|over". It is replaced as a
// whole, by renaming.
#ifndef STRATA_WORKERS_ANNOUNCEMENT_H_
#define STRATA_WORKERS_ANNOUNCEMENT_H_

#include <absl/status/statusor.h>

#include <string>

namespace strata::workers {

enum class RunState {
  kServing,
  kStopped,  // will be resumed: workers wait
  kOver,     // nothing is left to do: workers leave
};

struct Announcement {
  std::string run;      // folder of the run, to be shown
  std::string address;  // "host:port" as workers reach it; of the last coordinator
  RunState state = RunState::kServing;
};

std::string ToText(const Announcement& announcement);

// Unavailable where there is no file yet; InvalidArgument for one that is not an announcement.
absl::StatusOr<Announcement> ReadAnnouncement(const std::string& path);

// The path in "file:PATH"; empty for an address of another form.
std::string AnnouncementPath(const std::string& address);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_ANNOUNCEMENT_H_
