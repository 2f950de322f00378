"""advise and its candidates: the budget is kept, and nothing takes away what a bad verdict names."""

import time

import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.controls.advise import advise
from byheart.controls.candidates import candidates, shortcut_first
from byheart.controls.drop import Drop
from byheart.controls.plan import Plan
from byheart.controls.spared import spared
from byheart.controls.stop import Stop
from byheart.controls.verbs import control, taken_away


def test_candidates_after_a_bad_verdict_spare_what_it_names(judged, bad):
    named, plans = spared(bad), candidates(bad)
    assert named.any() and not spared(judged).any()
    assert not any(named[taken_away(bad.task, a)].any() for plan in plans for a in plan.actions)
    assert any(named[taken_away(judged.task, a)].any() for plan in candidates(judged) for a in plan.actions)
    assert named.mean() > 0.5 and plans[0].actions[0].name == "methods"  # more weight would change nothing


def test_the_outnumbered_get_more_weight_first(bad):
    named = np.arange(len(bad.task.train)) < 30
    action = next(iter(shortcut_first(bad, named)))()
    assert set(action.ids) == set(bad.task.train.ids[:30].tolist())
    np.testing.assert_allclose(action.weights, (len(named) - 30) / 30, atol=1e-4)  # as much as all others together


def test_candidates_fit_the_task_and_differ(judged):
    plans = candidates(judged)
    assert {"relabel", "drop", "methods"} <= {a.name for p in plans for a in p.actions}
    assert len({p.name for p in plans}) == len(plans)
    for plan in plans:
        plan.apply(judged.task)


def test_a_plan_by_hand_that_takes_them_away_is_cautioned_and_not_advised(bad, tmp_path):
    ids = bad.task.train.ids[spared(bad)][:5].tolist()
    plan = control(bad, drop=ids)
    assert "drop takes away 5 examples that the verdict (bad) names" in plan.notes[0]
    (advice,) = advise(bad, 60, tmp_path, plans=[plan], seeds=2, jobs=1)
    assert advice.word == "not advised" and advice.change is None and advice.why
    assert not (tmp_path / "arms").exists()


def test_ranked_by_validation_and_measured_once(judged, tmp_path):
    wrong = judged.task.train.ids[judged.task.truth["wrong"]].tolist()
    plans = [Plan((Stop(1),)), Plan((Drop(tuple(wrong)),))]
    ranked = advise(judged, 300, tmp_path, plans=plans, seeds=2, jobs=1)
    gains = [a.measure.gain.value for a in ranked]
    assert gains == sorted(gains, reverse=True) and ranked[0].plan.actions[0].name == "drop"
    assert all(a.measure.chooses and a.measure.name == "validation_accuracy" for a in ranked)
    again = advise(judged, 1e-3, tmp_path, plans=plans, seeds=2, jobs=1)  # all is there: it costs nothing
    assert [a.change.lines for a in again] == [a.change.lines for a in ranked]


def test_a_bad_verdict_ranks_by_the_weakest_group(bad, tmp_path):
    (advice,) = advise(bad, 300, tmp_path, plans=[Plan((Stop(5),))], seeds=2, jobs=1)
    assert advice.measure.name == "worst_group_validation"


def test_the_budget_is_kept(judged, tmp_path):
    begun = time.monotonic()
    ranked = advise(judged, 1e-3, tmp_path, seeds=2, jobs=1)
    assert {a.word for a in ranked} == {"not measured"} and not (tmp_path / "arms").exists()
    assert all(a.seconds > 0 and "more than was left" in a.why for a in ranked)
    assert time.monotonic() - begun < 60  # nothing was trained
    with pytest.raises(UsageError):
        advise(judged, 0, tmp_path)


def test_more_budget_goes_on(judged, tmp_path):
    one, two = Plan((Stop(1),)), Plan((Stop(2),))
    first = advise(judged, 300, tmp_path, plans=[one], seeds=2, jobs=1)
    times = {p: p.stat().st_mtime_ns for p in (tmp_path / "arms").glob("*.safetensors")}
    both = advise(judged, 300, tmp_path, plans=[one, two], seeds=2, jobs=1)
    assert all(p.stat().st_mtime_ns == then for p, then in times.items()) and len(times) == 4
    assert first[0].measure.gain in [a.measure.gain for a in both]
    assert np.isfinite([a.measure.gain.value for a in both]).all()
