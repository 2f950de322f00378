"""What a more flexible curve gains in bias it pays in variance: polynomials, and networks of growing width."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from byheart.base.seeds import spawn
from byheart.data.examples import Examples
from byheart.data.made.perceptron import perceptron
from byheart.data.made.polynomial import polynomial
from byheart.data.task import Task
from byheart.diagnosis.bias_variance import bias_variance
from byheart.runs.estimator import Estimator
from byheart.runs.learner import Network
from byheart.studies.criterion import above
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import with_recipe

DEGREES, WIDTHS = (1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 4, 64)
IN_DEGREE, IN_WIDTH = "with the degree of a polynomial", "with the width of a network"
LINE, CURVE = (0.0, 1.0), (0.0, 1.0, 0.5, 0.5, 0.25, 0.25)
Answers = Callable[[Task, int, int, Examples], np.ndarray]  # training task, its number, size, examples -> (n,)


def straight_line(lab: Lab) -> Reading:
    """The curve is a straight line, which the stiffest model has already: there is no bias that could fall."""
    return measured(lab, LINE, 4)


@study(
    Row("B25", (
        above("degree: bias", 0, "squared bias, lowest degree minus highest", when=IN_DEGREE),
        above("degree: variance", 0, "variance of the highest degree above the lowest's, log10", when=IN_DEGREE),
        above("degree: low", 0, "error of the lowest degree above that of the chosen one, log10", when=IN_DEGREE),
        above("degree: high", 0, "error of the highest degree above that of the chosen one, log10", when=IN_DEGREE),
        above("width: bias", 0, "squared bias, smallest width minus largest", when=IN_WIDTH),
        above("width: variance", 0, "variance of the largest width above the smallest's, log10", when=IN_WIDTH),
        above("width: low", 0, "error of the smallest width above that of the chosen one, log10", when=IN_WIDTH),
        above("width: high", 0, "error of the largest width above that of the chosen one, log10", when=IN_WIDTH),
    )),
    control=straight_line, cost=20,
)  # fmt: skip
def bias_variance_tradeoff(lab: Lab) -> Reading:
    """Squared bias and variance of curves fitted to many training sets of 40: by polynomials of degree 1 to 9, and by
    one hidden layer of 1 to 64 units.
    """
    return measured(lab, CURVE, lab.size(8, 4))


def measured(lab: Lab, coefficients: tuple[float, ...], networks: int) -> Reading:
    """Both sweeps, so many networks of each width."""
    test = polynomial(lab.seed, coefficients=coefficients).test
    found, curves = swept(lab, "degree", by_degree, DEGREES, lab.size(60, 4), coefficients, test)
    return Reading(found | swept(lab, "width", by_width, WIDTHS, networks, coefficients, test)[0], curves,
                   "degree of the polynomial", "squared units of the label")  # fmt: skip


def swept(
    lab: Lab, name: str, answers: Answers, sizes: tuple[int, ...], fits: int, coefficients: tuple[float, ...],
    test: Examples,
) -> tuple[dict[str, float], list[Curve]]:  # fmt: skip
    """Bias and variance by size. The size of least error is chosen on half of the fits and judged on the others."""
    tasks = [polynomial(spawn(lab.seed, name, k), coefficients=coefficients) for k in range(fits)]
    tasks = [with_recipe(task, epochs=lab.size(300, 2)) for task in tasks]
    said = [np.stack([answers(task, k, size, test) for k, task in enumerate(tasks)]) for size in sizes]
    truth = test.targets.astype(np.float64)
    whole, first, second = (
        [bias_variance(each[part], truth) for each in said]
        for part in (slice(None), slice(0, None, 2), slice(1, None, 2))
    )
    chosen = second[int(np.argmin([found.error for found in first]))].error
    values = {
        f"{name}: bias": whole[0].squared_bias - whole[-1].squared_bias,
        f"{name}: variance": log_ratio(whole[-1].variance, whole[0].variance),
        f"{name}: low": log_ratio(second[0].error, chosen),
        f"{name}: high": log_ratio(second[-1].error, chosen),
    }
    parts = {"squared bias": "squared_bias", "variance": "variance", "both": "error"}
    return values, [Curve(word, sizes, [getattr(found, part) for found in whole]) for word, part in parts.items()]


def log_ratio(first: float, second: float) -> float:
    """How far a first number is above a second, log10: few training sets make most of a high polynomial's variance."""
    return float(np.log10(first / second))


def by_degree(task: Task, k: int, degree: int, test: Examples) -> np.ndarray:
    """What a polynomial says that was fitted to a training set by least squares."""
    model = make_pipeline(PolynomialFeatures(degree), LinearRegression())
    return Estimator(model).fit(task, np.arange(len(task.train)), k)(test)[:, 0]


def by_width(task: Task, k: int, width: int, test: Examples) -> np.ndarray:
    """What a network of one hidden layer says that was trained on it, from its own random start."""
    task = replace(task, network=perceptron(width))
    return Network().fit(task, np.arange(len(task.train)), k)(test)[:, 0]
