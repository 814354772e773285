"""The units of a model, each of which gets one sparsity, and the sources that follow from their shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

ROLES = ("query", "key", "value", "output", "gate", "up", "down")
ATTENTION_ROLES = frozenset(ROLES[:4])
GRANULARITIES = ("block", "kind", "linear")


@dataclass(frozen=True)
class Unit:
    """A block, the attention or the feed-forward part of one, or a single linear."""

    name: str  # as in function JSON: BLOCK, BLOCK.attention, BLOCK.feed-forward or BLOCK.LINEAR
    parameters: int  # prunable weights
    block: int  # from 0
    kind: str  # block, attention or feed-forward
    fan: int  # sum over its linears of inputs + outputs
    role: str | None = None  # of a unit that is a single linear
    modules: tuple[str, ...] = field(default=(), compare=False)  # names of its linears in the model


def parameters_of(layout: Sequence[Unit]) -> list[int]:
    return [unit.parameters for unit in layout]


def weights_of(layout: Sequence[Unit]) -> np.ndarray:
    """Returns each unit's share of all prunable weights, float64 [units]."""
    counts = np.array(parameters_of(layout), dtype=np.float64)
    return counts / counts.sum()


def block_layout(layout: Sequence[Unit]) -> list[Unit]:
    """Returns the layout whose units are the blocks of `layout`."""
    blocks: list[Unit] = []
    for number in dict.fromkeys(unit.block for unit in layout):
        units = [unit for unit in layout if unit.block == number]
        modules = tuple(module for unit in units for module in unit.modules)
        parameters, fan = sum(unit.parameters for unit in units), sum(unit.fan for unit in units)
        blocks.append(Unit(str(number), parameters, number, "block", fan, None, modules))
    return blocks


def layout_source(name: str, layout: Sequence[Unit]) -> np.ndarray:
    """Returns the values of a source such as `depth`, float64 [units]."""
    if name == "depth":
        last = layout[-1].block
        values = [unit.block / last if last else 0.0 for unit in layout]
    elif name == "size":
        largest = max(unit.parameters for unit in layout)
        values = [unit.parameters / largest for unit in layout]
    elif name == "fan":
        values = [unit.fan / unit.parameters for unit in layout]
    elif name == "last":
        values = [0.0] * (len(layout) - 1) + [1.0]
    elif name == "attention":
        values = [float(unit.kind == "attention") for unit in layout]
    else:
        values = [float(unit.role == name) for unit in layout]
    return np.array(values, dtype=np.float64)
