import dataclasses

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from byheart.base.errors import DataError, UsageError
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.methods.lff import LfF, averaged, in_units_of_class, relative_difficulty
from byheart.runs.loop import begin, fit, one_thread


def test_the_average_begins_with_the_first_value():
    old = torch.tensor([float("nan"), 2.0])
    assert averaged(old, torch.tensor([3.0, 3.0]), 0.7).tolist() == pytest.approx([3.0, 0.7 * 2 + 0.3 * 3])


def test_losses_in_units_of_their_class():
    losses = torch.tensor([1.0, 4.0, 3.0, float("nan"), 0.0])
    targets = torch.tensor([0, 0, 1, 1, 2])
    assert in_units_of_class(losses, targets, 3, torch.tensor([0, 1, 2, 4])).tolist() == [0.25, 1.0, 1.0, 0.0]


def test_relative_difficulty():
    biased, debiased = torch.tensor([1.0, 0.0, 0.5]), torch.tensor([0.0, 1.0, 0.5])
    assert relative_difficulty(biased, debiased).tolist() == pytest.approx([1.0, 0.0, 0.5])
    assert torch.isfinite(relative_difficulty(torch.zeros(1), torch.zeros(1))).all()


@dataclasses.dataclass(frozen=True)
class Spy:
    """Before LfF: the losses of both networks on the batch, before the step."""

    seen: list

    def batch(self, state):
        with torch.no_grad():
            b, d = (net(state.batch.inputs) for net in (state.own["lff"]["biased"]["network"], state.network))
            self.seen.append([state.batch.rows, *(F.cross_entropy(z, state.batch.targets, reduction="none").numpy()
                                                  for z in (b, d))])  # fmt: skip


@dataclasses.dataclass(frozen=True)
class After:
    """After LfF: the weighted losses."""

    found: list

    def losses(self, state):
        self.found.append(state.losses.detach().numpy().copy())


def test_the_weights_in_training_are_the_formulas(few):
    """Against a dictionary of averages that is kept by hand, over two epochs."""
    spy, after = Spy([]), After([])
    short = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=2))
    with one_thread():
        fit(begin(short, np.arange(190), 0), [spy, LfF(0.7, 0.6), after])
    averages: dict[str, dict[int, float]] = {"b": {}, "d": {}}
    for (rows, b, d), found in zip(spy.seen, after.found, strict=True):
        for which, losses in (("b", b), ("d", d)):
            known = averages[which]
            for i, loss in zip(rows, losses, strict=True):
                known[i] = 0.6 * known[i] + 0.4 * loss if i in known else loss
        for i, loss, weighted in zip(rows, d, found, strict=True):
            same = [j for j in averages["b"] if few.train.targets[j] == few.train.targets[i]]
            lb, ld = (averages[w][i] / max(averages[w][j] for j in same) for w in "bd")
            assert weighted == pytest.approx(loss * lb / (lb + ld + 1e-8), rel=1e-4, abs=1e-6)


def test_exceptions_weigh_more_than_what_a_shortcut_explains():
    random = np.random.default_rng(0)
    y, n = random.integers(0, 2, 400), 400
    exception, sign = random.random(n) < 0.1, 2 * y - 1
    x = np.c_[sign, 5 * np.where(exception, -sign, sign), 0.3 * random.normal(size=(n, 20))]
    task = Task((x, y), (x[:50], y[:50]), scaling="none", recipe=Recipe(epochs=10, batch=32, lr=0.02))
    with one_thread():
        state = fit(begin(task, np.arange(n), 0), [LfF()])
    own = state.own["lff"]
    biased, debiased = (
        in_units_of_class(own[k], own["targets"], 2, torch.arange(n)) for k in ("biased_loss", "debiased_loss")
    )
    weights = relative_difficulty(biased, debiased).numpy()
    assert weights[exception].mean() > 3 * weights[~exception].mean()


def test_errors():
    with pytest.raises(UsageError, match="q="):
        LfF(q=2)
    y = np.linspace(0.1, 1, 9)
    regression = Task((np.zeros((9, 2)), y), (np.zeros((9, 2)), y), recipe=Recipe(lr=0.1))
    with pytest.raises(DataError, match="regression"):
        fit(begin(regression, np.arange(9), 0), [LfF()])
