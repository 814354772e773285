"""Reads the results of a search, also while it runs. The database is opened read-only.

Like every reader of a database with a write-ahead log, SQLite may put its -wal and -shm files beside it.
"""

from __future__ import annotations

import hashlib
import html
import json
import math
import os
import sqlite3
import struct
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import combinations
from pathlib import Path
from typing import Any

from .errors import ParseError, StrataError
from .expression import Expression, required_features
from .function import Function
from .operators import Kind
from .parser import parse

_OLDEST_SCHEMA, _SCHEMA = 2, 3
_MOST_GUESSES = 20_000

# A row of the table of candidates, by column. Losses are perplexities, and KL divergences (Run.measures) are in nats;
# None: not measured (yet).
Row = dict[str, Any]


class Rows(list[Row]):
    """Plain rows, which a notebook shows as a table."""

    def to_pandas(self) -> Any:
        """Returns a pandas.DataFrame. Raises ImportError if pandas is not installed."""
        import pandas

        return pandas.DataFrame(list(self))

    def _repr_html_(self) -> str:
        columns = [name for name in (self[0] if self else {}) if name not in ("allocation", "parents", "failure")]
        return _table(columns, self)


class Run:
    """A run folder of `strata search`. Every call reads the database anew, so a search that goes on can be watched.

    Raises StrataError if there is no run, or one of another version of strata.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._database = self.path / "strata.sqlite"
        if not self._database.is_file():
            raise StrataError(f"no run in {self.path}: {self._database} is absent")
        version = self._properties().get("schema_version", "none")
        if version not in {str(number) for number in range(_OLDEST_SCHEMA, _SCHEMA + 1)}:
            raise StrataError(
                f"{self._database}: expected schema version {_OLDEST_SCHEMA} to {_SCHEMA}, found {version}"
            )

    def candidates(self) -> Rows:
        """Returns all candidates by id.

        Columns: id, expression, nodes, origin, name, parents, fitness, selection, report (perplexities, or KL
        divergences in nats where `measures` says "kl"), sparsity (share of zeros that was counted), on_front,
        best_of_baseline, same_as (candidate with the same allocation), failure, allocation (one sparsity per unit).
        """
        query = (
            "SELECT id, text, complexity, origin, name, parents, fitness_nll, selection_nll, report_nll, "
            "achieved_sparsity, on_front, best_of_baseline, same_as, failure, allocation FROM candidates ORDER BY id"
        )
        names = "id expression nodes origin name parents fitness selection report sparsity on_front best_of_baseline "
        columns = (names + "same_as failure allocation").split()
        rows = Rows(dict(zip(columns, row, strict=True)) for row in self._query(query))
        measures = self.measures()
        for row in rows:
            row["parents"] = [int(parent) for parent in row["parents"].split(",") if parent]
            row["allocation"] = _doubles(row["allocation"])
            row["on_front"], row["best_of_baseline"] = bool(row["on_front"]), bool(row["best_of_baseline"])
            for column, measure in measures.items():
                row[column] = _shown(row[column], measure)
        return rows

    def front(self) -> Rows:
        """Returns the candidates of the Pareto front of fitness and nodes, by nodes."""
        return Rows(sorted((row for row in self.candidates() if row["on_front"]), key=lambda row: row["nodes"]))

    def measures(self) -> dict[str, str]:
        """Returns what the columns fitness, selection and report measure: "loss", whose perplexity they show, or "kl",
        the KL divergence from the dense model's predictions in nats."""
        properties = self._properties()
        return {
            column: "kl" if "measure=kl" in properties.get(f"{stage}_context", "").split() else "loss"
            for column, stage in (("fitness", "search"), ("selection", "select"), ("report", "verify"))
        }

    def units(self) -> list[dict[str, Any]]:
        """Returns the units in the order of an allocation, with the keys of function JSON but for the sparsity."""
        return list(self.model()["units"])

    def model(self) -> dict[str, Any]:
        """Returns name, digest, family, number of blocks and units of the model."""
        return dict(json.loads(self._properties().get("model") or "{}"))

    def features(self) -> dict[str, list[float]]:
        """Returns measured features by their text, one value per unit.

        The store holds the values under digests of their names. So a feature is found if a candidate uses it, and if
        it was measured alone or together with others that the same candidates use. `strata explain --run` finds all.
        """
        context = self._properties().get("profile_context", "")
        stored = {
            digest: _profile(payload)
            for digest, payload in self._query("SELECT digest, payload FROM outcomes WHERE kind = 'profile'")
        }
        found: dict[str, list[float]] = {}
        for names in _guesses([row["expression"] for row in self.candidates()]):
            values = stored.get(_profile_digest(context, names))
            if values is not None and len(values) == len(names):
                found |= dict(zip(names, values, strict=True))
        return found

    def best(self) -> Function:
        """Returns the function to use, with its allocation on the model of the run: the one with the lowest selection
        once the selection is complete, before that the one with the lowest fitness.

        Raises StrataError if nothing was measured yet.
        """
        row = self._best_row()
        if row is None:
            raise StrataError(f"{self.path}: nothing was measured yet")
        return self.function(row["id"])

    def function(self, candidate: int) -> Function:
        """Returns the function of a candidate with its allocation. Raises StrataError if there is none."""
        rows = [row for row in self.candidates() if row["id"] == candidate]
        if not rows:
            raise StrataError(f"{self.path}: there is no candidate {candidate}")
        row, options, model = rows[0], self._engine_options(), self.model()
        units = model.pop("units", [])
        granularity = "linear" if any("role" in unit for unit in units) else ""
        granularity = granularity or ("block" if all(unit["kind"] == "block" for unit in units) else "kind")
        allocation = [unit | {"sparsity": s} for unit, s in zip(units, row["allocation"], strict=False)]
        document = {
            "expression": row["expression"],
            "target_sparsity": float(options["target.sparsity"]),
            "bounds": {"minimum": float(options["target.minimum"]), "maximum": float(options["target.maximum"])},
            "group": int(options["target.group"]),
            "granularity": granularity,
            "model": model,
            "allocation": allocation,
        }
        return Function(parse(row["expression"]), row["name"] or f"discovered #{candidate}", document)

    def report(self) -> dict[str, Any]:
        """Returns a summary: model, target_sparsity, end_reason (None while the search goes on), candidates, measured,
        failed, dense (what the dense model has as fitness, selection and report, if known), best, front and baselines
        (rows of candidates)."""
        rows, properties = self.candidates(), self._properties()
        dense = {
            name: _shown(float(properties[key]), measure) if properties.get(key) else None
            for name, measure in self.measures().items()
            for key in [f"dense_{name}_nll"]
        }
        return {
            "model": self.model().get("name"),
            "target_sparsity": float(self._engine_options()["target.sparsity"]),
            "end_reason": properties.get("end_reason") or None,
            "candidates": len(rows),
            "measured": sum(row["fitness"] is not None for row in rows),
            "failed": sum(row["failure"] != "" for row in rows),
            "dense": dense,
            "best": self._best_row(rows),
            "front": sorted((row for row in rows if row["on_front"]), key=lambda row: row["nodes"]),
            "baselines": [row for row in rows if row["best_of_baseline"]],
        }

    def _best_row(self, rows: list[Row] | None = None) -> Row | None:
        rows = self.candidates() if rows is None else rows
        # A report loss or the reason of the end is only stored once every finalist has its selection loss.
        is_complete = bool(self._properties().get("end_reason")) or any(row["report"] is not None for row in rows)
        for loss in ("selection", "fitness") if is_complete else ("fitness",):
            measured = [row for row in rows if row[loss] is not None]
            if measured:
                return min(measured, key=lambda row: (row[loss], row["nodes"], row["id"]))
        return None

    def _engine_options(self) -> dict[str, str]:
        text = self._properties().get("engine_options", "")
        return dict(line.partition("=")[::2] for line in text.splitlines())

    def _properties(self) -> dict[str, str]:
        return dict(self._query("SELECT name, value FROM properties"))

    def _query(self, query: str) -> list[tuple[Any, ...]]:
        try:
            with closing(sqlite3.connect(self._uri(), uri=True)) as database:
                return database.execute(query).fetchall()
        except sqlite3.Error as error:
            raise StrataError(f"{self._database}: {error}") from None

    def _uri(self) -> str:
        """Returns how SQLite opens the database. In a folder that cannot be written, where no search can be running,
        it is told that the file does not change, because it could not put its own files there."""
        log = self._database.with_name(self._database.name + "-wal")
        is_fixed = not os.access(self.path, os.W_OK) and not (log.exists() and log.stat().st_size)
        return f"{self._database.absolute().as_uri()}?{'immutable=1' if is_fixed else 'mode=ro'}"

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def _repr_html_(self) -> str:
        report = self.report()
        state = report["end_reason"] or "running or stopped"
        title = (
            f"{report['model']} at sparsity {report['target_sparsity']:g}: {report['measured']} of "
            f"{report['candidates']} candidates measured, {report['failed']} failed; {state}"
        )
        columns = ["id", "name", "nodes", "fitness", "selection", "report", "sparsity", "expression"]
        best = report["best"]
        parts = [f"<p><b>{html.escape(title)}</b></p>"]
        for heading, rows in (("Front", report["front"]), ("Baselines", report["baselines"])):
            parts.append(f"<p>{heading}</p>{_table(columns, rows, best['id'] if best else None)}")
        divergences = [column for column, measure in self.measures().items() if measure == "kl"]
        but = f", but KL divergences (nats) as {' and '.join(divergences)}" if divergences else ""
        return "".join(parts) + f"<p>Perplexities{but}, lower is better; the best function is bold.</p>"


def _shown(nats: float | None, measure: str) -> float | None:
    """Returns the perplexity of a loss, and a KL divergence as it is."""
    if nats is None or measure == "kl":
        return nats
    return math.exp(nats) if nats < 700 else math.inf


def _doubles(data: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(data) // 8}d", data[: len(data) // 8 * 8]))


def _profile(payload: bytes) -> list[list[float]]:
    """Reads a profile of search/engine/outcome_codec.h: number of features; for each, number of values and values."""
    features, at = [], 8
    for _ in range(struct.unpack_from("<Q", payload)[0]):
        (count,) = struct.unpack_from("<Q", payload, at)
        features.append(list(struct.unpack_from(f"<{count}d", payload, at + 8)))
        at += 8 + 8 * count
    return features


def _part(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _profile_digest(context: str, names: tuple[str, ...]) -> str:
    """Returns the digest of a profile, as in search/work_contexts.cc."""
    data = _part("profile") + _part(context) + struct.pack("<Q", len(names)) + b"".join(map(_part, names))
    return hashlib.sha256(data).hexdigest()


def _guesses(expressions: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Yields lists of features that may have been measured together: each alone, those of one tensor that the first
    candidates use, and those of one tensor that a candidate uses."""
    order: dict[str, None] = {}
    by_tensor: dict[tuple[bool, str], list[str]] = {}
    made = 0
    for text in expressions:
        try:
            required = required_features(parse(text))
        except ParseError:
            continue  # an operator of another version
        named = [
            (f"blockwise({feature})" if blocks else str(feature), blocks, feature) for blocks, feature in required
        ]
        named.sort(key=lambda entry: entry[0])
        groups: dict[tuple[bool, str], list[str]] = {}
        for name, blocks, feature in named:
            key = (blocks, _tensor_of(feature))
            groups.setdefault(key, []).append(name)
            if name not in order:
                order[name] = None
                by_tensor.setdefault(key, []).append(name)
                yield (name,)
                yield tuple(by_tensor[key])
        for names in groups.values():
            for size in range(2, len(names) + 1):
                for chosen in combinations(names, size):
                    made += 1
                    if made > _MOST_GUESSES:
                        return
                    yield chosen


def _tensor_of(feature: Expression) -> str:
    if feature.kind is Kind.REDUCTION:
        return next(node.name for node in feature.walk() if node.kind is Kind.TENSOR_SOURCE)
    return {"outliers": "WX", "alpha": "W"}.get(feature.name, "")


def _table(columns: list[str], rows: Iterable[Row], best: int | None = None) -> str:
    def cell(value: Any) -> str:
        if value is None:
            return "-"
        if isinstance(value, float):
            return f"{value:.4g}" if abs(value) < 1 else f"{value:.2f}"
        return html.escape(str(value))

    lines = ["<tr>" + "".join(f"<th>{html.escape(column)}</th>" for column in columns) + "</tr>"]
    for row in rows:
        style = ' style="font-weight:bold"' if best is not None and row["id"] == best else ""
        lines.append(f"<tr{style}>" + "".join(f"<td>{cell(row[column])}</td>" for column in columns) + "</tr>")
    return f"<table>{''.join(lines)}</table>"
