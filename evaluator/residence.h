// Models that need not fit into memory.
#ifndef STRATA_EVALUATOR_RESIDENCE_H_
#define STRATA_EVALUATOR_RESIDENCE_H_

namespace strata::evaluator {

// Where a model's weights are between uses.
enum class Residence {
  kMemory,  // all in memory, in float32
  kStream,  // on disk: a block is read when it is needed, and the last one is kept
};

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_RESIDENCE_H_
