"""Compares losses on the same windows and writes comparisons as Markdown, CSV and pictures."""

import csv
import io
import math
import random
import statistics

# Colours that people with any colour vision tell apart (Okabe and Ito).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def paired_interval(windows, others, resamples=10000, seed=1, coverage=0.95):
    """Returns (difference, low, high) of mean losses, own less other, over the same windows in the same order.

    The ends are percentiles of a bootstrap that draws windows, each with both of its losses. With fewer than two
    windows, or a different number of them, they are None.
    """
    if len(windows) != len(others):
        raise ValueError(f"expected as many windows as the other's {len(others)}, found {len(windows)}")
    differences = [own - other for own, other in zip(windows, others, strict=True)]
    count = len(differences)
    mean = sum(differences) / count
    if count < 2:
        return mean, None, None
    draw = random.Random(seed)
    means = sorted(sum(draw.choices(differences, k=count)) / count for _ in range(resamples))
    tail = (1 - coverage) / 2
    return mean, quantile(means, tail), quantile(means, 1 - tail)


def quantile(values, share):
    """Returns a quantile of values that are sorted, linear between neighbours."""
    place = share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (place - low) * (values[high] - values[low])


def middle(rows, key):
    """Returns the row whose value is the median, the lower one of two; None if no row has a value."""
    known = sorted((row for row in rows if row.get(key) is not None), key=lambda row: row[key])
    return known[(len(known) - 1) // 2] if known else None


def number(value, digits=2):
    return "-" if value is None else f"{value:.{digits}f}"


def spread(values, digits=2):
    """Returns "12.3" for one value and "12.3 (11.9 to 13.0)" with the range for several."""
    if not values:
        return "-"
    text = number(statistics.median_low(values), digits)
    return text if len(values) == 1 else f"{text} ({number(min(values), digits)} to {number(max(values), digits)})"


def percent(difference):
    """Returns the change of the perplexity in per cent that a difference of losses means."""
    return f"{100 * math.expm1(difference):+.1f} %"


def interval(difference, low, high):
    if difference is None:
        return "-"
    if low is None:
        return percent(difference)
    return f"{percent(difference)} ({100 * math.expm1(low):+.1f} to {100 * math.expm1(high):+.1f})"


def compare(line, reference):
    """Sets the difference of losses to the reference, by window, and its interval, if both have windows."""
    if line["failure"] or reference["failure"] or line["windows"] is None:
        return
    keys = ("loss_difference", "loss_difference_low", "loss_difference_high")
    line.update(zip(keys, paired_interval(line["windows"], reference["windows"]), strict=True))


def interval_of(line):
    return interval(*(line.get(f"loss_difference{end}") for end in ("", "_low", "_high")))

def tokens(value):
    if value is None:
        return "-"
    return f"{value / 1e6:.2f} M" if value >= 1e5 else f"{value / 1e3:.1f} k"


def markdown(headings, rows):
    """Returns a table; a bar inside a cell is escaped."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def comma_separated(columns, rows):
    """Returns CSV with the columns of the dictionaries; what a row lacks is empty."""
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def draw(path, panels, label):
    """Draws one panel per entry of {title: [(row, [perplexity of each seed], low, high)]}: a row is a line of its own.

    Dots are seeds and the bar is the median. `low` and `high` are the ends of an interval of the perplexity, or None. A
    row without perplexities says "failed". The dashed line is the first row, with which the others are compared. The
    axis is logarithmic.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    longest = max(len(rows) for rows in panels.values())
    figure, all_axes = plt.subplots(1, len(panels), figsize=(2.6 + 4.2 * len(panels), 1.4 + 0.3 * longest),
                                    squeeze=False, sharey=len({tuple(r[0] for r in p) for p in panels.values()}) == 1)
    for axes, (title, rows) in zip(all_axes[0], panels.items(), strict=True):
        for place, (_, values, low, high) in enumerate(rows):
            colour = COLOURS[0] if place else COLOURS[1]
            if not values:
                axes.annotate("failed", (0.02, place), xycoords=("axes fraction", "data"), va="center", fontsize=8,
                              color="#666666")
                continue
            if low is not None:
                axes.plot([low, high], [place, place], color=colour, linewidth=3, alpha=0.3, solid_capstyle="butt")
            axes.plot(values, [place] * len(values), "o", color=colour, markersize=5, alpha=0.8)
            axes.plot([statistics.median_low(values)], [place], "|", color="black", markersize=13, markeredgewidth=1.6)
        if rows[0][1]:
            axes.axvline(statistics.median_low(rows[0][1]), color=COLOURS[1], linestyle="--", linewidth=1)
        axes.set_yticks(range(len(rows)), [row[0] for row in rows], fontsize=9)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.grid(axis="x", alpha=0.3)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel(label, fontsize=9)
    figure.tight_layout()
    figure.savefig(path, dpi=110, facecolor="white")
    plt.close(figure)


def dots(title, lines):
    """Returns a row for `draw` of lines with perplexities: the interval is that of the median one."""
    one = middle(lines, "report_perplexity")
    ends = [None, None]
    if one is not None and one.get("loss_difference_low") is not None:
        ends = [one["report_perplexity"] * math.exp(one[f"loss_difference_{end}"] - one["loss_difference"])
                for end in ("low", "high")]
    return title, [line["report_perplexity"] for line in lines], *ends


def picture_problem():
    """Returns why pictures cannot be drawn, or an empty text."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        return f"pictures need matplotlib (pip install matplotlib): {error}"
    return ""
