// The vector instructions that a kernel uses, chosen when the program runs: one binary serves every
// processor, and a test can ask for each path by name.
#ifndef STRATA_PRUNING_INSTRUCTION_SET_H_
#define STRATA_PRUNING_INSTRUCTION_SET_H_

#include <string>
#include <vector>

namespace strata::pruning {

enum class InstructionSet {
  kScalar,  // plain C++, any processor
  kAvx2,    // AVX2, FMA and POPCNT
  kAvx512,  // AVX-512 F, BW, VPOPCNTDQ and BITALG: Ice Lake and Zen 4 onwards
};

// Whether this processor, and the operating system, can run it.
bool Supports(InstructionSet set);

// What can be run here, from the slowest to the fastest; never empty.
std::vector<InstructionSet> SupportedInstructionSets();
InstructionSet BestInstructionSet();

std::string NameOf(InstructionSet set);  // "scalar", "avx2", "avx512"

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_INSTRUCTION_SET_H_
