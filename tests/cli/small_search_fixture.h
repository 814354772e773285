// Runs a search of a tiny model through the program, which takes almost no time.
#ifndef STRATA_TESTS_CLI_SMALL_SEARCH_FIXTURE_H_
#define STRATA_TESTS_CLI_SMALL_SEARCH_FIXTURE_H_

#include "tests/cli/command_line_fixture.h"
#include "tests/evaluator/support/small_model.h"
#include "tests/support/temporary_folder.h"

namespace strata::cli {

// A search of a model of three blocks. Its pruner is RIA, which compares the weights of a whole
// matrix and therefore reaches the requested sparsity on small matrices too.
class SmallSearchTest : public CommandLineTest {
 protected:
  SmallSearchTest() : small_(evaluator::WaveModelGguf()) {
    std::string text;
    for (int i = 0; i < 3000; ++i) text += fmt::format("line {} of it\n\n", i * i % 977);
    config_ = Write("config.yaml",
                    fmt::format("model: {}\ntext: {}\nrun: {}\ntarget_sparsity: 0.6\n"
                                "pruner: ria\n"
                                "calibration: {{sequences: 2, sequence_tokens: 32}}\n"
                                "fitness: {{windows: 3, window_tokens: 32, arithmetic: fp32}}\n"
                                "selection: {{windows: 2}}\n"
                                "report: {{windows: 4, window_tokens: 32}}\n"
                                "search: {{minutes: 0, maximum_evaluations: 25, finalists: 2,\n"
                                "  baselines: [uniform, owl, als]}}\n"
                                "workers: {{count: 1}}\n",
                                small_.path(), Write("text.txt", text), Path("run")));
  }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

  nlohmann::json Search(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"search", config_, "--format", "json"});
    const Outcome outcome = Run(more);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    return nlohmann::json::parse(outcome.out, nullptr, false);
  }

  TemporaryFile small_;
  std::string config_;
};

}  // namespace strata::cli

#endif  // STRATA_TESTS_CLI_SMALL_SEARCH_FIXTURE_H_
