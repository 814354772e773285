"""Sparsities n / M with whole n whose parameter-weighted mean is exact, as in expr/n_of_m.cc."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .errors import InfeasibleError
from .expression import format_number

if TYPE_CHECKING:
    from .postprocess import Target

_SAME_DISTANCE = 1e-13
_MOST_STEPS = 20_000_000  # of Python's loops; the program allows more


@dataclass
class _Size:
    """The units of one size. `size` is in units of the greatest common divisor of all sizes."""

    size: int
    units: list[int]
    most_steps: int
    steps: int = 0
    wanted_steps: float = 0.0
    costs: list[float] = field(default_factory=list)


class _Rounding:
    def __init__(self, parameters: Sequence[int], group: int, target: Target, wanted: np.ndarray) -> None:
        self.group, self.target = group, target
        self.wanted = [float(value) * group for value in wanted]
        self.floors = [math.floor(value) for value in self.wanted]
        self.smallest = math.floor(target.minimum * group)
        while self.smallest / group < target.minimum:
            self.smallest += 1
        self.largest = math.ceil(target.maximum * group)
        while self.largest / group > target.maximum:
            self.largest -= 1
        if self.smallest > self.largest:
            bounds = f"[{format_number(target.minimum)}, {format_number(target.maximum)}]"
            raise InfeasibleError(f"no whole n of {group} lies within {bounds}")
        divisor = math.gcd(*parameters)
        self.total = sum(parameters) // divisor
        self.sizes = []
        for size in sorted(set(parameters)):
            units = [i for i, count in enumerate(parameters) if count == size]
            self.sizes.append(_Size(size // divisor, units, len(units) * (self.largest - self.smallest)))
        self.sizes.sort(key=lambda row: (row.most_steps, row.size))
        self.same_distance = _SAME_DISTANCE * group * group * self.total

    def run(self) -> np.ndarray:
        exact = self.target.sparsity * self.group * self.total
        nearest = math.floor(exact + 0.5)
        needed = nearest - self.smallest * self.total
        span = self.total * (self.largest - self.smallest)
        if abs(exact - nearest) > 1e-12 * exact or not 0 <= needed <= span:
            raise self._unreachable()
        if len(self.sizes) == 1:
            self.sizes[0].steps = needed
        else:
            self._choose_steps(needed)
        counts = [self.smallest] * len(self.wanted)

        def count(unit: int, n: int) -> None:
            counts[unit] = n + 1

        for row in self.sizes:
            self._raise(row, row.steps, count)
        return np.array(counts, dtype=np.float64) / self.group

    def _unreachable(self) -> InfeasibleError:
        sparsity = format_number(self.target.sparsity)
        return InfeasibleError(f"no whole n of {self.group} give the mean sparsity {sparsity}")

    def _raise(self, row: _Size, steps: int, visit: Callable[[int, int], None]) -> None:
        """Raises n of the units from the smallest by single steps, the cheapest first. If equally cheap steps are
        too many, they are dealt evenly over the units that would take them. Calls visit(unit, n before the step)."""
        order: dict[float, list[int]] = {}
        for unit in row.units:
            order.setdefault(self.floors[unit] - self.wanted[unit], []).append(unit)
        highest = max([self.smallest] + [self.floors[unit] for unit in row.units])
        level = self.smallest - highest
        while steps > 0:
            for key in sorted(order):
                rising = [
                    unit for unit in order[key] if self.smallest <= self.floors[unit] + level < self.largest
                ]
                take = min(steps, len(rising))
                for t in range(take):
                    # Step t goes to the unit in the middle of the t-th of `take` equal parts.
                    unit = rising[(2 * t + 1) * len(rising) // (2 * take)]
                    visit(unit, self.floors[unit] + level)
                steps -= take
                if steps == 0:
                    break
            level += 1

    def _fill_costs(self) -> None:
        for row in self.sizes:
            row.wanted_steps = sum(self.wanted[unit] - self.smallest for unit in row.units)
            row.costs = [0.0]

            def add(unit: int, n: int, row: _Size = row) -> None:
                row.costs.append(row.costs[-1] + row.size * (2 * (n - self.wanted[unit]) + 1))

            self._raise(row, row.most_steps, add)

    def _plus(self, base: tuple[float, float], row: _Size, k: int) -> tuple[float, float]:
        more = k - row.wanted_steps
        return base[0] + row.costs[k], base[1] + row.size * more * more / len(row.units)

    def _better(
        self, found: tuple[float, float], best: tuple[float, float] | None
    ) -> tuple[bool, tuple[float, float]]:
        """Returns whether `found` replaces `best`, and the new best, which keeps the smallest distance seen."""
        if best is None:
            return True, found
        more = found[0] - best[0]
        if more < -self.same_distance or (more <= self.same_distance and found[1] < best[1]):
            return True, (min(best[0], found[0]), found[1])
        return False, (min(best[0], found[0]), best[1])

    def _choose_steps(self, needed: int) -> None:
        tabled, (middle, last) = self.sizes[:-2], self.sizes[-2:]
        states, effort = 1.0, 0.0
        for row in self.sizes[:-1]:
            effort += states * (row.most_steps + 1)
            states = min(states * (row.most_steps + 1), needed + 1)
        if effort > _MOST_STEPS:
            raise InfeasibleError(
                f"whole n of {self.group} for units of {len(self.sizes)} sizes need a table of {effort:.0f} steps, "
                "more than pure Python should take: use `strata allocate`"
            )
        self._fill_costs()
        table: dict[int, tuple[float, float]] = {0: (0.0, 0.0)}
        choices: list[dict[int, int]] = []
        for row in tabled:
            following: dict[int, tuple[float, float]] = {}
            chosen: dict[int, int] = {}
            for total in sorted(table):
                for k in range(min(row.most_steps, (needed - total) // row.size) + 1):
                    reached = total + k * row.size
                    is_better, following[reached] = self._better(
                        self._plus(table[total], row, k), following.get(reached)
                    )
                    if is_better:
                        chosen[reached] = k
            table = following
            choices.append(chosen)
        best_sum = self._join(table, middle, last, needed)
        for row, chosen in zip(reversed(tabled), reversed(choices), strict=True):
            row.steps = chosen[best_sum]
            best_sum -= row.steps * row.size

    def _join(self, table: dict[int, tuple[float, float]], middle: _Size, last: _Size, needed: int) -> int:
        """Sets the steps of the last two sizes and returns the sum that the sizes before them reach."""
        best: tuple[float, float] | None = None
        best_sum = 0
        for total in sorted(table):
            for k in range(min(middle.most_steps, (needed - total) // middle.size) + 1):
                left = needed - total - k * middle.size
                if left % last.size or left // last.size > last.most_steps:
                    continue
                found = self._plus(self._plus(table[total], middle, k), last, left // last.size)
                is_better, best = self._better(found, best)
                if is_better:
                    best_sum, middle.steps, last.steps = total, k, left // last.size
        if best is None:
            raise self._unreachable()
        return best_sum


def round_to_groups(parameters: Sequence[int], group: int, target: Target, wanted: np.ndarray) -> np.ndarray:
    """Returns the nearest sparsities n / group, in parameter-weighted squares, whose weighted mean is exactly the
    target. `wanted` is float64 [units], within [0, 1]. Raises InfeasibleError if there are none."""
    return _Rounding(parameters, group, target, wanted).run()
