// A worker process with the synthetic evaluator: synthetic_worker ADDRESS [BLOCK_AT FIFO]
// With BLOCK_AT, it writes a byte to FIFO before its operation of that ordinal and then waits to be
// killed.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "tests/workers/small_search.h"
#include "workers/worker/worker.h"

namespace {

[[noreturn]] void AnnounceAndWait(const char* fifo) {
  const int descriptor = open(fifo, O_WRONLY);
  if (descriptor < 0 || write(descriptor, "!", 1) != 1) _exit(3);
  while (true) pause();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 4) return 2;
  const int64_t block_at = argc == 4 ? std::stoll(argv[2]) : -1;
  const char* const fifo = argc == 4 ? argv[3] : nullptr;
  const auto evaluator = strata::workers::SmallEvaluator([&](int64_t ordinal) {
    if (ordinal == block_at) AnnounceAndWait(fifo);
    return absl::OkStatus();
  });
  const absl::Status status = strata::workers::RunWorker(
      {.address = argv[1], .name = "", .connect_timeout_seconds = 20}, evaluator.get(), nullptr);
  if (!status.ok()) fmt::print(stderr, "{}\n", std::string(status.message()));
  return status.ok() ? 0 : 1;
}
