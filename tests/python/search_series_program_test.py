"""Runs scripts/ablation.py and scripts/leaderboard.py with the program on a small model.

    search_series_program_test.py STRATA

Exits with 77 and a reason where matplotlib, the model or the text is missing.
"""

import csv
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import comparison  # noqa: E402

DATA = ROOT.parent / "shared/data"
MODEL, TEXT = DATA / "models/stories260K.gguf", DATA / "text/tinystories_val.txt"
CONFIG = f"""
model: {MODEL}
text: {TEXT}
pruner: wanda
granularity: linear
calibration: {{sequences: 2, sequence_tokens: 64}}
fitness: {{windows: 2, window_tokens: 64, protocol: sequential, arithmetic: fp32}}
selection: {{windows: 2}}
report: {{windows: 4, window_tokens: 64}}
search: {{random_candidates: 2, finalists: 2, baselines: [uniform, log-mean], baseline_units: block}}
surrogate: {{feature_pool: 4}}
refine: {{slope_windows: 2}}
workers: {{count: 1, threads: 1}}
"""


class ProgramTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.config = self.folder / "config.yaml"
        self.config.write_text(CONFIG)

    def run_script(self, name, *words):
        """Runs a script twice and returns the rows of its CSV, which must be the same both times."""
        script, out = ROOT / f"scripts/{name}.py", self.folder / name
        command = [sys.executable, script, *words, "--strata", PROGRAM, "--out", out]
        tables = []
        for _ in range(2):
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual(result.returncode, 0, result.stderr)
            with open(out / f"{name}.csv", newline="", encoding="utf-8") as file:
                tables.append(list(csv.DictReader(file)))
        self.assertEqual(tables[0], tables[1])
        self.assertEqual((out / f"{name}.png").read_bytes()[:4], b"\x89PNG")
        return tables[0]

    def test_an_ablation(self):
        rows = self.run_script("ablation", self.config, "--sparsities", "0.6", "--seeds", "1", "--evaluations", "12",
                               "--rows", "evolution,descents,random")
        self.assertEqual([row["row"] for row in rows], ["rules", "evolution", "descents", "random"])
        for row in rows:
            self.assertEqual(row["failure"], "")
            self.assertGreater(float(row["report_perplexity"]), 1)
            # An evaluation reads 2 windows of 64 tokens, and the calibration of 2 x 64 tokens twice.
            self.assertEqual(int(row["tokens_budget"]), 12 * 384)
            if row["row"] != "rules":
                # The last measurement may be one of slopes, which counts as three evaluations.
                self.assertLess(abs(int(row["tokens_budget"]) - int(row["tokens_spent"])), 4 * 384)

    def test_a_leaderboard(self):
        rows = self.run_script("leaderboard", MODEL, "--text", TEXT, "--config", self.config, "--sparsities", "0.6",
                               "--evaluations", "8", "--refine", "6", "--set", "search.baselines=uniform, log-mean")
        at = {(row["system"], row["setting"]): row for row in rows}
        for key in (("uniform blockwise", "published"), ("log-mean blockwise", "tuned"), ("random functions", "found"),
                    ("DSA's evolution", "found"), ("Strata's function", "found"), ("Strata's refinement", "found")):
            self.assertEqual(at[key]["failure"], "")
        # Both ways of measuring give uniform sparsities the same losses.
        self.assertAlmostEqual(float(at["uniform blockwise", "published"]["report_perplexity"]),
                               float(at["uniform blockwise", "tuned"]["report_perplexity"]), places=6)


if __name__ == "__main__":
    missing = comparison.picture_problem() or next(
        (f"{path} is absent" for path in (MODEL, TEXT) if not path.exists()), "")
    if missing:
        print(missing)
        sys.exit(77)
    PROGRAM = sys.argv.pop(1)
    unittest.main()
