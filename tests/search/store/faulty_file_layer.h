// A file layer of SQLite that fails, or dies, at a chosen moment: for what the store does then.
#ifndef STRATA_TESTS_SEARCH_FAULTY_FILE_LAYER_H_
#define STRATA_TESTS_SEARCH_FAULTY_FILE_LAYER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace strata::search {

// Files are those of the system, but a sync only notes that it took place. Operations are writes,
// truncations, deletions and syncs of databases and their logs, counted from 0. One at a time, one
// thread.
class FaultyFileLayer {
 public:
  // What happens at the operation `at` and at all that follow.
  enum class Fault {
    kNone,
    kDiskFull,    // writes fail as with ENOSPC
    kIoError,     // all fail as with EIO or EROFS
    kKilled,      // half of a write arrives, then nothing: the process is gone
    kPowerLoss,   // the same, and of what was not synced nothing arrived
    kPowerLossB,  // ... every second write arrived
  };

  // For RunStoreOptions::file_layer.
  static const char* name();

  // Begins to count anew.
  static void Plan(Fault fault, int64_t at);
  static int64_t operations();
  static bool struck();  // the operation came

  // Puts the files into the state in which the planned fault left them, once the store is closed.
  static void Settle();
};

}  // namespace strata::search

#endif  // STRATA_TESTS_SEARCH_FAULTY_FILE_LAYER_H_
