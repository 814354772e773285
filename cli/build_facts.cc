#include "cli/build_facts.h"

#include <fmt/format.h>

#include "workers/wire/library_versions.h"

// CMakeLists.txt defines STRATA_BUILD_TYPE, STRATA_LIBTORCH_VERSION and STRATA_LIBTORCH_HAS_CUDA.

namespace strata::cli {
namespace {

#if defined(__clang__)
constexpr char kCompiler[] = "Clang " __clang_version__;
#elif defined(__GNUC__)
constexpr char kCompiler[] = "GCC " __VERSION__;
#else
constexpr char kCompiler[] = "unknown compiler";
#endif

}  // namespace

std::string BuildFacts() {
  const std::string commit = kSourceCommit;
  const std::string build_type = STRATA_BUILD_TYPE;
  return fmt::format(
      "strata {}, commit {}\n"
      "compiler {}, build type {}\n"
      "LibTorch {}, {} CUDA\n"
      "gRPC {}\n"
      "Protobuf {}",
      STRATA_VERSION, commit.empty() ? "unknown" : commit, kCompiler,
      build_type.empty() ? "none" : build_type, STRATA_LIBTORCH_VERSION,
      STRATA_LIBTORCH_HAS_CUDA ? "with" : "without", workers::GrpcVersion(),
      workers::ProtobufVersion());
}

}  // namespace strata::cli
