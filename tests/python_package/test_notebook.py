"""The example notebook: its code cells run, one after the other, on a finished run."""

import json
from pathlib import Path

import pytest
from strata_prune import search

NOTEBOOK = Path(__file__).resolve().parents[2] / "python/examples/run_and_prune.ipynb"


def _code_cells():
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def test_the_notebook_is_stored_without_results():
    for cell in json.loads(NOTEBOOK.read_text())["cells"]:
        assert cell.get("outputs", []) == [] and cell.get("execution_count") is None


def test_every_cell_runs(program, model_file, text, tmp_path, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    config = {
        "model": str(model_file),
        "text": str(text),
        "target_sparsity": 0.5,
        "calibration": {"sequences": 4, "sequence_tokens": 64},
        "fitness": {"windows": 2, "window_tokens": 64},
        "selection": {"windows": 2},
        "report": {"windows": 2, "window_tokens": 64},
        "search": {"seed": 1, "population": 8, "lag": 2, "random_candidates": 4, "minutes": 0,
                   "maximum_evaluations": 8, "finalists": 2, "baselines": ["uniform", "owl", "dlp"],
                   "baseline_settings": "brief"},
        "workers": {"count": 1, "threads": 1},
    }  # fmt: skip
    search(config, run=tmp_path / "run")
    monkeypatch.setenv("STRATA_RUN", str(tmp_path / "run"))
    names = {}
    for number, source in enumerate(_code_cells()):
        exec(compile(source, f"cell {number} of {NOTEBOOK.name}", "exec"), names)
    assert len(names["front"]) >= 1
    linears = [module for name, module in names["model"].named_modules() if name.endswith("_proj")]
    zeros = sum(int((linear.weight == 0).sum()) for linear in linears)
    assert zeros / sum(linear.weight.numel() for linear in linears) == pytest.approx(0.5, abs=0.02)
    assert names["zeros"] == pytest.approx(zeros / sum(linear.weight.numel() for linear in linears))
    figures = matplotlib.pyplot.get_fignums()
    matplotlib.pyplot.close("all")
    assert len(figures) >= 1
