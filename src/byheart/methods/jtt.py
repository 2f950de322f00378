"""JTT: what a first, short training gets wrong is put into the second several times."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from byheart.base.errors import UsageError
from byheart.base.seeds import spawn
from byheart.methods.method import method
from byheart.methods.second_network import classes_needed
from byheart.runs.events import State
from byheart.runs.loop import begin, fit, one_thread, outputs


def upsampled(rows: Int[np.ndarray, "k"], wrong: Bool[np.ndarray, "n"], weight: int) -> Int[np.ndarray, "more"]:
    """The rows, each of those that are `wrong` (n,) `weight` times."""
    return np.repeat(rows, np.where(wrong[rows], weight, 1))


@method("jtt", acts_on="sample", source="Liu et al. 2021", trains_twice=True)
@dataclass(frozen=True)
class JTT:
    """Trains for a few epochs first, and then anew with every example that was wrong repeated `weight` times.

    `weight` 1 is plain training. `epochs` is how long the first training takes, by the recipe otherwise: so long that
    what is easy has been learned and exceptions have not; both are to be chosen by the worst group of the validation
    set. Kept in the run: "jtt_error_set" (n,); when it is empty the first training was too long, and nothing is
    repeated. An epoch grows with the error set.
    """

    weight: int = 20
    epochs: int = 1

    def __post_init__(self) -> None:
        for name in ("weight", "epochs"):
            value = getattr(self, name)
            if not (isinstance(value, int) and value >= 1):
                raise UsageError(f"{name}={value!r} is out of range.", do="give a whole number from 1")

    def fit_start(self, state: State) -> None:
        classes_needed("JTT", state)
        if self.weight == 1:
            return
        if "jtt" not in state.own:
            state.own["jtt"] = {"wrong": self.error_set(state)}
        wrong = np.asarray(state.own["jtt"]["wrong"])
        state.keep("jtt_error_set", wrong)
        state.rows = upsampled(state.rows, wrong, self.weight)

    def error_set(self, state: State) -> Bool[np.ndarray, "n"]:
        """Which of the rows the first network gets wrong, (n,); False outside the rows."""
        task, rows = state.task, state.rows
        first = dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, epochs=self.epochs))
        with one_thread():
            trained = fit(begin(first, rows, spawn(state.seed, "jtt")))
        seen = task.train.take(rows)
        wrong = np.zeros(len(task.train), bool)
        wrong[rows] = outputs(task, trained.network, seen, state.device).argmax(1) != seen.targets
        return wrong
