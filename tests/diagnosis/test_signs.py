from types import SimpleNamespace

import numpy as np
import pytest

from byheart.diagnosis.check import Evidence
from byheart.diagnosis.signs import measure, worth

from .conftest import Columns, scores_of

ALWAYS = {
    "turning_epoch",
    "rise",
    "drop",
    "share",
    "null",
    "excess",
    "utility",
    "worst_group",
    "worst_class",
    "class_fit",
    "group_utility",
    "complexity",
    "critical",
    "twin",
    "tree_group",
    "shortcut",
    "idle",
    "idle_worth",
}


def test_every_sign_is_there_measured_or_with_what_buys_it(noisy):
    found = measure(noisy.evidence)
    assert ALWAYS | {"train_accuracy", "validation_accuracy", "test_accuracy", "best_test_accuracy", "gap"} == set(
        found
    )
    for name, sign in found.items():
        assert sign.name == name
        assert sign.measured or sign.buys
        if sign.known:
            assert sign.low <= sign.value <= sign.high
            assert sign.n > 0


def test_accuracies_carry_wilsons_interval(noisy):
    from byheart.diagnosis.proportion import wilson

    found = measure(noisy.evidence)["test_accuracy"]
    hits = (noisy.run["final_test_logits"].argmax(1) == noisy.task.test.targets).sum()
    assert (found.value, found.low, found.high) == pytest.approx(wilson(hits, len(noisy.task.test)))


def test_complexity_and_twin_were_not_measured(noisy):
    found = measure(noisy.evidence)
    for name in ("complexity", "critical", "twin"):
        assert found[name].shown == "not measured"
        assert "regularized_twin" in found[name].buys


def test_regression_has_losses_where_others_have_accuracies(line):
    found = measure(line.evidence)
    assert ALWAYS | {"train_loss", "validation_loss", "test_loss", "gap"} == set(found)
    assert found["test_loss"].value == pytest.approx(float(line.run["test_loss"][-1].mean()), rel=1e-3)
    assert found["drop"].kind == "loss"
    assert not found["worst_class"].measured


def test_nothing_recorded_is_nothing_measured(noisy):
    found = measure(Evidence(noisy.task, None, None, scores_of(noisy.task)))
    assert not any(sign.measured for sign in found.values())
    assert all(sign.buys for sign in found.values())


def test_a_trajectory_without_held_out_examples(easy):
    run = Columns(correct=np.ones((4, 120)), loss=np.ones((4, 120)))
    found = measure(Evidence(easy.task, run, None, scores_of(easy.task, run)))
    assert found["train_accuracy"].value == 1
    assert not found["test_accuracy"].measured and not found["turning_epoch"].measured


def test_utility_is_taken_as_it_was_measured(easy):
    effect = SimpleNamespace(utility=-0.03, se=0.005, without=np.zeros(5), ids=np.arange(9))
    found = worth(Evidence(easy.task, None, None, easy.scores, {"memorized": effect}))
    assert (found.value, found.se, found.n) == (-0.03, 0.005, 5)
    assert "9 examples left out, 5 pairs" in found.text
