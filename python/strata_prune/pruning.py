"""Prunes a model in place, by the scores and protocols of `strata prune`.

| method | importance of a weight | compared within |
|---|---|---|
| magnitude | abs(w) | the matrix |
| wanda | abs(w) n, n = norm of the weight's input | a row |
| ria | (abs(w) / column sum + abs(w) / row sum) sqrt(n), sums of abs(w) | the matrix |
| sparsegpt | w^2 / d^2, and the other weights are corrected (sparse_gpt.py) | 128 columns |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from .errors import StrataError
from .function import Function
from .model import (
    INPUT_OF_ROLE,
    Linear,
    Model,
    block_input,
    evaluating,
    find_linears,
    hidden_of,
    hooked,
    run_model,
    sequences_of,
)
from .sparse_gpt import factor_hessian, sparse_gpt_prune

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
                _prune_by_score(linear, wanted.get(linear.name, 0.0), method, None, group)
    else:
        if calibration is None:
            raise StrataError(f"'{method}' needs statistics of a text: give calibration sequences")
        _prune_blocks(found, wanted, method, sequences_of(calibration), protocol, group)
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


class _Input:
    """Statistics of one input of a block's linears, over all calibration sequences."""

    def __init__(self, wants_hessian: bool) -> None:
        self._wants_hessian = wants_hessian
        self._squares: Tensor | None = None  # float64 [inputs]
        self._products: Tensor | None = None  # float32 [inputs, inputs]

    def add(self, rows: Tensor) -> None:
        rows = rows.detach().reshape(-1, rows.shape[-1])
        if self._wants_hessian:
            if self._products is None:
                self._products = torch.zeros(rows.shape[1], rows.shape[1], device=rows.device)
            self._products.addmm_(rows.T, rows)
        else:
            squares = rows.double().square().sum(0)
            self._squares = squares if self._squares is None else self._squares + squares

    def norms(self, sequences: int) -> Tensor:
        """Returns sqrt(scaler_row), float32 [inputs]."""
        assert self._squares is not None
        return (self._squares / sequences).float().sqrt()

    def hessian(self, sequences: int) -> Tensor:
        assert self._products is not None
        return self._products * (2.0 / sequences)


def _prune_blocks(
    model: Model, wanted: Mapping[str, float], method: str, sequences: Tensor, protocol: str, group: int
) -> None:
    with evaluating(model.module):
        hidden, keywords = _block_inputs(model, sequences)
        for block, module in enumerate(model.blocks):
            linears = model.of_block(block)
            statistics, outputs = _observe(module, linears, hidden, keywords[block], method == "sparsegpt")
            factors = {}
            if method == "sparsegpt":
                factors = {place: factor_hessian(of.hessian(len(sequences))) for place, of in statistics.items()}
            for linear in linears:
                place, sparsity = INPUT_OF_ROLE[linear.role], wanted.get(linear.name)
                if sparsity is None:
                    continue
                if method == "sparsegpt":
                    sparse_gpt_prune(linear.weight, factors[place], sparsity, group)
                else:
                    _prune_by_score(linear, sparsity, method, statistics[place].norms(len(sequences)), group)
            if protocol == "sequential":
                outputs = [hidden_of(module(rows, **keywords[block])) for rows in hidden]
            hidden = outputs


def _block_inputs(model: Model, sequences: Tensor) -> tuple[list[Tensor], list[dict[str, Any]]]:
    """Returns the hidden states before the first block, by sequence, and the further arguments of every block, such as
    its mask and positions, which are the same for all sequences."""

    class Stop(Exception):
        pass

    keywords: list[dict[str, Any]] = []
    hidden: list[Tensor] = []

    def keep_keywords(_: nn.Module, args: tuple[Any, ...], given: dict[str, Any]) -> None:
        keywords.append({name: value for name, value in given.items() if name != "hidden_states"})

    def keep_hidden(_: nn.Module, args: tuple[Any, ...], given: dict[str, Any]) -> None:
        hidden.append(block_input(args, given))
        raise Stop

    handles = [module.register_forward_pre_hook(keep_keywords, with_kwargs=True) for module in model.blocks]
    with hooked(handles):
        run_model(model, sequences[0])
    with hooked([model.blocks[0].register_forward_pre_hook(keep_hidden, with_kwargs=True)]):
        for sequence in sequences:
            try:
                run_model(model, sequence)
            except Stop:
                pass
    return hidden, keywords


def _observe(
    module: nn.Module, linears: list[Linear], hidden: list[Tensor], keywords: dict[str, Any], wants_hessian: bool
) -> tuple[dict[int, _Input], list[Tensor]]:
    """Runs a block and returns the statistics of its linears' inputs by their place in INPUTS, and its outputs."""
    statistics: dict[int, _Input] = {}
    handles = []

    def observer(of: _Input) -> Callable[..., None]:
        return lambda _, args: of.add(args[0])

    for linear in linears:
        place = INPUT_OF_ROLE[linear.role]
        if place not in statistics:
            statistics[place] = _Input(wants_hessian)
            handles.append(linear.module.register_forward_pre_hook(observer(statistics[place])))
    with hooked(handles):
        outputs = [hidden_of(module(rows, **keywords)) for rows in hidden]
    return statistics, outputs


def scores_of(weight: Tensor, method: str, norms: Tensor | None) -> Tensor:
    """Returns the importance of every weight, float32 [outputs, inputs]. `norms` is float32 [inputs]."""
    magnitudes = weight.abs()
    if method == "magnitude":
        return magnitudes
    assert norms is not None
    if method == "wanda":
        return magnitudes * norms

    def sums(dimension: int) -> Tensor:
        total = magnitudes.double().sum(dimension, keepdim=True).float()
        return torch.where(total == 0, torch.ones_like(total), total)

    return (magnitudes / sums(0) + magnitudes / sums(1)) * norms.sqrt()


def _prune_by_score(linear: Linear, sparsity: float, method: str, norms: Tensor | None, group: int) -> None:
    weight = linear.weight
    scores = scores_of(weight, method, norms)
    if bool(scores.isnan().any()):
        raise StrataError(f"{linear.name}: a weight is not a number, so it has no importance")
    rows, columns = weight.shape
    # Weights compete with those in the same row of this view.
    width = group or (columns if method == "wanda" else rows * columns)
    removed = round(sparsity * group) if group else int(width * sparsity)
    # Equal scores are removed in order of position.
    order = scores.reshape(-1, width).sort(dim=1, stable=True).indices[:, :removed]
    keep = torch.ones(rows * columns // width, width, dtype=torch.bool, device=weight.device)
    keep.scatter_(1, order, False)
    weight.masked_fill_(~keep.view(rows, columns), 0.0)
