#include "cli/run/worker_arguments.h"

#include <fmt/format.h>

#include <filesystem>
#include <tuple>

namespace strata::cli {

std::vector<std::string> WorkerArguments(const RunConfig& config, const std::string& coordinator) {
  std::vector<std::string> arguments = {std::filesystem::read_symlink("/proc/self/exe"),
                                        "worker",
                                        "--coordinator",
                                        coordinator,
                                        "--threads",
                                        fmt::format("{}", config.worker_threads),
                                        "--device",
                                        NameOf(config.worker_device)};
  for (const auto& [option, own, further] :
       {std::tuple("--model", config.model, config.robust_models),
        std::tuple("--text", config.text, config.robust_texts)}) {
    arguments.insert(arguments.end(), {option, own});
    for (const std::string& path : further) arguments.insert(arguments.end(), {option, path});
  }
  arguments.insert(arguments.end(),
                   {"--evaluation-seconds", fmt::format("{}", 60 * config.evaluation_minutes),
                    "--hang-seconds", fmt::format("{}", 60 * config.hang_minutes), "--memory-gib",
                    fmt::format("{}", config.memory_gib)});
  if (!config.worker_banks.empty()) {
    arguments.insert(arguments.end(), {"--banks", config.worker_banks});
  }
  if (!config.fitness_levels.empty()) {
    arguments.insert(arguments.end(), {"--levels", config.fitness_levels});
  }
  for (const std::string& path : config.fitness_tasks) {
    arguments.insert(arguments.end(), {"--tasks", path});
  }
  return arguments;
}

}  // namespace strata::cli
