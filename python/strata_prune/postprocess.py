"""Operators that turn one number per unit into one sparsity per unit.

Arrays are float64 [units]. The functions follow expr/postprocess.cc, expr/waterfill.cc and expr/projection.cc.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .errors import InfeasibleError, StrataError
from .expression import format_number
from .layout import Unit, parameters_of, weights_of
from .n_of_m import round_to_groups
from .unit_arithmetic import dense_places, mean, minmax, places, zscore

Values = np.ndarray


@dataclass(frozen=True)
class Target:
    """What an allocation must keep: its parameter-weighted mean, the bounds of every unit and, if `group` is not 0,
    that every sparsity is a whole multiple of 1 / group."""

    sparsity: float
    minimum: float = 0.0
    maximum: float = 0.99
    group: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.sparsity < 1:
            raise StrataError(f"expected a target sparsity between 0 and 1, found {format_number(self.sparsity)}")
        bounds = f"[{format_number(self.minimum)}, {format_number(self.maximum)}]"
        if not 0 <= self.minimum <= self.maximum < 1:
            raise StrataError(f"expected bounds 0 <= minimum <= maximum < 1, found {bounds}")
        if not 0 <= self.group <= 128:
            raise StrataError(f"expected groups of 0 (none) to 128 weights, found {self.group}")
        if not self.minimum <= self.sparsity <= self.maximum:
            raise InfeasibleError(
                f"no allocation within {bounds} has the mean sparsity {format_number(self.sparsity)}"
            )


def project(wanted: Values, weights: Values, target: Target) -> Values:
    """Returns clamp(wanted + t) with the one shift t at which the weighted mean is the target.

    Raises InfeasibleError if the wanted values differ by more than double precision can hold.
    """

    def shifted(t: float) -> Values:
        return np.clip(wanted + t, target.minimum, target.maximum)

    for _ in range(2):
        low, high = target.minimum - float(wanted.max()), target.maximum - float(wanted.min())
        shift, error = _solve(shifted, np.ones_like(wanted), weights, target, low, high, wanted)
        if error <= 1e-12:
            return shifted(shift)
        # Adding the shift rounds the answer away, so measure from the unit that lands nearest to the target.
        wanted = wanted - wanted[np.argmin(np.abs(wanted + shift - target.sparsity))]
    raise InfeasibleError(
        f"no common shift gives the mean sparsity {format_number(target.sparsity)}: the wanted values differ by more "
        "than double precision can hold"
    )


def _solve(
    at: Callable[[float], Values],
    slopes: Values,
    weights: Values,
    target: Target,
    low: float,
    high: float,
    wanted: Values | None = None,
) -> tuple[float, float]:
    """Returns the t in [low, high] at which the weighted mean of at(t), which grows with t, is the target, and the
    error that is left. A Newton step lands on the answer once the right linear piece is found; every fourth step
    halves the bracket."""
    t = 0.0 if wanted is not None and low < 0 < high else low / 2 + high / 2
    best = (t, np.inf)
    for step in range(1, 261):  # 65 of them halve
        values = at(t)
        error = float(weights @ values) - target.sparsity
        if abs(error) <= best[1]:  # of equal errors the last, which is nearest to the answer
            best = (t, abs(error))
        if best[1] < 2e-15:
            break
        low, high = (t, high) if error < 0 else (low, t)
        inside = (values > target.minimum) & (values < target.maximum)
        slope = float(weights[inside] @ slopes[inside])
        newton = t - error / slope if slope > 0 and step % 4 else low
        t = newton if low < newton < high else _between(low, high)
        if t <= low or t >= high:
            break
    return best


def _between(low: float, high: float) -> float:
    """Returns the double in the middle between two others, by the number of doubles in between. Halving an interval so
    ends after 64 steps, whatever the numbers are."""

    def mirrored(number: int) -> int:
        return -(1 << 63) - number if number < 0 else number

    middle = sum(mirrored(struct.unpack("<q", struct.pack("<d", value))[0]) for value in (low, high)) // 2
    return float(struct.unpack("<d", struct.pack("<q", mirrored(middle)))[0])


def _fit_factor(base: float, slopes: Values, weights: Values, target: Target, low: float, high: float) -> float:
    """Returns the factor at which the weighted mean of clamp(base + factor * slopes) is the target, or the nearer end
    of [low, high]."""

    def at(factor: float) -> Values:
        return np.clip(base + factor * slopes, target.minimum, target.maximum)

    if float(weights @ at(low)) >= target.sparsity:
        return low
    if float(weights @ at(high)) <= target.sparsity:
        return high
    return _solve(at, slopes, weights, target, low, high)[0]


def waterfill(x: Values, weights: Values, mean_sparsity: float, low: float, high: float) -> Values:
    """Fills units in descending x to `high` and leaves the others at `low`. Marginal units, of equal x, share what is
    left, so that the weighted mean is `mean_sparsity`."""
    out = np.full_like(x, low)
    left = float(np.cumsum(weights * (mean_sparsity - low))[-1])
    order = dense_places(x)
    for place in sorted(set(order), reverse=True):
        if left <= 0:
            break
        units = order == place
        capacity = float(np.cumsum(weights[units][::-1] * (high - low))[-1])
        out[units] = low + left / capacity * (high - low) if capacity > left else high
        left -= capacity
    return out


def _spread(target: Target, reach: float, shares: Values) -> Values:
    return target.sparsity + 2 * reach * (shares - mean(shares))


def _proportion(x: Values, numbers: Sequence[float], weights: Values, target: Target) -> Values:
    epsilon = numbers[0]
    shares = 1 - epsilon + 2 * epsilon * minmax(x)
    factor = _fit_factor(0, shares, weights, target, 0, target.maximum / float(shares.min()))
    return np.clip(factor * shares, target.minimum, target.maximum)


def _density(x: Values, weights: Values, target: Target) -> Values:
    shares = np.maximum(x, 0.0)
    positive = shares[shares > 0]
    largest = np.finfo(np.float64).max
    lowest = -min((1 - target.minimum) / float(positive.min()), largest) if len(positive) else 0.0
    factor = _fit_factor(1, shares, weights, target, lowest, 0)
    return np.clip(1 + factor * shares, target.minimum, target.maximum)


def _waterfill_units(x: Values, numbers: Sequence[float], weights: Values, target: Target) -> Values:
    low = max(target.minimum, target.sparsity - numbers[0])
    return waterfill(x, weights, target.sparsity, low, min(target.maximum, target.sparsity + numbers[1]))


def _logistic(x: Values, numbers: Sequence[float], target: Target) -> Values:
    return _spread(target, numbers[0], 1.0 / (1.0 + np.exp(-numbers[1] * zscore(x))))


def _ramp(x: Values, numbers: Sequence[float], target: Target) -> Values:
    steps = dense_places(x)
    return target.sparsity + numbers[0] * (steps - mean(steps))


def _wanted(name: str, x: Values, numbers: Sequence[float], weights: Values, target: Target) -> Values:
    if name in ("span", "dsa", "nm"):
        return _spread(target, numbers[0], minmax(x))
    if name == "rank":
        return _spread(target, numbers[0], minmax(places(x)))
    if name == "ramp":
        return _ramp(x, numbers, target)
    if name == "waterfill":
        return _waterfill_units(x, numbers, weights, target)
    if name == "logistic":
        return _logistic(x, numbers, target)
    if name == "proportion":
        return _proportion(x, numbers, weights, target)
    if name == "density":
        return _density(x, weights, target)
    if name == "direct":
        return np.clip(x, -1.0, 2.0)
    raise StrataError(f"'{name}' is no post-process")


def apply_postprocess(
    name: str, x: Values | None, numbers: Sequence[float], layout: Sequence[Unit], target: Target
) -> Values:
    """Returns the allocation that a post-process makes of x, which is None for `uniform` alone.

    Raises InfeasibleError.
    """
    weights = weights_of(layout)
    wanted = (
        np.full(len(layout), target.sparsity) if x is None else _wanted(name, x, numbers, weights, target)
    )
    allocation = project(wanted, weights, target)
    if name == "nm":
        return round_to_groups(parameters_of(layout), int(numbers[1]), target, allocation)
    return allocation


def _descent_step(slopes: Values, weights: Values) -> Values:
    """Returns the change of every unit's sparsity against its slope per weight, less the mean, as in expr/descent.cc.
    Its weighted mean length is 1, but for what is cut beyond 3."""
    step = float(np.cumsum(slopes)[-1]) - slopes / weights
    length = float(np.cumsum(np.abs(step) * weights)[-1])
    return np.clip(step / length, -3.0, 3.0) if length > 0 else np.zeros_like(step)


def apply_adjustment(
    name: str, allocation: Values, x: Values, numbers: Sequence[float], layout: Sequence[Unit], target: Target
) -> Values:
    """Returns the allocation after `shift`, `within` or `descend`, whose x are slopes. Raises InfeasibleError."""
    weights = weights_of(layout)
    if name == "descend":
        return project(allocation + numbers[1] * _descent_step(x, weights), weights, target)
    if name == "shift":
        return project(allocation + numbers[0] * minmax(x), weights, target)
    out = allocation.copy()
    blocks = np.array([unit.block for unit in layout])
    for block in np.unique(blocks):
        units = blocks == block
        if units.sum() == 1:
            continue
        shares = weights[units]
        middle = float(np.clip(shares @ allocation[units] / shares.sum(), target.minimum, target.maximum))
        low, high = max(target.minimum, middle - numbers[0]), min(target.maximum, middle + numbers[1])
        out[units] = waterfill(x[units], shares, middle, low, high)
    return out
