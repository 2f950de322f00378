import dataclasses

import numpy as np
import pytest
import torch

from byheart.base.errors import DataError, UsageError
from byheart.data.examples import Examples
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.methods.xrm import (
    XRM,
    class_balanced,
    cross_mistakes,
    flip_probability,
    flipped,
    in_and_held_out,
    inferred_groups,
)
from byheart.runs.loop import begin, fit, one_thread, outputs
from byheart.runs.single import record


def with_shortcut(n: int, seed: int) -> tuple[Examples, np.ndarray]:
    """A loud feature that is right for 90%, a quiet one that is always right; and who the exceptions are."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, n)
    exception = random.random(n) < 0.1
    sign = 2 * y - 1
    core = sign + 0.1 * random.normal(size=n)
    loud = 5 * (np.where(exception, -sign, sign) + 0.1 * random.normal(size=n))
    noise = 0.3 * random.normal(size=(n, 20))
    return Examples(np.c_[core, loud, noise].astype(np.float32), y), exception


@pytest.fixture(scope="module")
def shortcut():
    train, exception = with_shortcut(400, 0)
    validation, held = with_shortcut(200, 1)
    task = Task(train, with_shortcut(200, 2)[0], validation=validation, scaling="none", truth={"exception": exception},
                recipe=Recipe(epochs=10, batch=32, lr=0.02))  # fmt: skip
    return task, held


def test_flip_probability_is_the_formula():
    logits = torch.tensor(np.random.default_rng(0).normal(size=(20, 5)) * 2)
    for row, found in zip(logits.numpy(), flip_probability(logits), strict=True):
        p = (np.exp(row) / np.exp(row).sum()).max()
        assert found.item() == pytest.approx((p - 1 / 5) * 5 / 4, abs=1e-12)


def test_who_does_not_know_flips_nothing_and_who_is_sure_always_flips():
    unsure, sure = torch.zeros(50, 3), torch.eye(3)[torch.arange(50) % 3] * 1000
    labels = (torch.arange(50) + 1) % 3
    for draws in (torch.zeros(50), torch.full((50,), 1 - 1e-7)):
        assert torch.equal(flipped(labels, sure, draws), torch.arange(50) % 3)
    assert torch.equal(flipped(labels, unsure, torch.full((50,), 1e-6)), labels)


def test_how_often_a_label_flips_is_its_probability():
    held_out = torch.tensor([[0.0, 1.0]]).repeat(20_000, 1)
    draws = torch.rand(20_000, generator=torch.Generator().manual_seed(0))
    share = (flipped(torch.zeros(20_000, dtype=torch.int64), held_out, draws) == 1).double().mean().item()
    p = 1 / (1 + np.exp(-1))
    assert share == pytest.approx(2 * p - 1, abs=0.01)


def test_the_class_balanced_loss_is_the_sum_of_the_classes_means():
    losses, labels = torch.rand(12, dtype=torch.float64), torch.tensor([0, 0, 0, 0, 0, 0, 0, 3, 3, 5, 5, 5])
    wanted = sum(losses[labels == c].mean() for c in (0, 3, 5))
    assert class_balanced(losses, labels).mean().item() == pytest.approx(wanted.item(), abs=1e-12)


def test_each_example_teaches_one_twin():
    first, second = (torch.randn(6, 3, requires_grad=True) for _ in "ab")
    member = torch.tensor([True, False, True, True, False, False])
    mine, held_out = in_and_held_out(first, second, member)
    torch.nn.functional.cross_entropy(mine, torch.arange(6) % 3).backward()
    assert torch.equal(first.grad.abs().sum(1) > 0, member) and torch.equal(second.grad.abs().sum(1) > 0, ~member)
    assert torch.equal(held_out[member], second[member]) and torch.equal(held_out[~member], first[~member])


def test_cross_mistakes_and_groups():
    right, wrong = np.array([[2.0, 1.0]]), np.array([[0.0, 1.0]])
    first, second = np.concatenate([right, right, wrong, wrong]), np.concatenate([right, wrong, right, wrong])
    found = cross_mistakes(first, second, np.zeros(4, np.int64))
    assert found.tolist() == [False, True, True, True]
    assert inferred_groups(np.array([0, 3]), found[:2]).tolist() == ["0 right", "3 mistaken"]


@pytest.mark.parametrize("mean", ["class", "plain"])
def test_it_finds_the_exceptions_to_a_shortcut(mean, shortcut, tmp_path):
    task, held = shortcut
    run = record(task, tmp_path / "run", events=(XRM(mean),))
    exception, found = task.truth["exception"], run["xrm_cross_mistake"]
    assert found[exception].mean() >= 0.95 and found[~exception].mean() <= 0.05
    seen = run["xrm_validation_cross_mistake"]
    assert seen[held].mean() >= 0.95 and seen[~held].mean() <= 0.05
    assert run["xrm_flip_rate"].shape == (10,) and run["xrm_flip_rate"][-1] == pytest.approx(exception.mean(), abs=0.02)
    assert (run["xrm_held_out_logits"].argmax(1) != task.train.targets)[exception].mean() >= 0.95
    assert np.array_equal(run.targets, task.train.targets)  # flipped labels stay inside


def test_held_out_logits_are_those_of_the_twin_that_did_not_train_on_the_example(few):
    rows = np.arange(20, 200)
    with one_thread():
        state = fit(begin(few, rows, 0), [XRM()])
    own = state.own["xrm"]
    first, second = (outputs(few, net, few.train) for net in (state.network, own["twin"]["network"]))
    member = own["member"].numpy()
    for i in range(200):
        wanted = (first[i] + second[i]) / 2 if i < 20 else second[i] if member[i] else first[i]
        assert np.array_equal(state.kept["xrm_held_out_logits"][i], wanted)
    assert 60 < member[20:].sum() < 120
    assert "held_out" not in own  # nothing of a batch is left to be saved


def test_a_twin_that_does_not_train_on_an_example_does_not_know_its_label(few):
    """Labels of a random half are permuted: the twin of the other half has the same bytes in the first epoch's steps.

    Flipping couples the twins, so it is turned off by labels that are put back.
    """

    @dataclasses.dataclass(frozen=True)
    class PutBack:
        def batch(self, state):  # before XRM's batch
            state.own["xrm"]["labels"] = torch.from_numpy(state.task.train.targets.copy())

    with one_thread():
        begun = begin(few, np.arange(200), 0)
        XRM("plain").fit_start(begun)
        member = begun.own["xrm"]["member"].numpy()
        changed = np.where(member, (few.train.targets + 3) % 10, few.train.targets)
        other = dataclasses.replace(few, train=dataclasses.replace(few.train, targets=changed),
                                    recipe=dataclasses.replace(few.recipe, clip=0.0))  # fmt: skip
        same = dataclasses.replace(few, recipe=other.recipe)
        one, two = (fit(begin(t, np.arange(200), 0), [PutBack(), XRM("plain")]) for t in (same, other))
    twins = [s.own["xrm"]["twin"]["network"].state_dict() for s in (one, two)]
    assert all(torch.equal(twins[0][name], twins[1][name]) for name in twins[0])
    assert not torch.equal(one.network.state_dict()["1.weight"], two.network.state_dict()["1.weight"])


def test_errors(few):
    with pytest.raises(UsageError, match="class, plain"):
        XRM("median")
    y = np.linspace(0.1, 1, 9)
    regression = Task((np.zeros((9, 2)), y), (np.zeros((9, 2)), y), recipe=Recipe(lr=0.1))
    with pytest.raises(DataError, match="regression"):
        fit(begin(regression, np.arange(9), 0), [XRM()])
