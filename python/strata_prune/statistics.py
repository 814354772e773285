"""Reductions of the float32 elements of a unit, as in pruning/tensor_kernels.cc. Sums are in double precision."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

# Elements are converted to double precision in pieces of this many.
_PIECE = 1 << 24
_EPSILON = 2.0**-23
_LOG_LARGEST = 88.72283905206835  # ln of the largest single-precision number
_LOG_SMALLEST = -103.97207708399179  # ln 2^-150, which rounds to zero


def _log_positive(x: Tensor) -> Tensor:
    return (torch.where(x <= 0, torch.ones_like(x), x) + 1e-6).log_()


def _log_magnitude(x: Tensor) -> Tensor:
    return torch.where(x == 0, torch.ones_like(x), x.abs()).log_()


# Every result is rounded to single precision.
ELEMENTWISE: dict[str, Callable[[Tensor], Tensor]] = {
    "abs": torch.abs,
    "neg": torch.neg,
    "log": torch.log,
    "logpos": _log_positive,
    "abslog": _log_magnitude,
    "pow2": lambda x: x * x,
    "exp": torch.exp,
    "sqrt": torch.sqrt,
    "sigmoid": torch.sigmoid,
    "softplus": lambda x: torch.nn.functional.softplus(x, 1, 20),
    "tanh": torch.tanh,
    "sin": torch.sin,
    "cos": torch.cos,
    "tan": torch.tan,
    "asin": torch.asin,
    "acos": torch.acos,
    "atan": torch.atan,
}


def _sum(x: Tensor, function: Callable[[Tensor], Tensor]) -> float:
    """Returns the sum of function(piece) over pieces in double precision."""
    return sum(float(function(piece.double()).sum()) for piece in x.split(_PIECE))


def mean(x: Tensor) -> float:
    return _sum(x, lambda piece: piece) / x.numel()


def variance(x: Tensor) -> float:
    middle = mean(x)
    squares = _sum(x, lambda piece: (piece - middle).square_())
    return squares / (x.numel() - 1) if x.numel() > 1 else math.nan


def normalize(x: Tensor) -> Tensor:
    middle = torch.tensor(mean(x), dtype=torch.float32)
    deviation = torch.tensor(_root(variance(x)), dtype=torch.float32)
    scaled = (x - middle.to(x.device)) / deviation.to(x.device)
    return torch.where(scaled.isnan(), torch.zeros_like(scaled), scaled)


def min_max_scale(x: Tensor) -> Tensor:
    low, high = x.min(), x.max()
    return (x - low) / (high - low + 1e-9)


WHOLE_TENSOR: dict[str, Callable[[Tensor], Tensor]] = {"normalize": normalize, "mms": min_max_scale}


def _root(value: float) -> float:
    return math.nan if math.isnan(value) or value < 0 else math.sqrt(value)


def _log_sum(x: Tensor) -> float:
    return _sum(x.abs().log(), lambda piece: piece)


def geometric_mean(x: Tensor) -> float:
    if bool(x.isnan().any()) or bool((x < 0).any()):
        return math.nan
    return _exp(_log_sum(x) / x.numel())


def root_of_product(x: Tensor) -> float:
    zeros, negatives = bool((x == 0).any()), int((x < 0).sum())
    if bool(x.isnan().any()) or (zeros and bool(x.isinf().any())):
        return math.nan
    logarithm = _log_sum(x)
    if zeros or logarithm < _LOG_SMALLEST:
        return 0.0
    if negatives % 2 and x.numel() > 1:
        return math.nan
    root = math.inf if logarithm > _LOG_LARGEST else math.exp(logarithm / x.numel())
    return -root if negatives % 2 else root


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def entropy(x: Tensor) -> float:
    kept = x[x >= 0]  # neither NaN nor negative
    mass = _sum(kept, lambda piece: piece) if len(kept) else 0.0
    if mass == 0 or math.isinf(mass):
        return math.nan
    total = 0.0
    for piece in kept.split(_PIECE):
        shares = piece.double() / mass
        logarithms = shares.float().clamp(_EPSILON, 1 - _EPSILON).log_()
        total -= float((shares * logarithms.double()).sum())
    return total


def _central(x: Tensor, power: int) -> float:
    middle = mean(x)
    return _sum(x, lambda piece: (piece - middle) ** power) / x.numel()


def _quotient(a: float, b: float) -> float:
    """Returns a / b as IEEE 754 defines it."""
    return float(torch.tensor(a, dtype=torch.float64) / torch.tensor(b, dtype=torch.float64))


def skewness(x: Tensor) -> float:
    second = _central(x, 2)
    return _quotient(_central(x, 3), second * _root(second))


def kurtosis(x: Tensor) -> float:
    second = _central(x, 2)
    return _quotient(_central(x, 4), second * second)


def gini(x: Tensor) -> float:
    ascending = x.abs().sort().values.double()
    count = len(ascending)
    weights = 2.0 * torch.arange(1, count + 1, dtype=torch.float64, device=x.device) - count - 1.0
    return _quotient(float((weights * ascending).sum()), count * float(ascending.sum()))


def quantile(x: Tensor, p: float) -> float:
    if bool(x.isnan().any()):
        return math.nan
    place = p * (x.numel() - 1)
    below = math.floor(place)
    low = float(x.kthvalue(below + 1).values)
    high = float(x.kthvalue(min(below + 2, x.numel())).values)
    fraction = place - below
    return low if fraction == 0 or low == high else low + fraction * (high - low)


# Reductions of all elements of a unit, float32 [elements], as one number. `below` compares all units and is separate.
REDUCTIONS: dict[str, Callable[[Tensor], float]] = {
    "mean": mean,
    "var": variance,
    "std": lambda x: _root(variance(x)),
    "l1": lambda x: _sum(x, lambda piece: piece.abs_()) / x.numel(),
    "l2": lambda x: _root(_sum(x, lambda piece: piece.square_())),
    "geomean": geometric_mean,
    "rootprod": root_of_product,
    "entropy": entropy,
    "skewness": skewness,
    "kurtosis": kurtosis,
    "gini": gini,
}


def shares_below(tensors: list[Tensor], p: float) -> list[float]:
    """Returns for each unit the share of its elements, float32 [elements], among the round(p N) smallest of all N.

    Elements are ordered by their bits, so that NaN is the largest. Elements equal to the last count in proportion.
    """
    keys = [_ordered_bits(x) for x in tensors]
    every = torch.cat(keys)
    rank = math.floor(p * len(every) + 0.5)
    if rank == 0:
        return [0.0] * len(keys)
    last = every.kthvalue(rank).values
    smaller, equal = int((every < last).sum()), int((every == last).sum())
    part = (rank - smaller) / equal
    return [(int((key < last).sum()) + int((key == last).sum()) * part) / len(key) for key in keys]


def _ordered_bits(x: Tensor) -> Tensor:
    bits = x.contiguous().view(torch.int32)
    return torch.where(bits < 0, bits ^ 0x7FFFFFFF, bits)
