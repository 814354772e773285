#!/usr/bin/env python3
"""Draws the curves of bench/search_quality: median and quartiles of the best so far.

    plot_search_quality.py OUTPUT.png TITLE AXIS_LABEL FILE.csv [FILE.csv ...]

Needs matplotlib. The rows of all files are put together. The curve of a variant ends where its
searches ended.
"""
import csv
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def read(paths):
    """{variant: {seed: [(evaluations, best), ...]}}"""
    curves = {}
    for path in paths:
        with open(path, newline="") as file:
            for row in csv.DictReader(file):
                points = curves.setdefault(row["variant"], {}).setdefault(int(row["seed"]), [])
                points.append((int(row["evaluations"]), float(row["best"])))
    return curves


def best_at(points, evaluations):
    best = points[0][1]
    for at, value in points:
        if at > evaluations:
            break
        best = value
    return best


def quantile(values, share):
    values = sorted(values)
    place = share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (place - low) * (values[high] - values[low])


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    output, title, label, *paths = sys.argv[1:]
    figure, axes = plt.subplots(figsize=(7.5, 4.5))
    for variant, seeds in read(paths).items():
        last = max(points[-1][0] for points in seeds.values())
        at = sorted({max(1, round(1.06**i)) for i in range(400) if 10 <= 1.06**i <= last} | {last})
        values = [[best_at(points, n) for points in seeds.values()] for n in at]
        (line,) = axes.plot(at, [quantile(v, 0.5) for v in values], label=variant)
        axes.fill_between(
            at,
            [quantile(v, 0.25) for v in values],
            [quantile(v, 0.75) for v in values],
            color=line.get_color(),
            alpha=0.15,
            linewidth=0,
        )
    axes.set_xscale("log")
    axes.set_xlabel("evaluations")
    axes.set_ylabel(label)
    axes.set_title(title)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(output, dpi=110)


if __name__ == "__main__":
    main()
