"""control: one plan of several wishes, in a fixed order, nothing twice, and a word of caution after a bad verdict."""

import dataclasses

import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.controls.deduplicate import Deduplicate
from byheart.controls.drop import Drop
from byheart.controls.relabel import Relabel
from byheart.controls.reweight import Reweight
from byheart.controls.spared import spared
from byheart.controls.stop import Stop
from byheart.controls.verbs import cautions, control, once_out, taken_away
from byheart.methods.example_weights import ExampleWeights


def test_all_at_once_in_the_order_that_lets_each_find_its_examples(judged):
    train = judged.task.train
    plan = control(
        judged, stop_at=5, methods="dropout=0.5", drop=train.ids[[0, 1]], deduplicate="MEM002", generate="mixup=6",
        reweight={train.ids[0].item(): 3.0, train.ids[5].item(): 2.0}, relabel={train.ids[1].item(): "3"},
    )  # fmt: skip
    names = ["relabel", "reweight", "generate", "deduplicate", "drop", "methods", "stop"]
    assert [a.name for a in plan.actions] == names and plan.task == judged.task.name
    changed = plan.apply(judged.task)
    out = {*train.ids[[0, 1]].tolist(), *plan.actions[3].ids}
    assert changed.train.ids.tolist() == [i for i in [*train.ids.tolist(), *plan.actions[2].ids] if i not in out]
    (weights,) = [m for m in changed.recipe.methods if isinstance(m, ExampleWeights)]
    assert len(weights.weights) == len(changed.train)
    kept = changed.train.ids.tolist().index(train.ids[5].item())
    assert weights.weights[kept] == 2.0 and changed.recipe.methods[-2:] == ("dropout=0.5", "stop_at_epoch=5")
    assert plan.undo(changed, judged.task).digest == judged.task.digest


def test_once_out():
    copies = Deduplicate((1,), ((2, 3),))
    assert once_out([copies, Drop((3, 4), "why")]) == [copies, Drop((4,), "why")]
    assert once_out([copies, Drop((3, 2))]) == [copies]
    assert once_out([Drop((2,))]) == [Drop((2,))]


def test_a_copy_that_is_also_mislabelled_is_dropped_once(judged):
    plan = control(judged, deduplicate="MEM002", drop=judged["MEM002"].ids)
    assert len(plan.ids) == len(set(plan.ids)) == judged["MEM002"].count


def test_taken_away(table):
    for action, rows in (
        (Drop((3, 1)), [3, 1]),
        (Relabel((2,), ("dog",), ("cat",)), [2]),
        (Deduplicate((0,), ((4, 5),)), [4, 5]),
        (Reweight((6, 7, 8), (0.5, 1.0, 2.0)), [6]),
        (Stop(2), []),
    ):
        assert taken_away(table, action).tolist() == rows


def test_cautions_count_what_a_bad_verdict_names(judged, bad):
    named = spared(bad)
    ids = bad.task.train.ids
    both = (ids[named][0].item(), ids[~named][0].item())
    assert cautions(judged, [Drop(both)]) == ()
    assert cautions(bad, [Drop(both[1:]), Stop(2), Reweight(both, (2.0, 0.1))]) == ()  # more weight is welcome
    (note,) = cautions(bad, [Reweight(both, (0.1, 2.0))])
    assert note.startswith("reweight takes away 1 example that the verdict (bad) names.") and "group_dro" in note
    assert control(bad, drop=ids[named][:3]).notes[0].startswith("drop takes away 3 examples")


def test_what_cannot_be_done_is_said_at_once(judged):
    for wishes in ({}, {"methods": ()}, {"drop": [10**6]}, {"relabel": {2: "eleven"}}, {"stop_at": 99}):
        with pytest.raises(UsageError):
            control(judged, **wishes)
    weighing = dataclasses.replace(
        judged.task, recipe=dataclasses.replace(judged.task.recipe, methods=(ExampleWeights(np.full(209, 0.5)),))
    )
    with pytest.raises(UsageError, match=r"^reweight: The recipe weighs examples already"):
        control(dataclasses.replace(judged, task=weighing), reweight="MEM001=0.5")


def test_weights_that_are_no_numbers_are_refused(judged):
    for weight in (float("nan"), float("inf"), 1e300, -1.0):
        with pytest.raises(UsageError, match="no weight"):
            control(judged, reweight={2: weight})
