"""Typed trees of operators, their text and their JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import ParseError
from .operators import LAYOUT_SOURCES, Kind, Type, accepts, find_operator
from .operators import Operator as Row

MAXIMUM_NODES = 1000
MAXIMUM_DEPTH = 64
_SUM, _PRODUCT, _UNARY, _ATOM = range(4)


@dataclass(frozen=True)
class Expression:
    """A node with its operands. Two equal trees are the same function. Make one with `node` or `parse`."""

    row: Row
    parameters: tuple[float, ...] = ()
    children: tuple[Expression, ...] = ()

    @property
    def name(self) -> str:
        return self.row.name

    @property
    def kind(self) -> Kind:
        return self.row.kind

    @property
    def type(self) -> Type:
        """Type of the value. An element-wise operator has the type of its operand."""
        at = self
        while at.kind is Kind.ELEMENTWISE:
            at = at.children[0]
        if at.kind in (Kind.TENSOR_SOURCE, Kind.WHOLE_TENSOR):
            return Type.TENSOR
        if at.kind in (Kind.POSTPROCESS, Kind.DESCENT, Kind.ADJUSTMENT):
            return Type.ALLOCATION
        return Type.UNITS

    def walk(self) -> Iterator[Expression]:
        """Yields this node and all nodes below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()

    def __str__(self) -> str:
        return _text(self, _SUM)

    def to_tree(self) -> dict[str, Any]:
        """Returns the `tree` of function JSON."""
        names = (parameter.name for parameter in self.row.parameters)
        return {
            "operator": self.name,
            "parameters": dict(zip(names, self.parameters, strict=True)),
            "children": [child.to_tree() for child in self.children],
        }


def format_number(value: float) -> str:
    """Returns the shortest text that reads back as the number, without a needless ".0"."""
    text = repr(float(value))
    return text[:-2] if text.endswith(".0") else text


def node(name: str, parameters: tuple[float, ...] = (), children: tuple[Expression, ...] = ()) -> Expression:
    """Returns a checked node. Raises ParseError for an unknown name, wrong operands or numbers out of range."""
    row = find_operator(name)
    if row is None:
        raise ParseError(f"unknown operator '{name}'")
    if len(children) != row.arity or len(parameters) != len(row.parameters):
        raise ParseError(
            f"'{row.name}' takes {row.describe_arguments()}, found {len(children)} and {len(parameters)}"
        )
    made = Expression(row, tuple(float(number) for number in parameters), tuple(children))
    fault = find_fault(made)
    if fault is not None:
        raise ParseError(fault[1])
    return made


def find_fault(made: Expression) -> tuple[int, str] | None:
    """Returns the place of the first argument that the operator does not take, and what is wrong with it."""
    row = made.row
    for place, child in enumerate(made.children):
        if accepts(row, place, child.type):
            continue
        wanted = next(t.value for t in (Type.UNITS, Type.TENSOR, Type.ALLOCATION) if accepts(row, place, t))
        if row.kind is Kind.ELEMENTWISE:
            wanted = "Tensor or Units"
        return place, f"'{row.name}' expects a value of type {wanted}, found {child.type.value} '{child}'"
    for place, (parameter, value) in enumerate(zip(row.parameters, made.parameters, strict=True)):
        problem = ""
        if not parameter.minimum <= value <= parameter.maximum:
            problem = f"between {format_number(parameter.minimum)} and {format_number(parameter.maximum)}"
        elif parameter.step and math.fmod(value, parameter.step) != 0:
            problem = f"a multiple of {format_number(parameter.step)}"
        if problem:
            text = f"{parameter.name} of '{row.name}' must be {problem}, found {format_number(value)}"
            return len(made.children) + place, text
    return None


def check_size(expression: Expression) -> None:
    """Raises ParseError if the tree has more than 1000 nodes or 64 levels."""
    nodes, stack = 0, [(expression, 1)]
    while stack:
        at, depth = stack.pop()
        nodes += 1
        if depth > MAXIMUM_DEPTH:
            raise ParseError(f"an expression is at most {MAXIMUM_DEPTH} operators deep")
        if nodes > MAXIMUM_NODES:
            raise ParseError(f"an expression has at most {MAXIMUM_NODES} nodes")
        stack.extend((child, depth + 1) for child in at.children)


def from_tree(tree: Any, where: str = "$.tree", depth: int = 1) -> Expression:
    """Reads the `tree` of function JSON. Raises ParseError, which names the place."""
    if not isinstance(tree, Mapping) or not isinstance(tree.get("operator"), str):
        raise ParseError(f"{where}: expected an object with operator, parameters and children")
    if depth > MAXIMUM_DEPTH:
        raise ParseError(f"{where}: an expression is at most {MAXIMUM_DEPTH} operators deep")
    row = find_operator(tree["operator"])
    if row is None:
        raise ParseError(f"{where}.operator: unknown operator '{tree['operator']}'")
    numbers = tree.get("parameters", {})
    children = tree.get("children", [])
    if not isinstance(numbers, Mapping) or not isinstance(children, list):
        raise ParseError(f"{where}: expected an object of parameters and a list of children")
    wanted = [parameter.name for parameter in row.parameters]
    if sorted(numbers) != sorted(wanted):
        raise ParseError(f"{where}.parameters: expected {wanted}, found {sorted(numbers)}")
    for name in wanted:
        if isinstance(numbers[name], bool) or not isinstance(numbers[name], int | float):
            raise ParseError(f"{where}.parameters.{name}: expected a number, found {numbers[name]!r}")
    below = tuple(from_tree(child, f"{where}.children[{i}]", depth + 1) for i, child in enumerate(children))
    try:
        return node(row.name, tuple(numbers[name] for name in wanted), below)
    except ParseError as error:
        raise ParseError(f"{where}: {error}") from None


def slopes_of(descent: Expression) -> Expression:
    """Returns the feature that descend(f, s, length) needs besides those of f: slopes(f, s)."""
    return node("slopes", (descent.parameters[0],), descent.children)


def required_features(expression: Expression, blockwise: bool = False) -> set[tuple[bool, Expression]]:
    """Returns what must be measured: reductions and measured sources, each with whether blocks are its units.

    What the operands of pruned sources need is not among them.
    """
    if expression.kind in (Kind.REDUCTION, Kind.PRUNED_SOURCE) or (
        expression.kind is Kind.STRUCTURAL_SOURCE and expression.name not in LAYOUT_SOURCES
    ):
        return {(blockwise, expression)}
    found: set[tuple[bool, Expression]] = set()
    if expression.kind is Kind.DESCENT:
        found = required_features(slopes_of(expression), blockwise)
    for child in expression.children:
        found |= required_features(child, blockwise or expression.name == "blockwise")
    return found


def _binding(expression: Expression) -> int:
    return {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "neg": _UNARY}.get(expression.name, _ATOM)


def _text(expression: Expression, loosest: int) -> str:
    binding = _binding(expression)
    if expression.name == "constant":
        text = format_number(expression.parameters[0])
    elif binding == _UNARY:
        child = expression.children[0]
        inner = _text(child, _UNARY)
        # "-2" is the constant minus two. The negation of the constant two is "-(2)".
        positive = child.name == "constant" and math.copysign(1, child.parameters[0]) > 0
        text = f"-({inner})" if positive else f"-{inner}"
    elif binding == _ATOM:
        arguments = [_text(child, _SUM) for child in expression.children]
        arguments += [format_number(number) for number in expression.parameters]
        bare = not arguments and expression.kind is not Kind.POSTPROCESS
        text = expression.name if bare else f"{expression.name}({', '.join(arguments)})"
    else:
        left, right = expression.children
        text = f"{_text(left, binding)} {expression.name} {_text(right, binding + 1)}"
    return f"({text})" if binding < loosest else text
