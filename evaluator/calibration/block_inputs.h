// The hidden states between the blocks of the dense model. They are kept for measurements that
// start in the middle of the model.
#ifndef STRATA_EVALUATOR_CALIBRATION_BLOCK_INPUTS_H_
#define STRATA_EVALUATOR_CALIBRATION_BLOCK_INPUTS_H_

#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "evaluator/evaluator.h"
#include "evaluator/model/transformer_model.h"

namespace strata::evaluator {

// Returns ResourceExhausted if `bytes` exceeds 4 GiB. The message says that `features` hold
// `contents`.
absl::Status CheckHeldBytes(int64_t bytes, const std::string& features,
                            const std::string& contents);

// Returns the inputs of blocks 0, 1, ..., followed by the output of the last block. Each is float32
// [sequences * tokens, hidden]. All sequences have one length. Errors: ResourceExhausted if the
// result needs more than 4 GiB; Cancelled.
absl::StatusOr<std::vector<at::Tensor>> RecordBlockInputs(const TransformerModel& model,
                                                          const Windows& sequences,
                                                          const Progress& progress);

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_CALIBRATION_BLOCK_INPUTS_H_
