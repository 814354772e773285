"""Allocations in the forms that other pruning tools take. docs/handover.md says what was run with which version.

`strata export RUN --for TOOL` writes the same from the command line. EvoPress has a module of its own, evopress.py,
and lm-evaluation-harness too, harness.py.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from torch import nn
from torch.nn.utils import prune as torch_prune

from .errors import StrataError
from .function import Function
from .model import find_linears, names_of_family
from .pruning import prune

_MODIFIERS = {"wanda": "WandaPruningModifier", "sparsegpt": "SparseGPTModifier"}
# Linears of a block in the order of `named_modules`, in which other tools walk: that of ROLES, but for OPT's query.
_OPT_ROLES = ("key", "value", "query", "output", "up", "down")
_WALKS = {
    family: [names_of_family(family)[role] for role in _OPT_ROLES] if family == "opt" else list(names.values())
    for family, names in (("opt", names_of_family("opt")), ("llama", names_of_family("llama")))
}


def to_llm_compressor(allocation: Mapping[str, float] | Function, method: str = "wanda", group: int = 0) -> str:
    """Returns a recipe in YAML for `llmcompressor.oneshot(model, recipe=...)`.

    Every module is a target with its own sparsity, in the order in which llm-compressor walks a model of transformers.
    `method` is wanda or sparsegpt. With a `group` of M the sparsities must be n / M, and modules of the same n share a
    modifier with the mask structure n:M; those of n = 0 have none. Raises StrataError for a wrong argument.
    """
    if method not in _MODIFIERS:
        raise StrataError(f"expected a method of {', '.join(_MODIFIERS)}, found '{method}'")
    wanted = in_walking_order(allocation)
    if group < 0:
        raise StrataError(f"expected a group of 0 or more, found {group}")
    if group == 0:
        return "strata_stage:\n" + _modifier("strata_modifiers", _MODIFIERS[method], wanted, "0:0")
    zeros: dict[int, dict[str, float]] = {}
    for name, sparsity in wanted.items():
        n = round(sparsity * group)
        if abs(sparsity * group - n) > 1e-6 * group:
            raise StrataError(f"{name}: expected a sparsity of whole zeros in {group} weights, found {sparsity}")
        zeros.setdefault(n, {})[name] = n / group
    zeros.pop(0, None)
    if not zeros:
        raise StrataError("expected a module with zeros: the allocation removes nothing")
    return "strata_stage:\n" + "".join(
        _modifier(f"strata_{n}_of_{group}_modifiers", _MODIFIERS[method], modules, f"{n}:{group}")
        for n, modules in sorted(zeros.items())
    )


def _modifier(group_name: str, modifier: str, modules: Mapping[str, float], structure: str) -> str:
    # JSON is YAML, so names and numbers need no further care.
    return (
        f"  {group_name}:\n    {modifier}:\n"
        f"      mask_structure: {json.dumps(structure)}\n"
        f"      targets: {json.dumps(list(modules))}\n"
        f"      sparsity: {json.dumps(list(modules.values()))}\n"
    )


def to_owl(allocation: Mapping[str, float] | Function) -> np.ndarray:
    """Returns the densities that the scripts of OWL and its relatives call `all_layer_ratio`, float64.

    There is one per block, or one per linear in walking order if the linears of a block differ. A script that repeats
    each density for the linears of its block, as TRIM does, takes both. Save it with `numpy.save` under
    `owl_file_name`. Raises StrataError for a sparsity of 0, because these scripts prune 0.01 in its place.
    """
    wanted = in_walking_order(allocation)
    for name, sparsity in wanted.items():
        if sparsity == 0:
            raise StrataError(f"{name}: expected a sparsity above 0, because OWL's scripts prune 0.01 in place of 0")
    blocks: dict[str, list[float]] = {}
    for name, sparsity in wanted.items():
        blocks.setdefault(_place(name)[0], []).append(sparsity)
    differ = any(len(set(sparsities)) > 1 for sparsities in blocks.values())
    values = list(wanted.values()) if differ else [sparsities[0] for sparsities in blocks.values()]
    return np.array([_density(value) for value in values], dtype=np.float64)


def _density(sparsity: float) -> float:
    """Returns a density that the scripts turn back into no less than the sparsity, so that no zero is lost."""
    density = 1.0 - sparsity
    return math.nextafter(density, 0.0) if 1.0 - density < sparsity else density


def owl_file_name(model: str, sparsity: float, lamda: float = 0.05, outlier_multiple: float = 7.0) -> str:
    """Returns the name below its folder OWL/ under which TRIM's main.py loads densities with --load_layer_ratio.

    `model` is the argument --model. The numbers are its arguments --sparsity_ratio, --Lamda and --Hyper_m. They only
    name the file then, and must all be given to main.py, because its defaults are spelled otherwise.
    """
    return (
        f"OWL_layer_ratios_{model.split('/')[-1]}_{float(sparsity)}_{float(lamda)}_{float(outlier_multiple)}.npy"
    )


def to_torchao(allocation: Mapping[str, float] | Function) -> list[dict[str, Any]]:
    """Returns the configuration for `prepare(model, config)` of the sparsifiers of torchao and torch.ao.pruning."""
    return [
        {"tensor_fqn": f"{name}.weight", "sparsity_level": sparsity}
        for name, sparsity in in_walking_order(allocation).items()
    ]


def to_torch_prune(
    model: nn.Module,
    allocation: Mapping[str, float] | Function,
    method: str = "magnitude",
    calibration: Any = None,
    protocol: str = "sequential",
    group: int = 0,
) -> float:
    """Gives every module of the allocation a mask of `torch.nn.utils.prune`, and returns the share of zeros.

    The masks are those of `strata_prune.prune`, which describes the arguments and the errors. The dense weights stay
    in `weight_orig`, as `torch.nn.utils.prune` keeps them; with sparsegpt these are the corrected weights. Raises
    StrataError too if a module has a mask already.
    """
    found = find_linears(model)
    wanted = dict(allocation.sparsities if isinstance(allocation, Function) else allocation)
    for linear in found.linears:
        if torch_prune.is_pruned(linear.module):
            raise StrataError(f"{linear.name}: has a mask of torch.nn.utils.prune already")
    dense = {linear.name: linear.weight.clone() for linear in found.linears}
    share = prune(model, wanted, method, calibration, protocol, group)
    for linear in found.linears:
        if linear.name not in wanted:
            continue
        mask = linear.weight != 0
        if method != "sparsegpt":
            linear.weight.copy_(dense[linear.name])
        torch_prune.custom_from_mask(linear.module, "weight", mask.to(linear.weight.dtype))
    return share


def in_walking_order(allocation: Mapping[str, float] | Function) -> dict[str, float]:
    """Returns an allocation in the order of the model's `named_modules`.

    Raises StrataError for a name that is no linear of a family of docs/models.md, or a sparsity outside [0, 1).
    """
    wanted = allocation.sparsities if isinstance(allocation, Function) else allocation
    if not wanted:
        raise StrataError("expected an allocation with at least one module")
    for name, sparsity in wanted.items():
        if not 0 <= sparsity < 1:
            raise StrataError(f"{name}: expected a sparsity of at least 0 and less than 1, found {sparsity}")
    names = sorted(wanted, key=lambda name: _place(name)[1:])
    return {name: float(wanted[name]) for name in names}


def _place(module: str) -> tuple[str, int, int]:
    """Returns the name of a linear's block, the block's number, and the linear's place in the walk through it."""
    for family, order in _WALKS.items():
        for place, name in enumerate(order):
            match = re.fullmatch(rf"((?:.*\.)?(\d+))\.{re.escape(name)}", module)
            # Query, key and value have the same names in both families; OPT's blocks lie below a decoder.
            if match and (family == "opt") == (".decoder.layers." in f".{module}"):
                return match[1], int(match[2]), place
    raise StrataError(
        f"expected the names of linears as transformers has them for LLaMA or OPT, found '{module}'"
    )
