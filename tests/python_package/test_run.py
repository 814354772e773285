"""Searches from Python, and what Run reads of them, against the program's own verbs."""

import json
import math
import sqlite3

import numpy as np
import pytest
from strata_prune import Run, StrataError, plot, search, to_evopress, to_llm_compressor, to_owl, to_torchao


def _config(model_file, text, evaluations):
    return {
        "model": str(model_file),
        "text": str(text),
        "target_sparsity": 0.5,
        "calibration": {"sequences": 4, "sequence_tokens": 64},
        "fitness": {"windows": 2, "window_tokens": 64},
        "selection": {"windows": 2},
        "report": {"windows": 2, "window_tokens": 64},
        "search": {"seed": 1, "population": 8, "lag": 2, "random_candidates": 4, "minutes": 0,
                   "maximum_evaluations": evaluations, "finalists": 2, "baselines": ["uniform", "owl", "dlp"],
                   "baseline_settings": "brief"},
        "workers": {"count": 1, "threads": 1},
    }  # fmt: skip


@pytest.fixture(scope="module")
def finished(program, model_file, text, tmp_path_factory):
    """A finished run, and the events of its search."""
    events = []
    folder = tmp_path_factory.mktemp("runs") / "run"
    return search(_config(model_file, text, 10), run=folder, on_event=events.append), events


def test_a_search_reports_events_and_gives_its_run(finished):
    run, events = finished
    kinds = [event["event"] for event in events]
    assert kinds[0] == "run_started" and kinds[-1] == "finished"
    assert events[-1]["candidates"] == len(run.candidates())
    assert run.report()["end_reason"] == events[-1]["end_reason"]


def test_the_program_hands_over_what_the_package_does(finished, program, model_file, dense, tmp_path):
    run, _ = finished
    best = run.best()

    def export(tool, *more):
        return program("export", run.path, "--for", tool, *more)

    assert export("llm-compressor") == to_llm_compressor(best, "wanda").replace(", ", ",")
    export("owl", "-o", tmp_path / "densities.npy")
    assert np.load(tmp_path / "densities.npy").tolist() == to_owl(best).tolist()
    assert json.loads(export("torchao")) == to_torchao(best)
    assert json.loads(export("torch")) == dict(best.sparsities)
    for more in ([], ["--weights-diff", "3"]):
        ours = to_evopress(best.sparsities, dense, 0.5, int(more[1]) if more else None)
        assert export("evopress", "--model", model_file, *more) == ours.text


def test_candidates_and_front_are_those_of_the_program(finished, program):
    run, events = finished
    rows = run.candidates()
    wanted = json.loads(program("candidates", run.path, "--format", "json"))["candidates"]
    assert [row["id"] for row in rows] == sorted(entry["id"] for entry in wanted)
    by_id = {row["id"]: row for row in rows}
    for entry in wanted:
        row = by_id[entry["id"]]
        assert row["expression"] == entry["expression"] and row["on_front"] == entry["on_front"]
        assert row["parents"] == entry["parents"] and row["origin"] == entry["origin"]
    front = [event["front"] for event in events if event["event"] == "front_changed"][-1]
    assert [row["id"] for row in run.front()] == front
    measured = {event["candidate"]: event["fitness_nll"] for event in events if event["event"] == "candidate_measured"}
    assert {row["id"]: row["fitness"] for row in rows if row["fitness"] is not None} == pytest.approx(
        {candidate: math.exp(nll) for candidate, nll in measured.items()}
    )


def test_the_best_function_is_that_of_the_export(finished, program):
    run, events = finished
    exported = json.loads(program("export", run.path))
    best = run.best()
    assert str(best.expression) == exported["expression"]
    assert run.report()["best"]["id"] == events[-1]["best"] == exported["origin"]["candidate"]
    assert list(best.sparsities.unit_sparsities) == [unit["sparsity"] for unit in exported["allocation"]]
    assert best.document["target_sparsity"] == exported["target_sparsity"]
    assert best.document["bounds"] == exported["bounds"] and best.document["granularity"] == exported["granularity"]


def test_features_that_are_found_have_a_value_per_unit(finished):
    run, _ = finished
    features = run.features()
    assert all(len(values) == len(run.units()) for values in features.values())


def test_a_run_in_a_folder_that_cannot_be_written_is_read(finished, tmp_path, monkeypatch):
    run, _ = finished
    (tmp_path / "strata.sqlite").write_bytes((run.path / "strata.sqlite").read_bytes())
    monkeypatch.setattr("os.access", lambda *_: False)
    assert len(Run(tmp_path).candidates()) == len(run.candidates())
    assert [path.name for path in tmp_path.iterdir()] == ["strata.sqlite"]


def test_a_notebook_shows_the_run(finished):
    run, _ = finished
    html = run._repr_html_()
    assert "stories" in html or "llama" in html
    assert html.count("<table>") == 2 and "font-weight:bold" in html
    assert run.front()._repr_html_().startswith("<table>")


def test_plots_are_drawn(finished):
    pytest.importorskip("matplotlib").use("agg")
    run, _ = finished
    assert len(plot.front(run).collections) == 2
    assert plot.progress(run).get_xlabel() == "candidate"
    assert len(plot.allocation(run.best(), labels=["best"]).lines) == 2


def test_a_divergence_is_not_shown_as_a_perplexity(finished, tmp_path):
    run, _ = finished
    assert run.measures() == {"fitness": "loss", "selection": "loss", "report": "loss"}
    (tmp_path / "strata.sqlite").write_bytes((run.path / "strata.sqlite").read_bytes())
    with sqlite3.connect(tmp_path / "strata.sqlite") as database:
        database.execute("UPDATE properties SET value = value || ' measure=kl' WHERE name = 'search_context'")
    database.close()
    changed = Run(tmp_path)
    assert changed.measures() == {"fitness": "kl", "selection": "loss", "report": "loss"}
    for row, other in zip(run.candidates(), changed.candidates(), strict=True):
        if row["fitness"] is not None:
            assert other["fitness"] == pytest.approx(math.log(row["fitness"]))
        assert other["selection"] == row["selection"] and other["report"] == row["report"]
    assert changed.report()["dense"]["fitness"] == pytest.approx(math.log(run.report()["dense"]["fitness"]))
    assert "but KL divergences (nats) as fitness, lower" in changed._repr_html_()


def test_rows_become_a_data_frame(finished):
    pandas = pytest.importorskip("pandas")
    frame = finished[0].candidates().to_pandas()
    assert isinstance(frame, pandas.DataFrame) and len(frame) == len(finished[0].candidates())


def test_a_run_is_read_while_its_search_runs_and_an_exception_stops_it(program, model_file, text, tmp_path):
    class Enough(Exception):
        pass

    seen = []

    def look(event):
        if event["event"] == "candidate_measured":
            seen.append(len([row for row in Run(tmp_path / "run").candidates() if row["fitness"] is not None]))
            if len(seen) == 3:
                raise Enough

    with pytest.raises(Enough):
        search(_config(model_file, text, 100_000), run=tmp_path / "run", on_event=look)
    assert seen[-1] >= 1
    status = json.loads(program("status", tmp_path / "run", "--format", "json"))
    assert status["state"] == "stopped"


def test_a_failed_search_raises_the_message_of_the_program(program, model_file, text, tmp_path):
    config = _config(model_file, text, 10) | {"target_sparsty": 0.5}
    with pytest.raises(StrataError, match="target_sparsity"):
        search(config, run=tmp_path / "run")
    with pytest.raises(StrataError, match="no run in"):
        Run(tmp_path / "run")


def test_a_program_that_is_absent_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("STRATA_PROGRAM", str(tmp_path / "absent"))
    with pytest.raises(StrataError, match="STRATA_PROGRAM is"):
        search({}, run=tmp_path / "run")


def test_other_versions_are_refused(tmp_path):
    with sqlite3.connect(tmp_path / "strata.sqlite") as database:
        database.execute("CREATE TABLE properties (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
        database.execute("INSERT INTO properties VALUES ('schema_version', '99')")
    database.close()
    with pytest.raises(StrataError, match="expected schema version 2 to 3, found 99"):
        Run(tmp_path)
