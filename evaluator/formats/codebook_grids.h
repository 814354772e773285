// The codebooks of GGUF's IQ1, IQ2 and IQ3 types, which are part of the format. Each entry is a
// short row of weights. A file names an entry by its index, in ascending order of the codes.
#ifndef STRATA_EVALUATOR_FORMATS_CODEBOOK_GRIDS_H_
#define STRATA_EVALUATOR_FORMATS_CODEBOOK_GRIDS_H_

#include <array>
#include <cstddef>
#include <cstdint>

namespace strata::evaluator {

// Code of an entry of eight weights. Digit j (bits 2j and 2j + 1) is 0, 1 or 2. The digits stand
// for -1, 0, 1 in IQ1 and for 8, 25, 43 in IQ2.
extern const std::array<uint16_t, 2048> kGridOfIQ1;
extern const std::array<uint16_t, 256> kGridOfIQ2_XXS;
extern const std::array<uint16_t, 512> kGridOfIQ2_XS;
extern const std::array<uint16_t, 1024> kGridOfIQ2_S;

// Code of an entry of four weights. Digit j (bits 3j to 3j + 2) is 0 to 7. The digits stand for 4,
// 12, 20, 28, 36, 44, 52, 62 in IQ3_XXS and for the odd numbers 1 to 15 in IQ3_S.
extern const std::array<uint16_t, 256> kGridOfIQ3_XXS;
extern const std::array<uint16_t, 512> kGridOfIQ3_S;

}  // namespace strata::evaluator

#endif  // STRATA_EVALUATOR_FORMATS_CODEBOOK_GRIDS_H_
