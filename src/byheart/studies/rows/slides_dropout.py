"""A network of 784-512-256-10 units, trained with dropout and without by plain stochastic gradient descent."""

from __future__ import annotations

from byheart.base.seeds import spawn
from byheart.data.made.perceptron import perceptron
from byheart.data.made.pictures import drawn, names_of
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.diagnosis.audit import Audit, diagnose
from byheart.runs.single import record
from byheart.runs.subsets import record_subsets
from byheart.scores.table import score
from byheart.studies.criterion import above, at_least
from byheart.studies.study import Lab, Reading, Row, study

HIDDEN, DROPPED, MODELS = (512, 256), 0.5, 8
SAMPLE = Recipe(epochs=50, batch=8, lr=0.01, momentum=0.0, weight_decay=1e-4, schedule="constant", clip=0.0)


def no_dropout(lab: Lab) -> Reading:
    """Two networks without dropout, on fewer pictures: they differ by their seeds alone."""
    task = sample(lab, 0.0, 100)
    return compared(audited(lab, task, "one", 1), audited(lab, task, "other", 2))


@study(
    Row("D07", (
        above("less", 0.0, "share of the training examples that is memorized, without dropout above with it"),
        above("gap", 0.0, "training minus test accuracy, without dropout above with it"),
        at_least("learned", 0.8, "test accuracy with dropout (chance is .1)"),
    )),
    control=no_dropout, cost=64, data=("mnist",),
)  # fmt: skip
def slides_dropout(lab: Lab) -> Reading:
    """Two audits on four hundred pictures of MNIST at 28 x 28: 784-512-256-10 units, learning rate .01, weight decay
    .0001, 50 epochs in batches of 8 until all are fitted, eight models on random subsets each; with dropout of a half
    after each hidden layer, and without.
    """
    return compared(*(audited(lab, sample(lab, p, 400), f"{p}", 1) for p in (0.0, DROPPED)))


def sample(lab: Lab, dropout: float, train: int) -> Task:
    """The task as the sample has it."""
    learned, held = drawn("mnist", lab.size(train, 60), lab.size(2_000, 60), lab.seed)
    recipe = SAMPLE if not lab.small else Recipe(epochs=2, lr=0.01)
    network = perceptron(*HIDDEN, dropout=dropout)
    return Task(learned, held, network, recipe, name="mnist", class_names=names_of("mnist"))


def audited(lab: Lab, task: Task, name: str, k: int) -> Audit:
    """The audit of the task's network, from one watched training and eight on subsets."""
    seed, folder = spawn(lab.seed, k), lab.folder / name
    many = record_subsets(task, lab.size(MODELS, 4), folder / "subsets", seed, jobs=1)
    return diagnose(score(record(task, folder / "run", seed), many), task)


def compared(without: Audit, dropped: Audit) -> Reading:
    """What dropout changes."""
    less, gap = (without.measures[name].value - dropped.measures[name].value for name in ("share", "gap"))
    return Reading({"less": less, "gap": gap, "learned": dropped.measures["test_accuracy"].value})
