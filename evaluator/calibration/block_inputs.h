// The hidden states between the blocks of the dense model, kept where a measurement starts from the
// middle of it.
#ifndef STRATA_EVALUATOR_BLOCK_INPUTS_H_
#define STRATA_EVALUATOR_BLOCK_INPUTS_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/model/transformer_model.h"

namespace strata::evaluator {

// ResourceExhausted if `bytes` exceeds 4 GiB; the message names `features`, which hold `contents`.
absl::Status CheckHeldBytes(int64_t bytes, const std::string& features,
                            const std::string& contents);

// Input of block 0, 1, ..., and last the output of the last block: float32 [sequences * tokens,
// hidden] each, of sequences of one length. ResourceExhausted above 4 GiB; Cancelled.
absl::StatusOr<std::vector<at::Tensor>> RecordBlockInputs(const TransformerModel& model,
                                                          const Windows& sequences,
                                                          const Progress& progress);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_BLOCK_INPUTS_H_
