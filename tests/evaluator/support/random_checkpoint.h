// Models of every family whose weights come from a seeded generator. They need no files.
#ifndef STRATA_TESTS_EVALUATOR_SUPPORT_RANDOM_CHECKPOINT_H_
#define STRATA_TESTS_EVALUATOR_SUPPORT_RANDOM_CHECKPOINT_H_

#include <memory>
#include <string>
#include <vector>

#include "evaluator/model/transformer_model.h"

namespace strata::evaluator {

struct NamedConfig {
  std::string name;
  ModelConfig config;
};

// Returns a configuration of each family and of each variant that its blocks may have: sliding
// windows shorter than the 40 tokens that tests run, post-norm, projected embeddings, biases. A
// model has two blocks, or more if kinds of blocks alternate.
std::vector<NamedConfig> ConfigsOfAllFamilies();

// Returns the model of a configuration. All of its tensors differ.
std::unique_ptr<TransformerModel> RandomModel(const ModelConfig& config,
                                              Residence residence = Residence::kMemory);

}  // namespace strata::evaluator

#endif  // STRATA_TESTS_EVALUATOR_SUPPORT_RANDOM_CHECKPOINT_H_
