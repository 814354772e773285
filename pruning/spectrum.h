// Numbers that describe a matrix as a whole, not its elements one by one. They are computed from
// its singular values, or from the correlation of its rows.
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

// Squared singular values. They are the eigenvalues of the Gram matrix of the smaller side.
struct Spectrum {
  int64_t rows = 0;
  int64_t columns = 0;
  // min(rows, columns) values, ascending. Values that rounding made negative are 0. All are NaN if
  // an element of the matrix is not finite.
  std::vector<double> eigenvalues;
};

// Computes the Gram matrix and its eigenvalues in double. An eigenvalue is off by about 1e-15 of
// the largest. With k = min(rows, columns), takes k^2 (max(rows, columns) + 4/3 k) multiplications
// and 16 k^2 bytes. Uses LibTorch's threads; another number of threads may change the last bits.
Spectrum SpectrumOf(const MatrixView& matrix);

// Returns the share of the singular values that exceed max(rows, columns) 2^-23 times the largest.
// This is the default tolerance of torch.linalg.matrix_rank for float32.
double RankShare(const Spectrum& spectrum);

// Returns the mean of ln(e + 1e-6 mean e) over the eigenvalues e.
double LogDeterminant(const Spectrum& spectrum);

// Returns the sum of the eigenvalues divided by the largest; NaN for a matrix of zeros.
double StableRank(const Spectrum& spectrum);

// Returns the exponent of a power law fitted to the tail of the spectrum, as AlphaPruning does
// (arXiv 2410.10912, `net_esd_estimator` with fix_fingers = 'xmin_peak' in its code). The
// eigenvalues are e_0 <= ... <= e_{N-1}.
//   1. The histogram of log10 e has 100 bins of equal width from log10 e_0 to log10 e_{N-1}. c is
//      10 to the power of the left edge of the fullest bin, or of the first one if there are
//      several.
//   2. Candidates are the e_i with i < N-1 from log10(0.95 c) to 1.5 c. (The published code takes a
//      logarithm at the lower end, although it compares it with eigenvalues. This function does the
//      same.)
//   3. A candidate has n = N - i eigenvalues in its tail, the Hill exponent alpha_i = 1 + n / (sum
//      over j >= i of ln(e_j / e_i)), and the Kolmogorov-Smirnov distance D_i = max over k < n of
//      |1 - (e_{i+k} / e_i)^(1 - alpha_i) - k / n|.
//   4. The result is the alpha_i of the smallest D_i, or of the first one if there are several.
//
// Double precision is used throughout; the published code uses float32. Eigenvalues up to
// max(rows, columns) 2^-52 of the largest are rounding noise of zeros and are left out, because
// log10 0 makes the published code fail. The result is NaN if fewer than two eigenvalues remain or
// none is a candidate; the published code gives 0 then. It is infinity if all eigenvalues are
// equal.
double SpectralTail(const Spectrum& spectrum);

// Returns the mean of all entries of the matrix of Pearson correlation coefficients between rows,
// computed as |sum of the standardised rows|^2 / rows^2. A constant row has correlation 0 with all
// rows, itself included. All rows of a matrix with one column are constant. NaN if an element is
// not finite.
double MeanCorrelation(const MatrixView& matrix);

}  // namespace strata::pruning

#endif  // STRATA_PRUNING_SPECTRUM_H_
