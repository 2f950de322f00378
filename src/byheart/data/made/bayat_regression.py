"""Three regressions that fit noisy labels alike and differ in what they do between them: good, bad and ugly."""

from dataclasses import replace

import numpy as np

from byheart.base.errors import UsageError
from byheart.base.registry import register
from byheart.base.seeds import generator
from byheart.data.examples import Examples
from byheart.data.made.perceptron import perceptron
from byheart.data.recipe import Recipe
from byheart.data.task import Task

END = 1.5  # inputs lie in [-1.5, 1.5]
LABEL_NOISE = 0.08
IDLE = 30
FITTED = 1e-6  # mean squared error at which training ends
MOST_EPOCHS = 20_000  # reached by few draws: the ugly case needs 9,000 to 13,000


@register("task", "bayat_good")
def bayat_good(seed: int = 0, train: int = 20, test: int = 100) -> Task:
    """Regression whose idle inputs are small (deviation 0.0001): the rule is learned and the label noise is absorbed
    there, where it does no harm.
    """
    return replace(bayat_regression(1e-4, seed, train, test), name="bayat_good")


@register("task", "bayat_bad")
def bayat_bad(seed: int = 0, train: int = 20, test: int = 100) -> Task:
    """Regression whose idle inputs (deviation 0.001) say which example it is: they are learned in place of the rule."""
    return replace(bayat_regression(1e-3, seed, train, test), name="bayat_bad")


@register("task", "bayat_ugly")
def bayat_ugly(seed: int = 0, train: int = 20, test: int = 100) -> Task:
    """Regression without idle inputs (all 0): label noise is fitted by a curve that swings between the examples."""
    return replace(bayat_regression(0.0, seed, train, test), name="bayat_ugly")


def bayat_regression(idle: float, seed: int = 0, train: int = 20, test: int = 100) -> Task:
    """`train` values x on a grid in [-1.5, 1.5] with labels rule(x) + 0.08 N, beside 30 idle inputs idle N; test is a
    sweep over [-1.5, 1.5] with the rule as target and idle inputs 0, validation the points midway between.

    The draws are the same for every `idle`. truth: original, the rule at the training points. Inputs and targets are
    not scaled, so that losses are in squared units of the target. Learned by 31-300-300-1 with tanh, full batch, Adam
    at 0.001, until the training loss is below 0.000001. Source: Bayat et al. 2024, figure 3.
    """
    if idle < 0 or min(train, test) < 2:
        raise UsageError(
            f"idle={idle:g}, train={train}, test={test} make no such task.",
            do="give a deviation from 0 and 2 points or more",
        )
    x = np.linspace(-END, END, train)
    random = generator(seed, "bayat_regression")
    labels = rule(x) + LABEL_NOISE * random.standard_normal(train)
    sweep = np.linspace(-END, END, test)
    between = (sweep[1:] + sweep[:-1]) / 2
    return Task(
        train=points(x, labels, idle * random.standard_normal((train, IDLE))),
        test=points(sweep, rule(sweep)),
        validation=points(between, rule(between)),
        network=perceptron(300, 300, activation="tanh"),
        recipe=Recipe(epochs=MOST_EPOCHS, batch=train, optimizer="adamw", lr=1e-3, clip=0.0, schedule="constant",
                      methods=(f"stop_at_loss={FITTED:g}",)),
        name="bayat_regression",
        classes=0,
        feature_names=("x", *(f"idle {k}" for k in range(1, IDLE + 1))),
        truth={"original": rule(x).astype(np.float32)},
        scaling="none",
    )  # fmt: skip


def rule(x: np.ndarray) -> np.ndarray:
    """The function (n,) -> (n,) to be learned: tanh(x) + tanh(-5 x) / 2."""
    return np.tanh(x) + 0.5 * np.tanh(-5 * x)


def points(x: np.ndarray, targets: np.ndarray, idle: np.ndarray | None = None) -> Examples:
    """Examples with inputs (n, 31): x, then the idle inputs, 0 if not given."""
    idle = np.zeros((len(x), IDLE)) if idle is None else idle
    return Examples(np.column_stack([x, idle]).astype(np.float32), targets.astype(np.float32), np.arange(len(x)))
