"""The three regressions of Bayat et al. 2024, figure 3: the same fit of noisy labels, three behaviours between them (R2).

Claim:    squared error against the rule, idle inputs 0: good < ugly < bad; total variation of the ugly curve at least 1.8
          times the rule's.
Command:  python benchmarks/bayat.py [--seeds 5]
Hardware: 2 cores, one of them used; about 2 minutes. n: 5 draws (noise, idle inputs, network), the same for the three;
          spread: each draw is printed. Training ends at a squared error of 1e-6, or after 20,000 epochs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from byheart.base.provenance import machine, versions
from byheart.base.registry import find
from byheart.data.task import Task
from byheart.runs.loop import begin, events_of, fit, one_thread, outputs

KINDS = ("bayat_good", "bayat_bad", "bayat_ugly")
SWINGS = 1.8  # times the variation of the rule
RESULT = Path(__file__).parent / "results" / "bayat.md"


def measured(task: Task, seed: int) -> tuple[float, float, float, int]:
    """Squared error on training labels and against the rule, total variation of the curve, epochs."""
    with one_thread():
        state = fit(begin(task, np.arange(len(task.train)), seed), events_of(task))
        train, curve = (outputs(task, state.network, part)[:, 0].astype(np.float64) for part in (task.train, task.test))
    fitted = float(np.square(train - task.train.targets).mean())
    return fitted, float(np.square(curve - task.test.targets).mean()), variation(curve), state.epoch


def variation(curve: np.ndarray) -> float:
    """The sum of the steps of a curve."""
    return float(np.abs(np.diff(curve)).sum())


def main() -> None:
    """Run, print and write the table."""
    options = argparse.ArgumentParser()
    options.add_argument("--seeds", type=int, default=5)
    seeds = options.parse_args().seeds
    rule = variation(find("task", KINDS[0])(seed=0).test.targets.astype(np.float64))
    found = np.array([[measured(find("task", kind)(seed=s), s) for kind in KINDS] for s in range(seeds)])
    rows = []
    for s, draw in enumerate(found):
        cells = [f"{error:.4f} / {swing / rule:.2f} ({epochs:,.0f})" for _, error, swing, epochs in draw]
        rows.append(f"| {s} | {' | '.join(cells)} | {np.abs(draw[:, 0]).max():.1e} | {'yes' if ordered(draw) else 'no'} | "
                    f"{'yes' if draw[2, 2] >= SWINGS * rule else 'no'} |")  # fmt: skip
    mean = found.mean(0)
    rows.append("| mean | " + " | ".join(f"{e:.4f} / {v / rule:.2f}" for _, e, v, _ in mean)
                + f" | | {'yes' if ordered(mean) else 'no'} | {'yes' if mean[2, 2] >= SWINGS * rule else 'no'} |")  # fmt: skip
    held = sum(ordered(draw) and draw[2, 2] >= SWINGS * rule for draw in found)
    lines = ["# Good, bad and ugly regression", "", "Written by `python benchmarks/bayat.py`; its header says what is measured. Error against the rule / total "
             f"variation over the rule's {rule:.2f} (epochs). {machine()['cores']} cores, torch {versions()['torch']}.", "",
             "| draw | good | bad | ugly | largest training error | good < ugly < bad | ugly swings 1.8 times |",
             "|---|---|---|---|---|---|---|", *rows, "", f"Both hold in {held} of {seeds} draws."]  # fmt: skip
    RESULT.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def ordered(draw: np.ndarray) -> bool:
    """Whether the errors against the rule come in the claimed order."""
    good, bad, ugly = draw[:, 1]
    return bool(good < ugly < bad)


if __name__ == "__main__":
    main()
