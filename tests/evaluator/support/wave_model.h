// The loaded wave model of small_model.h, and the results of a reference on it.
#ifndef STRATA_TESTS_EVALUATOR_SUPPORT_WAVE_MODEL_H_
#define STRATA_TESTS_EVALUATOR_SUPPORT_WAVE_MODEL_H_

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "evaluator/model/transformer_model.h"
#include "tests/evaluator/support/small_model.h"

namespace strata::evaluator {

TransformerModel& WaveModel();

// Computes with one thread and restores the number of threads after each test. One thread is faster
// on so small a model, and for matrices of SmolLM2 on a busy machine.
class SingleThreadTest : public testing::Test {
 protected:
  SingleThreadTest();
  ~SingleThreadTest() override;

 private:
  int threads_;
};

// Returns the content of tests/oracles/expr/gradients.json.
const nlohmann::json& WaveReference();

}  // namespace strata::evaluator

#endif  // STRATA_TESTS_EVALUATOR_SUPPORT_WAVE_MODEL_H_
