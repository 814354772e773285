#include "pruning/instruction_set.h"

namespace strata::pruning {

bool Supports(InstructionSet set) {
  if (set == InstructionSet::kScalar) return true;
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("popcnt");
  if (set == InstructionSet::kAvx2) return avx2;
  return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512bitalg");
#else
  return false;
#endif
}

std::vector<InstructionSet> SupportedInstructionSets() {
  std::vector<InstructionSet> supported;
  for (const InstructionSet set :
       {InstructionSet::kScalar, InstructionSet::kAvx2, InstructionSet::kAvx512}) {
    if (Supports(set)) supported.push_back(set);
  }
  return supported;
}

InstructionSet BestInstructionSet() { return SupportedInstructionSets().back(); }

std::string NameOf(InstructionSet set) {
  if (set == InstructionSet::kScalar) return "scalar";
  return set == InstructionSet::kAvx2 ? "avx2" : "avx512";
}

}  // namespace strata::pruning
