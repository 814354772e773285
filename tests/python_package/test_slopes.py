"""Slopes of pruned models and steps of descent, against the program."""

import json

import numpy as np
import pytest
import strata_prune.features
import torch
from conftest import CALIBRATION
from strata_prune import StrataError, UnsupportedError, load
from strata_prune.model import find_linears
from strata_prune.slopes import measure_slopes

_SPARSITY = 0.7
_INNER = "descend(span(mean(WX), 0.1), 0.7, 0.05)"
_NESTED = f"descend(descend({_INNER}, 0.7, 0.03), 0.65, 0.02)"
_FUNCTIONS = [
    _INNER,
    _NESTED,
    "span(-slopes(uniform(), 0.7) / size, 0.1)",
    "span(blockwise(slopes(span(blockwise(redundancy) + depth, 0.2), 0.6)) / size - 0.1 * depth, 0.1)",
    # At both ends the differences are one-sided.
    "descend(waterfill(depth, 0.5, 0.5), 0.95, 0.3)",
    "descend(direct(3 * depth - 1), 0.5, 0.1)",
]


@pytest.mark.parametrize("granularity", ["block", "kind", "linear"])
def test_slopes_and_descents_agree_with_the_program(program, model_file, text, dense, calibration, granularity):
    calls = [
        ("allocate", function, "--model", model_file, "--text", text, "--sparsity", _SPARSITY, "--granularity",
         granularity, *CALIBRATION, "--format", "json", "--threads", 1) for function in _FUNCTIONS
    ]  # fmt: skip
    differences = {}
    for function, output in zip(_FUNCTIONS, program.many(calls), strict=True):
        wanted = [unit["sparsity"] for unit in json.loads(output)["allocation"]]
        found = load(function).allocate(dense, calibration, _SPARSITY, granularity)
        assert found.mean == pytest.approx(_SPARSITY, abs=1e-12)
        differences[function] = float(np.abs(np.array(wanted) - found.unit_sparsities).max())
    print(granularity, differences)
    # Rounding may swap weights whose scores are almost equal, which changes slopes.
    assert {function: difference for function, difference in differences.items() if difference > 1e-4} == {}


def test_each_slope_is_measured_once(dense, calibration, monkeypatch):
    measured = []

    def counted(model, units, sparsities, sequences):
        measured.append(len(units))
        return measure_slopes(model, units, sparsities, sequences)

    monkeypatch.setattr(strata_prune.features, "measure_slopes", counted)
    load(f"shift({_NESTED}, -slopes({_INNER}, 0.7) / size, 0.1)").allocate(dense, calibration, 0.7, "linear")
    assert measured == [len(find_linears(dense).linears)] * 3
    measured.clear()
    load("span(slopes(uniform(), 0.7) - blockwise(slopes(uniform(), 0.7)), 0.1)").allocate(dense, calibration, 0.7)
    assert measured == [len(find_linears(dense).blocks)]


def test_a_model_is_left_as_it_was(dense, calibration, monkeypatch):
    before = {name: value.clone() for name, value in dense.state_dict().items()}
    weights = [linear.module.weight for linear in find_linears(dense).linears]
    weights[0].requires_grad_(False)
    weights[1].grad = torch.ones_like(weights[1])
    dense.train()
    usual = load(_INNER).allocate(dense, calibration, 0.5)
    with torch.inference_mode():
        assert load(_INNER).allocate(dense, calibration.clone(), 0.5).unit_sparsities == usual.unit_sparsities
    with monkeypatch.context() as patch, pytest.raises(UnsupportedError, match="which has logits"):
        patch.setattr("strata_prune.slopes.run_model", lambda model, sequence: None)
        load(_INNER).allocate(dense, calibration, 0.5)
    assert dense.training
    dense.eval()
    assert all(value.equal(before[name]) for name, value in dense.state_dict().items())
    assert [weight.requires_grad for weight in weights] == [False] + [True] * (len(weights) - 1)
    assert weights[0].grad is None and weights[1].grad.eq(1).all()
    weights[0].requires_grad_(True)
    weights[1].grad = None
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in dense.modules())


def test_missing_and_short_sequences_are_named(dense, calibration):
    with pytest.raises(StrataError, match=r"needs slopes\(uniform\(\), 0.7\).*give calibration sequences"):
        load("descend(uniform(), 0.7, 0.05)").allocate(dense, None, 0.5)
    with pytest.raises(StrataError, match="at least 2 tokens, found 1"):
        load("descend(uniform(), 0.7, 0.05)").allocate(dense, calibration[:, :1], 0.5)
    with pytest.raises(UnsupportedError, match="use `strata allocate`"):
        load("descend(span(distortion, 0.1), 0.7, 0.05)").allocate(dense, calibration, 0.5)
