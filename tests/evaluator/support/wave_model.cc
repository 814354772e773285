#include "tests/evaluator/support/wave_model.h"

#include <ATen/Parallel.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "tests/support/temporary_folder.h"

namespace strata::evaluator {

SingleThreadTest::SingleThreadTest() : threads_(at::get_num_threads()) { at::set_num_threads(1); }
SingleThreadTest::~SingleThreadTest() { at::set_num_threads(threads_); }

TransformerModel& WaveModel() {
  static const std::unique_ptr<TransformerModel> model = [] {
    const TemporaryFile file(WaveModelGguf());
    auto opened = OpenCheckpoint(file.path());
    auto loaded = opened.ok() ? TransformerModel::Load(*std::move(opened)) : opened.status();
    if (!loaded.ok()) {
      std::cerr << loaded.status() << "\n";
      std::exit(1);
    }
    return *std::move(loaded);
  }();
  return *model;
}

const nlohmann::json& WaveReference() {
  static const nlohmann::json reference =
      nlohmann::json::parse(std::ifstream(STRATA_SOURCE_DIR "/tests/oracles/expr/gradients.json"));
  return reference;
}

}  // namespace strata::evaluator
