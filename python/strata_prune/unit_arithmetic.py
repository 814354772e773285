"""Operators on one number per unit, as IEEE 754 defines them, and the rules for bad values.

Arrays are float64 [units]. The functions follow expr/scalar_kernels.cc and expr/across_units.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .layout import Unit

Values = np.ndarray


def total(values: Values) -> Values:
    """Applies the rule outside dsa(...): NaN becomes 0, an infinity +-1e30 and negative zero zero."""
    return np.nan_to_num(values, nan=0.0, posinf=1e30, neginf=-1e30) + 0.0


def single_precision(values: Values) -> Values:
    """Applies the rule under dsa(...): values are rounded to single precision, NaN and infinities stay."""
    return values.astype(np.float32).astype(np.float64)


def dsa_result(values: Values) -> Values:
    """Applies the rule at the top of the operand of dsa(...): NaN becomes 0 and both infinities -1."""
    return np.where(np.isnan(values), 0.0, np.where(np.isinf(values), -1.0, values))


def _minimum(a: Values, b: Values) -> Values:
    equal = np.where(np.signbit(a), a, b)
    return np.where(a < b, a, np.where(b < a, b, np.where(a == b, equal, a + b)))


def _maximum(a: Values, b: Values) -> Values:
    equal = np.where(np.signbit(a), b, a)
    return np.where(a > b, a, np.where(b > a, b, np.where(a == b, equal, a + b)))


ELEMENTWISE: dict[str, Callable[[Values], Values]] = {
    "abs": np.abs,
    "log": np.log,
    "logpos": lambda x: np.log(np.where(x <= 0, 1.0, x) + 1e-6),
    "abslog": lambda x: np.where(x == 0, 0.0, np.log(np.abs(np.where(x == 0, 1.0, x)))),
    "pow2": lambda x: x * x,
    "exp": np.exp,
    "sigmoid": lambda x: 1.0 / (1.0 + np.exp(-x)),
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "softplus": lambda x: np.where(x > 20, x, np.log1p(np.exp(x))),
    "sqrt": np.sqrt,
    "neg": np.negative,
}

# The third argument holds the numbers of the operator.
BINARY: dict[str, Callable[[Values, Values, Sequence[float]], Values]] = {
    "+": lambda a, b, _: a + b,
    "-": lambda a, b, _: a - b,
    "*": lambda a, b, _: a * b,
    "/": lambda a, b, _: a / b,
    "min": lambda a, b, _: _minimum(a, b),
    "max": lambda a, b, _: _maximum(a, b),
    "mix": lambda a, b, weight: weight[0] * a + (1 - weight[0]) * b,
}


def mean(x: Values) -> float:
    """Returns the mean, summed from the first to the last value."""
    return float(np.cumsum(x)[-1]) / len(x)


def minmax(x: Values) -> Values:
    """Returns (x - min) / (max - min): all 0 if x is constant, all NaN if a value is NaN."""
    if np.isnan(x).any():
        return np.full_like(x, np.nan)
    low, high = x.min(), x.max()
    if low == high:
        return np.zeros_like(x)
    if np.isinf(high - low) and np.isfinite(high) and np.isfinite(low):
        x, low, high = x * 0.5, low * 0.5, high * 0.5
    return (x - low) / (high - low)


def zscore(x: Values) -> Values:
    """Returns (x - mean) / population standard deviation, or all 0 if x is constant."""
    centred = minmax(x)
    centred = centred - mean(centred)
    deviation = np.sqrt(np.cumsum(centred * centred)[-1] / len(x))
    return np.zeros_like(x) if deviation == 0 else centred / deviation


def dense_places(x: Values) -> Values:
    """Returns for each value the number of distinct smaller values. NaN is the smallest and equals itself."""
    keys = np.where(np.isnan(x), -np.inf, x + 0.0)
    if np.isnan(x).any() and np.isneginf(x).any():
        keys = np.where(np.isneginf(x), -np.finfo(np.float64).max, keys)
    return np.unique(keys, return_inverse=True)[1].astype(np.float64)


def places(x: Values) -> Values:
    """Returns the place of each value in ascending order, from 0. Equal values share their mean place."""
    dense = dense_places(x).astype(np.int64)
    counts = np.bincount(dense)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return 0.5 * (first + first + counts - 1)[dense]


def _kind_minmax(x: Values, layout: Sequence[Unit]) -> Values:
    out = np.empty_like(x)
    for kind in {unit.kind for unit in layout}:
        of_kind = np.array([unit.kind == kind for unit in layout])
        out[of_kind] = minmax(x[of_kind])
    return out


def _softmax(x: Values) -> Values:
    powers = np.exp(x - x.max())
    return powers / np.cumsum(powers)[-1]


def _smooth(x: Values) -> Values:
    return np.array([mean(x[max(i - 1, 0) : i + 2]) for i in range(len(x))])


def _suffix_mean(x: Values) -> Values:
    return (np.cumsum(x[::-1]) / np.arange(1, len(x) + 1))[::-1]


# Everything but blockwise, which evaluates its operand on other units.
ACROSS_UNITS: dict[str, Callable[[Values, Sequence[Unit]], Values]] = {
    "minmax": lambda x, _: minmax(x),
    "ranks": lambda x, _: places(x) / max(len(x) - 1, 1),
    "zscore": lambda x, _: zscore(x),
    "suffixmean": lambda x, _: _suffix_mean(x),
    "reverse": lambda x, _: x[::-1].copy(),
    "softmax": lambda x, _: _softmax(x),
    "smooth": lambda x, _: _smooth(x),
    "cumsum": lambda x, _: np.cumsum(x),
    "kindminmax": _kind_minmax,
}
