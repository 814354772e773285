// Settings that have one of a few names, for which no component has an enumeration, and names of
// enumerations that only configurations write.
#ifndef STRATA_CLI_CONFIG_CONFIG_ENUMS_H_
#define STRATA_CLI_CONFIG_CONFIG_ENUMS_H_

#include <optional>
#include <string>

#include "evaluator/evaluator.h"
#include "search/store/run_store.h"

namespace strata::cli {

// What the published functions look at if the run's units are finer than blocks.
enum class BaselineUnits {
  kRun,    // the run's own units
  kBlock,  // all units of a block get the same sparsity
  kBoth,
};

// Where local workers compute.
enum class Device { kCpu };

// The format of coordinator.log.
enum class LogFormat { kText, kJson };

// What happens to a run folder on a network file system.
enum class NetworkFileSystem { kRefuse, kAllow };

// Return the names that configurations write, and an empty name for a value that is no enumerator.
std::string NameOf(BaselineUnits value);      // "run", "block", "both"
std::string NameOf(Device value);             // "cpu"
std::string NameOf(LogFormat value);          // "text", "json"
std::string NameOf(NetworkFileSystem value);  // "refuse", "allow"
std::string NameOf(search::Fsync value);      // "commit", "checkpoint"
// "fp32", "bf16", or "auto" for nullopt.
std::string NameOf(const std::optional<evaluator::Arithmetic>& value);

}  // namespace strata::cli

#endif  // STRATA_CLI_CONFIG_CONFIG_ENUMS_H_
