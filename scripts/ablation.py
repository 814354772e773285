#!/usr/bin/env python3
"""Measures which part of a search does the work: every row switches parts on or off, at one budget.

    scripts/ablation.py configs/exact-linear.yaml --sparsities 0.6,0.7 --seeds 1,2,3 --evaluations 120 --out ablation

The budget is that of so many evaluations of the search, in tokens through the model: a token counts
once in a forward pass and twice in a backward pass, and slopes in a search count as three
evaluations. Features and refinements are paid from it; selection and report are not, because every
row needs them alike. A run whose budget is not spent is extended until less than an evaluation is
left. Writes ablation.md, ablation.csv and ablation.png into the folder. Run again, it continues:
finished runs are not repeated, and failed ones are tried again.
"""

import argparse
import pathlib
import sys

import comparison
import search_runs
from search_runs import REFINE, SEARCH, RunFailed, UsageError

# Functions that were made by hand on SmolLM2-135M (docs/search-results.md).
HAND_MADE = ", ".join([
    "shift(logistic(zscore(-slope / size) - zscore(log(distortion / size)), 0.25, 1), "
    "blockwise(mean(abslog(WX))), 0.35)",
    "logistic(-slope / size, 0.25, 1)",
    "shift(logistic(-log(distortion / size), 0.25, 1), blockwise(mean(abslog(WX))), 0.35)",
])
RULES_ALONE = {"search.strategy": "random", "search.random_candidates": 0}
UNIFORM_ALONE = {"search.baselines": "uniform"}


class Row:
    """A row of the table. `knob` is the budget that grows until the tokens are spent, None for a fixed one."""

    def __init__(self, title, settings, knob=SEARCH, **more):
        self.title, self.settings, self.knob = title, settings, knob
        self.refines = more.get("refines", knob == REFINE)  # the refined allocation is the result
        self.rules = more.get("rules", False)  # the search has no more evaluations than the rules need
        self.fixed = more.get("fixed")  # evaluations of the search that do not follow from --evaluations
        self.costly = more.get("costly", False)  # it measures features that take many evaluations
        self.direct = more.get("direct", False)  # the search's budget is that of a direct search
        self.share = more.get("share", 1.0)  # of the evaluations, for the search


ROWS = {
    "rules": Row("published rules, tuned", RULES_ALONE, None, rules=True),
    "evolution": Row("evolution from published rules, without slopes", {"search.descent_interval": 0}),
    "descents": Row("evolution with descents", {}),
    "sources": Row("evolution with descents, slope and distortion", {"variation.sources": "+slope, distortion"},
                   costly=True),
    "hand-made": Row("hand-made starts alone", {**UNIFORM_ALONE, "search.warm_start": HAND_MADE,
                                                "search.random_candidates": 0}, None, fixed=4),
    "hand-made-evolution": Row("evolution from hand-made starts", {"search.warm_start": HAND_MADE}, costly=True),
    "descent-uniform": Row("slope descent from uniform", {**RULES_ALONE, **UNIFORM_ALONE, "refine.start": "uniform"},
                           REFINE, fixed=1),
    "descent-baseline": Row("slope descent from the best rule", {**RULES_ALONE, "refine.start": "baseline"}, REFINE,
                            rules=True),
    "descent-function": Row("slope descent from the best function of half the budget", {}, REFINE, share=0.5),
    # It counts evaluations by their windows and reads the calibration sequences for each of its small ones.
    "evopress": Row("EvoPress", {**UNIFORM_ALONE, "search.strategy": "evopress", "search.random_candidates": 0},
                    refines=True, direct=True, share=0.125),
    "random": Row("random functions", {**UNIFORM_ALONE, "search.strategy": "random"}),
    "dsa": Row("DSA's evolution", {**UNIFORM_ALONE, "search.strategy": "dsa"}),
}
COLUMNS = ["row", "sparsity", "seed", "failure", "report_perplexity", "loss_difference", "loss_difference_low",
           "loss_difference_high", "selection_perplexity", "name", "expression", "evaluations", "tokens_spent",
           "tokens_budget", "tokens_exact", "minutes", "processor_minutes"]


def arguments(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=pathlib.Path)
    parser.add_argument("--sparsities", type=search_runs.numbers, default=[0.6, 0.7], metavar="S,S",
                        help="target sparsities (0.6,0.7)")
    parser.add_argument("--seeds", type=search_runs.whole_numbers, default=[1, 2, 3], metavar="N,N")
    parser.add_argument("--evaluations", type=int, default=120, help="budget of every row, in evaluations (120)")
    parser.add_argument("--rows", default=",".join(ROWS), help=f"some of {', '.join(ROWS)}; rules is always measured")
    search_runs.add_common(parser, "ablation")
    options = parser.parse_args(words)
    options.settings = search_runs.settings_of(options.set)
    options.rows = search_runs.chosen("--rows", options.rows, ROWS)
    if options.evaluations < 1:
        raise UsageError(f"--evaluations: expected at least 1, found {options.evaluations}")
    return options


def spent(report):
    """Returns the tokens that a row pays from its budget."""
    return search_runs.search_tokens(report) + search_runs.refinement_tokens(report)


class Ablation:
    def __init__(self, options):
        self.options = options
        self.series = search_runs.Series(options.strata, options.out)
        self.effective = self.series.json_of("config", ["config", "--all", options.config,
                                                        *search_runs.as_options(options.settings)])

    def settings(self, row, sparsity, seed):
        """Returns the settings of a run, its first budgets included."""
        settings = {"search.minutes": 0, **self.options.settings, REFINE: 0, **row.settings,
                    "target_sparsity": f"{sparsity:g}", "search.seed": seed}
        for key, value in settings.items():
            if str(value).startswith("+"):
                settings[key] = f"{self.effective[key]['value']}, {value[1:]}"
        if row.fixed:
            settings[SEARCH] = row.fixed
        elif row.rules:
            settings[SEARCH] = search_runs.evaluations_of_rules(self.series, f"rules-{sparsity:g}", self.options.config,
                                                              {**settings, "search.seed": 1})
        else:
            # The features of costly sources are paid first; what is left is known after a short search.
            share = row.share * (0.25 if row.costly else 1.0)
            settings[SEARCH] = max(1, int(self.options.evaluations * share))
        if row.knob == REFINE:
            settings[REFINE] = min(6, self.options.evaluations)
        return settings

    def fill(self, name, row, settings):
        """Runs the row and extends it until its tokens are spent. Returns the report."""
        begun = self.series.asked(name)
        if begun and row.knob:
            settings[row.knob] = begun[row.knob]
        before = None
        while True:
            report = self.series.search(name, self.options.config, settings)
            cost, now = report["cost"]["tokens"], spent(report)
            if row.knob is None or now == before:  # nothing is left to do, or to try
                return report
            each = cost["per_evaluation"]
            room = self.options.evaluations * each - now
            if row.knob == REFINE or row.direct:
                each = max(each, cost["refinement"] / int(settings[row.knob]))
            if room < each:
                return report
            settings[row.knob] = int(settings[row.knob]) + int(room // each)
            before = now

    def result(self, key, sparsity, seed):
        """Returns a line of the CSV. A run that fails is a line with its reason."""
        row = ROWS[key]
        line = {"row": key, "sparsity": sparsity, "seed": seed}
        name = f"{self.options.evaluations}/{sparsity:g}/{key}-{seed}"
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            report = self.fill(name, row, self.settings(row, sparsity, seed))
            best = self.best(row, report)
            if best is None or best["report_perplexity"] is None:
                raise RunFailed(f"nothing was measured on the report split; the search ended by: "
                                f"{report['end_reason'] or 'nothing'}")
        except RunFailed as error:
            return {**line, "failure": str(error)}
        cost = report["cost"]
        return {**line, "failure": "", "name": best.get("name", "refined"), "expression": best.get("expression", ""),
                "report_perplexity": best["report_perplexity"], "selection_perplexity": best["selection_perplexity"],
                "windows": best["report_window_nll"], "evaluations": report["evaluations"],
                "tokens_spent": spent(report), "tokens_exact": cost["tokens"]["exact"],
                "tokens_budget": self.options.evaluations * cost["tokens"]["per_evaluation"],
                "minutes": cost["seconds"] / 60, "processor_minutes": report["processor_seconds"] / 60}

    @staticmethod
    def best(row, report):
        if row.refines:
            return search_runs.refined(report)
        return report["best_baseline"] if row.rules else report["best"]

    def lines(self):
        lines = []
        for sparsity in self.options.sparsities:
            rules = self.result("rules", sparsity, self.options.seeds[0])
            of_sparsity = [rules]
            for key in self.options.rows:
                # The same seed gives the same rules, and another seed too.
                for seed in self.options.seeds if key not in ("rules", "hand-made") else self.options.seeds[:1]:
                    if key != "rules":
                        of_sparsity.append(self.result(key, sparsity, seed))
            for line in of_sparsity:
                comparison.compare(line, rules)
            lines += of_sparsity
            self.write(lines)
        return lines

    def write(self, lines):
        out = self.options.out
        search_runs.write_whole(out / "ablation.csv", comparison.comma_separated(COLUMNS, lines))
        search_runs.write_whole(out / "ablation.md", self.markdown(lines))
        panels = {}
        for sparsity in dict.fromkeys(line["sparsity"] for line in lines):
            of = [line for line in lines if line["sparsity"] == sparsity]
            panels[f"{100 * sparsity:g} % sparsity"] = [self.dots(key, of) for key in
                                                       dict.fromkeys(line["row"] for line in of)]
        comparison.draw(out / "ablation.png", panels, "perplexity on the report split")

    def dots(self, key, lines):
        return comparison.dots(ROWS[key].title, [line for line in lines if line["row"] == key and not line["failure"]])

    def markdown(self, lines):
        text = ""
        for sparsity in dict.fromkeys(line["sparsity"] for line in lines):
            rows = []
            of = [line for line in lines if line["sparsity"] == sparsity]
            for key in dict.fromkeys(line["row"] for line in of):
                rows.append(self.cells(key, [line for line in of if line["row"] == key]))
            text += f"\n{100 * sparsity:g} % sparsity:\n\n" + comparison.markdown(
                ["row", "report perplexity", "against the best rule", "tokens of the budget", "minutes"], rows)
        return self.caption() + text

    def cells(self, key, lines):
        measured = [line for line in lines if not line["failure"]]
        middle = comparison.middle(measured, "report_perplexity")
        if middle is None:
            return [ROWS[key].title, f"failed: {lines[0]['failure']}", "-", "-", "-"]
        failed = "".join(f"; seed {line['seed']} failed: {line['failure']}" for line in lines if line["failure"])
        return [ROWS[key].title, comparison.spread([line["report_perplexity"] for line in measured]) + failed,
                comparison.interval_of(middle),
                f"{comparison.tokens(middle['tokens_spent'])} of {comparison.tokens(middle['tokens_budget'])}",
                comparison.spread([line["minutes"] for line in measured], 1)]

    def caption(self):
        seeds = ", ".join(map(str, self.options.seeds))
        return (f"Budget: the tokens of {self.options.evaluations} evaluations of the search. Seeds: {seeds}; with "
                "several, the median and the range of their perplexities; the other columns are those of the median "
                "seed. Against the best rule: change of the perplexity on the report split, with the interval that "
                "holds 95 % of 10,000 bootstrap resamples of the windows, each drawn with both of its losses.\n")


def main():
    options = arguments(sys.argv[1:])
    problem = comparison.picture_problem()
    if problem:
        raise UsageError(problem)
    lines = Ablation(options).lines()
    print((options.out / "ablation.md").read_text(encoding="utf-8"), end="")
    return 1 if all(line["failure"] for line in lines) else 0


if __name__ == "__main__":
    search_runs.run_main(main)
