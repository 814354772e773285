"""The operator table: names, kinds and numbers, as in expr/operator_table.cc. A test compares the two."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What an operator takes and gives. The values are the titles of the tables in docs/expressions.md."""

    TENSOR_SOURCE = "Tensor sources"
    STRUCTURAL_SOURCE = "Structural sources"
    CONSTANT = "Constants"
    ELEMENTWISE = "Element-wise"
    WHOLE_TENSOR = "Whole tensor"
    REDUCTION = "Reductions"
    ACROSS_UNITS = "Across units"
    BINARY = "Binary"
    PRUNED_SOURCE = "Pruned sources"
    POSTPROCESS = "Post-processes"
    DESCENT = "Descents"
    ADJUSTMENT = "Adjustments"


class Type(Enum):
    """Type of an expression: a matrix per unit, a number per unit, or a sparsity per unit."""

    TENSOR = "Tensor"
    UNITS = "Units"
    ALLOCATION = "Allocation"


@dataclass(frozen=True)
class Parameter:
    """A number of an operator. It lies in [minimum, maximum] and is a multiple of `step`, if that is not 0."""

    name: str
    minimum: float
    maximum: float
    step: float = 0


@dataclass(frozen=True)
class Operator:
    """A row of the table. `alias` is DSA's name, or empty."""

    name: str
    kind: Kind
    arity: int
    parameters: tuple[Parameter, ...] = ()
    alias: str = ""

    def describe_arguments(self) -> str:
        """Returns what the operator takes, as in "1 expression and 1 number (lambda)"."""
        parts = []
        if self.arity:
            parts.append(f"{self.arity} expression{'s' if self.arity > 1 else ''}")
        if self.parameters:
            names = ", ".join(parameter.name for parameter in self.parameters)
            parts.append(f"{len(self.parameters)} number{'s' if len(self.parameters) > 1 else ''} ({names})")
        return " and ".join(parts) or "no arguments"


_LAMBDA = Parameter("lambda", 0.005, 0.5)
_BOX = (Parameter("lower", 0.01, 0.5), Parameter("upper", 0.01, 0.5))
_SPARSITY = Parameter("sparsity", 0.05, 0.95)
_PROBABILITY = Parameter("p", 0.01, 0.99)

_ARITY = {
    Kind.ELEMENTWISE: 1, Kind.WHOLE_TENSOR: 1, Kind.REDUCTION: 1, Kind.ACROSS_UNITS: 1, Kind.BINARY: 2,
    Kind.PRUNED_SOURCE: 1, Kind.POSTPROCESS: 1, Kind.DESCENT: 1, Kind.ADJUSTMENT: 2,
}  # fmt: skip

_NAMES = {
    Kind.TENSOR_SOURCE: "WX W X G",
    Kind.STRUCTURAL_SOURCE: "depth size redundancy influence outliers linearredundancy alpha sensitivity distortion "
    "slope fan last attention query key value output gate up down",
    Kind.CONSTANT: "constant",
    Kind.ELEMENTWISE: "abs:ABS log logpos abslog:ABSLOG pow2:POW exp:EXP sigmoid:SIGMOID tanh:TANH sin:SIN cos:COS "
    "tan:TAN asin:ASIN acos:ACOS atan:ATAN softplus:SOFTPLUS sqrt:SQRT neg",
    Kind.WHOLE_TENSOR: "normalize:NORMALIZE mms:MMS",
    Kind.REDUCTION: "mean:MEAN var:VAR std:STD l1:L1_NORM l2:FROBENIUS_NORM geomean rootprod:GEOMETRIC_MEAN "
    "entropy:ENTROPY skewness kurtosis gini quantile below matrixrank:RANK correlation:CORREF logdet:SLOGDET "
    "stablerank spectraltail",
    Kind.ACROSS_UNITS: "minmax ranks zscore suffixmean reverse softmax smooth cumsum kindminmax blockwise",
    Kind.BINARY: "+ - * / min max mix",
    Kind.POSTPROCESS: "uniform span rank ramp waterfill dsa logistic proportion density direct nm",
    Kind.PRUNED_SOURCE: "slopes",
    Kind.DESCENT: "descend",
    Kind.ADJUSTMENT: "within shift",
}

_PARAMETERS = {
    "constant": (Parameter("value", -1000, 1000),),
    "outliers": (Parameter("M", 2, 20, 1),),
    "quantile": (_PROBABILITY,),
    "below": (_PROBABILITY,),
    "mix": (Parameter("weight", 0.01, 0.99),),
    "span": (_LAMBDA,),
    "rank": (_LAMBDA,),
    "ramp": (Parameter("beta", 0.0001, 0.1),),
    "waterfill": _BOX,
    "dsa": (_LAMBDA,),
    "logistic": (_LAMBDA, Parameter("slope", 0.1, 10)),
    "proportion": (Parameter("epsilon", 0.01, 0.99),),
    "nm": (_LAMBDA, Parameter("M", 4, 32, 4)),
    "slopes": (_SPARSITY,),
    "descend": (_SPARSITY, Parameter("length", 0.001, 0.3)),
    "within": _BOX,
    "shift": (Parameter("delta", -0.5, 0.5),),
}


def _rows() -> dict[str, Operator]:
    rows = {}
    for kind, names in _NAMES.items():
        for entry in names.split():
            name, _, alias = entry.partition(":")
            arity = 0 if name == "uniform" else _ARITY.get(kind, 0)
            rows[name] = Operator(name, kind, arity, _PARAMETERS.get(name, ()), alias)
    return rows


# All operators by name, in the order of the table but for the places of whole groups.
OPERATORS: dict[str, Operator] = _rows()

# Structural sources that follow from the shapes of the model.
LAYOUT_SOURCES = frozenset("depth size fan last attention query key value output gate up down".split())

# Operators that only the program measures: they need passes through perturbed models, or gradients per sequence.
UNSUPPORTED = frozenset("G sensitivity distortion slope".split())

_ALIASES = {row.alias: row for row in OPERATORS.values() if row.alias}


def find_operator(name: str) -> Operator | None:
    """Returns the operator of a name or of one of DSA's names."""
    return OPERATORS.get(name) or _ALIASES.get(name)


def accepts(row: Operator, place: int, found: Type) -> bool:
    """Returns whether operand number `place` of an operator may have the type."""
    kind = row.kind
    if kind is Kind.ELEMENTWISE:
        return found is not Type.ALLOCATION
    if kind in (Kind.WHOLE_TENSOR, Kind.REDUCTION):
        return found is Type.TENSOR
    if kind in (Kind.PRUNED_SOURCE, Kind.DESCENT) or (kind is Kind.ADJUSTMENT and place == 0):
        return found is Type.ALLOCATION
    return found is Type.UNITS
