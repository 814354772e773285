#!/usr/bin/env python3
"""Runs one configuration for several sparsities and seeds and prints the results beside the best
baseline.

    scripts/measure_search.py configs/exact.yaml --sparsities 0.6 0.7 --seeds 1 2 3 --runs runs/exact

    scripts/measure_search.py configs/exact-linear.yaml --runs runs/exact-linear

A run that exists already is resumed, so an interrupted measurement continues. Every number is a
perplexity on the report split with the exact protocol. The best baseline and the best function were
chosen by the selection measurement.
"""

import argparse
import json
import math
import pathlib
import statistics

import search_runs


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=pathlib.Path)
    parser.add_argument("--strata", type=pathlib.Path, default=search_runs.PROGRAM)
    parser.add_argument("--sparsities", type=float, nargs="+", default=[0.6, 0.7])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--runs", type=pathlib.Path, required=True, help="folder for the runs and summary.json")
    parser.add_argument("--warm-start", type=pathlib.Path, metavar="RUNS",
                        help="folder of an earlier measurement: "
                        "each run begins with what the one of its sparsity and seed found")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="over the file; repeatable")
    return parser.parse_args()


def search(options, series, sparsity, seed):
    name = f"{sparsity:g}-{seed}"
    settings = {"target_sparsity": f"{sparsity:g}", "search.seed": seed, **search_runs.settings_of(options.set)}
    if options.warm_start:
        settings["search.warm_start"] = options.warm_start / name
    try:
        report = series.search(name, options.config, settings)
    except search_runs.RunFailed as error:
        raise search_runs.UsageError(f"{options.runs / name}: {error}") from None
    return summary(report, sparsity, seed, report["processor_seconds"])


def summary(report, sparsity, seed, seconds):
    baseline = report["best_baseline"]  # by selection, whatever that measures
    best, refinement = report["best"], report.get("refinement")
    row = {
        "sparsity": sparsity,
        "seed": seed,
        "evaluations": report["evaluations"],
        "baseline": baseline["name"],
        "baseline_perplexity": baseline["report_perplexity"],
        "best": best["expression"],
        "best_perplexity": best["report_perplexity"],
        "refined_perplexity": refinement["best"]["report_perplexity"] if refinement else None,
        "processor_minutes": seconds / 60,
    }
    for name in ("best", "refined"):
        value = row[f"{name}_perplexity"]
        row[f"{name}_gain"] = None if value is None else 100 * (1 - value / row["baseline_perplexity"])
    return row


def text(value, width, digits=1):
    return f"{'-':>{width}}" if value is None else f"{value:{width}.{digits}f}"


def show(rows):
    print(f"{'sparsity':>8} {'seed':>4} {'baseline':>9} {'function':>9} {'gain %':>7} {'refined':>9} {'gain %':>7} "
          f"{'CPU min':>8}  best baseline; best function")
    for row in rows:
        print(f"{row['sparsity']:8g} {row['seed']:4d} {text(row['baseline_perplexity'], 9, 2)} "
              f"{text(row['best_perplexity'], 9, 2)} {text(row['best_gain'], 7)} "
              f"{text(row['refined_perplexity'], 9, 2)} {text(row['refined_gain'], 7)} "
              f"{text(row['processor_minutes'], 8)}  {row['baseline']}; {row['best']}")
    for sparsity in sorted({row["sparsity"] for row in rows}):
        of = [row for row in rows if row["sparsity"] == sparsity]
        gains = [statistics.median(row[key] for row in of if row[key] is not None and math.isfinite(row[key]))
                 if any(row[key] is not None for row in of) else None for key in ("best_gain", "refined_gain")]
        print(f"median of {len(of)} at {sparsity:g}: function {text(gains[0], 0)} %, refined {text(gains[1], 0)} % "
              "below the best baseline")


def main():
    options = arguments()
    series = search_runs.Series(options.strata, options.runs)
    rows = []
    for sparsity in options.sparsities:
        for seed in options.seeds:
            rows.append(search(options, series, sparsity, seed))
            search_runs.write_whole(options.runs / "summary.json", json.dumps(rows, indent=2) + "\n")
    show(rows)


if __name__ == "__main__":
    search_runs.run_main(main)
