"""Reads models whose linears are bitmaps (docs/pruned-models.md, "Bitmaps")."""

import os
from pathlib import Path

import torch

from .errors import StrataError


def load_bitmap(folder: str | os.PathLike[str]) -> dict[str, torch.Tensor]:
    """Returns the dense state dict of a directory with bitmaps; raises StrataError if it is none, or damaged."""
    from safetensors import safe_open

    state: dict[str, torch.Tensor] = {}
    if not (paths := sorted(Path(folder).glob("bitmap-*.safetensors"))):
        raise StrataError(f"{folder}: expected files bitmap-*.safetensors, found none")
    for path in paths:
        with safe_open(path, "pt") as file:
            if (found := (file.metadata() or {}).get("strata.format")) != "bitmap/1":
                raise StrataError(f"{path}: strata.format: expected bitmap/1, found {found}")
            stored = {key: file.get_tensor(key) for key in file.keys()}
        for name in [key.removesuffix(".bitmap") for key in stored if key.endswith(".bitmap")]:
            bits, values, shape = (stored.pop(f"{name}.{part}") for part in ("bitmap", "values", "shape"))
            kept = (bits[..., None] >> torch.arange(8, dtype=torch.uint8) & 1).flatten(1)[:, : shape[1]].bool()
            if list(kept.shape) != shape.tolist() or kept.sum() != len(values):
                raise StrataError(f"{path}: {name}: {kept.sum()} bits, {len(values)} values, shape {shape.tolist()}")
            state[name] = values.new_zeros(kept.shape).masked_scatter(kept, values)
        state |= stored
    return state
