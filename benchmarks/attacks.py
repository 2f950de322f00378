"""Membership attacks with few reference models: which is ahead with 1, 2, 4, 8, 16 and 63 of them.

Claim:    RMIA leads with up to 16 reference models; LiRA with shrunk variance is not behind with 63; what the numbers say of it stands below the tables.
Command:  BYHEART_DATA=... python benchmarks/attacks.py [--out DIR]   (a training that is done is read from DIR; writes benchmarks/results/attacks.md)
Hardware: 2 CPU cores, one of them used; 3 to 5 CPU-minutes.
n:        64 MLPs (the default), each on a random half of 5,000 Fashion-MNIST examples with 10% wrong labels; 16 of them are targets, each with its own
          draw of n references out of the other 63, not paired as in an audit (privacy/pairs.py); AUC and hits at 0.1% false alarms, pooled over the 16
          targets (about 40,000 pairs on either side).
Spread:   95% intervals over targets, widened by what pairs of one example share, hits not narrower than exact ones. "Ahead" means that intervals do not
          overlap, each family being its best row, which is looked for afterwards.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import byheart as bh
from byheart.base.provenance import machine, versions
from byheart.base.registry import find
from byheart.privacy import pooled, rmia
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


# RMIA as its authors' code has it for tables, and for images with another softmax; privacy/rmia.py and leave_one_out.py say what byheart does.
TABLES, IMAGES = "RMIA online, trimmed mean, floor 1e-6, gamma 2", "RMIA online, these and a Taylor softmax"
MARGIN, TRIMMED, FLOOR, GAMMA = 0.6, 0.2, 1e-6, 2.0


@dataclasses.dataclass(frozen=True)
class Cell:
    """AUC and hits at 0.1% (in %), each with its interval, and the share of pairs without references on a side that is needed."""

    auc: tuple[float, float, float]
    hits: tuple[float, float, float]
    left_out: float


def part(answers: Answers, models: np.ndarray) -> Answers:
    """The answers of some models."""
    fields = {name: getattr(answers, name)[models] for name in ("member", "loss", "phi", "probability")}
    return dataclasses.replace(answers, **fields)


def measured(answers: Answers, attack: Callable[[Answers, Answers], np.ndarray], references: int) -> Cell:
    """What an attack finds in all targets, each with so many references."""
    said = np.full((TARGETS, len(answers.ids)), np.nan)
    for k in range(TARGETS):
        others = np.delete(np.arange(MODELS), k)
        drawn = np.sort(np.random.default_rng([k, 7]).permutation(others)[:references])
        found = attack(part(answers, np.array([k])), part(answers, drawn))
        said[k] = np.where(np.isfinite(found) | np.isinf(found), found, np.nan)
    member = answers.member[:TARGETS]
    curve, auc = pooled.curve(said, member), pooled.auc(said, member)
    at = pooled.at(curve, said, member, 0.001)
    assert at.rate.resolvable
    hits = (100 * at.rate.value, 100 * at.low, 100 * at.high)
    return Cell((auc, *pooled.auc_interval(curve, auc, said, member)), hits, float(np.isnan(said).mean()))


def theirs(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The label's probability (models, n) by a softmax with a margin, exp being its first four terms, at temperature 2.

    These are negative below -1.6, where exp is small: for logits as large as those of networks that fit, it is no softmax.
    """

    def series(v: np.ndarray) -> np.ndarray:
        return 1 + v + v**2 / 2 + v**3 / 6

    found = np.empty(logits.shape[:2], np.float32)
    for k, row in enumerate(logits):
        z = row.astype(np.float64) / rmia.TEMPERATURE
        own = z[np.arange(len(z)), labels]
        with_margin = series(own - MARGIN)
        found[k] = np.maximum(with_margin / (with_margin + series(z).sum(1) - series(own)), FLOOR)
    return found


def by_their_code(target: Answers, references: Answers) -> np.ndarray:
    """RMIA's score (n,) with means that leave out a fifth of the models at either end."""
    inside, outside = (
        trimmed(np.where(side, references.probability, np.nan)) for side in (references.member, ~references.member)
    )
    ratio = target.probability[0].astype(np.float64) / np.maximum((inside + outside) / 2, FLOOR)
    known, found = np.isfinite(ratio), np.full(len(ratio), np.nan)
    found[known] = rmia.score(ratio[known], ~target.member[0, known], GAMMA)
    return found


def trimmed(values: np.ndarray) -> np.ndarray:
    """Mean (n,) of each column's numbers without a fifth of them at either end; NaN where there are none."""
    ranked, count = np.sort(values.astype(np.float64), axis=0), np.isfinite(values).sum(0)
    cut, place = (TRIMMED * count).astype(int), np.arange(len(values))[:, None]
    kept = (place >= cut) & (place < count - cut)
    total = np.where(kept, np.nan_to_num(ranked), 0.0).sum(0)
    return np.divide(total, count - 2 * cut, out=np.full(len(count), np.nan), where=count > 0)


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
    changed = dataclasses.replace(answers, probability=theirs(many["logits"][:, : many.n], many.targets))
    table = {}
    for title, name, options, least in ROWS:
        for few in FEW:
            if few < least or (name == "loss" and few > 1):
                continue
            table[title, few] = measured(answers, lambda t, r, n=name, o=options: against(t, r, n, **o), few)
            print(f"{title:36} {few:3} {table[title, few]}", flush=True)
    for title, asked in ((TABLES, answers), (IMAGES, changed)):
        for few in FEW[2:]:
            table[title, few] = measured(asked, by_their_code, few)
            print(f"{title:36} {few:3} {table[title, few]}", flush=True)
    low = float(np.mean(many["logits"][:TARGETS, : many.n].astype(np.float32) / rmia.TEMPERATURE < -1.596))
    write(table, accuracy, task, time.process_time() - begun, low)


def best(
    table: dict[tuple[str, int], Cell], family: str, few: int, what: str
) -> tuple[str, tuple[float, float, float]] | None:
    """The row of a family with the largest value, and its value and interval; None where it has none with so few."""
    rows = [(title, getattr(cell, what)) for (title, n), cell in table.items() if n == few and title.startswith(family)]
    return max(rows, key=lambda row: row[1][0]) if rows else None


def verdicts(table: dict[tuple[str, int], Cell]) -> list[str]:
    """A line for each measure and number of references: which family is ahead, or that intervals overlap; then what becomes of the claim."""
    lines, ahead = [], {}
    for what, heading, digits in (("auc", "AUC", 3), ("hits", "hits at 0.1%", 1)):
        for few in FEW:
            ours, other = best(table, "RMIA", few, what), best(table, "LiRA", few, what)
            if ours is None or other is None:
                lines.append(
                    f"- {heading}, {few}: LiRA needs more references; {shown(*ours, digits)}."
                    if ours
                    else f"- {heading}, {few}: no row."
                )
                continue
            said = f"{shown(*ours, digits)} and {shown(*other, digits)}"
            if ours[1][1] > other[1][2]:
                ahead[what, few], end = "RMIA", "RMIA is ahead"
            elif other[1][1] > ours[1][2]:
                ahead[what, few], end = "LiRA", "LiRA is ahead"
            else:
                ahead[what, few] = ""
                end = f"intervals overlap, {'RMIA' if ours[1][0] > other[1][0] else 'LiRA'}'s value is the larger"
            lines.append(f"- {heading}, {few}: {said}: {end}.")
    for what, heading in (("auc", "AUC"), ("hits", "hits at 0.1%")):
        up_to = {few: who for (w, few), who in ahead.items() if w == what and few <= 16}
        led, behind = ([few for few, who in up_to.items() if who == name] for name in ("RMIA", "LiRA"))
        level = [few for few, who in up_to.items() if not who]
        parts = [
            f"with {', '.join(map(str, few))} {text}"
            for few, text in ((led, "RMIA leads"), (level, "neither does"), (behind, "LiRA leads"))
            if few
        ]
        shrunk, ours = getattr(table["LiRA online, shrunk variance", 63], what), best(table, "RMIA", 63, what)
        assert ours is not None
        last = "behind" if shrunk[2] < ours[1][1] else "ahead" if shrunk[1] > ours[1][2] else "not behind, nor ahead"
        holds = led == list(up_to) and last != "behind"
        lines.append(
            f"\n**By {heading}** the claim {'holds' if holds else 'does not hold as it stands'}: {'; '.join(parts)}; with 63 LiRA with shrunk variance is {last}."
        )
    return lines


def shown(title: str, value: tuple[float, float, float], digits: int) -> str:
    """Such as: RMIA online .826 [.820, .833]."""
    return f"{title} {cell(value, digits)}"


def cell(value: tuple[float, float, float], digits: int) -> str:
    """A value with its interval."""
    return f"{value[0]:.{digits}f} [{value[1]:.{digits}f}, {value[2]:.{digits}f}]"


def write(
    table: dict[tuple[str, int], Cell], accuracy: tuple[float, float], task: bh.Task, seconds: float, low: float
) -> None:
    """The two tables, and what they say of the claim."""
    about = machine()
    lines = [
        "# Membership attacks with few reference models",
        "",
        f"Written by `python benchmarks/attacks.py`. {MODELS} MLPs on halves of {N:,} Fashion-MNIST examples (10% wrong labels), {task.recipe.epochs} epochs, "
        f"accuracy {accuracy[0]:.3f} on what they were trained on (wrong labels counted as right) and {accuracy[1]:.3f} on the rest; {TARGETS} targets, "
        f"pooled; 95% intervals over targets. References are drawn for each target from all other models, not paired as in an audit, where a member and another of "
        f"each example are kept from each other's references. torch {versions()['torch']}, {about.get('cores', '?')} cores, {seconds / 60:.1f} CPU-minutes with what was trained now.",
    ]
    titles = list(dict.fromkeys(title for title, _ in table))
    for what, heading, digits in (("auc", "AUC", 3), ("hits", "Hits at 0.1% false alarms, in %", 1)):
        lines += ["", f"{heading}, by number of references:", "", "| attack | " + " | ".join(map(str, FEW)) + " |"]
        lines += ["|---|" + "---|" * len(FEW)]
        for title in titles:
            cells = [cell(getattr(table[title, few], what), digits) if (title, few) in table else "-" for few in FEW]
            lines.append(f"| {title} | " + " | ".join(cells) + " |")
    left = max((table[key].left_out, key) for key in table)
    lines += [
        "",
        f"Pairs without a reference on a side that an attack needs are left out: at most {left[0]:.1%} ({left[1][0]}, {left[1][1]} references).",
        "",
        f"Taylor softmax: exp is replaced by four terms of its series, which are negative below -1.6; {100 * low:.0f} % of the logits are below it at temperature 2.",
        "",
        "The best row of either family, by number of references (of many rows the best looks a little better than it is):",
        "",
        *verdicts(table),
    ]
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
