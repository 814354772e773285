// A file layer of SQLite that fails or dies at a chosen operation. It tests how the store reacts.
#ifndef STRATA_TESTS_SEARCH_STORE_FAULTY_FILE_LAYER_H_
#define STRATA_TESTS_SEARCH_STORE_FAULTY_FILE_LAYER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace strata::search {

// Files are those of the system, but a sync only records that it took place. Operations are writes,
// truncations, deletions and syncs of databases and their logs, counted from 0. There is one layer
// at a time, used by one thread.
class FaultyFileLayer {
 public:
  // Effect on the operation `at` and on all that follow.
  enum class Fault {
    kNone,
    kDiskFull,    // writes fail with ENOSPC
    kIoError,     // all operations fail with EIO or EROFS
    kKilled,      // half of a write arrives, then nothing: the process is dead
    kPowerLoss,   // like kKilled, but no unsynced write has arrived
    kPowerLossB,  // like kPowerLoss, but every second unsynced write has arrived
  };

  // Returns the name to set as RunStoreOptions::file_layer.
  static const char* name();

  // Plans a fault and restarts the count of operations.
  static void Plan(Fault fault, int64_t at);
  static int64_t operations();
  static bool struck();  // true if the fault has taken effect

  // Puts the files into the state in which the planned fault left them. Call it after the store is
  // closed.
  static void Settle();
};

}  // namespace strata::search

#endif  // STRATA_TESTS_SEARCH_STORE_FAULTY_FILE_LAYER_H_
