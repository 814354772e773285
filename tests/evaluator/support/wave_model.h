// The wave model of small_model.h, loaded, and what a reference computes on it.
#ifndef STRATA_TESTS_EVALUATOR_MODEL_WAVE_MODEL_H_
#define STRATA_TESTS_EVALUATOR_MODEL_WAVE_MODEL_H_

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "evaluator/model/transformer_model.h"
#include "tests/evaluator/support/small_model.h"

namespace strata::evaluator {

TransformerModel& WaveModel();

// Computes with one thread, which is faster on so small a model, and for matrices of SmolLM2 on a
// machine that is busy otherwise; sets the number back after each test.
class SingleThreadTest : public testing::Test {
 protected:
  SingleThreadTest();
  ~SingleThreadTest() override;

 private:
  int threads_;
};

// tests/oracles/expr/gradients.json.
const nlohmann::json& WaveReference();

}  // namespace strata::evaluator

#endif  // STRATA_TESTS_EVALUATOR_MODEL_WAVE_MODEL_H_
