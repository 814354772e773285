"""Finds the prunable linears of a model and gathers statistics of their inputs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from .errors import StrataError, UnsupportedError
from .layout import ATTENTION_ROLES, GRANULARITIES, ROLES, Unit

# Names of the linears of a block by role, for the families of docs/models.md.
_LLAMA_NAMES = {
    "query": "self_attn.q_proj", "key": "self_attn.k_proj", "value": "self_attn.v_proj", "output": "self_attn.o_proj",
    "gate": "mlp.gate_proj", "up": "mlp.up_proj", "down": "mlp.down_proj",
}  # fmt: skip
_OPT_NAMES = {
    "query": "self_attn.q_proj", "key": "self_attn.k_proj", "value": "self_attn.v_proj",
    "output": "self_attn.out_proj", "up": "fc1", "down": "fc2",
}  # fmt: skip
_FAMILIES = {"llama": _LLAMA_NAMES, "opt": _OPT_NAMES}
BLOCK_PREFIXES = {"opt": "model.decoder.layers"}

# Inputs of a block's linears: each is shared by the roles in a row.
INPUTS = (("query", "key", "value"), ("output",), ("gate", "up"), ("down",))
INPUT_OF_ROLE = {role: place for place, roles in enumerate(INPUTS) for role in roles}


def names_of_family(family: str) -> dict[str, str]:
    """Returns the names of the linears of a block by role. All families but opt use LLaMA's names."""
    return _FAMILIES.get(family, _LLAMA_NAMES)


@dataclass(frozen=True)
class Linear:
    """A prunable linear. `module.weight` is [outputs, inputs]."""

    name: str  # in the model, as in model.layers.0.self_attn.q_proj
    unit_name: str  # as in function JSON, 0.self_attn.q_proj
    block: int
    role: str
    module: nn.Module

    @property
    def weight(self) -> Tensor:
        return self.module.weight.detach()  # type: ignore[union-attr, operator]


@dataclass
class Model:
    """A model with its linears in model order: block after block, and in the order of ROLES inside a block."""

    module: nn.Module
    blocks: list[nn.Module]
    linears: list[Linear]

    def of_block(self, block: int) -> list[Linear]:
        return [linear for linear in self.linears if linear.block == block]

    def units(self, granularity: str) -> list[Unit]:
        """Returns the units in model order. Raises StrataError for an unknown granularity."""
        if granularity not in GRANULARITIES:
            raise StrataError(f"expected a granularity of {', '.join(GRANULARITIES)}, found '{granularity}'")
        groups: dict[str, list[Linear]] = {}
        for linear in self.linears:
            kind = "attention" if linear.role in ATTENTION_ROLES else "feed-forward"
            name = {"block": f"{linear.block}", "kind": f"{linear.block}.{kind}"}.get(granularity, linear.unit_name)
            groups.setdefault(name, []).append(linear)
        return [self._unit(name, linears, granularity) for name, linears in groups.items()]

    @staticmethod
    def _unit(name: str, linears: list[Linear], granularity: str) -> Unit:
        first = linears[0]
        kind = "attention" if first.role in ATTENTION_ROLES else "feed-forward"
        return Unit(
            name=name,
            parameters=sum(linear.weight.numel() for linear in linears),
            block=first.block,
            kind="block" if granularity == "block" else kind,
            fan=sum(sum(linear.weight.shape) for linear in linears),
            role=first.role if granularity == "linear" else None,
            modules=tuple(linear.name for linear in linears),
        )


def find_linears(model: nn.Module, needs_weights: bool = True) -> Model:
    """Finds the blocks and linears of a causal language model by the names of its modules.

    Raises UnsupportedError if they are not those of a family of docs/models.md, and StrataError if a weight is no
    float32 matrix on a real device, unless only names and shapes are needed.
    """
    modules = dict(model.named_modules())
    for names in _FAMILIES.values():
        pattern = re.compile(rf"(|.*\.)(\d+)\.{re.escape(names['query'])}")
        found = [match for match in map(pattern.fullmatch, modules) if match]
        prefixes = {match[1] for match in found}
        if len(prefixes) != 1:
            continue
        prefix = prefixes.pop()
        numbers = sorted(int(match[2]) for match in found)
        complete = all(f"{prefix}{i}.{name}" in modules for i in numbers for name in names.values())
        if numbers != list(range(len(numbers))) or not complete:
            continue
        linears = [
            Linear(f"{prefix}{i}.{names[role]}", f"{i}.{names[role]}", i, role, modules[f"{prefix}{i}.{names[role]}"])
            for i in numbers
            for role in ROLES
            if role in names
        ]
        for linear in linears if needs_weights else []:
            _check_weight(linear)
        return Model(model, [modules[f"{prefix}{i}"] for i in numbers], linears)
    raise UnsupportedError(
        f"{type(model).__name__}: expected blocks with the linears of LLaMA (self_attn.q_proj ... mlp.down_proj) or of "
        "OPT (self_attn.q_proj ... fc2), numbered from 0"
    )


def _check_weight(linear: Linear) -> None:
    weight = getattr(linear.module, "weight", None)
    if not isinstance(weight, Tensor) or weight.dim() != 2 or weight.is_meta:
        raise StrataError(f"{linear.name}: expected a weight matrix in memory")
    if weight.dtype != torch.float32:
        raise StrataError(
            f"{linear.name}: expected float32 weights, found {weight.dtype}; call model.float() first, as Strata "
            "measures and prunes in float32"
        )


def sequences_of(calibration: Any) -> Tensor:
    """Returns calibration token ids as int64 [sequences, tokens]. Raises StrataError for anything else."""
    try:
        tokens = torch.as_tensor(calibration)
    except (TypeError, ValueError, RuntimeError) as error:
        raise StrataError(f"calibration: expected token ids [sequences, tokens], found {error}") from None
    if tokens.dim() != 2 or tokens.is_floating_point() or tokens.numel() == 0:
        raise StrataError(
            f"calibration: expected token ids [sequences, tokens], found {tokens.dtype} of shape {list(tokens.shape)}"
        )
    return tokens.to(torch.int64)


@contextmanager
def hooked(handles: list[Any]) -> Iterator[None]:
    """Removes hooks at the end, whatever happens."""
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Switches dropout off and gradients too, and restores the mode at the end."""
    training = module.training
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        module.train(training)


def run_model(model: Model, sequence: Tensor) -> Any:
    """Runs the model on one sequence of token ids, int64 [tokens], and returns what it gives."""
    device = next(model.module.parameters()).device
    arguments: dict[str, Any] = {"use_cache": False} if hasattr(model.module, "config") else {}
    return model.module(sequence[None].to(device), **arguments)


def hidden_of(value: Any) -> Tensor:
    """Returns the hidden states [batch, tokens, hidden] that a block takes or gives."""
    return value[0] if isinstance(value, tuple) else value


def block_input(args: tuple[Any, ...], keywords: dict[str, Any]) -> Tensor:
    return args[0] if args else keywords["hidden_states"]


def observed_linears(model: Model) -> Iterator[tuple[int, int, nn.Module]]:
    """Yields (block, place in INPUTS, module) for the first linear that reads each input."""
    seen = set()
    for linear in model.linears:
        key = (linear.block, INPUT_OF_ROLE[linear.role])
        if key not in seen:
            seen.add(key)
            yield *key, linear.module


@dataclass
class Calibration:
    """Statistics of calibration sequences."""

    # By block, then by place in INPUTS: mean over sequences of the sum over tokens of x^2, float32 [inputs].
    scalers: list[dict[int, Tensor]] = field(default_factory=list)
    redundancy: list[float] = field(default_factory=list)  # by block
    influence: list[float] = field(default_factory=list)  # by block
    linear_redundancy: list[dict[str, float]] = field(default_factory=list)  # by block and role


def calibrate(model: Model, sequences: Tensor, needs: frozenset[str] = frozenset()) -> Calibration:
    """Gathers input norms and what `needs` names: redundancy, influence, linearredundancy.

    Holds the inputs of all blocks in memory for the first two, and those of all linears for the third.
    """
    blocks = len(model.blocks)
    squares: list[dict[int, Tensor]] = [{} for _ in range(blocks)]
    linear_inputs: list[dict[int, list[Tensor]]] = [{} for _ in range(blocks)]
    inputs: list[list[Tensor]] = [[] for _ in range(blocks)]
    cosines = [0.0] * blocks
    handles = []

    def observe(block: int, place: int) -> Callable[..., None]:
        def hook(_: nn.Module, args: tuple[Any, ...]) -> None:
            rows = args[0].detach().reshape(-1, args[0].shape[-1])
            sums = rows.double().square().sum(0)
            squares[block][place] = squares[block][place] + sums if place in squares[block] else sums
            if "linearredundancy" in needs:
                linear_inputs[block].setdefault(place, []).append(rows.float().clone())

        return hook

    def observe_block(block: int) -> Callable[..., None]:
        def hook(_: nn.Module, args: tuple[Any, ...], keywords: dict[str, Any], output: Any) -> None:
            before = block_input(args, keywords)[0]
            inputs[block].append(before.float().clone())
            a, b = before.double(), hidden_of(output).reshape(before.shape).double()
            norms = (a.square().sum(-1) * b.square().sum(-1)).sqrt()
            cosines[block] += float(((a * b).sum(-1) / norms).sum())

        return hook

    for block, place, module in observed_linears(model):
        handles.append(module.register_forward_pre_hook(observe(block, place)))
    if needs & {"redundancy", "influence"}:
        for block, module in enumerate(model.blocks):
            handles.append(module.register_forward_hook(observe_block(block), with_kwargs=True))
    with hooked(handles), evaluating(model.module):
        for sequence in sequences:
            run_model(model, sequence)
    statistics = Calibration()
    for of_block in squares:
        statistics.scalers.append({place: (sums / len(sequences)).float() for place, sums in of_block.items()})
    if needs & {"redundancy", "influence"}:
        tokens = sequences.numel()
        statistics.influence = [1.0 - cosine / tokens for cosine in cosines]
        statistics.redundancy = _redundancy(_similarity([torch.cat(of_block) for of_block in inputs]))
    if "linearredundancy" in needs:
        statistics.linear_redundancy = [
            _linear_redundancy(model.of_block(block), linear_inputs[block]) for block in range(blocks)
        ]
    return statistics


def _similarity(inputs: Sequence[Tensor], tile: int = 256) -> Tensor:
    """Returns the uncentred linear CKA of every pair of inputs [tokens, columns], float64 [inputs, inputs].

    Works on tiles of the Gram matrices [tokens, tokens], so that these are never held whole.
    """
    tokens = len(inputs[0])
    scaled = [rows / max(float(rows.norm()), 1e-30) for rows in inputs]
    products = torch.zeros(len(inputs), len(inputs), dtype=torch.float64)
    for i in range(0, tokens, tile):
        for j in range(i, tokens, tile):
            grams = torch.stack([(rows[i : i + tile] @ rows[j : j + tile].T).flatten() for rows in scaled])
            # Grams are symmetric, so a tile off the diagonal counts twice.
            products += (1 if i == j else 2) * (grams @ grams.T).double().cpu()
    norms = products.diagonal().sqrt()
    return products / torch.outer(norms, norms)


def _redundancy(similarity: Tensor) -> list[float]:
    return (len(similarity) * (1.0 - 1.0 / similarity.sum(1))).tolist()


def _linear_redundancy(linears: list[Linear], inputs: dict[int, list[Tensor]]) -> dict[str, float]:
    order = sorted(inputs)
    of_inputs = _similarity([torch.cat(inputs[place]) for place in order])
    places = torch.tensor([order.index(INPUT_OF_ROLE.get(linear.role, 0)) for linear in linears])
    similarity = of_inputs[places][:, places]
    similarity[places[:, None] == places] = 1.0
    return dict(zip((linear.role for linear in linears), _redundancy(similarity), strict=True))
