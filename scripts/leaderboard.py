#!/usr/bin/env python3
"""Compares every published rule and several searches on one model, all measured alike.

    scripts/leaderboard.py MODEL --text TEXT --sparsities 0.5,0.6,0.7 --pruners wanda,sparsegpt --out leaderboard

Rows: each rule of the library at its published setting and at its best one, random functions, DSA's
evolution, EvoPress, and Strata's function and refinement. Calibration, pruner and windows of the
report are the same in all of them. Random functions, DSA and EvoPress get the evaluations of
Strata's search and of its refinement together; EvoPress counts them by their windows. With
--transfer, functions are also searched on another model and measured here, unchanged.

Writes leaderboard.md, leaderboard.csv and leaderboard.png into the folder. Run again, it continues:
finished runs are not repeated, and failed ones are tried again. A failed run is a row with its
reason.
"""

import argparse
import pathlib
import sys

import comparison
import search_runs
from search_runs import REFINE, SEARCH, RunFailed, UsageError

CONFIG = search_runs.ROOT / "configs/exact-linear.yaml"
RULES = {"search.strategy": "random", "search.random_candidates": 0, "search.baselines": "",
         "search.baseline_settings": "all", REFINE: 0}
ALONE = {"search.baselines": "uniform", REFINE: 0}
SEARCHES = {
    "random functions": {**ALONE, "search.strategy": "random"},
    "DSA's evolution": {**ALONE, "search.strategy": "dsa"},
    "EvoPress": {**ALONE, "search.strategy": "evopress", "search.random_candidates": 0},
}
STRATA, REFINED, TRANSFERRED = "Strata's function", "Strata's refinement", "Strata's function of the other model"
COLUMNS = ["pruner", "sparsity", "system", "setting", "seed", "failure", "report_perplexity", "loss_difference",
           "loss_difference_low", "loss_difference_high", "name", "expression", "tokens", "minutes"]


def arguments(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="Hugging Face directory or GGUF file")
    parser.add_argument("--text", required=True, help="text for calibration, fitness and report")
    parser.add_argument("--sparsities", type=search_runs.numbers, default=[0.5, 0.6, 0.7], metavar="S,S")
    parser.add_argument("--pruners", default="wanda", help="magnitude, wanda, ria, sparsegpt; commas between")
    parser.add_argument("--granularity", choices=("block", "kind", "linear"), default="linear")
    parser.add_argument("--evaluations", type=int, default=120, help="evaluations of Strata's search (120)")
    parser.add_argument("--refine", type=int, default=60, help="evaluations of Strata's refinement (60)")
    parser.add_argument("--seeds", type=search_runs.whole_numbers, default=[1], metavar="N,N")
    parser.add_argument("--transfer", metavar="OTHER_MODEL", help="a model on which functions are searched too")
    parser.add_argument("--config", type=pathlib.Path, default=CONFIG,
                        help="all other settings (configs/exact-linear.yaml)")
    search_runs.add_common(parser, "leaderboard")
    options = parser.parse_args(words)
    options.settings = search_runs.settings_of(options.set)
    options.pruners = search_runs.chosen("--pruners", options.pruners, ("magnitude", "wanda", "ria", "sparsegpt"))
    for name, least in (("evaluations", 1), ("refine", 0)):
        if getattr(options, name) < least:
            raise UsageError(f"--{name}: expected at least {least}, found {getattr(options, name)}")
    return options


def family(name):
    """Returns the name of a rule without its settings: "owl blockwise" of "owl blockwise M=5 lambda=0.08"."""
    return " ".join(word for word in name.split() if "=" not in word)


def measured(line, result, tokens=None, seconds=None):
    """Returns the line of the CSV with a result that a report holds."""
    perplexity = result.get("report_perplexity", result.get("perplexity"))
    if perplexity is None:
        raise RunFailed("nothing was measured on the report split")
    windows = result["report_window_nll"] if "report_window_nll" in result else result["window_nll"]
    return {**line, "failure": "", "windows": windows, "name": result.get("name", ""), "report_perplexity": perplexity,
            "expression": result.get("expression", ""), "tokens": tokens,
            "minutes": None if seconds is None else seconds / 60}


class Cell:
    """The comparison at one pruner and sparsity. Each method returns lines of the CSV."""

    def __init__(self, options, series, pruner, sparsity):
        self.options, self.series, self.pruner, self.sparsity = options, series, pruner, sparsity
        self.settings = {**options.settings, "search.minutes": 0, "model": options.model, "text": options.text,
                         "pruner": pruner, "granularity": options.granularity, "target_sparsity": f"{sparsity:g}"}

    def name(self, of):
        return f"{self.pruner}-{self.sparsity:g}/{of}"

    def line(self, system, setting="", seed=""):
        return {"pruner": self.pruner, "sparsity": self.sparsity, "system": system, "setting": setting, "seed": seed}

    def search(self, name, settings):
        print(f"{self.name(name)} ...", file=sys.stderr, flush=True)
        return self.series.search(self.name(name), self.options.config, {**self.settings, **settings})

    def rules(self):
        """Returns the lines of the tuned rules, of which one has `is_best`, and the perplexity of the dense model."""
        try:
            settings = {**RULES, **{key: self.options.settings[key] for key in
                                    ("search.baselines", "search.baseline_settings") if key in self.options.settings}}
            settings[SEARCH] = search_runs.evaluations_of_rules(self.series, self.name("rules"), self.options.config,
                                                                {**self.settings, **settings})
            report = self.search("rules", settings)
        except RunFailed as error:
            return [{**self.line("published rules", "tuned"), "failure": str(error)}], None
        cost = report["cost"]
        lines = []
        for rule in report["baselines"]:
            line = self.line(family(rule["name"]), "tuned")
            if rule["report_perplexity"] is None:
                lines.append({**line, "failure": "this rule was not measured on the report split"})
            else:
                lines.append({**measured(line, rule), "is_best": rule["id"] == report["best_baseline"]["id"]})
        # What one rule alone would cost is not measured: the row of the best one stands for all.
        best = next(line for line in lines if line.get("is_best"))
        best["tokens"], best["minutes"] = search_runs.search_tokens(report), cost["seconds"] / 60
        return lines, report["dense"]["report_perplexity"]

    def published(self, dense):
        try:
            found = self.transfer("uniform()", "published")
        except RunFailed as error:
            return [{**self.line("published rules", "published"), "failure": str(error)}]
        self.check_dense(found, dense)
        lines = []
        for rule in found["sparsities"][0]["functions"]:
            if rule["role"] == "published":
                line = self.line(family(rule["name"]), "published")
                lines.append({**line, "failure": rule["failure"]} if "failure" in rule else measured(line, rule))
        return lines

    def transfer(self, function, name, **more):
        """Returns how a function does here, unchanged, beside the published rules."""
        print(f"{self.name(name)} ...", file=sys.stderr, flush=True)
        effective = self.series.json_of(self.name("config"), ["config", "--all", self.options.config,
                                                              *search_runs.as_options(self.settings)])
        keys = [key for key in effective if key in ("pruner", "group", "granularity", "search.baselines",
                                                    "search.baseline_units") or
                key.split(".")[0] in ("allocation", "calibration", "report", "features")]
        settings = {key: effective[key]["value"] for key in keys}
        if "search.baselines" not in self.options.settings:
            settings["search.baselines"] = ""
        settings.update(more)
        output = self.series.json_of(self.name(name), [
            "transfer", function, "--model", self.options.model, "--text", self.options.text, "--sparsity",
            f"{self.sparsity:g}", "--resamples", "0", *search_runs.as_options(settings)])
        return output["subjects"][0]

    @staticmethod
    def check_dense(found, dense):
        """Raises UsageError if the dense model has another perplexity there: windows or models would differ."""
        if dense is not None and abs(found["dense_perplexity"] / dense - 1) > 1e-4:
            raise UsageError(f"expected the dense perplexity {dense:.6g} of the rules' run in every measurement, found "
                             f"{found['dense_perplexity']:.6g}: they were not measured on the same windows")

    def others(self):
        budget = self.options.evaluations + self.options.refine
        lines = []
        for system, settings in SEARCHES.items():
            for seed in self.options.seeds:
                line = self.line(system, "found", seed)
                try:
                    report = self.search(f"{settings['search.strategy']}-{seed}",
                                         {**settings, SEARCH: budget, "search.seed": seed})
                    is_direct = settings["search.strategy"] == "evopress"
                    result = search_runs.refined(report) if is_direct else search_runs.best_found(report)
                    spent = search_runs.search_tokens(report) + search_runs.refinement_tokens(report)
                    lines.append(measured(line, result, spent, report["cost"]["seconds"]))
                except RunFailed as error:
                    lines.append({**line, "failure": str(error)})
        return lines

    def strata(self):
        lines = []
        for seed in self.options.seeds:
            function, refined = self.line(STRATA, "found", seed), self.line(REFINED, "found", seed)
            try:
                report = self.search(f"strata-{seed}", {"search.strategy": "strata", SEARCH: self.options.evaluations,
                                                        REFINE: self.options.refine, "search.seed": seed})
                cost, spent = report["cost"], search_runs.search_tokens(report)
                lines.append(measured(function, report["best"], spent, cost["search_seconds"]))
                if self.options.refine:
                    spent += search_runs.refinement_tokens(report)
                    lines.append(measured(refined, search_runs.refined(report), spent, cost["seconds"]))
            except RunFailed as error:
                lines += [{**line, "failure": str(error)} for line in
                          ([function, refined] if self.options.refine else [function])
                          if line["system"] not in [of["system"] for of in lines if of["seed"] == seed]]
        return lines

    def transferred(self, dense):
        lines = []
        for seed in self.options.seeds if self.options.transfer else []:
            line = self.line(TRANSFERRED, "found", seed)
            try:
                report = self.search(f"other-{seed}", {"search.strategy": "strata", SEARCH: self.options.evaluations,
                                                       REFINE: 0, "search.seed": seed, "model": self.options.transfer})
                found = self.transfer(report["best"]["expression"], f"transfer-{seed}",
                                      **{"search.baselines": "uniform"})
                self.check_dense(found, dense)
                function = found["sparsities"][0]["functions"][0]
                if "failure" in function:
                    raise RunFailed(function["failure"])
                lines.append(measured(line, {**function, "name": report["best"]["name"]}))
            except RunFailed as error:
                lines.append({**line, "failure": str(error)})
        return lines

    def lines(self):
        tuned, dense = self.rules()
        lines = [*tuned, *self.published(dense), *self.others(), *self.strata(), *self.transferred(dense)]
        best = next((line for line in tuned if line.get("is_best")), {"failure": "no rule was measured"})
        for line in lines:
            comparison.compare(line, best)
        if dense is not None:
            lines.insert(0, {**self.line("dense model"), "failure": "", "report_perplexity": dense})
        return lines


class Board:
    """The lines of all cells as files."""

    def __init__(self, options, lines):
        self.options, self.lines = options, lines
        self.cells = list(dict.fromkeys((line["pruner"], line["sparsity"]) for line in lines))

    def of(self, cell, system, setting=None):
        return [line for line in self.lines if (line["pruner"], line["sparsity"]) == cell and line["system"] == system
                and setting in (None, line["setting"])]

    def systems(self, cell):
        """Returns the best tuned rule, the other rules from best to worst, and the searches in their order."""
        lines = [line for line in self.lines if (line["pruner"], line["sparsity"]) == cell]
        rules = {line["system"]: line for line in sorted(lines, key=lambda line: line["setting"] == "tuned")
                 if line["setting"] in ("published", "tuned")}

        def place(system):
            line = rules[system]
            return not line.get("is_best", False), bool(line["failure"]), line.get("report_perplexity") or 0

        order = sorted(rules, key=place)
        return order + list(dict.fromkeys(line["system"] for line in lines if line["setting"] == "found"))

    def write(self):
        out = self.options.out
        search_runs.write_whole(out / "leaderboard.csv", comparison.comma_separated(COLUMNS, self.lines))
        search_runs.write_whole(out / "leaderboard.md", self.markdown())
        panels = {f"{cell[0]}, {100 * cell[1]:g} %": [self.dots(cell, system) for system in self.systems(cell)]
                  for cell in self.cells}
        comparison.draw(out / "leaderboard.png", panels, "perplexity on the report split")

    def dots(self, cell, system):
        lines = [line for line in self.of(cell, system) if line["setting"] != "published" and not line["failure"]]
        return comparison.dots(system, lines)

    def markdown(self):
        text = self.caption()
        for pruner, sparsity in self.cells:
            cell = (pruner, sparsity)
            dense = [line["report_perplexity"] for line in self.of(cell, "dense model")]
            text += f"\n### {pruner}, {100 * sparsity:g} %\n\nDense model: {comparison.spread(dense)}.\n\n"
            text += comparison.markdown(
                ["", "published setting", "tuned or found", "against the best tuned rule", "tokens", "minutes"],
                [self.row(cell, system) for system in self.systems(cell)])
        return text

    def row(self, cell, system):
        published, found = self.of(cell, system, "published"), [line for line in self.of(cell, system)
                                                                if line["setting"] != "published"]
        middle = comparison.middle([line for line in found if not line["failure"]], "report_perplexity")
        cells = [system, self.perplexities(published), self.perplexities(found)]
        if middle is None:
            return [*cells, "-", "-", "-"]
        against = "(is it)" if middle.get("is_best") else comparison.interval_of(middle)
        return [*cells, against, comparison.tokens(middle.get("tokens")), comparison.number(middle.get("minutes"), 1)]

    @staticmethod
    def perplexities(lines):
        values = [line["report_perplexity"] for line in lines if not line["failure"]]
        failures = [f"seed {line['seed']} failed: {line['failure']}" if values else f"failed: {line['failure']}"
                    for line in lines if line["failure"]]
        return "; ".join(([comparison.spread(values)] if values else []) + failures[:1 if not values else None]) or "-"

    def caption(self):
        seeds = ", ".join(map(str, self.options.seeds))
        text = (f"Perplexities on the report split, lower is better. Seeds of the searches: {seeds}; with several, the "
                "median and the range; the other columns are those of the median seed. Against the best tuned rule: "
                "change of the perplexity, with the interval that holds 95 % of 10,000 bootstrap resamples of the "
                "report windows, each drawn with both of its losses. The best tuned rule was chosen by the selection, "
                "not by the report. Tokens through the model: forward 1, backward 2; selection and report apart. The "
                "tokens and minutes of the best tuned rule are those of tuning all rules; a rule at its published "
                f"setting takes at most a pass of the calibration text. Minutes: for {STRATA} those of the search, "
                "else of the whole run.\n")
        if self.options.transfer:
            text += f"\n{TRANSFERRED}: found on {pathlib.Path(self.options.transfer).name} and applied unchanged.\n"
        return text


def main():
    options = arguments(sys.argv[1:])
    problem = comparison.picture_problem()
    if problem:
        raise UsageError(problem)
    series = search_runs.Series(options.strata, options.out)
    lines = []
    for pruner in options.pruners:
        for sparsity in options.sparsities:
            lines += Cell(options, series, pruner, sparsity).lines()
            Board(options, lines).write()
    print((options.out / "leaderboard.md").read_text(encoding="utf-8"), end="")
    return 1 if all(line["failure"] for line in lines) else 0


if __name__ == "__main__":
    search_runs.run_main(main)
