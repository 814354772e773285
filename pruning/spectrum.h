// Numbers that describe a matrix as a whole, not its elements one by one: those of its singular
// values, and the correlation of its rows.
#ifndef STRATA_PRUNING_SPECTRUM_H_
#define STRATA_PRUNING_SPECTRUM_H_

#include <cstdint>
#include <span>
#include <vector>

namespace strata::pruning {

// A float32 matrix, row-major, of at least one row and column.
struct MatrixView {
  std::span<const float> values;
  int64_t rows = 0;
  int64_t columns = 0;
};

// Squared singular values: the eigenvalues of the Gram matrix of the smaller side.
struct Spectrum {
  int64_t rows = 0;
  int64_t columns = 0;
  // min(rows, columns), ascending; those that rounding made negative are 0. All NaN if an element
  // of the matrix is not finite.
  std::vector<double> eigenvalues;
};

// Gram matrix and eigenvalues in double: an eigenvalue is off by about 1e-15 of the largest. Takes
// k^2 (max(rows, columns) + 4/3 k) multiplications and 16 k^2 bytes, k = min(rows, columns). Uses
// LibTorch's threads; another number of them may change the last bits.
Spectrum SpectrumOf(const MatrixView& matrix);

// Share of the singular values that exceed max(rows, columns) 2^-23 times the largest: the default
// tolerance of torch.linalg.matrix_rank for float32.
double RankShare(const Spectrum& spectrum);

// Mean of ln(e + 1e-6 mean e) over the eigenvalues e.
double LogDeterminant(const Spectrum& spectrum);

// Sum of the eigenvalues / the largest; NaN for a matrix of zeros.
double StableRank(const Spectrum& spectrum);

// Exponent of a power law fitted to the tail of the spectrum, as AlphaPruning does (arXiv
// 2410.10912, `net_esd_estimator` with fix_fingers = 'xmin_peak' in its code). With eigenvalues
// e_0 <= ... <= e_{N-1}:
//   1. The histogram of log10 e has 100 bins of equal width from log10 e_0 to log10 e_{N-1}; c is
//      10 to the left edge of the fullest bin, the first one if several are.
//   2. Candidates are the e_i, i < N-1, from log10(0.95 c) to 1.5 c. (The lower end is a logarithm
//      in the published code, although it is compared with eigenvalues; so it is here.)
//   3. A candidate has n = N - i eigenvalues in its tail, the Hill exponent alpha_i = 1 + n / (sum
//      over j >= i of ln(e_j / e_i)), and the Kolmogorov-Smirnov distance D_i = max over k < n of
//      |1 - (e_{i+k} / e_i)^(1 - alpha_i) - k / n|.
//   4. The result is the alpha_i of the smallest D_i, the first one if several are.
// Double precision throughout, where the published code has float32. Eigenvalues up to
// max(rows, columns) 2^-52 of the largest are rounding noise of zeros and left out: log10 0 makes
// the published code fail. NaN if fewer than two eigenvalues remain or none is a candidate, where
// the published code gives 0; infinity if all are equal.
double SpectralTail(const Spectrum& spectrum);

// Mean of all entries of the matrix of Pearson correlation coefficients between rows, computed as
// |sum of the standardised rows|^2 / rows^2. A constant row has 0 with all rows, itself included;
// a matrix of one column has nothing but constant rows. NaN if an element is not finite.
double MeanCorrelation(const MatrixView& matrix);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_SPECTRUM_H_
