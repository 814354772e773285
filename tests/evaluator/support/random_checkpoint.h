// Models of every family with weights from a formula, without files.
#ifndef STRATA_TESTS_EVALUATOR_MODEL_RANDOM_CHECKPOINT_H_
#define STRATA_TESTS_EVALUATOR_MODEL_RANDOM_CHECKPOINT_H_

#include <memory>
#include <string>
#include <vector>

#include "evaluator/model/transformer_model.h"

namespace strata::evaluator {

struct NamedConfig {
  std::string name;
  ModelConfig config;
};

// Each family, and each variant that its blocks may have: windows shorter than the 40 tokens that
// tests run, post-norm, projected embeddings, biases. Two blocks, but where kinds of blocks
// alternate.
std::vector<NamedConfig> ConfigsOfAllFamilies();

// The model of a configuration; every tensor differs.
std::unique_ptr<TransformerModel> RandomModel(const ModelConfig& config,
                                              Residence residence = Residence::kMemory);

}  // namespace strata::evaluator

#endif  // STRATA_TESTS_EVALUATOR_MODEL_RANDOM_CHECKPOINT_H_
