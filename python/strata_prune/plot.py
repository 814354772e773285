"""Pictures of runs and allocations. They need matplotlib, which is imported when a picture is drawn.

Every function draws on `axes`, or on new ones, and returns the axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .function import Allocation, Function
    from .run import Run

_BLUE, _GREY, _ORANGE = "#2a6fbb", "#9aa0a6", "#d9730d"


def front(run: Run, axes: Any = None) -> Any:
    """Draws the fitness of every measured candidate over its nodes, the Pareto front and the baselines."""
    axes = _axes(axes)
    rows = [row for row in run.candidates() if row["fitness"] is not None]
    axes.scatter([row["nodes"] for row in rows], [row["fitness"] for row in rows], s=12, color=_GREY, label="tried")
    baselines = [row for row in rows if row["best_of_baseline"]]
    axes.scatter([row["nodes"] for row in baselines], [row["fitness"] for row in baselines], s=30, color=_ORANGE,
                 marker="s", label="published")  # fmt: skip
    best = sorted((row for row in rows if row["on_front"]), key=lambda row: row["nodes"])
    axes.step([row["nodes"] for row in best], [row["fitness"] for row in best], where="post", color=_BLUE, marker="o",
              label="front")  # fmt: skip
    if rows:
        axes.set_yscale("log")
    axes.set(xlabel="nodes of the expression", ylabel=_fitness_label(run), title=str(run.path.name))
    axes.legend(frameon=False)
    return axes


def allocation(*allocations: Allocation | Function, labels: list[str] | None = None, axes: Any = None) -> Any:
    """Draws the sparsity of every unit, one line per allocation or function with one."""
    axes = _axes(axes)
    for i, given in enumerate(allocations):
        drawn: Any = given if hasattr(given, "unit_sparsities") else given.sparsities
        label = labels[i] if labels else getattr(given, "name", f"allocation {i + 1}")
        axes.step(range(len(drawn.unit_sparsities)), drawn.unit_sparsities, where="mid", label=label)
        axes.axhline(drawn.mean, color=_GREY, linewidth=0.8, linestyle=":")
    axes.set(xlabel="unit, in model order", ylabel="sparsity")
    if allocations:
        axes.legend(frameon=False)
    return axes


def progress(run: Run, axes: Any = None) -> Any:
    """Draws the fitness of every candidate by id, and the best so far."""
    axes = _axes(axes)
    rows = [row for row in run.candidates() if row["fitness"] is not None]
    ids, losses = [row["id"] for row in rows], [row["fitness"] for row in rows]
    best = [min(losses[: i + 1]) for i in range(len(losses))]
    axes.scatter(ids, losses, s=12, color=_GREY, label="candidate")
    axes.step(ids, best, where="post", color=_BLUE, label="best so far")
    if rows:
        axes.set_yscale("log")
    axes.set(xlabel="candidate", ylabel=_fitness_label(run), title=str(run.path.name))
    axes.legend(frameon=False)
    return axes


def _fitness_label(run: Run) -> str:
    of_loss = run.measures()["fitness"] == "loss"
    return f"{'perplexity' if of_loss else 'KL divergence from the dense model, nats,'} on the fitness text"


def _axes(axes: Any) -> Any:
    if axes is not None:
        return axes
    import matplotlib.pyplot

    return matplotlib.pyplot.subplots(figsize=(7, 4), layout="constrained")[1]
