"""Reads expressions, with the grammar of expr/parser.cc:

    sum     = product { ("+" | "-") product }
    product = unary { ("*" | "/") unary }
    unary   = "-" number | "-" unary | primary
    primary = number | "(" sum ")" | name [ "(" [ argument { "," argument } ] ")" ]
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable

from .dsa_string import parse_dsa_string
from .errors import ParseError
from .expression import MAXIMUM_DEPTH, MAXIMUM_NODES, Expression, check_size, find_fault
from .operators import OPERATORS, Operator, find_operator

_MAXIMUM_TEXT_BYTES = 64 * 1024
_MAXIMUM_NESTING = 4 * MAXIMUM_DEPTH
_NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


def parse(text: str) -> Expression:
    """Reads an expression, or a DSA string if the text begins with "W:".

    Raises ParseError with the column, what was expected and what was found.
    """
    size = len(text.encode())
    if size > _MAXIMUM_TEXT_BYTES:
        raise ParseError(f"expected an expression of at most {_MAXIMUM_TEXT_BYTES} bytes, found {size}")
    if text.startswith("W:"):
        return parse_dsa_string(text)
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._nesting = 0
        self._nodes = 0

    def parse(self) -> Expression:
        expression = self._sum()
        if self._peek():
            raise self._error(self._position, "expected an operator or the end")
        check_size(expression)
        return expression

    def _peek(self) -> str:
        while self._position < len(self._text) and self._text[self._position] in " \t\n\r":
            self._position += 1
        return self._text[self._position : self._position + 1]

    def _take(self, wanted: str) -> bool:
        if self._peek() != wanted:
            return False
        self._position += 1
        return True

    def _error(self, position: int, message: str) -> ParseError:
        rest = self._text[position:]
        found = "the end of the text" if not rest else f"'{rest[:20]}...'" if len(rest) > 20 else f"'{rest}'"
        return ParseError(f"column {position + 1}: {message}, found {found}")

    def _node(
        self, position: int, row: Operator, numbers: list[float], children: list[Expression], arguments: list[int]
    ) -> Expression:
        self._nodes += 1
        if self._nodes > MAXIMUM_NODES:
            raise ParseError(f"column {position + 1}: expected at most {MAXIMUM_NODES} operators and operands")
        made = Expression(row, tuple(numbers), tuple(children))
        fault = find_fault(made)
        if fault is not None:
            raise ParseError(f"column {arguments[fault[0]] + 1}: {fault[1]}")
        return made

    def _left_associative(self, operators: str, operand: Callable[[], Expression]) -> Expression:
        self._peek()
        start = self._position
        left = operand()
        while (symbol := self._peek()) and symbol in operators:
            position = self._position
            self._position += 1
            self._peek()
            right_start = self._position
            right = operand()
            left = self._node(position, OPERATORS[symbol], [], [left, right], [start, right_start])
        return left

    def _sum(self) -> Expression:
        return self._left_associative("+-", self._product)

    def _product(self) -> Expression:
        return self._left_associative("*/", self._unary)

    def _unary(self) -> Expression:
        self._nesting += 1
        if self._nesting > _MAXIMUM_NESTING:
            raise ParseError(f"column {self._position + 1}: nested more than {_MAXIMUM_NESTING} deep")
        try:
            self._peek()
            position = self._position
            if not self._take("-"):
                return self._primary()
            if self._at_number():
                return self._node(position, OPERATORS["constant"], [-self._number()], [], [position])
            self._peek()
            start = self._position
            return self._node(position, OPERATORS["neg"], [], [self._unary()], [start])
        finally:
            self._nesting -= 1

    def _at_number(self) -> bool:
        first = self._peek()
        return first != "" and first in "0123456789."

    def _number(self) -> float:
        found = _NUMBER.match(self._text, self._position)
        if found is None or float(found[0]) == float("inf"):
            raise self._error(self._position, "expected a number within double precision")
        self._position = found.end()
        return float(found[0])

    def _primary(self) -> Expression:
        first = self._peek()
        position = self._position
        if self._at_number():
            return self._node(position, OPERATORS["constant"], [self._number()], [], [position])
        if self._take("("):
            inner = self._sum()
            if not self._take(")"):
                raise self._error(self._position, "expected ')'")
            return inner
        if first and _NAME.match(first):
            return self._call()
        raise self._error(position, "expected a number, a name, '-' or '('")

    def _call(self) -> Expression:
        position = self._position
        name = _NAME.match(self._text, position)[0]  # type: ignore[index]
        self._position += len(name)
        row = find_operator(name)
        if row is None:
            near = difflib.get_close_matches(name, OPERATORS, 1, 0)
            raise ParseError(f"column {position + 1}: unknown operator '{name}', the nearest known name is '{near[0]}'")
        if row.arity == 0 and not row.parameters:
            if self._take("(") and not self._take(")"):
                raise self._error(self._position, f"expected ')': '{row.name}' takes no arguments")
            return self._node(position, row, [], [], [])
        if not self._take("("):
            raise self._error(
                self._position, f"expected '(' after '{name}', which takes {row.describe_arguments()}"
            )
        return self._arguments(position, row)

    def _arguments(self, position: int, row: Operator) -> Expression:
        children: list[Expression] = []
        numbers: list[float] = []
        places: list[int] = []
        takes = f"'{row.name}' takes {row.describe_arguments()}"
        for i in range(row.arity + len(row.parameters)):
            if (i > 0 and not self._take(",")) or self._peek() == ")":
                missing = "an expression" if i < row.arity else f"a number ({row.parameters[i - row.arity].name})"
                raise self._error(self._position, f"expected {',' if i else ''} {missing}: {takes}".replace("  ", " "))
            places.append(self._position)
            if i < row.arity:
                children.append(self._sum())
            else:
                numbers.append(self._signed_number(row, i - row.arity))
        if not self._take(")"):
            raise self._error(self._position, f"expected ')': {takes}")
        return self._node(position, row, numbers, children, places)

    def _signed_number(self, row: Operator, index: int) -> float:
        sign = -1 if self._take("-") else 1
        if not self._at_number():
            raise self._error(self._position, f"expected a number ({row.parameters[index].name} of '{row.name}')")
        return sign * self._number()
