"""Weight decay, dropout and early stopping, taken away one at a time: are more wrong labels fitted without?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from byheart.data.plant import plant
from byheart.data.task import Task
from byheart.studies.criterion import above
from byheart.studies.study import Lab, Reading, Row, study
from byheart.studies.trained import fitted, pictures, trained, with_recipe

Changes = Mapping[str, Any]  # what of the recipe is changed
EACH: Mapping[str, Changes] = {
    "weight decay": {"weight_decay": 0.005},
    "dropout": {"methods": ("dropout=0.5",)},
    "early stopping": {"methods": ("early_stopping(patience=5)",)},
}
ALONE, BESIDE = "where each is the only one", "where the other two stay"


def nothing_taken_away(lab: Lab) -> Reading:
    """The same with no regularizer at all in place of each: only the network's and the batches' draws differ."""
    others = {name: replace(lab, seed=lab.seed + 1_000 * (k + 1)) for k, name in enumerate(EACH)}
    return measured(lab, task_of(lab), {name: {} for name in EACH}, others)


@study(
    Row("A08", tuple(
        above(f"{name}: {how}", 0.0, f"wrong labels fitted without {name} above those with it, {said}", when=when)
        for how, said, when in (("alone", "nothing else", ALONE), ("beside", "the other two on", BESIDE))
        for name in EACH
    )),
    control=nothing_taken_away, cost=19,
)  # fmt: skip
def regularizers_off(lab: Lab) -> Reading:
    """Digits with 20% wrong labels: the share of wrong labels that is fitted with weight decay of .005, dropout of .5
    and early stopping; each alone against none, and all three against the other two.
    """
    return measured(lab, task_of(lab), EACH, dict.fromkeys(EACH, lab))


def task_of(lab: Lab) -> Task:
    """Digits, a fifth of them wrongly labelled."""
    real = pictures(lab, train=lab.size(1_000, 100), epochs=lab.size(40, 3), lr=0.05, schedule="constant")
    return plant(real, "label-noise=0.2", lab.seed)


def measured(lab: Lab, task: Task, each: Mapping[str, Changes], labs: Mapping[str, Lab]) -> Reading:
    """What is fitted with none, with one, with two and with all three."""
    whole, free, values = share(lab, task, each, "all"), share(lab, task, {}, "none"), {}
    for name in each:
        rest = {other: changes for other, changes in each.items() if other != name}
        values[f"{name}: alone"] = free - share(labs[name], task, {name: each[name]}, f"only {name}")
        values[f"{name}: beside"] = share(labs[name], task, rest, f"no {name}") - whole
    return Reading(values)


def share(lab: Lab, task: Task, chosen: Mapping[str, Changes], name: str) -> float:
    """The share of wrong labels that is fitted when trained with these regularizers."""
    methods = tuple(method for changes in chosen.values() for method in changes.get("methods", ()))
    numbers = {key: value for changes in chosen.values() for key, value in changes.items() if key != "methods"}
    regularized = with_recipe(task, methods=methods, **numbers)
    return fitted(trained(lab, regularized, name.replace(" ", "-")), regularized)
