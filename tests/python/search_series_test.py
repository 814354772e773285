"""Tests of scripts/ablation.py, scripts/leaderboard.py and what they share, without the program.

    search_series_test.py

A script that answers from search_reports/ stands for the program. The reports are those of a search of stories260K
(20 evaluations, 12 of the refinement) and of `strata transfer "uniform()"` beside it, shortened.
"""

import csv
import io
import json
import math
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "scripts"))

import ablation  # noqa: E402
import comparison  # noqa: E402
import leaderboard  # noqa: E402
import search_runs  # noqa: E402

# Costs are those of the settings: an evaluation takes 100 tokens, slope as a source 500 in all, and an evaluation of
# the refinement 150.
PROGRAM = """#!/usr/bin/env python3
import json, pathlib, sys
reports, words = pathlib.Path({reports!r}), sys.argv[1:]
here = pathlib.Path(__file__).parent
with open(here / "calls", "a") as calls:
    print(json.dumps(words), file=calls)
def refuse(text):
    print("strata: " + text, file=sys.stderr)
    sys.exit(2)
settings = dict(words[i + 1].split("=", 1) for i, word in enumerate(words) if word == "--set")
if words[0] == "config":
    values = dict([("search.baseline_settings", "brief"), ("variation.sources", "WX, depth"), ("pruner", "wanda"),
                   ("report.windows", "16"), ("search.lag", "4")], **settings)
    print(json.dumps(dict((key, dict(value=value)) for key, value in values.items())))
elif words[0] == "transfer":
    print((reports / "transfer.json").read_text())
elif words[0] == "status":
    print(json.dumps(dict(search_seconds=60, seconds=90)))
elif "--dry-run" in words:
    print(json.dumps(dict(baseline_settings=4, baselines=4)))
else:
    if settings.get("search.strategy") == "evopress":
        refuse("--set: 'search.strategy' must be strata, random, hill_climbing or dsa, found 'evopress'")
    if settings.get("search.seed") == "13":
        refuse("not enough memory")
    run = pathlib.Path(words[words.index("--extend" if "--extend" in words else "--run") + 1])
    run.mkdir(parents=True, exist_ok=True)
    kept = run / "settings.json"
    if kept.exists():
        settings = dict(json.loads(kept.read_text()), **settings)
    kept.write_text(json.dumps(settings))
    report = json.loads((reports / "search.json").read_text())
    number, refine = int(settings["search.maximum_evaluations"]), int(settings["refine.evaluations"])
    report["evaluations"] = number
    report["cost"] = dict(tokens=dict(
        per_evaluation=100, search=100 * number, slopes=0, exact=4000, refinement=150 * refine,
        features=500 if "slope" in json.dumps(settings) else 10))
    if refine == 0:
        report["refinement"] = None
    print(json.dumps(report))
"""


class SeriesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.program = self.folder / "strata"
        self.program.write_text(PROGRAM.format(reports=str(HERE / "search_reports")))
        self.program.chmod(0o755)
        self.config = self.folder / "config.yaml"
        self.config.write_text("model: m\n")
        self.out = self.folder / "out"
        self.words = ["--strata", str(self.program), "--out", str(self.out)]
        quiet = mock.patch.object(sys, "stderr", io.StringIO())
        quiet.start()
        self.addCleanup(quiet.stop)
        self.panels = None
        draws = mock.patch.object(comparison, "draw", self.keep_panels)
        draws.start()
        self.addCleanup(draws.stop)

    def keep_panels(self, path, panels, label):
        self.panels = panels

    def calls(self):
        """Returns the command lines since the last call of this function."""
        path = self.folder / "calls"
        calls = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        path.unlink(missing_ok=True)
        return calls

    def table(self, name):
        with open(self.out / name, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))


class SearchRunsTest(SeriesTest):
    SETTINGS = {"search.maximum_evaluations": 10, "refine.evaluations": 0}

    def series(self):
        return search_runs.Series(self.program, self.out)

    def test_a_finished_run_is_not_repeated(self):
        first = self.series().search("a/run", self.config, self.SETTINGS)
        self.assertEqual([words[0] for words in self.calls()], ["search", "status"])
        self.assertEqual(self.series().search("a/run", self.config, self.SETTINGS), first)
        self.assertEqual(self.calls(), [])

    def test_a_larger_budget_extends_the_run(self):
        self.series().search("run", self.config, self.SETTINGS)
        self.calls()
        report = self.series().search("run", self.config, {**self.SETTINGS, "search.maximum_evaluations": 25})
        self.assertEqual(report["evaluations"], 25)
        call, _ = self.calls()
        self.assertEqual(call[:2], ["search", "--extend"])
        self.assertIn("search.maximum_evaluations=25", call)

    def test_other_settings_are_refused(self):
        self.series().search("run", self.config, self.SETTINGS)
        for changed, message in (({"pruner": "ria"}, "pruner=None that it was made with, found pruner=ria"),
                                 ({"search.maximum_evaluations": 9}, "evaluations=10 .* found .*evaluations=9")):
            with self.assertRaisesRegex(search_runs.UsageError, message):
                self.series().search("run", self.config, {**self.SETTINGS, **changed})
        self.config.write_text("model: other\n")
        with self.assertRaisesRegex(search_runs.UsageError, "expected the configuration that it was made with"):
            self.series().search("run", self.config, self.SETTINGS)

    def test_a_failed_run_gives_the_reason_and_is_tried_again(self):
        for _ in range(2):
            with self.assertRaisesRegex(search_runs.RunFailed, "exit code 2: not enough memory"):
                self.series().search("run", self.config, {**self.SETTINGS, "search.seed": 13})
        self.assertEqual(len(self.calls()), 2)

    def test_a_report_without_costs_is_refused(self):
        self.program.write_text("#!/bin/sh\necho '{\"best\": null}'\n")
        with self.assertRaisesRegex(search_runs.RunFailed, "has no 'cost'"):
            self.series().search("run", self.config, self.SETTINGS)

    def test_what_the_user_can_mend(self):
        with self.assertRaisesRegex(search_runs.UsageError, "expected the program, found nothing at 'absent'"):
            search_runs.Series("absent", self.out)
        with self.assertRaisesRegex(search_runs.UsageError, "expected KEY=VALUE, found 'pruner'"):
            search_runs.settings_of(["pruner"])
        with self.assertRaisesRegex(search_runs.UsageError, "--rows: expected some of .*, found 'evolve'"):
            ablation.arguments([str(self.config), "--rows", "rules,evolve"])
        with self.assertRaisesRegex(search_runs.UsageError, "found no file"):
            self.series().search("run", self.folder / "absent.yaml", self.SETTINGS)


class ComparisonTest(unittest.TestCase):
    def test_the_interval_is_that_of_the_program(self):
        report = json.loads((HERE / "search_reports/search.json").read_text())
        best = report["best_baseline"]["report_window_nll"]
        compared = 0
        for rule in report["baselines"]:
            stored = rule["against_best_baseline"]
            mean, low, high = comparison.paired_interval(rule["report_window_nll"], best)
            self.assertAlmostEqual(mean, stored["loss_difference"], delta=1e-5)
            # Another generator draws other resamples.
            self.assertAlmostEqual(low, stored["loss_difference_interval"][0], delta=0.01)
            self.assertAlmostEqual(high, stored["loss_difference_interval"][1], delta=0.01)
            compared += rule["id"] != report["best_baseline"]["id"]
        self.assertEqual(compared, 3)

    def test_pairs_need_the_same_windows(self):
        with self.assertRaisesRegex(ValueError, "expected as many windows as the other's 3, found 2"):
            comparison.paired_interval([1, 2], [1, 2, 3])
        self.assertEqual(comparison.paired_interval([2.5], [2.0]), (0.5, None, None))

    def test_cells(self):
        self.assertEqual(comparison.spread([3.0, 1.0, 2.0]), "2.00 (1.00 to 3.00)")
        self.assertEqual(comparison.spread([]), "-")
        self.assertEqual(comparison.interval(math.log(0.5), math.log(0.25), 0), "-50.0 % (-75.0 to +0.0)")
        self.assertEqual(comparison.tokens(1234567), "1.23 M")
        self.assertIn("a\\|b", comparison.markdown(["x"], [["a|b"]]))

    def test_a_picture_shows_what_failed(self):
        if comparison.picture_problem():
            self.skipTest(comparison.picture_problem())
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "picture.png"
            comparison.draw(path, {"a": [("best", [20.0], None, None), ("x", [21.0, 30.0], 20.5, 22.0),
                                         ("y", [], None, None)]}, "perplexity")
            self.assertEqual(path.read_bytes()[:4], b"\x89PNG")


class AblationTest(SeriesTest):
    def run_rows(self, *more):
        options = ablation.arguments([str(self.config), "--sparsities", "0.7", "--evaluations", "40", *self.words,
                                      *more])
        ablation.Ablation(options).lines()
        return self.table("ablation.csv")

    def test_every_row_spends_its_budget_and_no_more(self):
        rows = self.run_rows("--seeds", "1,2", "--rows",
                             "evolution,sources,descent-uniform,descent-baseline,descent-function,random")
        self.assertEqual(len(rows), 1 + 6 * 2)
        for row in rows:
            self.assertEqual(row["failure"], "")
            if row["row"] == "rules":
                continue
            self.assertEqual(row["tokens_budget"], "4000")
            each = 100 if row["row"] in ("evolution", "sources", "random") else 150
            self.assertLess(4000 - int(row["tokens_spent"]), each, row)
            # Features of one pass are the only thing that is not known before the first search.
            self.assertLessEqual(int(row["tokens_spent"]), 4010, row)

    def test_rows_switch_parts_on_and_off(self):
        self.run_rows("--seeds", "1", "--rows", "evolution,sources,descent-baseline", "--set",
                      "search.descent_interval=5")
        begun = {call[call.index("--run") + 1].rpartition("/")[2]: call for call in self.calls()
                 if "--run" in call and call[0] == "search"}
        self.assertIn("search.descent_interval=0", begun["evolution-1"])
        self.assertIn("search.descent_interval=5", begun["sources-1"])
        self.assertIn("variation.sources=WX, depth, slope, distortion", begun["sources-1"])
        self.assertIn("refine.start=baseline", begun["descent-baseline-1"])
        # Four rules, and a round of tuning of the best three.
        self.assertIn("search.maximum_evaluations=16", begun["descent-baseline-1"])

    def test_a_row_that_fails_stands_with_its_reason(self):
        rows = self.run_rows("--seeds", "1,13", "--rows", "evopress,random")
        failures = {(row["row"], row["seed"]): row["failure"] for row in rows}
        self.assertIn("found 'evopress'", failures["evopress", "1"])
        self.assertEqual(failures["random", "13"], "exit code 2: not enough memory")
        self.assertEqual(failures["random", "1"], "")
        text = (self.out / "ablation.md").read_text()
        self.assertIn("| EvoPress | failed: exit code 2: --set: 'search.strategy' must be", text)
        self.assertIn("96.57; seed 13 failed: exit code 2: not enough memory", text)
        self.assertEqual([row[0] for row in self.panels["70 % sparsity"]],
                         ["published rules, tuned", "EvoPress", "random functions"])

    def test_run_again_only_what_failed_is_measured(self):
        words = ("--seeds", "1", "--rows", "evopress,random,sources,descent-uniform")
        first = self.run_rows(*words)
        self.calls()
        self.assertEqual(self.run_rows(*words), first)
        self.assertEqual([call[0] for call in self.calls() if "search.strategy=evopress" not in call], [])

    def test_the_result_of_a_refinement_is_the_refined_allocation(self):
        rows = {row["row"]: row for row in self.run_rows("--seeds", "1", "--rows", "descent-uniform,random")}
        self.assertAlmostEqual(float(rows["descent-uniform"]["report_perplexity"]), 81.66, delta=0.01)
        self.assertAlmostEqual(float(rows["descent-uniform"]["loss_difference"]), math.log(81.663 / 96.568), delta=1e-3)
        self.assertEqual(float(rows["rules"]["loss_difference"]), 0)


class LeaderboardTest(SeriesTest):
    def run_board(self, *more):
        options = leaderboard.arguments(["model.gguf", "--text", "text.txt", "--config", str(self.config),
                                         "--sparsities", "0.7", "--evaluations", "30", "--refine", "10", *self.words,
                                         *more])
        lines = []
        series = search_runs.Series(options.strata, options.out)
        for pruner in options.pruners:
            lines += leaderboard.Cell(options, series, pruner, 0.7).lines()
        leaderboard.Board(options, lines).write()
        return self.table("leaderboard.csv")

    def test_every_rule_stands_with_both_settings(self):
        rows = self.run_board()
        at = {(row["system"], row["setting"]): row for row in rows}
        self.assertAlmostEqual(float(at["owl blockwise", "published"]["report_perplexity"]), 109.844, delta=0.01)
        self.assertAlmostEqual(float(at["owl blockwise", "tuned"]["loss_difference"]), math.log(109.844 / 96.5675),
                               delta=1e-4)
        self.assertEqual(at["dense model", ""]["report_perplexity"][:6], "4.7630")
        text = (self.out / "leaderboard.md").read_text()
        self.assertRegex(text, r"\| dsa-logvar blockwise \| 96.57 \| 96.57 \| \(is it\) \| .* \| 1.5 \|")
        self.assertRegex(text, r"\| owl blockwise \| 109.84 \| 109.84 \| \+13.7 % \(\+9.* to \+17.*\) \|")

    def test_searches_and_their_costs(self):
        rows = {row["system"]: row for row in self.run_board()}
        self.assertAlmostEqual(float(rows["random functions"]["report_perplexity"]), 129.97, delta=0.01)
        self.assertEqual(rows["random functions"]["name"], "discovered #15", "rules are no functions that it found")
        self.assertEqual(rows["random functions"]["tokens"], "4010", "the evaluations of search and refinement")
        self.assertEqual(rows["Strata's function"]["tokens"], "3010")
        self.assertEqual(rows["Strata's refinement"]["tokens"], "4510")
        self.assertEqual((rows["Strata's function"]["minutes"], rows["Strata's refinement"]["minutes"]), ("1.0", "1.5"))
        self.assertIn("found 'evopress'", rows["EvoPress"]["failure"])
        self.assertIn("| EvoPress | - | failed: exit code 2:", (self.out / "leaderboard.md").read_text())

    def test_a_function_of_another_model_is_measured_here(self):
        rows = {row["system"]: row for row in self.run_board("--transfer", "other.gguf")}
        found = rows["Strata's function of the other model"]
        self.assertAlmostEqual(float(found["report_perplexity"]), 154.803, delta=0.01)
        calls = self.calls()
        (search,) = [call for call in calls if "model=other.gguf" in call]
        self.assertIn("refine.evaluations=0", search)
        (transfer,) = [call for call in calls if call[0] == "transfer" and call[1] != "uniform()"]
        self.assertEqual(transfer[1], "dsa(blockwise(asin(atan(var(abslog(WX))))), 0.08)")
        self.assertEqual(transfer[transfer.index("--model") + 1], "model.gguf")
        self.assertIn("report.windows=16", transfer)

    def test_other_windows_are_refused(self):
        changed = json.loads((HERE / "search_reports/transfer.json").read_text())["subjects"][0]
        changed["dense_perplexity"] *= 1.01
        with self.assertRaisesRegex(search_runs.UsageError, "not measured on the same windows"):
            leaderboard.Cell.check_dense(changed, 4.763067586356212)

    def test_run_again_only_what_failed_is_measured(self):
        first = self.run_board("--seeds", "1,13")
        self.calls()
        self.assertEqual(self.run_board("--seeds", "1,13"), first)
        for call in self.calls():
            self.assertTrue("search.strategy=evopress" in call or "search.seed=13" in call, call)


if __name__ == "__main__":
    unittest.main()
