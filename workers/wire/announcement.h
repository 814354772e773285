// Service discovery by file: the coordinator of a run on a cluster writes its address into a small
// file in a folder that its workers can read. The coordinator may end and start again on another
// machine, so workers read the file whenever they connect.
//
// The file has three lines: "run PATH", "address HOST:PORT" and "state serving|stopped|over". It is
// replaced as a whole, by renaming.
#ifndef STRATA_WORKERS_WIRE_ANNOUNCEMENT_H_
#define STRATA_WORKERS_WIRE_ANNOUNCEMENT_H_

#include <absl/status/statusor.h>

#include <string>

namespace strata::workers {

enum class RunState {
  kServing,
  kStopped,  // the run will be resumed: workers wait
  kOver,     // nothing is left to do: workers leave
};

struct Announcement {
  std::string run;      // folder of the run, for messages
  std::string address;  // "host:port" at which workers reach the last coordinator
  RunState state = RunState::kServing;
};

std::string ToText(const Announcement& announcement);

// Reads an announcement. Errors: Unavailable if there is no file yet; InvalidArgument if the file
// is not an announcement.
absl::StatusOr<Announcement> ReadAnnouncement(const std::string& path);

// Returns the path in "file:PATH"; empty for an address of another form.
std::string AnnouncementPath(const std::string& address);

}  // namespace strata::workers

#endif  // STRATA_WORKERS_WIRE_ANNOUNCEMENT_H_
