#include "pruning/spectrum.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace strata::pruning {
namespace {

constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();
// Number of rows or columns converted to double at once.
constexpr int64_t kTileLength = 512;
constexpr int64_t kHistogramBins = 100;

bool AllFinite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
}

// Returns the left edge of the fullest bin in a histogram of log10 of ascending eigenvalues. The
// edge is given as an eigenvalue.
double PeakOf(std::span<const double> eigenvalues) {
  const double first = std::log10(eigenvalues.front());
  const double width = std::log10(eigenvalues.back()) - first;
  std::vector<int64_t> counts(kHistogramBins);
  for (const double eigenvalue : eigenvalues) {
    const double place = width > 0 ? (std::log10(eigenvalue) - first) / width : 0;
    const auto bin = static_cast<int64_t>(place * static_cast<double>(kHistogramBins));
    ++counts[std::clamp<int64_t>(bin, 0, kHistogramBins - 1)];
  }
  const auto peak = std::max_element(counts.begin(), counts.end()) - counts.begin();
  return std::pow(10.0,
                  first + width * static_cast<double>(peak) / static_cast<double>(kHistogramBins));
}

// Returns the distance between the power law and the distribution of a tail. The tail is given by
// ascending logarithms.
double KolmogorovSmirnov(std::span<const double> logarithms, double alpha) {
  const auto count = static_cast<double>(logarithms.size());
  double distance = 0;
  for (size_t k = 0; k < logarithms.size(); ++k) {
    const double excess = logarithms[k] - logarithms[0];
    // An infinite exponent times an excess of 0 would be NaN. The result must be 1.
    const double survival = excess == 0 ? 1 : std::exp((1 - alpha) * excess);
    distance = std::max(distance, std::abs(1 - survival - static_cast<double>(k) / count));
  }
  return distance;
}

}  // namespace

Spectrum SpectrumOf(const MatrixView& matrix) {
  const int64_t size = std::min(matrix.rows, matrix.columns);
  Spectrum spectrum{matrix.rows, matrix.columns, std::vector<double>(size, kNotANumber)};
  if (!AllFinite(matrix.values)) return spectrum;
  const at::Tensor whole = at::from_blob(const_cast<float*>(matrix.values.data()),
                                         {matrix.rows, matrix.columns}, at::kFloat);
  const bool wide = matrix.rows <= matrix.columns;
  const int64_t length = std::max(matrix.rows, matrix.columns);
  at::Tensor gram = at::zeros({size, size}, at::kDouble);
  for (int64_t first = 0; first < length; first += kTileLength) {
    const int64_t count = std::min(kTileLength, length - first);
    const at::Tensor tile = whole.narrow(wide ? 1 : 0, first, count).to(at::kDouble);
    gram.addmm_(wide ? tile : tile.t(), wide ? tile.t() : tile);
  }
  const at::Tensor eigenvalues = at::linalg_eigvalsh(gram);
  const double* first = eigenvalues.const_data_ptr<double>();
  std::transform(first, first + size, spectrum.eigenvalues.begin(),
                 [](double e) { return std::max(e, 0.0); });
  return spectrum;
}

double RankShare(const Spectrum& spectrum) {
  const std::vector<double>& values = spectrum.eigenvalues;
  if (std::isnan(values.back())) return kNotANumber;
  const double tolerance = static_cast<double>(std::max(spectrum.rows, spectrum.columns)) * 0x1p-23;
  const double threshold = tolerance * tolerance * values.back();
  const auto above =
      std::count_if(values.begin(), values.end(), [&](double e) { return e > threshold; });
  return static_cast<double>(above) / static_cast<double>(values.size());
}

double LogDeterminant(const Spectrum& spectrum) {
  const std::vector<double>& values = spectrum.eigenvalues;
  const auto count = static_cast<double>(values.size());
  const double damping = 1e-6 * std::accumulate(values.begin(), values.end(), 0.0) / count;
  double sum = 0;
  for (const double eigenvalue : values) sum += std::log(eigenvalue + damping);
  return sum / count;
}

double StableRank(const Spectrum& spectrum) {
  const std::vector<double>& values = spectrum.eigenvalues;
  return std::accumulate(values.begin(), values.end(), 0.0) / values.back();
}

double SpectralTail(const Spectrum& spectrum) {
  const double largest = spectrum.eigenvalues.back();
  const double noise =
      static_cast<double>(std::max(spectrum.rows, spectrum.columns)) * 0x1p-52 * largest;
  std::vector<double> values;
  std::copy_if(spectrum.eigenvalues.begin(), spectrum.eigenvalues.end(), std::back_inserter(values),
               [&](double e) { return e > noise; });
  const size_t count = values.size();
  if (count < 2) return kNotANumber;
  std::vector<double> logarithms;
  for (const double eigenvalue : values) logarithms.push_back(std::log(eigenvalue));
  std::vector<double> tail_sums(count + 1);
  for (size_t i = count; i-- > 0;) tail_sums[i] = tail_sums[i + 1] + logarithms[i];

  const double peak = PeakOf(values);
  double alpha = kNotANumber;
  double smallest = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i + 1 < count; ++i) {
    if (values[i] < std::log10(0.95 * peak) || values[i] > 1.5 * peak) continue;
    const auto tail = static_cast<double>(count - i);
    // Rounding must not make the sum of equal eigenvalues negative.
    const double sum = std::max(tail_sums[i] - tail * logarithms[i], 0.0);
    const double exponent = 1 + tail / sum;
    const double distance = KolmogorovSmirnov({logarithms.data() + i, count - i}, exponent);
    if (distance >= smallest) continue;
    smallest = distance;
    alpha = exponent;
  }
  return alpha;
}

double MeanCorrelation(const MatrixView& matrix) {
  if (!AllFinite(matrix.values)) return kNotANumber;
  std::vector<double> total(matrix.columns);
  std::vector<double> centred(matrix.columns);
  for (int64_t row = 0; row < matrix.rows; ++row) {
    const float* values = matrix.values.data() + row * matrix.columns;
    const double mean =
        std::accumulate(values, values + matrix.columns, 0.0) / static_cast<double>(matrix.columns);
    double square = 0;
    for (int64_t i = 0; i < matrix.columns; ++i) {
      centred[i] = static_cast<double>(values[i]) - mean;
      square += centred[i] * centred[i];
    }
    if (square == 0) continue;
    const double scale = 1 / std::sqrt(square);
    for (int64_t i = 0; i < matrix.columns; ++i) total[i] += scale * centred[i];
  }
  const double square = std::inner_product(total.begin(), total.end(), total.begin(), 0.0);
  return square / (static_cast<double>(matrix.rows) * static_cast<double>(matrix.rows));
}

}  // namespace strata::pruning
