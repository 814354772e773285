// What the program was built from and with.
#ifndef STRATA_CLI_BUILD_FACTS_H_
#define STRATA_CLI_BUILD_FACTS_H_

#include <string>

namespace strata::cli {

// Commit of the source tree, with "-dirty" if it had changes; empty if it was no Git checkout. In a
// file of its own, which is written at every build (cmake/WriteCommit.cmake).
extern const char* const kSourceCommit;

// Returns one line each: version and commit; compiler and build type; LibTorch, and whether it has
// CUDA; gRPC; Protobuf. No newline at the end.
std::string BuildFacts();

}  // namespace strata::cli

#endif  // STRATA_CLI_BUILD_FACTS_H_
