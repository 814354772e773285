"""Reductions where the definitions of the operator table are special: bad values, ties and constants."""

import math

import numpy as np
import pytest
import torch
from strata_prune import statistics
from strata_prune.postprocess import Target, project, waterfill
from strata_prune.spectrum import SPECTRAL, eigenvalues_of, mean_correlation
from strata_prune.unit_arithmetic import places


def _reduce(name, *values):
    return statistics.REDUCTIONS[name](torch.tensor(values, dtype=torch.float32))


def test_bad_values_of_reductions():
    assert _reduce("geomean", 0, 2) == 0
    assert math.isnan(_reduce("geomean", -1, 2)) and math.isnan(_reduce("geomean", math.nan, 2))
    assert _reduce("geomean", 2, 8) == pytest.approx(4)
    assert _reduce("rootprod", 2, 8) == pytest.approx(4) and math.isnan(_reduce("rootprod", -2, 8))
    assert _reduce("rootprod", *[1e-30] * 4) == 0 and _reduce("rootprod", *[1e30] * 4) == math.inf
    assert math.isnan(_reduce("rootprod", 0, math.inf)) and _reduce("rootprod", -3) == pytest.approx(-3)
    assert math.isnan(_reduce("entropy", 0, -1)) and math.isnan(_reduce("entropy", math.inf, 1))
    assert _reduce("entropy", 1, 1, -5, math.nan) == pytest.approx(math.log(2), abs=1e-7)
    assert math.isnan(_reduce("skewness", 3, 3)) and math.isnan(_reduce("kurtosis", 3, 3))
    assert math.isnan(_reduce("gini", 0, 0)) and math.isnan(_reduce("gini", 1, math.inf))
    assert _reduce("gini", 0, 0, 0, -1) == pytest.approx(0.75)
    assert math.isnan(_reduce("var", 3)) and _reduce("l2", 3, -4) == 5
    assert math.isnan(statistics.quantile(torch.tensor([1.0, math.nan]), 0.1))
    assert statistics.quantile(torch.tensor([3.0, 1.0, 2.0, math.inf]), 0.5) == pytest.approx(2.5)


def test_whole_tensors_that_are_constant():
    constant = torch.full((5,), 2.0)
    assert statistics.normalize(constant).tolist() == [0] * 5
    assert statistics.min_max_scale(constant).tolist() == [0] * 5


def test_shares_below_a_threshold_count_ties_in_proportion():
    tensors = [torch.tensor([1.0, 2.0, 2.0, math.nan]), torch.tensor([2.0, 2.0, 3.0, -1.0])]
    # Of eight elements, the four smallest are -1, 1 and two of four 2s.
    assert statistics.shares_below(tensors, 0.5) == [(1 + 2 * 0.5) / 4, (1 + 2 * 0.5) / 4]
    assert statistics.shares_below(tensors, 0.01) == [0, 0]


def test_spectra():
    flat = torch.ones(3, 5)
    values = eigenvalues_of(flat)
    assert SPECTRAL["matrixrank"](values, 5) == pytest.approx(1 / 3)
    assert SPECTRAL["stablerank"](values, 5) == pytest.approx(1)
    assert math.isnan(SPECTRAL["spectraltail"](values, 5))
    assert mean_correlation(flat) == 0
    assert mean_correlation(torch.tensor([[1.0, 2.0], [2.0, 4.0]])) == pytest.approx(1)
    bad = eigenvalues_of(torch.tensor([[1.0, math.inf]]))
    assert all(math.isnan(SPECTRAL[name](bad, 2)) for name in SPECTRAL)


def test_places_put_nan_first_and_share_ties():
    assert places(np.array([2.0, math.nan, 2.0, -math.inf, 0.0, -0.0])).tolist() == [4.5, 0, 4.5, 1, 2.5, 2.5]


def test_projection_keeps_bounds_and_mean_for_extreme_values():
    generator = np.random.default_rng(1)
    for scale in (1e-9, 1.0, 1e6, 1e30):
        for _ in range(20):
            weights = generator.uniform(0.1, 1, 12)
            weights /= weights.sum()
            target = Target(0.6, 0.2, 0.9)
            found = project(scale * generator.standard_normal(12), weights, target)
            assert found.min() >= 0.2 and found.max() <= 0.9
            assert float(weights @ found) == pytest.approx(0.6, abs=1e-12)


def test_waterfilling_shares_what_is_left_among_equals():
    shares = np.full(4, 0.25)
    assert waterfill(np.array([3.0, 1, 1, 0]), shares, 0.5, 0.2, 0.9).tolist() == pytest.approx([0.9, 0.45, 0.45, 0.2])
