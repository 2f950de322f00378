"""Datamodels: a network's margin on one example as a linear function of which examples it was trained on.

margin_j(S) ~ bias_j + sum over i in S of influence_ij, fitted over subset models (Ilyas et al. 2022): influence (n, m)
says how much the presence of training example i raises the margin on example j, with the others as they come. Far fewer
models than examples are the rule, so that ridge shrinks and lasso selects; read the intervals, and `explained`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from byheart.base.errors import UsageError
from byheart.base.seeds import generator
from byheart.scores.score import Estimate
from byheart.scores.subset.interval import NORMAL

STRENGTHS = np.logspace(-2, 3, 21)  # of ridge, as shares of the masks' mean squared singular value
FOLDS = 5
DRAWN = 2000  # influences from which the width of the lasso's intervals is taken


@dataclass(frozen=True, eq=False)
class Datamodels:
    """One linear model for each of m examples: influence (n, m), bias (m,), the penalty that was chosen (m,), and
    `explained` (m,), the share of the variance over models that was left out and predicted; below 0 it is noise.

    Intervals are at 95%: ridge's of the posterior where influences are drawn alike around 0, lasso's around what it
    shrank away, put back, so that they need not hold its own value. An example that all models trained on, or none, has
    no influence: NaN.
    """

    influence: Estimate
    bias: np.ndarray
    penalty: np.ndarray
    explained: np.ndarray

    def predicted(self, member: Bool[np.ndarray, "models n"]) -> Float[np.ndarray, "models m"]:
        """What these training sets would give."""
        return member.astype(np.float64) @ np.nan_to_num(self.influence.value) + self.bias


def ridge(member: Bool[np.ndarray, "models n"], outcome: Float[np.ndarray, "models m"]) -> Datamodels:
    """Ridge regression of each outcome (a margin, or minus a loss) on the masks.

    The penalty of each is that of the least squared error on a model left out, in closed form (scikit-learn's RidgeCV).
    The variance of an influence is noise * (X^T X + penalty)^-1, that of the posterior under which ridge is the best
    guess (normal influences of variance noise / penalty); the noise is the likeliest under it (MacKay 1992).
    Errors: UsageError with fewer than 4 models, and when some outcome is no number.
    """
    from sklearn.linear_model import RidgeCV

    x, y = checked(member, outcome)
    centred = x - x.mean(0)
    # from the models' side: they are fewer than the examples
    values, vectors = np.linalg.eigh(centred @ centred.T)
    values = np.clip(values, 0.0, None)
    alphas = STRENGTHS * values.sum() / (len(x) - 1)
    fitted = RidgeCV(alphas, alpha_per_target=True, scoring=None).fit(x, y)
    chosen = np.broadcast_to(np.asarray(fitted.alpha_, float), y.shape[1:])
    coefficients = np.asarray(fitted.coef_, float).reshape(y.shape[1], -1).T
    error, explained = np.full_like(coefficients, np.nan), np.full(y.shape[1], np.nan)
    for alpha in np.unique(chosen):
        which = chosen == alpha
        hat = vectors * (values / (values + alpha)) @ vectors.T + 1 / len(x)
        left_out = (y[:, which] - hat @ y[:, which]) / (1 - hat.diagonal())[:, None]
        missed, spread = np.square(left_out).mean(0), loo_spread(y[:, which])
        explained[which] = 1 - np.divide(missed, spread, out=np.ones_like(missed), where=spread > 0)
        turned = vectors.T @ (y[:, which] - y[:, which].mean(0))
        noise = (alpha / (values + alpha)) @ np.square(turned) / (len(x) - 1)
        # (X^T X + alpha)^-1 = (1 - X^T (X X^T + alpha)^-1 X) / alpha
        inverse = vectors / (values + alpha) @ vectors.T
        diagonal = (1 - np.einsum("mi,mi->i", centred, inverse @ centred)) / alpha
        error[:, which] = np.sqrt(np.clip(diagonal, 0.0, None)[:, None] * noise)
    return told(x, coefficients, error, np.ravel(fitted.intercept_), chosen.copy(), explained)


def lasso(member: Bool[np.ndarray, "models n"], outcome: Float[np.ndarray, "models m"]) -> Datamodels:
    """Lasso regression of each outcome on the masks, one by one (Ilyas et al. 2022): few influences, the others 0.

    The penalty is chosen by 5-fold cross-validation over the models (scikit-learn's LassoCV), and `explained` is that
    of the folds. Intervals are of the lasso without its shrinkage (`unshrunk`). In simulations they hold in 94 to 95%
    where few examples count or models outnumber them, and in 90 to 93% where all count and models are fewer; ridge is
    better there. Errors: UsageError with fewer than 5 models, and when some outcome is no number.
    """
    from sklearn.linear_model import Lasso, LassoCV
    from sklearn.model_selection import KFold, cross_val_predict

    x, y = checked(member, outcome, FOLDS)
    folds = KFold(FOLDS)
    fits = [LassoCV(cv=folds, alphas=30, max_iter=5000).fit(x, one) for one in y.T]
    kept = [
        cross_val_predict(Lasso(fit.alpha_, max_iter=5000), x, one, cv=folds)
        for fit, one in zip(fits, y.T, strict=True)
    ]
    explained = [
        1 - float(np.square(one - guess).mean() / spread) if (spread := loo_spread(one[:, None])[0]) > 0 else 0.0
        for one, guess in zip(y.T, kept, strict=True)
    ]
    coefficients = np.stack([fit.coef_ for fit in fits], 1)
    bias, penalty = (np.array([float(getattr(fit, name)) for fit in fits]) for name in ("intercept_", "alpha_"))
    middle, error = unshrunk(x, y, coefficients, bias)
    error = error * simulated(x, coefficients, error, penalty)
    return told(x, coefficients, error, bias, penalty, np.array(explained), middle)


def unshrunk(
    x: Float[np.ndarray, "models n"], y: Float[np.ndarray, "models m"], coefficients: Float[np.ndarray, "n m"],
    bias: Float[np.ndarray, "m"],
) -> tuple[Float[np.ndarray, "n m"], Float[np.ndarray, "n m"]]:  # fmt: skip
    """The lasso's coefficients without their bias, and the standard errors of these, (n, m) each.

    b + x^T r / (var(x) (models - 1 - s)), with error |r| / (sd(x) (models - 1 - s)), where r are the residuals and s
    counts the coefficients that are not 0: the covariance of the masks is known, which makes it normal with far fewer
    models than examples, sparse or not (Javanmard and Montanari 2014; its degrees of freedom by Bellec and Zhang 2022,
    "De-biasing the Lasso with degrees-of-freedom adjustment"). That is for masks that are drawn freely. NaN where no
    degree of freedom is left.
    """
    residuals = y - x @ coefficients - bias
    free = len(x) - 1.0 - (coefficients != 0).sum(0)
    free = np.where(free > 0, free, np.nan)
    spread = np.where(x.std(0) > 0, x.std(0), np.nan)[:, None]
    slope = (x - x.mean(0)).T @ residuals
    return coefficients + slope / (spread**2 * free), np.linalg.norm(residuals, axis=0) / (spread * free)


def simulated(
    x: Float[np.ndarray, "models n"], coefficients: Float[np.ndarray, "n m"], error: Float[np.ndarray, "n m"],
    penalty: Float[np.ndarray, "m"],
) -> float:  # fmt: skip
    """The errors of `unshrunk` with these masks over what it says: masks are dealt, not drawn, and lie less evenly.

    Outcomes are drawn around what was fitted, with the noise that its errors speak of, and fitted again.
    """
    from sklearn.linear_model import Lasso

    random, spread = generator(0, "lasso"), np.where(x.std(0) > 0, x.std(0), np.nan)[:, None]
    free = len(x) - 1.0 - (coefficients != 0).sum(0)
    noise = np.nan_to_num(error * spread).max(0) * np.sqrt(np.clip(free, 0.0, None))  # the same for all examples
    wide, known = [], np.flatnonzero(noise)
    for j in np.tile(known, -(-DRAWN // (max(len(known), 1) * x.shape[1]))):
        y = x @ coefficients[:, j] + noise[j] * random.normal(size=len(x))
        again = Lasso(float(penalty[j]), max_iter=5000).fit(x, y)
        middle, guess = unshrunk(x, y[:, None], again.coef_[:, None], np.array([float(again.intercept_)]))
        off = (middle[:, 0] - coefficients[:, j]) / guess[:, 0]
        wide.append(np.nanvar(off) if np.isfinite(off).any() else np.nan)
    return float(np.sqrt(np.nanmean(wide))) if np.isfinite(wide).any() else 1.0


def checked(
    member: Bool[np.ndarray, "models n"], outcome: Float[np.ndarray, "models m"], fewest: int = 4
) -> tuple[Float[np.ndarray, "models n"], Float[np.ndarray, "models m"]]:
    """Masks and outcomes in double precision; UsageError when there are too few or some are no numbers."""
    if len(member) < fewest:
        raise UsageError(f"{len(member)} subset models make no datamodel.",
                         do=f"train at least {fewest}; hundreds make a good one")  # fmt: skip
    if not np.isfinite(outcome).all():
        raise UsageError("Some outcomes are no numbers.", "Margins of a regression are not.", "give minus the losses")
    return member.astype(np.float64), outcome.astype(np.float64)


def loo_spread(outcome: Float[np.ndarray, "models m"]) -> Float[np.ndarray, "m"]:
    """The squared error of the mean of the other models, (m,)."""
    count = len(outcome)
    return outcome.var(0) * (count / (count - 1)) ** 2


def told(
    x: np.ndarray,
    coefficients: np.ndarray,
    error: np.ndarray,
    bias: np.ndarray,
    penalty: np.ndarray,
    explained: np.ndarray,
    middle: np.ndarray | None = None,
) -> Datamodels:
    """The result, without examples that were in every model or in none; intervals around `middle`, if not around the
    coefficients.
    """
    coefficients, error = (np.where((x.std(0) > 0)[:, None], a, np.nan) for a in (coefficients, error))
    middle, reach = coefficients if middle is None else middle, NORMAL * error
    estimate = Estimate(coefficients, error, middle - reach, middle + reach)
    return Datamodels(estimate, bias, penalty, explained)
