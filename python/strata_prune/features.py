"""Measures what a function needs to know about a model: one number per unit and feature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .errors import StrataError
from .evaluate import evaluate_allocation
from .expression import Expression, node, required_features
from .layout import Unit
from .model import INPUT_OF_ROLE, Calibration, Linear, Model, calibrate, sequences_of
from .operators import Kind
from .postprocess import Target
from .slopes import measure_slopes
from .spectrum import SPECTRAL, eigenvalues_of, mean_correlation
from .statistics import ELEMENTWISE, REDUCTIONS, WHOLE_TENSOR, mean, quantile, shares_below

_BLOCK_SOURCES = ("redundancy", "influence")


def measure_features(
    expression: Expression, model: Model, granularity: str, calibration: Any
) -> dict[tuple[bool, Expression], np.ndarray]:
    """Measures the features of a function, for evaluate.evaluate_allocation.

    `calibration` holds token ids [sequences, tokens], or is None for a function of weights and shapes alone. Raises
    StrataError if it is needed and None.
    """
    return _Features(expression, model, calibration).measure(expression, granularity)


class _Features:
    """Measures each feature of an expression, and of the operands of its pruned sources, once."""

    def __init__(self, expression: Expression, model: Model, calibration: Any) -> None:
        self._model = model
        sources = {at.name for _, feature in required_features(expression) for at in feature.walk()}
        of_text = bool(sources & {"WX", "X", "outliers", "linearredundancy", *_BLOCK_SOURCES})
        if (of_text or "slopes" in sources) and calibration is None:
            names = ", ".join(sorted(str(feature) for _, feature in required_features(expression)))
            raise StrataError(f"the function needs {names}, measured on a text: give calibration sequences")
        self._sequences = sequences_of(calibration) if of_text or "slopes" in sources else torch.empty(0, 0)
        self._statistics = calibrate(model, self._sequences, frozenset(sources)) if of_text else Calibration()
        self._measured: dict[tuple[str, Expression], np.ndarray] = {}  # by kind of units and feature

    def measure(self, expression: Expression, granularity: str) -> dict[tuple[bool, Expression], np.ndarray]:
        required = {key: "block" if key[0] else granularity for key in required_features(expression)}
        for units in sorted(set(required.values())):
            features = [feature for (_, feature), of in required.items() if of == units]
            self._measure_together(features, units)
        for (_, feature), units in required.items():
            if (units, feature) not in self._measured:
                self._measured[units, feature] = self._slopes(feature, units)
        return {key: self._measured[units, key[1]] for key, units in required.items()}

    def _measure_together(self, features: list[Expression], granularity: str) -> None:
        """Measures all but the pruned sources."""
        missing = [
            feature
            for feature in dict.fromkeys(features)
            if feature.kind is not Kind.PRUNED_SOURCE and (granularity, feature) not in self._measured
        ]
        with torch.no_grad(), np.errstate(all="ignore"):
            values = _Measurement(self._model, self._model.units(granularity), self._statistics).run(missing)
        self._measured |= {(granularity, feature): value for feature, value in values.items()}

    def _slopes(self, feature: Expression, granularity: str) -> np.ndarray:
        operand, units = feature.children[0], self._model.units(granularity)
        target = Target(feature.parameters[0])
        allocation = evaluate_allocation(operand, self.measure(operand, granularity), units, target)
        return measure_slopes(self._model, units, allocation.tolist(), self._sequences)


class _Measurement:
    def __init__(self, model: Model, units: Sequence[Unit], statistics: Calibration) -> None:
        self._statistics = statistics
        linears = {linear.name: linear for linear in model.linears}
        self._units = [[linears[name] for name in unit.modules] for unit in units]

    def run(self, features: list[Expression]) -> dict[Expression, np.ndarray]:
        values: dict[Expression, list[float]] = {feature: [] for feature in features}
        for linears in self._units:
            formed: dict[Expression, Tensor] = {}
            for feature in features:
                if feature.name != "below":
                    values[feature].append(self._feature(feature, linears, formed))
        for feature in features:
            if feature.name == "below":
                tensors = [self._tensor(feature.children[0], linears, {}) for linears in self._units]
                values[feature] = shares_below(tensors, feature.parameters[0])
        return {feature: np.array(of_units, dtype=np.float64) for feature, of_units in values.items()}

    def _feature(self, feature: Expression, linears: list[Linear], formed: dict[Expression, Tensor]) -> float:
        block, name = linears[0].block, feature.name
        if name == "redundancy":
            return self._statistics.redundancy[block]
        if name == "influence":
            return self._statistics.influence[block]
        if name == "linearredundancy":
            of_block = self._statistics.linear_redundancy[block]
            return sum(of_block[linear.role] / len(linears) for linear in linears)
        if name == "outliers":
            scores = self._tensor(node("WX"), linears, formed)
            threshold = torch.tensor(feature.parameters[0] * mean(scores), dtype=torch.float32)
            return 100.0 * int((scores > threshold.to(scores.device)).sum()) / scores.numel()
        if name == "alpha":
            return self._feature(node("spectraltail", (), (node("W"),)), linears, formed)
        tensor = self._tensor(feature.children[0], linears, formed)
        if name == "quantile":
            return quantile(tensor, feature.parameters[0])
        if name in REDUCTIONS:
            return REDUCTIONS[name](tensor)
        matrices = tensor.split([linear.weight.numel() for linear in linears])
        total = 0.0
        for linear, flat in zip(linears, matrices, strict=True):
            matrix = flat.view(linear.weight.shape)
            if name == "correlation":
                total += mean_correlation(matrix)
            else:
                total += SPECTRAL[name](eigenvalues_of(matrix), max(matrix.shape))
        return total / len(linears)

    def _tensor(self, expression: Expression, linears: list[Linear], formed: dict[Expression, Tensor]) -> Tensor:
        """Returns the elements of all linears of a unit, row after row, float32 [elements]."""
        if expression not in formed:
            if expression.kind is Kind.TENSOR_SOURCE:
                parts = [self._source(expression.name, linear).flatten() for linear in linears]
                formed[expression] = torch.cat(parts)
            else:
                below = self._tensor(expression.children[0], linears, formed)
                kernel = ELEMENTWISE.get(expression.name) or WHOLE_TENSOR[expression.name]
                formed[expression] = kernel(below)
        return formed[expression]

    def _source(self, name: str, linear: Linear) -> Tensor:
        if name == "W":
            return linear.weight
        norms = self._statistics.scalers[linear.block][INPUT_OF_ROLE[linear.role]].sqrt()
        return norms.expand_as(linear.weight) if name == "X" else linear.weight.abs() * norms
