"""Prunes a model in place, by the scores and protocols of `strata prune`.

| method | importance of a weight | compared within |
|---|---|---|
| magnitude | abs(w) | the matrix |
| wanda | abs(w) n, n = norm of the weight's input | a row |
| ria | (abs(w) / column sum + abs(w) / row sum) sqrt(n), sums of abs(w) | the matrix |
| sparsegpt | w^2 / d^2, and the other weights are corrected (sparse_gpt.py) | 128 columns |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from .block_pruning import prune_blocks, prune_by_score
from .errors import StrataError
from .function import Function
from .model import Model, find_linears, sequences_of

METHODS = ("magnitude", "wanda", "ria", "sparsegpt")
PROTOCOLS = ("sequential", "one-shot")


def prune(
    model: nn.Module,
    allocation: Mapping[str, float] | Function,
    method: str = "wanda",
    calibration: Any = None,
    protocol: str = "sequential",
    group: int = 0,
) -> float:
    """Sets the least important weights of every module to 0, in place, and returns the share of zeros among the
    weights of all prunable linears.

    `allocation` has one sparsity in [0, 1) per module name, or is a function whose file holds one. A module that it
    does not name keeps its weights. `calibration` holds token ids [sequences, tokens]; magnitude needs none. In the
    sequential protocol each pruned block feeds the next; in the one-shot protocol all statistics are those of the
    dense model. With a `group` of M, every M neighbouring weights of a row get the same number of zeros.

    Raises StrataError for a wrong argument, before any weight changes, and UnsupportedError for a model that is not
    of a supported family. Weights must be float32.
    """
    found = find_linears(model)
    if method not in METHODS:
        raise StrataError(f"expected a method of {', '.join(METHODS)}, found '{method}'")
    if protocol not in PROTOCOLS:
        raise StrataError(f"expected a protocol of {', '.join(PROTOCOLS)}, found '{protocol}'")
    wanted = dict(allocation.sparsities if isinstance(allocation, Function) else allocation)
    _check(wanted, found, method, group)
    if method == "magnitude":
        with torch.no_grad():
            for linear in found.linears:
                prune_by_score(linear, wanted.get(linear.name, 0.0), method, None, group)
    else:
        if calibration is None:
            raise StrataError(f"'{method}' needs statistics of a text: give calibration sequences")
        prune_blocks(found, wanted, method, sequences_of(calibration), protocol, group)
    zeros = sum(int((linear.weight == 0).sum()) for linear in found.linears)
    return zeros / sum(linear.weight.numel() for linear in found.linears)


def _check(wanted: Mapping[str, float], model: Model, method: str, group: int) -> None:
    linears = {linear.name: linear for linear in model.linears}
    for name, sparsity in wanted.items():
        if name not in linears:
            raise StrataError(f"allocation: the model has no prunable linear '{name}'")
        if not 0 <= sparsity < 1:
            raise StrataError(f"{name}: expected a sparsity of at least 0 and less than 1, found {sparsity}")
    if group == 0:
        return
    for linear in model.linears:
        columns = linear.weight.shape[1]
        if group < 0 or columns % group or (method == "sparsegpt" and 128 % group):
            raise StrataError(f"{linear.name}: expected groups that divide its {columns} inputs, found {group}")
        zeros = wanted.get(linear.name, 0.0) * group
        if abs(zeros - round(zeros)) > 1e-6 * group:
            problem = f"a whole number of zeros in every {group} weights, found {zeros}"
            raise StrataError(f"{linear.name}: expected {problem}")
