"""Operators on one number per unit, against the program, on values that follow from shapes alone.

A hash of depth and role gives every unit a number that looks random, so that no text is needed and a call of the
program takes milliseconds. Several operators share an expression with different factors: an error in any of them shows.
"""

import csv
import io
import json

import numpy as np
import pytest
from strata_prune import load
from strata_prune.evaluate import evaluate_units
from strata_prune.operators import OPERATORS, Kind

# About -1 to 1, about 0.1 to 2, and with many ties.
_HASH = "(13.7 * depth + 2.1 * query + 3.3 * key + 4.7 * value + 5.9 * output + 7.1 * gate + 8.9 * up)"
_SIGNED = f"sin(7 * {_HASH} + 1)"
_OTHER = f"cos(5 * {_HASH} * {_HASH})"
_POSITIVE = f"(1.05 + 0.95 * cos(3 * {_HASH}))"
_TIES = "(query + 2 * up - depth * down)"
_CHAINS = [
    f"abs({_SIGNED}) + 0.7 * log({_POSITIVE}) + 0.3 * logpos({_SIGNED}) - 0.2 * abslog({_SIGNED})",
    f"0.3 * pow2({_SIGNED}) + 0.1 * exp({_SIGNED}) + 0.4 * sigmoid(3 * {_SIGNED}) - 0.5 * tanh({_SIGNED})",
    f"sin({_SIGNED}) + 0.6 * cos(2 * {_SIGNED}) + 0.01 * tan(2 * {_SIGNED}) - 0.3 * asin({_SIGNED})",
    f"acos({_SIGNED}) - 0.4 * atan(9 * {_SIGNED}) + 0.2 * softplus(30 * {_SIGNED}) - sqrt({_POSITIVE})",
    # Bad values: logarithms and roots of what is not positive, quotients by 0.
    f"log({_SIGNED}) + 0.5 * sqrt({_SIGNED}) + asin(2 * {_SIGNED}) - {_SIGNED} / query",
    f"minmax({_SIGNED}) + 0.5 * ranks({_TIES}) - 0.3 * zscore({_OTHER}) + kindminmax({_OTHER})",
    f"suffixmean({_SIGNED}) - 0.5 * reverse({_OTHER}) + 3 * softmax(4 * {_SIGNED})",
    f"smooth({_SIGNED}) + 0.1 * cumsum({_OTHER}) - 0.3 * blockwise(depth + size) + 0.1 * attention + 0.2 * last",
    f"min({_SIGNED}, {_OTHER}) + 0.5 * max({_SIGNED}, {_OTHER}) - mix({_SIGNED}, {_OTHER}, 0.3)",
    f"({_SIGNED} + {_OTHER}) * ({_SIGNED} - {_POSITIVE}) / ({_OTHER} + 3) + 20 * fan - 0.2 * down + neg({_SIGNED})",
]
_FUNCTIONS = (
    [f"direct(0.4 + 0.05 * ({chain}))" for chain in _CHAINS]
    + [f"dsa({chain}, 0.1)" for chain in _CHAINS]
    + [
        "uniform()",
        f"span({_SIGNED}, 0.3)",
        f"rank({_TIES}, 0.3)",
        f"ramp({_TIES}, 0.05)",
        f"waterfill({_SIGNED}, 0.3, 0.2)",
        f"waterfill({_TIES}, 0.5, 0.5)",
        f"logistic({_SIGNED}, 0.3, 4)",
        f"proportion({_SIGNED}, 0.9)",
        f"density({_SIGNED} + 0.5)",
        "density(fan + 1000 * last)",
        f"direct(1000 * {_SIGNED})",
        "proportion(log(depth) - 1 / query, 0.5)",
        "density(1 / (query + depth))",
        f"span(1000 * exp(300 * {_SIGNED}), 0.5)",
        f"within(span({_SIGNED}, 0.2), {_OTHER}, 0.3, 0.1)",
        f"shift(shift(span({_SIGNED}, 0.2), query, 0.11), {_OTHER}, -0.3)",
        f"shift(dsa(asin(atan(3 * {_SIGNED})), 0.2), blockwise({_HASH}), 0.2)",
        f"nm({_SIGNED}, 0.25, 8)",
        f"nm({_TIES}, 0.125, 8)",
        "nm(depth, 0.25, 16)",
    ]
)


def test_every_operator_of_units_is_compared():
    names = {node.name for function in _FUNCTIONS for node in load(function).expression.walk()}
    kinds = (Kind.ELEMENTWISE, Kind.ACROSS_UNITS, Kind.BINARY, Kind.POSTPROCESS, Kind.ADJUSTMENT)
    assert {row.name for row in OPERATORS.values() if row.kind in kinds} <= names


@pytest.mark.parametrize("granularity", ["linear", "kind"])
def test_operators_agree_with_the_program(program, model_file, dense, granularity):
    targets = [0.5, 0.625]
    calls = [
        ("allocate", function, "--model", model_file, "--sparsity", "0.5,0.625", "--granularity", granularity,
         "--format", "csv", "--threads", 1) for function in _FUNCTIONS
    ]  # fmt: skip
    differences = {}
    for function, output in zip(_FUNCTIONS, program.many(calls), strict=True):
        rows = list(csv.DictReader(io.StringIO(output)))
        for target in targets:
            wanted = [float(row["sparsity"]) for row in rows if float(row["target_sparsity"]) == target]
            found = load(function).allocate(dense, None, target, granularity)
            difference = np.abs(np.array(wanted) - found.unit_sparsities).max()
            tolerance = 1e-6 if function.startswith("dsa") else 1e-9
            if difference > tolerance:
                differences[function, target] = difference
            assert found.mean == pytest.approx(target, abs=1e-12)
    assert not differences


def test_groups_agree_with_the_program(program, model_file, dense):
    functions = [f"span({_SIGNED}, 0.3)", "uniform()", f"rank({_TIES}, 0.3)"]
    calls = [
        ("allocate", function, "--model", model_file, "--sparsity", 0.5, "--granularity", granularity, "--group", 4,
         "--format", "json", "--threads", 1) for function in functions for granularity in ("block", "kind", "linear")
    ]  # fmt: skip
    for call, output in zip(calls, program.many(calls), strict=True):
        wanted = [unit["sparsity"] for unit in json.loads(output)["allocation"]]
        found = load(call[1]).allocate(dense, None, 0.5, call[7], group=4)
        assert list(found.unit_sparsities) == wanted, call


def test_bad_values(dense):
    from strata_prune.model import find_linears

    units = find_linears(dense).units("block")
    assert evaluate_units(load("span(log(depth - 1), 0.1)").expression.children[0], {}, units).tolist()[0] == 0.0
    assert evaluate_units(load("span(log(depth), 0.1)").expression.children[0], {}, units).tolist()[0] == -1e30
