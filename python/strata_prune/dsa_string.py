"""Reads DSA's strings, such as W:(ABSLOG)-(VAR)-(ATAN,ASIN)-(7). docs/expressions.md says what they mean."""

from __future__ import annotations

import re

from .errors import ParseError
from .expression import Expression, check_size, node
from .operators import Type

_LAMBDA = 0.08
_LIST = r"\(([^)]*)\)"
_STRING = re.compile(rf"W:{_LIST}-{_LIST}-{_LIST}(?:-{_LIST})?")


def _table(text: str) -> dict[str, str]:
    return {"NO_OP": ""} | dict(entry.split(":") for entry in text.split())


_PREPROCESS = _table(
    "ABS:abs LOG:logpos ABSLOG:abslog POW:pow2 EXP:exp SQRT:sqrt NORMALIZE:normalize MMS:mms TANH:tanh SIGMOID:sigmoid"
)
_REDUCTION = _table(
    "MEAN:mean VAR:var STD:std L1_NORM:l1 FROBENIUS_NORM:l2 ENTROPY:entropy GEOMETRIC_MEAN:rootprod RANK:matrixrank "
    "CORREF:correlation SLOGDET:logdet"
)
_TRANSFORM = _table(
    "SIN:sin COS:cos TAN:tan ASIN:asin ACOS:acos ATAN:atan EXP:exp LOG:log ABS:abs SIGMOID:sigmoid TANH:tanh "
    "SOFTPLUS:softplus SOFTMAX:softmax"
)
_MEANINGLESS = {
    "DETERMINANT": "only a square matrix has a determinant; 'SLOGDET' is that of the Gram matrix",
    "GRAM": "a Gram matrix is not one number",
    "DIAGONAL": "a diagonal is not one number",
}


def parse_dsa_string(text: str) -> Expression:
    """Returns dsa(transforms(reduction(pre-processes(WX))), 0.08). DSA's last number is not kept.

    Raises ParseError.
    """
    found = _STRING.fullmatch(text)
    if found is None:
        raise ParseError(f"expected W:(pre-process)-(reduction)-(transform)-(number), found '{text[:80]}'")
    preprocess, reduction, transform, last = (found[i] for i in range(1, 5))
    if last is None and _is_integer(transform):
        transform = ""
    elif last is not None and not _is_integer(last):
        raise ParseError(f"expected an integer as the last list of a DSA string, found '{last}'")
    expression, _ = _apply(preprocess, _PREPROCESS, "pre-process", node("WX"))
    expression, reductions = _apply(reduction, _REDUCTION, "reduction", expression)
    if reductions > 1:
        raise ParseError(f"expected one reduction, found {reductions}")
    expression, _ = _apply(transform, _TRANSFORM, "transform", expression)
    if reductions == 0:
        expression = node("mean", (), (expression,))
    expression = node("dsa", (_LAMBDA,), (expression,))
    check_size(expression)
    return expression


def _is_integer(text: str) -> bool:
    return re.fullmatch(r"-?\d+", text) is not None


def _apply(names: str, table: dict[str, str], what: str, expression: Expression) -> tuple[Expression, int]:
    applied = 0
    for name in names.split(",") if names else []:
        if name in _MEANINGLESS:
            raise ParseError(f"DSA's own code fails on '{name}': {_MEANINGLESS[name]}")
        if name not in table:
            raise ParseError(f"expected a DSA {what} operator, found '{name}'; known are {', '.join(table)}")
        if not table[name]:
            continue
        if table[name] == "softmax" and expression.type is Type.TENSOR:
            raise ParseError(f"'{name}' needs one number per block: expected a reduction before it, found NO_OP")
        expression = node(table[name], (), (expression,))
        applied += 1
    return expression, applied
