"""Linear regression under three losses, what one outlier does to it, and polynomials from too stiff to too bent."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from scipy.special import huber
from sklearn.linear_model import HuberRegressor, LinearRegression, QuantileRegressor
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from byheart.base.seeds import generator, spawn
from byheart.data.made.polynomial import polynomial
from byheart.data.task import Task
from byheart.runs.estimator import Estimator, flat
from byheart.runs.kfold import kfold
from byheart.studies.criterion import above, at_most
from byheart.studies.study import Curve, Lab, Reading, Row, study

EPSILON, OUTLIER = 1.35, 10.0  # deviations where Huber's loss turns straight; added to one label (its noise: 0.3)
SCORES = root_mean_squared_error, mean_absolute_error, r2_score
LINE, CURVE, ALL = (0.0, 1.0), (0.0, 1.0, 0.5, 0.5, 0.25, 0.25), np.arange(40)  # rows of the smaller tasks
MODELS = {
    "squared": LinearRegression(),
    "absolute": QuantileRegressor(alpha=0),
    "huber": HuberRegressor(epsilon=EPSILON, alpha=0, max_iter=10_000, tol=1e-9),
}
DEGREES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15)


def no_outlier_and_a_straight_line(lab: Lab) -> Reading:
    """The label that is moved is drawn anew from its own law, and the polynomials' curve is a straight line."""
    return Reading(outlier(lab, None) | degrees(lab, LINE)[0])


@study(
    Row("A20", (
        at_most("folds", 1e-6, "difference of out-of-fold answers from scikit-learn's, largest of the three losses"),
        at_most("metrics", 1e-6, "the same for RMSE, MAE and R2, relative"),
        at_most("absolute: by hand", 1e-6, "absolute errors: MAE above that of the best line through two examples"),
        at_most("huber: by hand", 1e-6, "Huber: loss above that of weighted least squares, repeated"),
        above("outlier: absolute", 0, "how far one outlier moves the line: least squares above absolute errors"),
        above("outlier: huber", 0, "the same: least squares above Huber"),
        above("underfits", 0, "test error of degree 1 above the degree that validation chooses, log10"),
        above("overfits", 0, "test error of degree 15 above that degree, log10"),
    )),
    control=no_outlier_and_a_straight_line, cost=2,
)  # fmt: skip
def linear_regression(lab: Lab) -> Reading:
    """Three losses against scikit-learn and by hand; one outlier; polynomials of degree 1 to 15 fitted to a curve."""
    swept, curves = degrees(lab, CURVE)
    return Reading(beside(lab) | by_hand(lab) | outlier(lab, OUTLIER) | swept, curves, "degree", "log10 mean square")


def fitted(task: Task, model: Any) -> np.ndarray:
    """The answers (n,) for the test part of a model that learned the training part."""
    return Estimator(model).fit(task, ALL, 0)(task.test)[:, 0]


def beside(lab: Lab) -> dict[str, float]:
    """Out-of-fold answers and their metrics, from the library and from scikit-learn by itself."""
    task = polynomial(lab.seed, 200, coefficients=CURVE)
    x, y = flat(task, task.train), task.train.targets.astype(np.float64)
    apart, ratios = [], []
    for name, model in MODELS.items():
        folds = kfold(task, 5, lab.folder / name, lab.seed, learner=Estimator(model), jobs=1)
        theirs = cross_val_predict(model, x, y, cv=PredefinedSplit(folds.fold))
        off = np.sqrt(folds["loss"].astype(np.float64))
        ours = [np.sqrt(np.square(off).mean()), off.mean(), 1 - np.square(off).mean() / y.var()]
        ratios += [found / score(y, theirs) for found, score in zip(ours, SCORES, strict=True)]
        apart.append(np.abs(folds["logits"][:, 0] - theirs).max())
    return {"folds": float(max(apart)), "metrics": float(np.abs(np.array(ratios) - 1).max())}


def by_hand(lab: Lab) -> dict[str, float]:
    """The robust lines' losses above those of lines that were found in a slower way."""
    task = polynomial(lab.seed, 40, coefficients=LINE)
    x, y = task.train.inputs[:, 0].astype(np.float64), task.train.targets.astype(np.float64)
    both, line = np.column_stack([np.ones(len(x)), x]), np.zeros(2)
    off = {name: y - fitted(replace(task, test=task.train), model) for name, model in MODELS.items()}
    pairs = [np.linalg.solve(both[[i, j]], y[[i, j]]) for i, j in combinations(range(len(x)), 2)]
    edge = EPSILON * MODELS["huber"].fit(x[:, None], y).scale_
    for _ in range(1_000):
        weight = 1 / np.maximum(np.abs(y - both @ line) / edge, 1)
        line = np.linalg.solve(both.T @ (weight[:, None] * both), both.T @ (weight * y))
    return {
        "absolute: by hand": float(np.abs(off["absolute"]).mean() - min(np.abs(y - both @ p).mean() for p in pairs)),
        "huber: by hand": float(huber(edge, off["huber"]).mean() - huber(edge, y - both @ line).mean()),
    }


def outlier(lab: Lab, size: float | None) -> dict[str, float]:
    """How far (root mean square over the test part) each line moves with the label of the largest x."""
    task = polynomial(lab.seed, 40, coefficients=LINE)
    targets, row = np.array(task.train.targets), int(task.train.inputs[:, 0].argmax())
    anew = task.truth["original"][row] + 0.3 * generator(lab.seed, "drawn anew").standard_normal()
    targets[row] = anew if size is None else targets[row] + size
    other = replace(task, train=replace(task.train, targets=targets))
    moved = {name: np.sqrt(np.square(fitted(task, m) - fitted(other, m)).mean()) for name, m in MODELS.items()}
    return {f"outlier: {name}": float(moved["squared"] - moved[name]) for name in ("absolute", "huber")}


def degrees(lab: Lab, coefficients: tuple[float, ...]) -> tuple[dict[str, float], list[Curve]]:
    """Log10 mean squared error of polynomials on training, validation and test parts, averaged over draws."""
    parts, found = ("train", "validation", "test"), []
    for k in range(lab.size(10, 2)):
        task = polynomial(spawn(lab.seed, "draw", k), 40, coefficients=coefficients)
        for degree in DEGREES:
            predict = Estimator(make_pipeline(PolynomialFeatures(degree), LinearRegression())).fit(task, ALL, 0)
            off = [predict(part)[:, 0] - part.targets for part in (task.train, task.validation, task.test)]
            found.append([np.log10(np.square(error).mean()) for error in off])
    mean = np.reshape(found, (-1, len(DEGREES), len(parts))).mean(0)
    chosen, test = mean[:, 1].argmin(), mean[:, 2]
    curves = [Curve(name, DEGREES, mean[:, k].tolist()) for k, name in enumerate(parts)]
    return {"underfits": float(test[0] - test[chosen]), "overfits": float(test[-1] - test[chosen])}, curves
