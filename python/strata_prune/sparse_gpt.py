"""SparseGPT (arXiv 2301.00774), as in pruning/sparse_gpt.cc: prunes a linear column after column and corrects the
remaining weights, so that the output on the calibration inputs changes least."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .errors import StrataError

_GROUP_COLUMNS = 128  # whose zeros are chosen together
_DAMPING = 0.01
_ATTEMPTS = 3


@dataclass
class HessianFactor:
    """Upper Cholesky factor of the inverse Hessian, float32 [inputs, inputs], and the inputs that are always zero."""

    inverse: Tensor
    dead: Tensor  # bool [inputs]


def factor_hessian(hessian: Tensor) -> HessianFactor:
    """Factors (2 / n) sum of x x^T, float32 [inputs, inputs], which is overwritten.

    A hundredth of the mean of the diagonal is added to it, and up to 100 times as much if rounding leaves it
    indefinite. Raises StrataError if it stays so.
    """
    diagonal = hessian.diagonal()
    dead = diagonal == 0
    diagonal[dead] = 1.0
    added = _DAMPING * float(diagonal.mean())
    for _ in range(_ATTEMPTS):
        diagonal += added
        added *= 10
        lower, failure = torch.linalg.cholesky_ex(hessian)
        if int(failure) != 0:
            continue
        upper, failure = torch.linalg.cholesky_ex(torch.cholesky_inverse(lower), upper=True)
        if int(failure) == 0 and bool(upper.isfinite().all()):
            return HessianFactor(upper, dead)
    raise StrataError(
        f"the Hessian of {len(dead)} inputs is not positive definite: use more or other calibration text"
    )


def sparse_gpt_prune(weight: Tensor, factor: HessianFactor, sparsity: float, group: int = 0) -> None:
    """Prunes a weight matrix, float32 [outputs, inputs], in place.

    Of every 128 columns, the int(outputs * 128 * sparsity) + 1 weights with the lowest w^2 / d^2 are removed, d on the
    diagonal of the factor. With a group of M, it is round(sparsity * M) of each M neighbours in a row.
    """
    weight[:, factor.dead] = 0.0
    for first in range(0, weight.shape[1], _GROUP_COLUMNS):
        last = min(first + _GROUP_COLUMNS, weight.shape[1])
        errors = _prune_columns(weight[:, first:last], factor.inverse[first:last, first:last], sparsity, group)
        weight[:, last:] -= errors @ factor.inverse[first:last, last:]


def _prune_columns(weight: Tensor, inverse: Tensor, sparsity: float, group: int) -> Tensor:
    """Prunes some columns, a view of the weights, and returns the errors that they leave for the columns after them."""
    diagonal = inverse.diagonal()
    scores = weight.square() / diagonal.square()
    removed = torch.zeros_like(weight, dtype=torch.bool)
    if sparsity > 0 and not group:
        place = int(scores.numel() * sparsity)
        removed = scores <= scores.flatten().kthvalue(place + 1).values
    errors = torch.zeros_like(weight)
    for i in range(weight.shape[1]):
        if group and i % group == 0:
            # Chosen by the weights as corrected so far. Of equal scores the first are removed.
            here = weight[:, i : i + group].square() / diagonal[i : i + group].square()
            order = here.sort(dim=1, stable=True).indices[:, : round(sparsity * group)]
            removed[:, i : i + group].scatter_(1, order, True)
        error = torch.where(removed[:, i], weight[:, i] / diagonal[i], 0.0)
        weight[:, i:] -= error[:, None] * inverse[i, i:]
        weight[:, i].masked_fill_(removed[:, i], 0.0)
        errors[:, i] = error
    return errors
