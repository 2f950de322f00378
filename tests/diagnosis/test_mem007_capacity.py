from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from byheart.base.errors import NotApplicable
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.mem007_capacity import capacity, parameters
from byheart.diagnosis.uncertainty import Interval

from .conftest import clouds, scores_of

SEEDS, ROWS = 3, 400


def factor(name: str, kind: str, target: str, *texts: str) -> SimpleNamespace:
    return SimpleNamespace(name=name, kind=kind, target=target, texts=texts)


SIZE = factor("size", "data", "size", "30", "60", "120")
HIDDEN = factor("hidden", "network", "hidden", "8", "128x128")


def right(share: float, seed: int = 0) -> np.ndarray:
    """Answers (seeds, rows) of which so many are right; what one setting gets right, a better one gets right too."""
    chance = np.random.default_rng(1).random(ROWS)
    shaken = np.random.default_rng(seed).normal(0, 0.01, (SEEDS, ROWS))
    return (chance + shaken < share).astype(float)


def swept(factors, accuracy, memorized=None, *, examples=None, own=None, curves=(), metric="accuracy", ids=None):
    """A sweep of given accuracies, sizes and numbers of parameters."""
    n = len(accuracy)
    levels = [f.texts for f in factors]
    texts = [t for t in np.array(np.meshgrid(*levels, indexing="ij")).reshape(len(levels), -1)]
    table = {f.name: list(t) for f, t in zip(factors, texts, strict=True)}
    table |= {"setting": range(1, n + 1), "examples": examples or [120] * n, "parameters": own or [1000] * n}
    test = np.stack([right(a, seed=k) for k, a in enumerate(accuracy)])
    fitted = np.full((n, SEEDS), 0.5) if memorized is None else np.array(memorized)[:, None] + [0.0, 0.005, -0.005]
    return SimpleNamespace(
        factors=factors, table=pd.DataFrame(table), test=test, memorized=fitted, measure="wrong_fitted", metric=metric,
        curves=curves, ids=clouds().train.ids if ids is None else ids,
        label=lambda k: " ".join(f"{f.name}={table[f.name][k]}" for f in factors),
    )  # fmt: skip


def judged(sweep) -> object:
    task = clouds()
    return capacity(Evidence(task, None, None, scores_of(task), {"sweep": sweep}))


def curve(doubled: float, label: str = "", reason: str = ""):
    return SimpleNamespace(label=label, reason=reason, doubled=Interval(doubled, doubled / 2, doubled * 2))


def test_more_data_would_help():
    found = judged(swept([SIZE], [0.6, 0.75, 0.85], examples=[30, 60, 120]))
    assert found.code == "MEM007" and found.severity == "note" and found.count == 0 and found.total == 120
    assert found.evidence.startswith("Too little data: from 60 to 120 examples test accuracy got better by 1")
    assert "for each doubling" in found.evidence and "collect more" in found.do


def test_a_law_promises():
    sizes = {"examples": [30, 60, 120]}
    found = judged(swept([SIZE], [0.6, 0.75, 0.85], **sizes, curves=[curve(0.06)]))
    assert "the fitted law promises 6.0 points (95% 3.0 to 12.0) for twice as many" in found.evidence
    assert judged(swept([SIZE], [0.6, 0.75, 0.85], **sizes, curves=[curve(0.004)])) is None
    without = judged(swept([SIZE], [0.6, 0.75, 0.85], **sizes, curves=[curve(0.0, reason="too few sizes")]))
    assert "for each doubling" in without.evidence


def test_enough_data():
    assert judged(swept([SIZE], [0.6, 0.84, 0.85], examples=[30, 60, 120])) is None
    assert judged(swept([SIZE], [0.6, 0.86, 0.85], examples=[30, 60, 120], curves=[curve(0.05)])) is None


def test_a_smaller_network_is_as_good_and_memorizes_less():
    found = judged(swept([HIDDEN], [0.9, 0.9], [0.2, 0.95], own=[500, 20000]))
    assert found.evidence.startswith("Too much network: hidden=8 (500 parameters) against hidden=128x128 (20,000)")
    assert "fewer wrong labels given back by 75.0 points" in found.evidence
    assert found.do == "take the smaller network"


def test_a_smaller_network_is_better():
    found = judged(swept([HIDDEN], [0.93, 0.85], [0.5, 0.5], own=[500, 20000]))
    assert "test accuracy better by" in found.evidence


@pytest.mark.parametrize(
    ("accuracy", "memorized"),
    [([0.85, 0.9], [0.2, 0.95]), ([0.9, 0.9], [0.5, 0.5]), ([0.9, 0.9], [0.49, 0.5])],
    ids=["worse", "no less", "hardly less"],
)
def test_the_network_is_needed(accuracy, memorized):
    assert judged(swept([HIDDEN], accuracy, memorized, own=[500, 20000])) is None


def test_networks_are_held_against_the_tasks_own():
    own = parameters(Evidence(clouds(), None, None, scores_of(clouds())))
    three = factor("hidden", "network", "hidden", "8", "own", "huge")
    sweep = swept([three], [0.9, 0.9, 0.9], [0.9, 0.9, 0.99], own=[500, own, 9 * own])
    assert judged(sweep) is None  # the huge one memorizes more, but it is not the task's
    sweep = swept([three], [0.9, 0.9, 0.9], [0.2, 0.9, 0.99], own=[500, own, 9 * own])
    assert "against hidden=own" in judged(sweep).evidence


def test_both_at_once():
    """Sizes are compared in the network that comes first, networks at the largest size, wherever that stands."""
    sweep = swept(
        [factor("size", "data", "size", "60", "120"), HIDDEN], [0.7, 0.9, 0.9, 0.9], [0.2, 0.2, 0.2, 0.9],
        examples=[60, 60, 120, 120], own=[500, 20000, 500, 20000],
    )  # fmt: skip
    found = judged(sweep)
    assert "Too little data: from 60 to 120" in found.evidence and "; " in found.do
    assert "Too much network: size=120 hidden=8 (500 parameters) against size=120 hidden=128x128" in found.evidence


def test_trainings_that_diverged_are_left_out():
    sweep = swept([SIZE], [0.6, 0.75, 0.85], examples=[30, 60, 120])
    sweep.test[1, 0] = np.nan
    assert judged(sweep) is not None
    sweep.test[2] = np.nan
    assert "from 30 to 60" in judged(sweep).evidence


def test_losses_get_better_downwards():
    sweep = swept([SIZE], [0.6, 0.75, 0.85], examples=[30, 60, 120], metric="loss")
    assert judged(sweep) is None
    sweep.test[:] = 1 - sweep.test
    assert "test loss got better by 0.1" in judged(sweep).evidence


def test_what_was_measured_by_models_has_intervals_of_its_own():
    sweep = swept([HIDDEN], [0.9, 0.9], own=[500, 20000])
    sweep.measure = "memorized"
    shares = np.array([[0.1, 0.05, 0.15], [0.4, 0.35, 0.45]])
    sweep.table = sweep.table.assign(
        **dict(zip(("memorized", "memorized_low", "memorized_high"), shares.T, strict=True))
    )
    assert "fewer examples memorized by 30.0 points (95% 22.9 to 37.1)" in judged(sweep).evidence
    sweep.table["memorized_high"] = [0.9, 0.9]
    assert judged(sweep) is None


def test_what_cannot_be_told_says_why():
    task = clouds()
    evidence = lambda sweep: Evidence(task, None, None, scores_of(task), {"sweep": sweep} if sweep else {})  # noqa: E731
    with pytest.raises(NotApplicable, match="no sweep was given"):
        capacity(evidence(None))
    with pytest.raises(NotApplicable, match="other training examples"):
        capacity(evidence(swept([HIDDEN], [0.9, 0.9], ids=np.arange(7))))
    with pytest.raises(NotApplicable, match="neither size nor network"):
        capacity(evidence(swept([factor("lr", "recipe", "lr", "0.1", "0.2")], [0.9, 0.9])))
    with pytest.raises(NotApplicable, match="neither size nor network"):
        capacity(evidence(swept([factor("activation", "network", "activation", "relu", "tanh")], [0.9, 0.9])))
