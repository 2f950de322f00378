"""What makes a trained network's function steeper or flatter, at equal epochs and at equal training loss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.controls.complexity import complexity
from byheart.data.plant import plant
from byheart.data.task import Task
from byheart.methods.checkpoints import Checkpoints
from byheart.runs.evidence import read
from byheart.runs.loop import outputs
from byheart.studies.criterion import above, at_least, below
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import fitted, pictures, trained, with_recipe

EPOCHS, EVERY = 120, 6  # so many that wrong labels are fitted too: before, they keep the outputs small
RATE, DECAY, NOISE = (0.05, 0.2), 1e-2, 0.2
BATCH = (16, 128)
FACTORS = ("weight decay", "label noise", "large rate", "small batch")
Path = tuple[np.ndarray, np.ndarray]  # training loss (k,) and geometric complexity (k,) at the checkpoints

AT_EPOCHS, AT_LOSS = "at equal epochs", "at equal training loss"
SAYS = {
    AT_EPOCHS: "log of the geometric complexity {} over that {}, at equal epochs",
    AT_LOSS: "log of the geometric complexity {} over that {}, at the lowest training loss that both reach",
}


def another_start(lab: Lab) -> Reading:
    """Two trainings that differ in nothing but their random start, in place of each pair that differs in a factor."""
    task = base(lab)
    pair = [followed(lab, task, "one"), followed(replace(lab, seed=lab.seed + 1_000), task, "other")]
    return Reading({f"{factor}, {where}": v for factor in FACTORS for where, v in compared(*pair).items()})


def flatter(factor: str, name: str, opposite: str, per: str = "") -> tuple:
    """That a factor lowers it, under each of the two comparisons; `per` names the factor where they are conditions."""
    return tuple(
        below(f"{factor}, {where}", 0, says.format(name, opposite), when=f"for {per} {where}" if per else "")
        for where, says in SAYS.items()
    )


@study(
    Row("C05", (
        *flatter("weight decay", "with weight decay", "without"),
        *(above(f"label noise, {where}", 0, says.format("on 18% wrong labels, when they are fitted,", "on right ones"))
          for where, says in SAYS.items()),
        at_least("fitted", 0.95, "share of the wrong labels that are given back at the end"),
        below("label noise, early", 0, "the same ratio after a quarter of the epochs, before they are fitted"),
        *flatter("large rate", "at a learning rate of 0.2", "at 0.05", "large learning rates"),
        *flatter("small batch", "in batches of 16", "of 128", "small batches"),
    ), paper="dherin2022",
        corrected="Weight decay lowers geometric complexity, and label noise raises it once it is fitted; what "
                  "large learning rates and small batches do depends on whether epochs or losses are equal."),
    control=another_start, cost=25,
)  # fmt: skip
def geometric_complexity_study(lab: Lab) -> Reading:
    """Geometric complexity of a perceptron along its training, against the same with one factor changed: digits."""
    task = base(lab)
    tasks = {
        "plain": task,
        "weight decay": with_recipe(task, weight_decay=DECAY),
        "label noise": plant(task, f"random-labels={NOISE}", lab.seed),
        "large rate": with_recipe(task, lr=RATE[1]),
        "large batch": with_recipe(task, batch=BATCH[1]),
    }
    paths = {name: followed(lab, one, name.replace(" ", "-")) for name, one in tasks.items()}
    pairs = {name: (paths["plain"], paths[name]) for name in ("weight decay", "label noise", "large rate")}
    pairs["small batch"] = (paths["large batch"], paths["plain"])
    values = {f"{factor}, {where}": v for factor, pair in pairs.items() for where, v in compared(*pair).items()}
    quarter = len(paths["plain"][1]) // 4
    noisy = tasks["label noise"]
    values["label noise, early"] = float(np.log(paths["label noise"][1][quarter] / paths["plain"][1][quarter]))
    values["fitted"] = fitted(trained(lab, noisy, "label-noise"), noisy)
    at = [EVERY * k for k in range(1, len(paths["plain"][0]))]
    curves = [Curve(name, at, complexities[1:].tolist()) for name, (_, complexities) in paths.items()]
    return Reading(values, curves, "epoch", "geometric complexity")


def base(lab: Lab) -> Task:
    """The task that the others differ from: plain stochastic gradient descent, so that nothing else regularizes."""
    return pictures(
        lab, train=lab.size(600, 64), test=200, epochs=lab.size(EPOCHS, EVERY), batch=BATCH[0], lr=RATE[0],
        momentum=0.0, clip=0.0, schedule="constant", methods=(Checkpoints(EVERY),),
    )  # fmt: skip


def followed(lab: Lab, task: Task, name: str) -> Path:
    """Mean training loss, in nats, and mean geometric complexity at each checkpoint."""
    run = trained(lab, task, name)
    losses, complexities = [], []
    for weights in run.checkpoints.values():
        network = run.network(task, weights)
        seen = read(outputs(task, network, task.train), task.train.targets, task.classes)
        losses.append(float(seen["loss"].mean(dtype=np.float64)))
        complexities.append(complexity(task, network))
    return np.array(losses), np.array(complexities)


def compared(before: Path, after: Path) -> dict[str, float]:
    """Log of the second geometric complexity over the first, at equal epochs and at equal loss."""
    level = max(before[0].min(), after[0].min())
    return {
        AT_EPOCHS: float(np.log(after[1][-1] / before[1][-1])),
        AT_LOSS: log_at(after, level) - log_at(before, level),
    }


def log_at(path: Path, level: float) -> float:
    """Log of the complexity where the loss first falls to a level: between two checkpoints, linear in its log."""
    losses, complexities = np.log(path[0]), np.log(path[1])
    k = int(np.argmax(losses <= np.log(level)))
    if k == 0:
        return float(complexities[0])
    share = (losses[k - 1] - np.log(level)) / (losses[k - 1] - losses[k])
    return float(complexities[k - 1] + share * (complexities[k] - complexities[k - 1]))
