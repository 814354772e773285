// The vector instructions that a kernel uses. They are chosen at run time, so that one binary
// serves every processor and a test can ask for each set by name.
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

// True if this processor and the operating system can run the set.
bool Supports(InstructionSet set);

// Returns the sets that can run here, from the slowest to the fastest. Never empty.
std::vector<InstructionSet> SupportedInstructionSets();
InstructionSet BestInstructionSet();

std::string NameOf(InstructionSet set);  // returns "scalar", "avx2" or "avx512"

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_INSTRUCTION_SET_H_
