"""Membership attacks with few reference models: which is ahead with 1, 2, 4, 8, 16 and 63 of them.

Claim:    RMIA leads with up to 16 reference models; LiRA with shrunk variance is not behind with 63; rows that say otherwise say so.
Command:  BYHEART_DATA=... python benchmarks/attacks.py [--out DIR]   (a training that is done is read from DIR; writes benchmarks/results/attacks.md)
Hardware: 2 CPU cores, one of them used; about 4 CPU-minutes.
n:        64 MLPs (the default), each on a random half of 5,000 Fashion-MNIST examples with 10% wrong labels; 16 of them are targets, each with its own
          draw of n references out of the other 63; AUC and hits at 0.1% false alarms, pooled over the 16 targets (about 40,000 pairs on either side).
Spread:   95% intervals of a bootstrap over targets, not narrower than exact ones; targets share references, which a bootstrap over them does not see.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import time
from pathlib import Path

import numpy as np

import byheart as bh
from byheart.base.provenance import machine, versions
from byheart.base.registry import find
from byheart.privacy import pooled
from byheart.privacy.answers import Answers, answers_of
from byheart.privacy.leave_one_out import against

MODELS, TARGETS, N, FEW = 64, 16, 5000, (1, 2, 4, 8, 16, 63)
RESULT = Path(__file__).parent / "results" / "attacks.md"
ROWS = (
    ("loss", "loss", {}, 1),
    ("calibrated loss", "calibrated", {}, 1),
    ("Attack-R", "attack_r", {}, 1),
    ("LiRA offline, pooled variance", "lira_offline", {"variance": "pooled"}, 2),
    ("LiRA offline, shrunk variance", "lira_offline", {"variance": "shrunk"}, 2),
    ("LiRA online, variance per example", "lira_online", {"variance": "example"}, 8),
    ("LiRA online, pooled variance", "lira_online", {"variance": "pooled"}, 4),
    ("LiRA online, shrunk variance", "lira_online", {"variance": "shrunk"}, 4),
    ("RMIA offline, a = 0.3", "rmia_offline", {"a": 0.3}, 1),
    ("RMIA offline, a = 1", "rmia_offline", {"a": 1.0}, 1),
    ("RMIA online", "rmia_online", {}, 4),
)


def part(answers: Answers, models: np.ndarray) -> Answers:
    """The answers of some models."""
    fields = {name: getattr(answers, name)[models] for name in ("member", "loss", "phi", "probability")}
    return dataclasses.replace(answers, **fields)


def measured(answers: Answers, name: str, options: dict, references: int) -> tuple[str, str, float]:
    """AUC and hits at 0.1% with intervals, and the share of pairs that had no references on a side."""
    said = np.full((TARGETS, len(answers.ids)), np.nan)
    for k in range(TARGETS):
        others = np.delete(np.arange(MODELS), k)
        drawn = np.sort(np.random.default_rng([k, 7]).permutation(others)[:references])
        found = against(part(answers, np.array([k])), part(answers, drawn), name, **options)
        said[k] = np.where(np.isfinite(found) | np.isinf(found), found, np.nan)
    member = answers.member[:TARGETS]
    curve, auc = pooled.curve(said, member), pooled.auc(said, member)
    low, high = pooled.auc_interval(curve, auc, said, member)
    at = pooled.at(curve, said, member, 0.001)
    assert at.rate.resolvable
    rate = f"{100 * at.rate.value:.1f} [{100 * at.low:.1f}, {100 * at.high:.1f}]"
    return f"{auc:.3f} [{low:.3f}, {high:.3f}]", rate, float(np.isnan(said).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "byheart-attacks")
    out = parser.parse_args().out
    begun = time.process_time()
    task = find("task", "fashion_mnist")()
    rows = np.sort(np.random.default_rng(0).permutation(len(task.train))[:N])
    task = bh.plant(dataclasses.replace(task, train=task.train.take(rows)), "label-noise=0.1", seed=0)
    many = bh.record_subsets(task, MODELS, out / "subsets", seed=0, share=0.5, jobs=1)
    answers = answers_of(many)
    right = many["correct"][:, : many.n].astype(float)
    accuracy = right[answers.member].mean(), right[~answers.member].mean()
    table = {}
    for title, name, options, least in ROWS:
        for few in FEW:
            if few < least or (name == "loss" and few > 1):
                continue
            table[title, few] = measured(answers, name, options, few)
            print(f"{title:36} {few:3} {table[title, few]}", flush=True)
    write(table, accuracy, task, time.process_time() - begun)


def write(table: dict, accuracy: tuple[float, float], task: bh.Task, seconds: float) -> None:
    """The two tables."""
    about = machine()
    lines = [
        "# Membership attacks with few reference models",
        "",
        f"Written by `python benchmarks/attacks.py`. {MODELS} MLPs on halves of {N:,} Fashion-MNIST examples (10% wrong labels), {task.recipe.epochs} epochs, "
        f"accuracy {accuracy[0]:.3f} on what they were trained on (wrong labels counted as right) and {accuracy[1]:.3f} on the rest; {TARGETS} targets, "
        f"pooled; 95% intervals over targets. torch {versions()['torch']}, {about.get('cores', '?')} cores, {seconds / 60:.1f} CPU-minutes with what was trained now.",
    ]
    titles = list(dict.fromkeys(title for title, _ in table))
    for what, heading in ((0, "AUC"), (1, "Hits at 0.1% false alarms, in %")):
        lines += ["", f"{heading}, by number of references:", "", "| attack | " + " | ".join(map(str, FEW)) + " |"]
        lines += ["|---|" + "---|" * len(FEW)]
        for title in titles:
            cells = [table[title, few][what] if (title, few) in table else "-" for few in FEW]
            lines.append(f"| {title} | " + " | ".join(cells) + " |")
    left = max((table[key][2], key) for key in table)
    lines += [
        "",
        f"Pairs without a reference on a side that an attack needs are left out: at most {left[0]:.1%} ({left[1][0]}, {left[1][1]} references).",
    ]
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
