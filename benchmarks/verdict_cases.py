"""The verdict on tasks of known kind: those its thresholds were fixed on, then 40 others, judged once.

Claim:    none; wanted were at least 36 of 40 cases, 10 for each of none, good, bad and ugly, that get their word. Their seeds, sizes, networks and strengths come from ranges
          without the values that thresholds were first fixed on (docs/decisions/0006-the-verdict.md); what a case is, is said by its generator, not by what is measured.
          A first draw of 40 was judged with earlier rules: 35 right. The rules were then changed while looking at it, and a second draw, with other seeds throughout, was
          judged once with the rules as they are.
Command:  BYHEART_DATA=... python benchmarks/verdict_cases.py --out DIR [tuning] [first] [second]
          (a finished case is read from DIR; the tables are written from all that are there: benchmarks/results/verdict_cases.md)
Hardware: 2 CPU cores, one of them used; about 30 CPU-minutes for the 40 cases. n: one seed a case; ± is two standard errors, of rows and seeds together for utility.
Evidence: one watched run, 20 subset models, 5 pairs without the memorized and without as many at random, a regularized twin; about 1,200 steps each.
          Bayat's regressions, with their 20 examples: the run, the regularized twin, and a twin without idle inputs where the run answers from them.
          The groups are those that the generator gives; "without groups" judges the same evidence once more as if none had been given.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import byheart as bh
from byheart.base.errors import UsageError
from byheart.base.provenance import versions
from byheart.base.registry import find
from byheart.base.seeds import generator
from byheart.base.store import read_json, write_json
from byheart.data.made.perceptron import perceptron
from byheart.data.task import Task
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.idle import answers_from_idle, idle_inputs
from byheart.diagnosis.measure import Measure
from byheart.diagnosis.share import memorized
from byheart.diagnosis.signs import measure
from byheart.diagnosis.verdict import decide
from byheart.runs.learning_rate import settled
from byheart.runs.twin import regularized_twin, stilled_twin
from byheart.runs.utility import utility

MODELS, PAIRS, STEPS = 20, 5, 1_200
WORDS = ("none", "good", "bad", "ugly")
DATA = {  # where the generator's kind holds: MNIST and Fashion-MNIST are memorized, with worth, under any dropout, and tails of the latter may be noise
    "none": ["digits"], "good": ["digits", "mnist"],
    "bad": ["digits", "mnist", "fashion_mnist"], "ugly": ["digits", "mnist", "fashion_mnist"],
}  # fmt: skip
RESULT = Path(__file__).parent / "results" / "verdict_cases.md"
SIGNS = {
    "excess": "beyond chance", "utility": "worth", "drop": "fall", "worst_group": "weakest group", "tree_group": "tree's mistakes",
    "group_utility": "worth in the weakest group", "complexity": "complexity", "critical": "near another class", "twin": "against the twin",
    "idle": "idle inputs", "idle_worth": "their worth",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Case:
    """A task by its generator's name and arguments, the word that this kind deserves, and the network that learns it."""

    name: str
    word: str
    make: str
    arguments: dict[str, Any]
    hidden: tuple[int, ...] = (256,)
    channels: tuple[int, ...] = ()
    dropout: float = 0.0
    weight_decay: float = 0.0

    def task(self) -> Task:
        """The task with its network, and with epochs for about 1,200 steps; Bayat's are left as they are."""
        if self.make == "adult_noisy":
            task = adult_noisy(**self.arguments)
        else:
            task = find("task", self.make)(**self.arguments)
        if self.make.startswith("bayat"):
            return task
        n = len(task.train)
        batch = 32 if n < 600 else 64
        epochs = min(max(math.ceil(STEPS * batch / n), 30), 150)
        network: Callable = perceptron(*self.hidden, dropout=self.dropout)
        methods: tuple[str, ...] = ()
        if self.channels:
            network = convolutional(self.channels)
            methods = (f"dropout={self.dropout}",) if self.dropout else ()
        recipe = bh.Recipe(epochs=epochs, batch=batch, weight_decay=self.weight_decay, methods=methods)
        return dataclasses.replace(task, network=network, recipe=recipe)

    @property
    def told(self) -> str:
        """Its make-up in a line."""
        given = ", ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in self.arguments.items())
        network = (
            f"cnn {'-'.join(map(str, self.channels))}" if self.channels else f"mlp {'-'.join(map(str, self.hidden))}"
        )
        held = f", dropout {self.dropout:.2g}, decay {self.weight_decay:.2g}" if self.dropout else ""
        return f"{self.make}: {given}" + ("" if self.make.startswith("bayat") else f"; {network}{held}")


def convolutional(channels: tuple[int, ...]) -> Callable:
    """What makes a cnn with these channels."""
    from functools import partial

    from byheart.models.cnn import cnn

    return partial(cnn, channels=channels, hidden=32)


def adult_noisy(seed: int, train: int, test: int, noise: float) -> Task:
    """Adult, of whose training labels a share is drawn at random."""
    whole = find("task", "adult")(train=None, test=test)
    rows = np.sort(generator(seed, "adult").choice(len(whole.train), train, replace=False))
    return bh.plant(dataclasses.replace(whole, train=whole.train.take(rows)), f"random-labels={noise}", seed)


def tuning() -> list[Case]:
    """The eight kinds and their variants; Bayat's regressions on draws of their own."""
    plain = {"dropout": 0.5, "weight_decay": 1e-3}
    pictures = {
        "digits": {"data": "digits", "train": 1_000, "test": 780},
        "fashion": {"data": "fashion_mnist", "train": 2_000, "test": 2_000},
    }
    found = []
    for short, data in pictures.items():
        if short == "digits":
            for seed in (0, 1):
                found.append(Case(f"none-{short}-{seed}", "none", "regular", {"seed": seed, **data}, **plain))
        tail = {
            "data": data["data"],
            "train": 240 if short == "digits" else 600,
            "test": 300 if short == "digits" else 2_000,
        }
        for seed in (0, 1):
            found.append(Case(f"tail-{short}-{seed}", "good", "long_tail", {"seed": seed, **tail, "exponent": 1.5}))
        cue = "colour" if short == "digits" else "patch"
        for seed, agree in ((0, 0.95), (1, 0.9)):
            found.append(
                Case(
                    f"shortcut-{short}-{agree:g}",
                    "bad",
                    "shortcut_core",
                    {"seed": seed, **data, "cue": cue, "agree": agree},
                )
            )
        for seed, noise in ((0, 0.2), (1, 0.1)):
            held = noise if short == "fashion" and seed == 0 else 0.0
            found.append(
                Case(
                    f"noisy-{short}-{noise:g}",
                    "ugly",
                    "noisy",
                    {"seed": seed, **data, "noise": noise, "held_out_noise": held},
                )
            )
        word = (
            "none" if short == "digits" else "good"
        )  # clean digits are hardly memorized, clean Fashion-MNIST is, without harm
        found.append(Case(f"clean-{short}", word, "regular", {"seed": 2, **data}))
    found.append(
        Case("none-mnist", "none", "regular", {"seed": 0, "data": "mnist", "train": 3_500, "test": 2_000}, **plain)
    )
    found += [Case(f"bayat-{word}", word, f"bayat_{word}", {"seed": 104}) for word in ("good", "bad", "ugly")]
    return found


def drawn(word: str, k: int, draw: int) -> Case:
    """The k-th case of a word: seeds from 1,000 in the first draw, from 2,000 in the second, everything else from
    ranges without the values of the tuning set.
    """
    random, seed = generator(2023 + draw, "verdict cases", word, k), 1_000 * draw + k
    name = f"{word}-{k}"
    if word != "none" and k >= 8:
        return Case(name, word, f"bayat_{word}", {"seed": seed})
    data = str(random.choice(DATA[word]))
    given: dict[str, Any] = {"seed": seed, "data": data, "train": int(random.integers(600, 951) if data == "digits" else random.integers(700, 1_900)),
                             "test": 780 if data == "digits" else 1_600}  # fmt: skip
    network = dict(hidden=tuple(int(random.choice([48, 96, 160, 384])) for _ in range(random.integers(1, 4))))
    if data == "digits" and random.random() < 0.4:
        network = dict(channels=(int(random.choice([8, 12])), int(random.choice([16, 24]))))
    if word == "none":
        held = {"dropout": float(random.uniform(0.35, 0.65)), "weight_decay": float(10 ** random.uniform(-3.4, -2.6))}
        return Case(name, word, "regular", given, **network, **held)
    if word == "good":
        exponent = float(random.uniform(1.2, 1.45) if random.random() < 0.5 else random.uniform(1.55, 1.9))
        most = 1 / (np.arange(1, 11) ** -exponent).sum()  # the most frequent kind's share
        given["train"] = int(random.integers(180, 240) if data == "digits" else random.integers(300, 560))
        if data == "digits":
            given |= {"train": min(given["train"], int(140 / most)), "test": 300}
        return Case(name, word, "long_tail", given | {"exponent": exponent}, **network)
    if word == "bad":
        common = (
            data == "digits" or random.random() < 0.5
        )  # digits have few test rows, so their exceptions are not the rarest
        agree = float(random.uniform(0.91, 0.94) if common else random.uniform(0.955, 0.97))
        more = {
            "cue": str(random.choice(["colour", "patch"])),
            "agree": agree,
            "core_noise": float(random.uniform(0.32, 0.55)),
        }
        return Case(name, word, "shortcut_core", given | more, **network)
    noise = float(random.uniform(0.12, 0.18) if random.random() < 0.5 else random.uniform(0.22, 0.4))
    if k >= 6:
        return Case(name, word, "adult_noisy", {"seed": seed, "train": int(random.integers(1_000, 1_900)), "test": 3_000, "noise": float(random.uniform(0.3, 0.6))},
                    **({"hidden": (96,)} if "channels" in network else network))  # fmt: skip
    return Case(
        name, word, "noisy", given | {"noise": noise, "held_out_noise": float(random.choice([0.0, noise]))}, **network
    )


def cases(draw: int) -> list[Case]:
    """40 cases, ten of each word."""
    return [drawn(word, k, draw) for word in WORDS for k in range(10)]


def measured(case: Case, folder: Path) -> dict[str, Any]:
    """Record the evidence of a case, and measure all signs."""
    begun = time.process_time()
    task, seed = case.task(), case.arguments["seed"]
    task = settled(task, folder / "run")
    run = bh.record(task, folder / "run", seed)
    many, effects = None, {}
    if task.is_classification:
        many = bh.record_subsets(task, MODELS, folder / "subsets", seed, jobs=1)
    scores = bh.score(run, many, names=["memorization"])
    if many is not None:
        ids = np.sort(memorized(scores))
        if len(ids) >= 3:
            effects["memorized"] = utility(task, ids, PAIRS, folder / "utility", seed=seed, jobs=1)
    effects["twin"] = regularized_twin(run, task, folder / "twin")
    evidence = Evidence(task, run, many, scores, effects)
    if answers_from_idle(evidence):
        effects["idle"] = stilled_twin(run, task, idle_inputs(task), folder / "idle")
    return {
        "name": case.name, "word": case.word, "told": case.told, "examples": len(task.train), "epochs": run.epochs,
        "lr": task.recipe.lr, "shortfall": run.shortfall, "cpu_seconds": time.process_time() - begun,
        "measures": {name: as_plain(m) for name, m in measure(evidence).items()},
    }  # fmt: skip


def as_plain(m: Measure) -> dict[str, Any]:
    """A measure's fields, None for what is no number."""
    fields = dataclasses.asdict(m)
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in fields.items()}


def judged(found: dict[str, Any]) -> dict[str, Any]:
    """The verdicts on a case's signs: with the groups of its task, and as if none had been given."""
    signs = {
        name: Measure(**{k: math.nan if v is None else v for k, v in fields.items()})
        for name, fields in found["measures"].items()
    }
    blind = {name: m for name, m in signs.items() if name not in ("worst_group", "group_utility", "shortcut")}
    verdict, without = decide(signs), decide(blind)
    shown = {name: signs[name].shown for name in SIGNS if name in signs}
    return found | {"found": verdict.word, "title": verdict.title, "without_groups": without.word, "shown": shown}


def results(wanted: list[Case], out: Path) -> Iterator[dict[str, Any]]:
    """Each case's numbers, measured or read back."""
    for case in wanted:
        path = out / f"{case.name}.json"
        if path.exists():
            found = read_json(path)
            if found["told"] != case.told:
                raise UsageError(f"{path} is of another case.", do="give another --out")
        else:
            with tempfile.TemporaryDirectory() as folder:
                found = measured(case, Path(folder))
            write_json(path, found)
        found = judged(found)
        print(
            f"{found['name']:22} {found['word']:5} -> {found['title']:20} ({found['without_groups']}) {found['cpu_seconds']:.0f} s",
            flush=True,
        )
        yield found


def confusion(rows: list[dict[str, Any]], key: str) -> list[str]:
    """How often each kind got each word."""
    words = (*WORDS, "undecided")
    right = sum(r["word"] == r[key] for r in rows)
    lines = [
        f"{right} of {len(rows)} right.",
        "",
        "| kind | " + " | ".join(words) + " |",
        "|---|" + "---|" * len(words),
    ]
    for kind in WORDS:
        counts = [sum(r["word"] == kind and r[key] == word for r in rows) for word in words]
        lines.append(f"| {kind} | " + " | ".join(map(str, counts)) + " |")
    return lines


def table(rows: list[dict[str, Any]]) -> list[str]:
    """One row a case, with all its numbers."""
    lines = [
        "| case | made of | verdict | without groups | " + " | ".join(SIGNS.values()) + " |",
        "|---|---|---|---|" + "---|" * len(SIGNS),
    ]
    for r in rows:
        mark = "" if r["found"] == r["word"] else " **wrong**"
        shown = " | ".join(r["shown"].get(sign, "-").replace("not measured", "-") for sign in SIGNS)
        lines.append(f"| {r['name']} | {r['told']} | {r['title']}{mark} | {r['without_groups']} | {shown} |")
    return lines


def main() -> None:
    """Judge what is asked for, and write the tables of all that is there."""
    parser = argparse.ArgumentParser()
    parser.add_argument("which", nargs="*", choices=["tuning", "first", "second", []], default=[])
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    sets = {"second": cases(2), "first": cases(1), "tuning": tuning()}
    for name in given.which:
        list(results(sets[name], given.out / name))
    lines = [
        "# The verdict on tasks of known kind",
        "",
        f"Written by `python benchmarks/verdict_cases.py`; torch {versions()['torch']}. ± is two standard errors.",
        "",
    ]
    titles = {
        "second": "40 cases, judged once",
        "first": "40 cases that were judged with earlier rules (35 right), and on which the rules were then changed",
        "tuning": "The cases on which thresholds were fixed",
    }
    for name, title in titles.items():
        paths = [given.out / name / f"{case.name}.json" for case in sets[name]]
        there = [judged(read_json(path)) for path in paths if path.exists()]
        if there:
            seconds = sum(r["cpu_seconds"] for r in there)
            lines += [f"## {title}", "", f"{len(there)} of {len(sets[name])} cases; {seconds / 60:.0f} CPU-minutes. With the groups of the task:", "",
                      *confusion(there, "found"), "", "As if no groups had been given:", "", *confusion(there, "without_groups"), "", *table(there), ""]  # fmt: skip
    RESULT.write_text("\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    main()
