import dataclasses

import numpy as np
import pytest
from torch import nn

import byheart as bh
from byheart.base.errors import UsageError
from byheart.runs.twin import DECAY, DROPOUT, regularized_twin, stilled_twin


@pytest.fixture(scope="module")
def short(few, tmp_path_factory):
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=2))
    return task, bh.record(task, tmp_path_factory.mktemp("short"), seed=3)


def test_it_is_the_same_training_with_dropout_and_decay(short, tmp_path):
    task, run = short
    found = regularized_twin(run, task, tmp_path)
    assert found.epochs == run.epochs and found.run.record.seed == 3
    recipe = dataclasses.replace(task.recipe, weight_decay=DECAY["sgd"], methods=(f"dropout={DROPOUT}",))
    by_hand = bh.record(dataclasses.replace(task, recipe=recipe), tmp_path / "by hand", seed=3)
    np.testing.assert_array_equal(found.run["final_logits"], by_hand["final_logits"])
    assert found.differs == "dropout 0.5, weight decay 0.001"


def test_regularization_that_is_there_is_kept(short, tmp_path):
    task, _ = short
    recipe = dataclasses.replace(task.recipe, weight_decay=0.01, methods=("dropout=0.2",))
    task = dataclasses.replace(task, recipe=recipe)
    run = bh.record(task, tmp_path / "run")
    found = regularized_twin(run, task, tmp_path / "twin")
    assert found.task.recipe.methods == ("dropout=0.2",) and found.task.recipe.weight_decay == 0.01
    assert found.differs == "its own dropout, weight decay 0.01"


def test_a_network_without_activations_gets_decay_alone(short, tmp_path):
    task = dataclasses.replace(short[0], network=lambda shape, out: nn.Sequential(nn.Flatten(), nn.Linear(64, out)))
    found = regularized_twin(bh.record(task, tmp_path / "run"), task, tmp_path / "twin")
    assert found.task.recipe.methods == () and "no dropout" in found.differs


def test_the_stilled_inputs_are_the_held_out_median_and_the_scale_is_kept(short, tmp_path):
    task, run = short
    mask = np.zeros(task.input_shape, bool)
    mask[0, 3, 3] = True
    found = stilled_twin(run, task, mask, tmp_path)
    still = np.median(task.held_out.inputs[:, 0, 3, 3])
    assert (found.task.train.inputs[:, 0, 3, 3] == still).all()
    np.testing.assert_array_equal(found.task.train.inputs[:, ~mask], task.train.inputs[:, ~mask])
    for own, theirs in zip(found.task.scale, task.scale, strict=True):
        np.testing.assert_array_equal(own, theirs)


def test_the_run_of_other_examples_is_refused(short, tmp_path):
    task, _ = short
    half = bh.record(task, tmp_path / "half", only=task.train.ids[:100])
    with pytest.raises(UsageError, match="the examples of its run"):
        regularized_twin(half, task, tmp_path / "twin")
