"""Configurations of EvoPress (Sieberling et al. 2024, arXiv:2410.14649), written and read.

A configuration has a line `MODULE: LEVEL` for every linear. Level l of a linear with n weights is the sparsity
S + l D / n: S is the sparsity of level 0 and D the number of weights between two levels, the same for all linears, so
that levels whose sum is 0 have the mean S. The file holds neither S nor D. Both are arguments of EvoPress's prune.py,
which writes the weights of every level, and so is the number of levels on each side of 0.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from .errors import InfeasibleError, ParseError, StrataError
from .function import Allocation
from .model import Model, find_linears

LEVELS = 8  # on each side of 0, as in EvoPress's published configurations


@dataclass(frozen=True)
class EvoPressConfiguration:
    """Levels by module name, and what EvoPress's prune.py needs to write the weights of these levels."""

    levels: Mapping[str, int]
    sparsity: float  # of level 0
    weights_diff: int  # weights between two levels
    num_levels: int  # on each side of level 0
    largest_change: float  # of a module's sparsity, from rounding to a level

    @property
    def text(self) -> str:
        return "\n".join(f"{module}: {level}" for module, level in self.levels.items()) + "\n"

    @property
    def prune_arguments(self) -> list[str]:
        """The arguments of EvoPress's prune.py that make the database to which these levels refer."""
        return ["--sparsity", repr(self.sparsity), "--weights_diff", str(self.weights_diff),
                "--num_levels", str(self.num_levels)]  # fmt: skip


def to_evopress(
    allocation: Mapping[str, float], model: nn.Module, sparsity: float, weights_diff: int | None = None
) -> EvoPressConfiguration:
    """Rounds an allocation to levels of EvoPress.

    `allocation` has a sparsity for every prunable linear of `model`, of which only names and shapes count. `sparsity`
    is that of level 0. `weights_diff` is by default the one that EvoPress uses for its 8 levels; a smaller one rounds
    less. The rounded allocation has the nearest mean that levels can have, and `largest_change` says how much
    rounding changed. Raises StrataError for a wrong argument or a module without a sparsity, and InfeasibleError if no
    levels between the sparsities 0 and 1 have the mean of the allocation.
    """
    found = find_linears(model, needs_weights=False)
    step = _weights_diff(found, sparsity, weights_diff, LEVELS)
    missing = [linear.name for linear in found.linears if linear.name not in allocation]
    unknown = allocation.keys() - {linear.name for linear in found.linears}
    if missing or unknown:
        problem = f"lacks {missing[0]}" if missing else f"names {min(unknown)}, which the model does not have"
        raise StrataError(f"allocation: expected a sparsity for every prunable linear of the model; it {problem}")
    for name, value in allocation.items():
        if not 0 <= value < 1:
            raise StrataError(f"{name}: expected a sparsity of at least 0 and less than 1, found {value}")
    exact, levels, highest = {}, {}, {}
    for linear in found.linears:
        size = linear.weight.numel() / step
        exact[linear.name] = (allocation[linear.name] - sparsity) * size
        highest[linear.name] = int((1 - sparsity) // (1 / size))
        levels[linear.name] = max(math.floor(exact[linear.name]), -int(sparsity // (1 / size)))
    missing_levels = round(sum(exact.values())) - sum(levels.values())
    # A level removes equally many weights everywhere, so the cheapest raise is that of the largest remainder.
    rising = sorted(levels, key=lambda name: levels[name] - exact[name])
    rising = [name for name in rising if levels[name] < highest[name]][: max(missing_levels, 0)]
    if missing_levels != len(rising):
        raise InfeasibleError(f"no levels of {step} weights around {sparsity} have the mean of the allocation")
    for name in rising:
        levels[name] += 1
    change = max(abs(levels[one.name] - exact[one.name]) * step / one.weight.numel() for one in found.linears)
    return EvoPressConfiguration(levels, sparsity, step, max(map(abs, levels.values())), change)


def from_evopress(
    path: str | os.PathLike[str],
    model: nn.Module,
    sparsity: float,
    weights_diff: int | None = None,
    num_levels: int = LEVELS,
) -> Allocation:
    """Reads a configuration of EvoPress as an allocation, one unit per linear, for `prune` and `Allocation.save`.

    Of `model` only names and shapes count, so it may lie on the device meta. `sparsity`, `weights_diff` and
    `num_levels` are those of the database that the configuration was searched on. EvoPress's published configurations
    have the sparsity in their names and the default of the others. Raises ParseError, which names the line, for a file
    that does not fit the model or these numbers.
    """
    found = find_linears(model, needs_weights=False)
    step = _weights_diff(found, sparsity, weights_diff, num_levels)
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise StrataError(f"{path}: {error}") from None
    linears = {linear.name: linear for linear in found.linears}
    sparsities: dict[str, float] = {}
    for number, line in enumerate(lines, start=1):
        where = f"{path}, line {number}"
        module, colon, text = line.rpartition(":")
        try:
            level = int(text)
        except ValueError:
            colon = ""
        if not colon:
            raise ParseError(f"{where}: expected `MODULE: LEVEL` with a whole level, found '{line}'")
        if module not in linears or module in sparsities:
            problem = "an earlier line has this module too" if module in sparsities else "the model has no such linear"
            raise ParseError(f"{where}: {problem}: '{module}'")
        value = sparsity + level * step / linears[module].weight.numel()
        if abs(level) > num_levels or not 0 <= value < 1:
            raise ParseError(
                f"{where}: expected a level from {-num_levels} to {num_levels} whose sparsity is at least 0 and less "
                f"than 1, found {level}, a sparsity of {value:.4f}; are sparsity, weights_diff and num_levels those of "
                "the database?"
            )
        sparsities[module] = value
    missing = [name for name in linears if name not in sparsities]
    if missing:
        raise ParseError(f"{path}: expected a line for every prunable linear, found none for '{missing[0]}'")
    return Allocation(found.units("linear"), [sparsities[name] for name in linears])


def _weights_diff(model: Model, sparsity: float, given: int | None, num_levels: int) -> int:
    """Returns the number of weights between two levels; by default that of EvoPress's prune.py."""
    if not 0 < sparsity < 1:
        raise StrataError(f"expected a sparsity of level 0 above 0 and below 1, found {sparsity}")
    if num_levels < 1:
        raise StrataError(f"expected at least 1 level on each side of 0, found {num_levels}")
    hidden = model.linears[0].weight.shape[1]  # the query reads the hidden state
    step = int(0.5 * min(sparsity, 1 - sparsity) / num_levels * hidden**2) if given is None else given
    if step < 1:
        raise StrataError(f"expected at least 1 weight between two levels, found {step}: give weights_diff")
    return step
