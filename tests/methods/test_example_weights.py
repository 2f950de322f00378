import dataclasses

import numpy as np
import pytest
import torch

from byheart.base.errors import DataError
from byheart.methods.example_weights import ExampleWeights
from byheart.runs.loop import begin, events_of, fit, one_thread, outputs

FULL = {"batch": 200, "lr": 0.2, "epochs": 8}


@pytest.mark.parametrize("weights", [None, np.ones(200), np.full(200, 3.5)])
def test_equal_weights_are_plain_training(weights, fitted):
    state, plain = fitted(ExampleWeights(weights)), fitted()
    for one, other in zip(state.network.state_dict().values(), plain.network.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_weight_0_is_dropping_in_full_batches(few, fitted):
    gone = few.truth["wrong"]
    weighted = fitted(ExampleWeights(~gone), **FULL)
    dropped = fitted(rows=np.flatnonzero(~gone), **FULL)
    one, other = (outputs(few, state.network, few.test) for state in (weighted, dropped))
    np.testing.assert_allclose(one, other, atol=2e-4)
    assert np.abs(one - outputs(few, fitted(**FULL).network, few.test)).max() > 0.1


def test_weight_2_is_a_copy_in_full_batches(few, fitted):
    twice = np.zeros(200, bool)
    twice[:40] = True
    weighted = fitted(ExampleWeights(1.0 + twice), **FULL)
    train = few.train
    rows = np.concatenate([np.arange(200), np.arange(40)])
    ids = np.concatenate([train.ids, 10_000 + np.arange(40)])
    copies = dataclasses.replace(train.take(np.arange(200)), ids=train.ids)
    copies = type(train)(copies.inputs[rows], copies.targets[rows], ids)
    doubled = dataclasses.replace(few, train=copies, truth={}, scaling="none")
    plain = dataclasses.replace(few, scaling="none")
    recipe = dataclasses.replace(few.recipe, **(FULL | {"batch": 240, "lr": 0.002}))
    doubled, plain = (dataclasses.replace(t, recipe=recipe) for t in (doubled, plain))
    with one_thread():
        state = fit(begin(doubled, np.arange(240), 0), ())
        other = fit(begin(plain, np.arange(200), 0), [ExampleWeights(1.0 + twice)])
    np.testing.assert_allclose(
        outputs(plain, state.network, few.test), outputs(plain, other.network, few.test), atol=2e-4
    )
    assert weighted.epoch == FULL["epochs"]


def test_a_batch_in_which_nobody_counts_moves_nothing(few, fitted, weights):
    alone = np.zeros(200)
    alone[0] = 1
    state = fitted(ExampleWeights(alone), batch=1, epochs=1)
    assert all(torch.isfinite(p).all() for p in state.network.parameters())
    only = begin(
        dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, batch=1, epochs=1)), np.array([3, 4]), 0
    )
    before = [p.detach().clone() for p in only.network.parameters()]
    with one_thread():
        fit(only, [ExampleWeights(alone)])
    assert all(torch.equal(a, b) for a, b in zip(before, only.network.parameters(), strict=True))


def test_it_multiplies_with_other_weights(few):
    state = begin(few, np.arange(200), 0)
    state.batch = next(iter(few.batches(np.arange(200), 0, torch.Generator().manual_seed(0))))
    state.losses, state.weights = torch.ones(32), torch.full((32,), 2.0)
    ExampleWeights(np.arange(200)).losses(state)
    np.testing.assert_array_equal(state.weights.numpy(), 2.0 * state.batch.rows)


def test_its_weights_name_it_in_the_digest(few):
    def of(weights):
        methods = (ExampleWeights(weights),)
        return dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, methods=methods)).digest

    weights = np.linspace(0, 1, 200)
    other = weights.copy()
    other[150] = 0.123
    assert of(weights) == of(weights.copy()) != of(other)


def test_rows_take_their_weights_along():
    event = ExampleWeights(np.arange(5))
    np.testing.assert_array_equal(event.take(np.array([4, 1])).weights, [4, 1])
    assert ExampleWeights().take(np.array([1])).weights is None
    assert repr(event) == "ExampleWeights(5 from 0 to 4)" and not event.weights.flags.writeable
    with pytest.raises(DataError, match="All example weights are 0"):
        event.take(np.array([0]))


@pytest.mark.parametrize(
    ("weights", "said"),
    [([-1, 2], "negative"), ([float("nan"), 1], "no numbers"), ([[1.0]], "shape"), ([0, 0], "All"), (["a"], "shape")],
)
def test_what_cannot_weigh_is_refused(weights, said):
    with pytest.raises(DataError, match=said):
        ExampleWeights(weights)


def test_another_number_of_examples_is_refused_before_training(few):
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, methods=(ExampleWeights([1.0, 2.0]),)))
    with pytest.raises(DataError, match="2 example weights for 200"):
        fit(begin(task, np.arange(200), 0), events_of(task))
