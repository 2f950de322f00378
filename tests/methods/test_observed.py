"""What is seen of a method: nothing of a plain training, and where each kind takes hold."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from byheart.data.made.perceptron import perceptron
from byheart.methods.example_weights import ExampleWeights
from byheart.methods.observed import Observed, learning, observed, touched
from byheart.runs.learner import Network


@pytest.fixture(scope="module")
def grouped(few):
    """The 200 digits in two groups, and two epochs of a small perceptron."""

    def of(part):
        return replace(part, groups=np.where(part.ids % 2, "odd", "even"))

    parts = {name: of(getattr(few, name)) for name in ("train", "validation", "test")}
    recipe = replace(few.recipe, epochs=2, lr=0.1)
    return replace(few, **parts, network=perceptron(16), recipe=recipe, truth={})


@dataclass(frozen=True)
class Idle:
    """An event without moments."""


@pytest.mark.parametrize("method", [Idle(), "dropout=0.0", "clip_norm"])
def test_what_changes_none_of_it_is_seen_as_plain(grouped, method):
    assert observed(grouped, method) == Observed(frozenset(), 1, False)


@pytest.mark.parametrize(
    ("method", "places"),
    [
        ("label_smoothing=0.1", {"loss"}),
        ("class_balanced", {"sample"}),
        ("dropout=0.5", {"representation"}),
        ("lntl", {"representation"}),  # by a hook before a layer
        ("example_tied_dropout", {"representation"}),  # by modules put in
        ("small_loss", {"loss", "sample"}),  # by weights of 0
    ],
)
def test_each_kind_takes_hold_where_it_should(grouped, method, places):
    assert observed(grouped, method).places == places


def test_hooks_that_only_look_are_not_taken_for_a_change_inside(grouped):
    pytest.importorskip("opacus", reason="opacus is not installed: pip install 'byheart[privacy]'")
    seen = observed(grouped, "dp_sgd=8")
    assert "representation" not in seen.places and "sample" not in seen.places
    assert (seen.networks, seen.refused) == (1, False)


@pytest.mark.parametrize(("method", "networks"), [("jtt", 2), ("lff", 2), ("too_good_to_be_true", 2), ("lntl", 1)])
def test_networks_that_learn_from_the_inputs_are_counted(grouped, method, networks):
    assert observed(grouped, method).networks == networks  # the head of LNTL learns from features


@pytest.mark.parametrize(("method", "refused"), [("group_dro", True), ("group_balanced", True), ("jtt", False)])
def test_whether_groups_are_needed(grouped, method, refused):
    assert observed(grouped, method).refused is refused


def test_unequal_weights_are_another_loss_and_equal_ones_are_not(grouped):
    n = len(grouped.train)
    assert "loss" in observed(grouped, ExampleWeights(np.linspace(0.5, 1.5, n))).places
    assert not observed(grouped, ExampleWeights(np.full(n, 2.0))).places


def test_watching_changes_nothing(grouped):
    rows = np.arange(len(grouped.train))
    before = Network().fit(grouped, rows, 0)(grouped.test)
    observed(grouped, "label_smoothing=0.1")
    assert np.array_equal(before, Network().fit(grouped, rows, 0)(grouped.test))


def test_an_error_leaves_no_hook_and_no_depth_behind(grouped):
    network = perceptron(4)((3,), 2)
    with pytest.raises(RuntimeError), learning((3,)):
        network.train()(torch.zeros(1, 4))
    with learning((3,)) as found:
        network.eval()(torch.zeros(1, 3))
        with torch.no_grad():
            network.train()(torch.zeros(1, 3))
        assert not found
        network.train()(torch.zeros(1, 3))
        network(torch.zeros(1, 4)[:, :3])
        assert found == [network]


def test_touched_sees_hooks_of_both_kinds_and_other_modules():
    network = perceptron(4)((3,), 2)
    plain = frozenset(type(m) for m in network.modules())
    assert not touched(network, plain)
    handle = network[1].register_forward_pre_hook(lambda module, given: None)
    assert touched(network, plain)
    handle.remove()
    assert touched(network, plain - {type(network[1])})
