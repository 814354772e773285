"""Reductions of the singular values of a matrix and of its rows, as in pruning/spectrum.cc."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

_BINS = 100


def eigenvalues_of(matrix: Tensor) -> np.ndarray:
    """Returns the squared singular values of a matrix [rows, columns], ascending: the eigenvalues of its smaller Gram
    matrix in double precision. All are NaN if an element is not finite."""
    size = min(matrix.shape)
    if not bool(matrix.isfinite().all()):
        return np.full(size, np.nan)
    wide = matrix.double()
    gram = wide @ wide.T if matrix.shape[0] <= matrix.shape[1] else wide.T @ wide
    return np.maximum(torch.linalg.eigvalsh(gram).cpu().numpy(), 0.0)


def rank_share(values: np.ndarray, longest: int) -> float:
    if math.isnan(values[-1]):
        return math.nan
    tolerance = longest * 2.0**-23
    return float(np.count_nonzero(values > tolerance * tolerance * values[-1])) / len(values)


def log_determinant(values: np.ndarray, longest: int) -> float:
    return float(np.log(values + 1e-6 * values.sum() / len(values)).mean())


def stable_rank(values: np.ndarray, longest: int) -> float:
    return float(values.sum() / values[-1])


def spectral_tail(values: np.ndarray, longest: int) -> float:
    """Returns the Hill exponent of the tail of the eigenvalues that a power law fits best."""
    values = values[values > longest * 2.0**-52 * values[-1]]
    count = len(values)
    if count < 2:
        return math.nan
    logarithms = np.log(values)
    tail_sums = np.cumsum(logarithms[::-1])[::-1]
    peak = _peak(values)
    alpha, smallest = math.nan, math.inf
    for i in range(count - 1):
        if values[i] < math.log10(0.95 * peak) or values[i] > 1.5 * peak:
            continue
        tail = count - i
        # Rounding must not make the sum of equal eigenvalues negative.
        total = max(float(tail_sums[i]) - tail * float(logarithms[i]), 0.0)
        exponent = 1 + tail / total if total > 0 else math.inf
        distance = _distance(logarithms[i:] - logarithms[i], exponent)
        if distance < smallest:
            alpha, smallest = exponent, distance
    return alpha


def _peak(values: np.ndarray) -> float:
    """Returns the left edge of the fullest bin in a histogram of log10 of ascending eigenvalues."""
    logarithms = np.log10(values)
    first, width = logarithms[0], logarithms[-1] - logarithms[0]
    places = (logarithms - first) / width if width > 0 else np.zeros_like(logarithms)
    bins = np.clip((places * _BINS).astype(np.int64), 0, _BINS - 1)
    fullest = int(np.argmax(np.bincount(bins, minlength=_BINS)))
    return float(10.0 ** (first + width * fullest / _BINS))


def _distance(excess: np.ndarray, alpha: float) -> float:
    """Returns the Kolmogorov-Smirnov distance of a power law from a tail of logarithms above its smallest."""
    survival = np.where(excess == 0, 1.0, np.exp((1 - alpha) * np.where(excess == 0, 1.0, excess)))
    return float(np.abs(1 - survival - np.arange(len(excess)) / len(excess)).max())


def mean_correlation(matrix: Tensor) -> float:
    """Returns the mean of all correlation coefficients between rows; a constant row has 0 with all."""
    if not bool(matrix.isfinite().all()):
        return math.nan
    rows = matrix.double()
    centred = rows - rows.mean(1, keepdim=True)
    squares = centred.square().sum(1, keepdim=True)
    scaled = torch.where(squares == 0, torch.zeros_like(centred), centred / squares.sqrt())
    return float(scaled.sum(0).square().sum()) / len(rows) ** 2


# Of the eigenvalues of a matrix and its larger dimension.
SPECTRAL: dict[str, Callable[[np.ndarray, int], float]] = {
    "matrixrank": rank_share,
    "logdet": log_determinant,
    "stablerank": stable_rank,
    "spectraltail": spectral_tail,
}
