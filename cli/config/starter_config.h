// The configuration that `strata init` writes: the settings that most people change, with comments
// and with sizes that fit the model, the text and the machine.
#ifndef STRATA_CLI_CONFIG_STARTER_CONFIG_H_
#define STRATA_CLI_CONFIG_STARTER_CONFIG_H_

#include <cstdint>
#include <string>

namespace strata::cli {

// What the sizes follow from.
struct StarterInputs {
  std::string model, text;  // paths, as they are to stand in the configuration
  std::string model_name;
  int blocks = 0;
  double model_bytes = 0;  // of the weights in float32, as a worker holds them
  int64_t positions = 0;   // longest sequence that the model takes; 0: any
  // Tokens of the splits of the text. Each has at least SmallestWindow(positions).
  int64_t calibration_tokens = 0, fitness_tokens = 0, report_tokens = 0;
  int processors = 1;
  double memory_bytes = 0;  // of the machine
};

struct StarterSizes {
  int64_t window_tokens = 0;  // also of calibration sequences
  int64_t calibration_sequences = 0;
  int64_t fitness_windows = 0;  // also for the selection
  int64_t report_windows = 0;
  int64_t workers = 0;
  int64_t threads = 0;
};

// Returns the tokens of the shortest windows that are proposed: 32, or the model's positions if
// those are fewer.
int64_t SmallestWindow(int64_t positions);

// Returns 8 calibration sequences, 8 fitness windows and 16 report windows of 256 tokens, or as
// many of fewer tokens as model and text allow, and as many workers as the memory holds, at most 4,
// which share all processors.
StarterSizes StarterSizesFor(const StarterInputs& inputs);

// Returns the YAML. `path` is where it will lie; `-` is standard output. The run's folder has its
// name.
std::string StarterConfig(const StarterInputs& inputs, const std::string& path);

}  // namespace strata::cli

#endif  // STRATA_CLI_CONFIG_STARTER_CONFIG_H_
