"""Held-out logits of the training examples: what a network says that did not fit them, by twins, folds or subsets."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from byheart.base.errors import DataError, UsageError
from byheart.base.seeds import spawn
from byheart.data.subsets import folds
from byheart.data.task import Task
from byheart.methods.xrm import XRM
from byheart.runs.loop import begin, fit, one_thread, outputs
from byheart.runs.subsets import ALL_LOGITS, TOP, SubsetRuns

TINY = 1e-12  # a probability that float16 logits lost altogether


@dataclass(frozen=True)
class Folds:
    """Held-out logits by cross-validation: `count` networks, each trained without one fold, answer for their fold."""

    count: int = 5


Source = str | XRM | Folds | np.ndarray
NAMED = {"xrm": XRM, "folds": Folds}


def checked_source(source: Source) -> Source:
    """The source with its name resolved; UsageError for another name or an array that is no table."""
    if isinstance(source, str):
        if source not in NAMED:
            raise UsageError(
                f"There are no held-out logits called {source!r}.", do=f"choose one of: {', '.join(NAMED)}"
            )
        return NAMED[source]()
    if isinstance(source, np.ndarray) and source.ndim != 2:
        raise UsageError(f"Held-out logits have shape {source.shape}.", do="give (training examples, classes)")
    return source


def logits_of(
    source: Source, task: Task, rows: np.ndarray, seed: int, epochs: int | None = None
) -> tuple[Float[np.ndarray, "n classes"], dict[str, np.ndarray]]:
    """Held-out logits (n, classes) of all training rows, and what the run that made them kept.

    Trained on `rows` alone, for `epochs` (None: the recipe's), without the recipe's methods; rows that are not trained
    on may be NaN. Errors: DataError for an array of another shape, or without numbers for a row.
    """
    source = checked_source(source)
    if isinstance(source, np.ndarray):
        return _given(source, task, rows), {}
    if epochs is not None and epochs != task.recipe.epochs:
        task = dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, epochs=epochs))
    with one_thread():
        if isinstance(source, Folds):
            return out_of_fold_logits(task, rows, source.count, seed), {}
        kept = fit(begin(task, rows, seed), [source]).kept
    return kept["xrm_held_out_logits"], kept


def out_of_fold_logits(task: Task, rows: np.ndarray, count: int, seed: int) -> Float[np.ndarray, "n classes"]:
    """Logits (n, outputs) of each row by the network that was trained on the other folds; NaN outside `rows`."""
    fold = folds(task.train.targets[rows], count, seed)
    logits = np.full((len(task.train), task.outputs), np.nan, np.float32)
    for k in range(count):
        state = fit(begin(task, rows[fold != k], spawn(seed, "fold", k)))
        left = rows[fold == k]
        logits[left] = outputs(task, state.network, task.train.take(left), state.device)
    return logits


def held_out_logits(many: SubsetRuns) -> Float[np.ndarray, "n classes"]:
    """Log-probabilities (n, classes), averaged over the models that left the example out, in the order of `many.ids`.

    Errors: DataError when an example was in the training set of every model, or for regression.
    """
    if not many.classes:
        raise DataError("Subset models of a regression have no class logits.")
    out = ~many["member"]
    counts = out.sum(0)
    if (counts == 0).any():
        first = many.ids[(counts == 0).argmax()]
        raise DataError(
            f"{(counts == 0).sum()} of {many.n} examples were in the training set of all {many.models} models "
            f"(first: {first!r}).",
            "Nothing is known of them from outside.", "record more models: 20 leave every example out of some",
        )  # fmt: skip
    total = np.zeros((many.n, many.classes))
    for k in range(many.models):
        total[out[k]] += _log_probabilities(many, k)[out[k]]
    return total / counts[:, None]


def _log_probabilities(many: SubsetRuns, k: int) -> np.ndarray:
    """Of model k for the training examples; of more than 64 outputs the largest eight, the others share the rest."""
    if many.classes <= ALL_LOGITS:
        z = many["logits"][k, : many.n].astype(np.float64)
        z -= z.max(1, keepdims=True)
        return z - np.log(np.exp(z).sum(1, keepdims=True))
    largest = many["top_logits"][k, : many.n] - many["log_sum_exp"][k, : many.n, None].astype(np.float64)
    rest = np.clip(1 - np.exp(largest).sum(1), TINY, 1) / (many.classes - TOP)
    log_p = np.repeat(np.log(rest)[:, None], many.classes, 1)
    np.put_along_axis(log_p, many["top"][k, : many.n], largest, 1)
    return log_p


def _given(logits: np.ndarray, task: Task, rows: np.ndarray) -> np.ndarray:
    wanted = len(task.train), task.outputs
    if logits.shape != wanted or logits.dtype.kind != "f":
        raise DataError(
            f"The held-out logits are {logits.dtype} of shape {logits.shape}; floats of shape {wanted} are needed.",
            do="give one row per training example, in their order, and one column per class",
        )
    bad = ~np.isfinite(logits[rows]).all(1)
    if bad.any():
        raise DataError(
            f"{bad.sum()} training examples have no held-out logits (first: row {rows[bad.argmax()]}).",
            do="leave these examples out, or record more models or folds",
        )
    return logits
