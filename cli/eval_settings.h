// Settings of `strata eval`: what it measures, and how.
#ifndef STRATA_CLI_EVAL_SETTINGS_H_
#define STRATA_CLI_EVAL_SETTINGS_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/shared/command.h"
#include "evaluator/tasks/estimate.h"
#include "evaluator/tasks/perplexity.h"
#include "evaluator/tasks/task_evaluator.h"

namespace strata::cli {

struct EvalSettings {
  const CLI::App* verb = nullptr;     // knows which options were given
  tasks::TaskEvaluatorOptions model;  // its arithmetic and residence come from the fields below
  std::string arithmetic = "fp32";
  bool stream = false;

  std::string text;
  std::string text_format = "plain";
  tasks::WindowOptions windows;
  std::string tail = "drop";
  bool rolling = false;

  std::vector<std::string> tasks;
  int64_t limit = 0;
  std::string log_samples;
  std::string resume;
  tasks::BootstrapOptions bootstrap;

  std::string allocation;
  std::string granularity = "block";
  std::string pruner = "wanda";
  std::string protocol = "sequential";
  tasks::ModelVersion pruned;  // pruner, protocol and sparsity come from the fields above

  OutputFormat format = OutputFormat::kTable;
  bool wide = false;
};

// Adds the options of `strata eval`.
void AddEvalOptions(CLI::App* subcommand, EvalSettings* settings);

}  // namespace strata::cli

#endif  // STRATA_CLI_EVAL_SETTINGS_H_
