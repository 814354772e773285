"""Slopes of a pruned model, as in evaluator/features/slope_pass.cc."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from .block_pruning import kept_weights, prune_blocks
from .errors import StrataError, UnsupportedError
from .layout import Unit
from .model import INPUT_OF_ROLE, Linear, Model, evaluating, run_model

_STEP = 0.05
_MOST_SPARSITY = 0.999


@torch.inference_mode(False)
def measure_slopes(model: Model, units: Sequence[Unit], sparsities: Sequence[float], sequences: Tensor) -> np.ndarray:
    """Returns the derivative of the loss of `sequences` by the sparsity of every unit, float64 [units], in the model
    that Wanda prunes to `sparsities`, one per unit.

    The loss is the mean over sequences of their mean token loss, and G its gradient at the pruned weights. With W(s)
    the weights that Wanda leaves of a linear at sparsity s, by the norms of the pruned model, a unit's slope is
        sum over its linears of <G, W(s + 0.05) - W(s - 0.05)> / 0.1.
    At 0 and just below 1 the difference is one-sided. The weights are pruned in place and written back, so that
    memory holds three copies of them: these, the gradients and those of one sequence.
    """
    if sequences.shape[1] < 2:
        raise StrataError(f"slopes: expected sequences of at least 2 tokens, found {sequences.shape[1]}")
    wanted = {name: of_unit for unit, of_unit in zip(units, sparsities, strict=True) for name in unit.modules}
    sequences = sequences.clone()  # no inference tensor, which no backward pass takes
    with _weights_written_back(model) as dense:
        norms = prune_blocks(model, wanted, "wanda", sequences, "sequential", 0)
        gradients = _gradients(model, sequences)
    slopes = {}
    with torch.no_grad():
        for linear, gradient in zip(model.linears, gradients, strict=True):
            of_inputs = norms[linear.block][INPUT_OF_ROLE[linear.role]]
            slopes[linear.name] = _slope(linear, dense[linear.name], gradient, of_inputs, wanted[linear.name])
    return np.array([sum(slopes[name] for name in unit.modules) for unit in units], dtype=np.float64)


@contextmanager
def _weights_written_back(model: Model) -> Iterator[dict[str, Tensor]]:
    """Gives copies of the linears' weights by name, and writes them back at the end, whatever happens."""
    dense = {linear.name: linear.weight.clone() for linear in model.linears}
    try:
        yield dense
    finally:
        with torch.no_grad():
            for linear in model.linears:
                linear.weight.copy_(dense[linear.name])


def _gradients(model: Model, sequences: Tensor) -> list[Tensor]:
    """Returns the gradients of the loss by the weights of the linears, float32 [outputs, inputs]."""
    parameters = [linear.module.weight for linear in model.linears]
    required = [parameter.requires_grad for parameter in parameters]
    sums = [torch.zeros_like(parameter, requires_grad=False) for parameter in parameters]
    try:
        for parameter in parameters:
            parameter.requires_grad_(True)
        with evaluating(model.module), torch.enable_grad():
            for sequence in sequences:
                of_sequence = torch.autograd.grad(_loss(model, sequence), parameters)
                for total, gradient in zip(sums, of_sequence, strict=True):
                    total.add_(gradient, alpha=1 / len(sequences))
    finally:
        for parameter, before in zip(parameters, required, strict=True):
            parameter.requires_grad_(before)
    return sums


def _loss(model: Model, sequence: Tensor) -> Tensor:
    logits = getattr(run_model(model, sequence), "logits", None)
    if logits is None:
        raise UnsupportedError(f"{type(model.module).__name__}: expected a causal language model, which has logits")
    return cross_entropy(logits[0, :-1].float(), sequence[1:].to(logits.device))


def _slope(linear: Linear, dense: Tensor, gradient: Tensor, norms: Tensor, sparsity: float) -> float:
    upper, lower = min(sparsity + _STEP, _MOST_SPARSITY), max(sparsity - _STEP, 0.0)
    most, least = (
        dense.masked_fill(~kept_weights(dense, at, "wanda", norms, 0, linear.name), 0.0) for at in (upper, lower)
    )
    change = most - least
    return float((gradient * change).double().sum()) / (upper - lower)
