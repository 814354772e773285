"""Allocation functions: read from a file or a text, and applied to a model."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from .errors import ParseError, StrataError
from .evaluate import check_supported, evaluate_allocation
from .expression import Expression, from_tree
from .features import measure_features
from .layout import Unit
from .model import BLOCK_PREFIXES, find_linears, names_of_family
from .operators import Type
from .parser import parse
from .postprocess import Target

_SCHEMA = "strata.allocation-function/1"
_MAXIMUM_FILE_BYTES = 16 * 1024 * 1024


class Allocation(Mapping[str, float]):
    """One sparsity per module, by the module's name in the model. `unit_sparsities` has one per unit."""

    def __init__(self, units: Sequence[Unit], sparsities: Sequence[float]) -> None:
        self.units = tuple(units)
        self.unit_sparsities = tuple(float(value) for value in sparsities)
        pairs = zip(self.units, self.unit_sparsities, strict=True)
        self._modules = {module: value for unit, value in pairs for module in unit.modules}

    def __getitem__(self, module: str) -> float:
        return self._modules[module]

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

    @property
    def mean(self) -> float:
        """Share of all prunable weights that is removed."""
        zeros = sum(unit.parameters * value for unit, value in zip(self.units, self.unit_sparsities, strict=True))
        return zeros / sum(unit.parameters for unit in self.units)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the sparsities as JSON that `load`, `strata eval --allocation` and `strata prune --allocation` read.

        Raises StrataError if the file cannot be written.
        """
        keys = ("name", "parameters", "block", "kind", "fan", "role")
        units = [
            {key: getattr(unit, key) for key in keys if getattr(unit, key) is not None} | {"sparsity": sparsity}
            for unit, sparsity in zip(self.units, self.unit_sparsities, strict=True)
        ]
        kind = "block" if self.units[0].kind == "block" else "kind"
        granularity = "linear" if self.units[0].role else kind
        family = "opt" if any(".decoder.layers." in f".{module}" for module in self) else "llama"
        document = {"granularity": granularity, "model": {"family": family}, "allocation": units}
        try:
            Path(path).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            raise StrataError(f"{path}: {error.strerror}") from None

    def __repr__(self) -> str:
        return f"Allocation({len(self.units)} units, {len(self)} modules, mean {self.mean:.4f})"


class Function:
    """An allocation function, and the allocation that its file holds, if it holds one.

    `expression` is None for the refined allocation of a run, which no function gives.
    """

    def __init__(
        self, expression: Expression | None, name: str = "", document: Mapping[str, Any] | None = None
    ) -> None:
        if expression is not None and expression.type is not Type.ALLOCATION:
            raise ParseError(
                f"expected a function such as span(..., 0.1), found {expression.type.value} '{expression}'"
            )
        self.expression = expression
        self.name = name or str(expression)
        self.document: Mapping[str, Any] = document or {}

    @property
    def sparsities(self) -> Allocation:
        """The allocation of the file, by module names as transformers has them. Raises StrataError if it has none."""
        if not self.document.get("allocation"):
            raise StrataError(f"'{self.name}' holds no allocation: call allocate, or load what `strata export` wrote")
        family = str(self.document.get("model", {}).get("family", "llama"))
        entries = self.document["allocation"]
        try:
            return Allocation([_unit(entry, family) for entry in entries], [entry["sparsity"] for entry in entries])
        except (KeyError, TypeError, ValueError) as error:
            expected = "units with name, block, kind and sparsity"
            raise ParseError(f"$.allocation: expected {expected}, found {error}") from None

    def allocate(
        self,
        model: nn.Module,
        calibration: Any = None,
        sparsity: float | None = None,
        granularity: str | None = None,
        minimum: float | None = None,
        maximum: float | None = None,
        group: int | None = None,
    ) -> Allocation:
        """Measures in float32 what the function needs to know about a causal language model and gives each module a
        sparsity.

        `calibration` holds token ids [sequences, tokens]; a function of weights and shapes alone needs none. The
        settings of the file count where an argument is None; without a file they are those of `strata allocate`:
        blocks, sparsities from 0 to 0.99 and no groups. The model is left as it was:
        for slopes of pruned models its weights are pruned, and written back in the end.

        Raises UnsupportedError for operators and models that only `strata` can measure, InfeasibleError if no
        allocation within the bounds has the sparsity, and StrataError if a setting is missing or wrong.
        """
        if self.expression is None:
            raise StrataError(f"'{self.name}' is an allocation that no function gives: use its sparsities")
        check_supported(self.expression)
        bounds = self.document.get("bounds", {})
        settings = {
            "sparsity": _first(sparsity, self.document.get("target_sparsity")),
            "minimum": _first(minimum, bounds.get("minimum"), 0.0),
            "maximum": _first(maximum, bounds.get("maximum"), 0.99),
            "group": _first(group, self.document.get("group"), 0),
        }
        if settings["sparsity"] is None:
            raise StrataError("expected a target sparsity: neither the call nor the file has one")
        target = Target(**settings)
        found = find_linears(model)
        unit_size = _first(granularity, self.document.get("granularity"), "block")
        units = found.units(unit_size)
        features = measure_features(self.expression, found, unit_size, calibration)
        return Allocation(units, evaluate_allocation(self.expression, features, units, target).tolist())

    def __repr__(self) -> str:
        return f"Function({self.name!r})" if self.expression is None else f"Function({str(self.expression)!r})"


def load(source: str | os.PathLike[str]) -> Function:
    """Reads a function from a file that `strata export`, `allocate` or `functions --json` wrote, from a DSA string or
    from an expression.

    A path object, a name that ends with .json and the name of an existing file are read as files. Raises ParseError,
    which names the place, and StrataError if a file cannot be read.
    """
    text = os.fspath(source)
    if isinstance(source, os.PathLike) or text.endswith(".json") or _is_file(text):
        return _from_file(Path(text))
    return Function(parse(text))


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False


def _from_file(path: Path) -> Function:
    try:
        if path.stat().st_size > _MAXIMUM_FILE_BYTES:
            raise StrataError(f"{path}: expected at most 16 MiB")
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StrataError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ParseError(f"{path}: expected JSON: {error}") from None
    if not isinstance(document, dict):
        raise ParseError(f"{path}: expected one function, found {type(document).__name__}")
    return from_document(document, str(path))


def from_document(document: Mapping[str, Any], where: str) -> Function:
    """Reads function JSON that was parsed before. Raises ParseError, which begins with `where`."""
    name = str(document.get("name", ""))
    if "tree" not in document and document.get("allocation"):
        return Function(None, name or where, document)  # strata export --refined
    if document.get("schema") != _SCHEMA:
        raise ParseError(f"{where}: $.schema: expected '{_SCHEMA}', found {document.get('schema')!r}")
    try:
        expression = from_tree(document.get("tree"))
        if parse(str(document.get("expression"))) != expression:
            raise ParseError("$.expression: expected the same function as $.tree")
    except ParseError as error:
        raise ParseError(f"{where}: {error}") from None
    return Function(expression, name, document)


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _unit(entry: Mapping[str, Any], family: str) -> Unit:
    names = names_of_family(family)
    block = int(entry["block"])
    prefix = f"{BLOCK_PREFIXES.get(family, 'model.layers')}.{block}"
    kind, role = entry["kind"], entry.get("role")
    attention = [name for name in names.values() if name.startswith("self_attn.")]
    others = [name for name in names.values() if name not in attention]
    if role is not None:
        chosen = [names[role]]
    else:
        chosen = {"block": attention + others, "attention": attention, "feed-forward": others}[kind]
    modules = tuple(f"{prefix}.{name}" for name in chosen)
    parameters, fan = int(entry["parameters"]), int(entry.get("fan", 0))
    return Unit(entry["name"], parameters, block, kind, fan, role, modules)
