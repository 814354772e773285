"""Prunes the blocks of a model one after another, from statistics of what reaches them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from .errors import StrataError
from .model import INPUT_OF_ROLE, Linear, Model, block_input, evaluating, hidden_of, hooked, run_model
from .sparse_gpt import factor_hessian, sparse_gpt_prune


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


def prune_blocks(
    model: Model, wanted: Mapping[str, float], method: str, sequences: Tensor, protocol: str, group: int
) -> list[dict[int, Tensor]]:
    """Prunes all blocks in place, as `prune` of pruning.py does for checked arguments.

    Returns the norms that scored the weights, float32 [inputs], by block and place in INPUTS; none for sparsegpt.
    """
    norms: list[dict[int, Tensor]] = []
    with evaluating(model.module):
        hidden, keywords = _block_inputs(model, sequences)
        for block, module in enumerate(model.blocks):
            linears = model.of_block(block)
            statistics, outputs = _observe(module, linears, hidden, keywords[block], method == "sparsegpt")
            factors = {}
            if method == "sparsegpt":
                factors = {place: factor_hessian(of.hessian(len(sequences))) for place, of in statistics.items()}
            else:
                norms.append({place: of.norms(len(sequences)) for place, of in statistics.items()})
            for linear in linears:
                place, sparsity = INPUT_OF_ROLE[linear.role], wanted.get(linear.name)
                if sparsity is None:
                    continue
                if method == "sparsegpt":
                    sparse_gpt_prune(linear.weight, factors[place], sparsity, group)
                else:
                    prune_by_score(linear, sparsity, method, norms[block][place], group)
            if protocol == "sequential":
                outputs = [hidden_of(module(rows, **keywords[block])) for rows in hidden]
            hidden = outputs
    return norms


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


def prune_by_score(linear: Linear, sparsity: float, method: str, norms: Tensor | None, group: int) -> None:
    """Sets the weights of a linear that are not kept to 0, in place."""
    weight = linear.weight
    weight.masked_fill_(~kept_weights(weight, sparsity, method, norms, group, linear.name), 0.0)


def kept_weights(
    weight: Tensor, sparsity: float, method: str, norms: Tensor | None, group: int, name: str
) -> Tensor:
    """Returns which weights stay, bool [outputs, inputs]. Raises StrataError, which begins with `name`, for a weight
    without a score."""
    scores = scores_of(weight, method, norms)
    if bool(scores.isnan().any()):
        raise StrataError(f"{name}: a weight is not a number, so it has no importance")
    rows, columns = weight.shape
    # Weights compete with those in the same row of this view.
    width = group or (columns if method == "wanda" else rows * columns)
    removed = round(sparsity * group) if group else int(width * sparsity)
    # Equal scores are removed in order of position.
    order = scores.reshape(-1, width).sort(dim=1, stable=True).indices[:, :removed]
    keep = torch.ones(rows * columns // width, width, dtype=torch.bool, device=weight.device)
    keep.scatter_(1, order, False)
    return keep.view(rows, columns)
