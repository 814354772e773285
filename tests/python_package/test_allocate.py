"""Functions of measured features: `allocate` against `strata allocate` on a small trained model."""

import json
import re

import numpy as np
import pytest
from conftest import CALIBRATION
from strata_prune import StrataError, UnsupportedError, load
from strata_prune.model import find_linears
from strata_prune.operators import OPERATORS, UNSUPPORTED, Kind

_SPARSITY = 0.6

# Published functions of supported statistics, by granularity, as `strata functions NAME` shows them.
_PUBLISHED = {
    "block": ["uniform()", "direct(below(WX, 0.6))", "direct(below(abs(W), 0.6))", "span(-outliers(5), 0.08)",
              "waterfill(-suffixmean(exp(-redundancy)) / size, 0.2, 0.2)", "ramp(depth, 0.008)", "span(depth, 0.08)",
              "proportion(alpha, 0.3)", "span(mean(WX), 0.15)", "span(quantile(WX, 0.5), 0.15)",
              "span(-influence, 0.08)", "dsa(var(abs(WX)), 0.08)", "dsa(asin(atan(var(abslog(WX)))), 0.08)",
              "span(mean(abslog(WX)), 0.15)", "span(-var(abslog(WX)), 0.15)"],
    "linear": ["density(fan)", "density(fan + 1000 * last)", "nm(-outliers(6), 0.125, 8)", "span(-outliers(5), 0.08)",
               "within(waterfill(-suffixmean(exp(-redundancy)), 0.2, 0.2), -exp(-linearredundancy) / size, 0.2, 0.2)",
               "proportion(alpha, 0.3)", "span(-var(abslog(WX)), 0.15)",
               "shift(shift(span(blockwise(redundancy), 0.3), query, 0.1), value, -0.1)",
               "shift(span(blockwise(mean(abslog(WX))), 0.2), query, 0.11)"],
    "kind": ["span(mean(WX), 0.15)", "direct(below(WX, 0.6))", "span(linearredundancy, 0.1)"],
}  # fmt: skip

# Every operator of tensors. Those that share an expression have different factors.
_TENSORS = [
    "mean(WX), var(X), std(W), l1(W)",
    "l2(WX), geomean(WX), rootprod(exp(W)), entropy(WX)",
    "skewness(W), kurtosis(WX), gini(W), quantile(W, 0.37)",
    "below(WX, 0.3), matrixrank(WX), correlation(W), logdet(WX)",
    "stablerank(W), spectraltail(WX), alpha, outliers(3)",
    "mean(log(WX)), mean(logpos(W)), mean(abslog(W)), l1(pow2(WX))",
    "mean(exp(neg(WX))), mean(sigmoid(W)), mean(tanh(WX)), mean(sin(WX))",
    "mean(cos(WX)), mean(tan(W)), mean(asin(tanh(W))), mean(acos(tanh(W)))",
    "mean(atan(WX)), mean(softplus(WX)), mean(sqrt(WX)), mean(abs(normalize(W)))",
    "var(mms(WX)), entropy(mms(W)), mean(log(W)), rootprod(WX), gini(X)",
]


def _function(terms):
    names = re.split(r", (?=[a-z])", terms)
    return "direct(" + " + ".join(f"{0.1 + 0.07 * i:.2f} * minmax({name})" for i, name in enumerate(names)) + ")"


def _compare(program, model_file, text, dense, calibration, cases):
    calls = [
        ("allocate", function, "--model", model_file, "--text", text, "--sparsity", _SPARSITY, "--granularity",
         granularity, *CALIBRATION, "--format", "json", "--threads", 1) for function, granularity in cases
    ]  # fmt: skip
    differences = {}
    for (function, granularity), output in zip(cases, program.many(calls), strict=True):
        document = json.loads(output)
        wanted = [unit["sparsity"] for unit in document["allocation"]]
        found = load(function).allocate(dense, calibration, _SPARSITY, granularity)
        assert [unit.name for unit in found.units] == [unit["name"] for unit in document["allocation"]]
        assert found.mean == pytest.approx(_SPARSITY, abs=1e-12)
        differences[function, granularity] = float(np.abs(np.array(wanted) - found.unit_sparsities).max())
    print("largest difference", max(differences.values()))
    assert {case: difference for case, difference in differences.items() if difference > 1e-6} == {}


def test_published_functions_agree_with_the_program(program, model_file, text, dense, calibration):
    cases = [(function, granularity) for granularity, functions in _PUBLISHED.items() for function in functions]
    _compare(program, model_file, text, dense, calibration, cases)


def test_every_operator_of_tensors_agrees_with_the_program(program, model_file, text, dense, calibration):
    functions = [_function(terms) for terms in _TENSORS]
    names = {node.name for function in functions for node in load(function).expression.walk()}
    kinds = (Kind.TENSOR_SOURCE, Kind.ELEMENTWISE, Kind.WHOLE_TENSOR, Kind.REDUCTION)
    assert {row.name for row in OPERATORS.values() if row.kind in kinds} - UNSUPPORTED <= names
    _compare(program, model_file, text, dense, calibration, [(function, "linear") for function in functions])


def test_the_published_functions_are_those_of_the_program(program):
    listed = {line.split()[0] for line in program("functions").splitlines()[2:] if line and line[0].islower()}
    names = [name for name in sorted(listed) if name.replace("-", "").isalpha()]
    documents = program.many([("functions", name, "--json") for name in names])
    published = {function for functions in _PUBLISHED.values() for function in functions}
    for name, output in zip(names, documents, strict=True):
        expression = re.sub(r"(below.*), 0\.5\)", r"\1, 0.6)", json.loads(output)["expression"])
        if not {node.name for node in load(expression).expression.walk()} & UNSUPPORTED:
            assert expression in published, name


def test_what_only_the_program_measures_is_refused_by_name(dense, calibration):
    for function in ("span(distortion, 0.1)", "span(mean(G), 0.1)", "density(sensitivity / size)", "span(slope, 0.1)"):
        with pytest.raises(UnsupportedError, match="use `strata allocate`") as raised:
            load(function).allocate(dense, calibration, 0.5)
        assert isinstance(raised.value, NotImplementedError)


def test_missing_and_wrong_arguments_are_named(dense, calibration):
    with pytest.raises(StrataError, match=r"needs mean\(WX\).*give calibration sequences"):
        load("span(mean(WX), 0.1)").allocate(dense, None, 0.5)
    with pytest.raises(StrataError, match="expected a target sparsity"):
        load("uniform()").allocate(dense, calibration)
    with pytest.raises(StrataError, match="expected a granularity"):
        load("uniform()").allocate(dense, None, 0.5, "row")
    with pytest.raises(StrataError, match=r"token ids \[sequences, tokens\]"):
        load("span(mean(WX), 0.1)").allocate(dense, [1, 2, 3], 0.5)
    with pytest.raises(StrataError, match="mean sparsity 0.995"):
        load("uniform()").allocate(dense, None, 0.995)
    with pytest.raises(UnsupportedError, match="expected blocks with the linears"):
        load("uniform()").allocate(dense.lm_head, None, 0.5)


def test_a_model_is_left_as_it_was(dense, calibration):
    before = {name: value.clone() for name, value in dense.state_dict().items()}
    dense.train()
    load("span(redundancy + mean(WX) + linearredundancy, 0.1)").allocate(dense, calibration, 0.5)
    assert dense.training
    dense.eval()
    assert all(value.equal(before[name]) for name, value in dense.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in dense.modules())


def test_a_file_gives_its_allocation_and_its_settings(program, model_file, text, dense, calibration, tmp_path):
    path = tmp_path / "best.json"
    for granularity in ("block", "kind", "linear"):
        output = program("allocate", "dlp", "--model", model_file, "--text", text, "--sparsity", 0.55, "--granularity",
                         granularity, *CALIBRATION, "--format", "json", "--threads", 1)  # fmt: skip
        path.write_text(output)
        function = load(path)
        assert set(function.sparsities) == {linear.name for linear in find_linears(dense).linears}
        assert function.sparsities.mean == pytest.approx(0.55, abs=1e-12)
        again = function.allocate(dense, calibration)
        assert [unit.modules for unit in again.units] == [unit.modules for unit in function.sparsities.units]
        assert dict(again) == pytest.approx(dict(function.sparsities), abs=1e-6)
