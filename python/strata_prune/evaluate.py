"""Evaluates an expression on measured numbers, one per unit and feature."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from .errors import StrataError, UnsupportedError
from .expression import Expression, slopes_of
from .layout import Unit, block_layout, layout_source
from .n_of_m import round_to_groups
from .operators import LAYOUT_SOURCES, UNSUPPORTED, Kind, Type
from .postprocess import Target, apply_adjustment, apply_postprocess
from .unit_arithmetic import ACROSS_UNITS, BINARY, ELEMENTWISE, dsa_result, single_precision, total

# Values of each feature, float64 [units], by (whether blocks are its units, the reduction or source). A feature of
# blocks has one value per block.
Features = Mapping[tuple[bool, Expression], np.ndarray]
_Rule = Callable[[np.ndarray], np.ndarray]


def check_supported(expression: Expression) -> None:
    """Raises UnsupportedError, which names the operator, if only the program can measure what the function needs."""
    for node in expression.walk():
        if node.name in UNSUPPORTED:
            raise UnsupportedError(
                f"'{node.name}' is measured by passes through perturbed models or with gradients per sequence, which "
                "strata_prune does not make: use `strata allocate`, and strata_prune.load on the file that it writes"
            )


def evaluate_allocation(
    expression: Expression, features: Features, layout: Sequence[Unit], target: Target
) -> np.ndarray:
    """Returns the sparsity of every unit, float64 [units].

    Raises UnsupportedError for an operator that is not implemented, InfeasibleError if the target is out of reach, and
    StrataError if a feature is missing or the expression is no allocation.
    """
    if expression.type is not Type.ALLOCATION:
        raise StrataError(f"expected an expression of type Allocation, found {expression.type.value} '{expression}'")
    check_supported(expression)
    with np.errstate(all="ignore"):
        allocation = _allocation(expression, features, layout, target)
    if target.group:
        return round_to_groups([unit.parameters for unit in layout], target.group, target, allocation)
    return allocation


def evaluate_units(expression: Expression, features: Features, layout: Sequence[Unit]) -> np.ndarray:
    """Returns the value of an expression of type Units for every unit, float64 [units], by the rule outside dsa."""
    if expression.type is not Type.UNITS:
        raise StrataError(f"expected an expression of type Units, found {expression.type.value} '{expression}'")
    check_supported(expression)
    with np.errstate(all="ignore"):
        return _units(expression, features, layout, total, False)


def _allocation(expression: Expression, features: Features, layout: Sequence[Unit], target: Target) -> np.ndarray:
    children = expression.children
    if expression.kind in (Kind.ADJUSTMENT, Kind.DESCENT):
        before = _allocation(children[0], features, layout, target)
        change = slopes_of(expression) if expression.kind is Kind.DESCENT else children[1]
        x = _units(change, features, layout, total, False)
        return apply_adjustment(expression.name, before, x, expression.parameters, layout, target)
    if not children:
        return apply_postprocess(expression.name, None, expression.parameters, layout, target)
    if expression.name == "dsa":
        x = dsa_result(_units(children[0], features, layout, single_precision, False))
    else:
        x = _units(children[0], features, layout, total, False)
    return apply_postprocess(expression.name, x, expression.parameters, layout, target)


def _units(
    expression: Expression, features: Features, layout: Sequence[Unit], rule: _Rule, of_blocks: bool
) -> np.ndarray:
    name, children = expression.name, expression.children
    if name == "blockwise" and not of_blocks:
        blocks = block_layout(layout)
        values = rule(_units(children[0], features, blocks, rule, True))
        return values[[unit.block for unit in layout]]
    if name == "blockwise":
        return _units(children[0], features, layout, rule, True)
    if expression.kind in (Kind.REDUCTION, Kind.PRUNED_SOURCE) or (
        expression.kind is Kind.STRUCTURAL_SOURCE and name not in LAYOUT_SOURCES
    ):
        found = features.get((of_blocks, expression))
        if found is None:
            raise StrataError(f"feature '{expression}' was not measured")
        return rule(np.asarray(found, dtype=np.float64))
    if expression.kind is Kind.CONSTANT:
        return rule(np.full(len(layout), expression.parameters[0]))
    if expression.kind is Kind.STRUCTURAL_SOURCE:
        return rule(layout_source(name, layout))
    below = [_units(child, features, layout, rule, of_blocks) for child in children]
    if expression.kind is Kind.ELEMENTWISE:
        return rule(ELEMENTWISE[name](below[0]))
    if expression.kind is Kind.BINARY:
        return rule(BINARY[name](below[0], below[1], expression.parameters))
    return rule(ACROSS_UNITS[name](below[0], layout))
