import dataclasses
import math
from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.base.errors import DataError, UsageError
from byheart.base.registry import find
from byheart.methods import mat
from byheart.methods.held_out_logits import Folds
from byheart.methods.mat import MAT, calibration, held_out_distribution, joint, shift
from byheart.methods.xrm import XRM
from byheart.runs.loop import begin, events_of, fit, one_thread
from byheart.runs.single import record


def slow_shift(logits, targets, temperature):
    """Algorithm 1, one number at a time."""
    n, classes = len(logits), len(logits[0])
    p = []
    for row in logits:
        scaled = [float(z) / temperature for z in row]
        parts = [math.exp(z - max(scaled)) for z in scaled]
        p.append([part / sum(parts) for part in parts])
    together = [[0.0] * classes for _ in range(classes)]
    for i in range(n):
        for k in range(classes):
            together[k][targets[i]] += p[i][k] / n
    result = []
    for i in range(n):
        row = []
        for c in range(classes):
            total = 0.0
            for k in range(classes):
                if p[i][k] > 0:
                    total += p[i][k] * together[k][c] / sum(together[k])
            row.append(math.log(total + 1e-6))
        result.append(row)
    return np.array(result)


def drawn(n, classes, seed, labels=None):
    random = np.random.default_rng(seed)
    logits = random.normal(size=(n, classes)) * 3
    return logits, random.choice(classes if labels is None else labels, n)


@pytest.mark.parametrize("temperature", [0.001, 0.01, 0.1, 1.0])
@pytest.mark.parametrize("labels", [None, [0, 1, 3]], ids=["all classes", "a class without examples"])
@pytest.mark.parametrize(("kind", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_the_shift_is_algorithm_1(temperature, labels, kind, tolerance):
    logits, targets = drawn(57, 5, 3, labels)
    logits = torch.tensor(logits, dtype=kind)
    found = shift(logits, torch.tensor(targets), temperature)
    assert found.dtype == kind
    assert np.abs(found.double().numpy() - slow_shift(logits.tolist(), targets, temperature)).max() <= tolerance


def test_a_class_that_is_never_predicted_leaves_no_nan():
    logits, targets = drawn(30, 4, 1)
    logits[:, 2] = -1e6  # softmax is exactly 0, so that the row of the joint is 0 / 0
    found = shift(torch.tensor(logits), torch.tensor(targets), 0.1)
    assert torch.isfinite(found).all()
    assert np.abs(found.numpy() - slow_shift(logits, targets, 0.1)).max() < 1e-12


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.sampled_from([0.001, 0.01, 0.1, 1.0, 10.0]))
def test_what_holds_whatever_the_logits(seed, classes, temperature):
    logits, targets = (torch.tensor(a) for a in drawn(40, classes, seed))
    p, frequency = (logits / temperature).softmax(1), torch.bincount(targets, minlength=classes) / 40
    together, said = joint(p, targets), held_out_distribution(logits, targets, temperature)
    assert together.sum().item() == pytest.approx(1)
    assert torch.allclose(together.sum(0), frequency.double()) and torch.allclose(together.sum(1), p.mean(0))
    assert torch.allclose(calibration(together).sum(1), torch.ones(classes, dtype=torch.float64))
    assert torch.allclose(said.sum(1), torch.ones(40, dtype=torch.float64))
    assert torch.allclose(said.mean(0), frequency.double())  # calibrated: on average it says what there is
    found = shift(logits, targets, temperature)
    assert found.min() >= math.log(1e-6) - 1e-12 and found.max() <= math.log(1 + 1e-6) + 1e-12
    # what the held-out model calls the classes does not matter, nor does a constant on an example's logits
    order = torch.randperm(classes, generator=torch.Generator().manual_seed(seed % 1000))
    assert torch.allclose(shift(logits[:, order], targets, temperature), found, atol=1e-9)
    assert torch.allclose(shift(logits + 7.0, targets, temperature), found, atol=1e-7)
    # renaming the labels renames the columns
    renamed = torch.empty_like(order).scatter_(0, order, torch.arange(classes))
    assert torch.allclose(shift(logits, renamed[targets], temperature)[:, renamed], found, atol=1e-9)


def test_held_out_logits_that_say_nothing_make_it_logit_adjustment_by_class_frequencies():
    _, targets = drawn(50, 3, 0, [0, 0, 0, 1])
    found = shift(torch.zeros(50, 3, dtype=torch.float64), torch.tensor(targets), 0.1)
    frequency = np.bincount(targets, minlength=3) / 50
    assert np.allclose(found, np.log(frequency + 1e-6), atol=1e-12)


def test_with_classes_as_frequent_it_is_then_plain_cross_entropy():
    targets = torch.arange(30) % 3
    logits = torch.randn(30, 3, dtype=torch.float64)
    moved = logits + shift(torch.zeros(30, 3, dtype=torch.float64), targets, 0.1)
    plain, found = (torch.nn.functional.cross_entropy(z, targets, reduction="none") for z in (logits, moved))
    assert torch.allclose(plain, found, atol=1e-12)


def test_held_out_logits_that_know_the_label_leave_nothing_to_learn():
    targets = torch.arange(30) % 3
    known = torch.nn.functional.one_hot(targets, 3).double() * 100
    logits = torch.zeros(30, 3, dtype=torch.float64, requires_grad=True)
    torch.nn.functional.cross_entropy(logits + shift(known, targets, 0.1), targets).backward()
    assert logits.grad is not None and logits.grad.abs().max() < 1e-6


@dataclasses.dataclass(frozen=True)
class Seen:
    """Keeps the logits before or after."""

    what: list

    def logits(self, state):
        self.what.append((state.batch.rows, state.logits.detach().clone()))


def trained(task, rows, *events):
    with one_thread():
        state = begin(task, rows, 0)
        fit(state, events)
    return state


def test_every_batch_gets_the_shift_of_the_whole_training_set(few):
    """Also where a class is missing from the batch, and from all rows that are trained on."""
    rows = np.flatnonzero(few.train.targets != 4)
    held_out = np.random.default_rng(0).normal(size=(len(few.train), 10)).astype(np.float32)
    small = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, batch=7, epochs=1))
    before, after = Seen([]), Seen([])
    state = trained(small, rows, before, MAT(0.1, held_out), after)
    wanted = np.full((len(few.train), 10), np.nan)
    wanted[rows] = slow_shift(held_out[rows].tolist(), few.train.targets[rows], 0.1)
    for (which, raw), (_, moved) in zip(before.what, after.what, strict=True):
        assert len(np.unique(few.train.targets[which])) < 9
        assert np.abs((moved.double() - raw.double()).numpy() - wanted[which]).max() < 3e-6  # float32 sums of up to 20
        assert torch.equal(moved, raw + state.own["mat"]["shift"][torch.from_numpy(which)])
    assert np.nanmax(np.abs(state.own["mat"]["shift"].numpy() - wanted)) < 1e-6
    assert np.array_equal(np.isnan(state.own["mat"]["shift"].numpy()).all(1), few.train.targets == 4)
    assert np.allclose(wanted[rows][:, 4], math.log(1e-6))


def test_the_trajectory_never_sees_the_shift(few, tmp_path):
    """With a learning rate of nearly nothing, the recorded losses are those of plain training."""
    held_out = np.random.default_rng(0).normal(size=(len(few.train), 10))
    still = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, lr=1e-9, epochs=2))
    plain = record(still, tmp_path / "plain", events=())
    shifted = record(still, tmp_path / "mat", events=(MAT(0.1, held_out),))
    for name in ("loss", "margin", "test_loss", "final_logits", "final_test_logits"):
        assert np.allclose(plain[name], shifted[name], atol=1e-4), name


def test_it_changes_what_is_learned_but_strength_0_changes_no_byte(few, tmp_path):
    held_out = np.random.default_rng(0).normal(size=(len(few.train), 10))
    runs = {
        name: record(few, tmp_path / name, events=events)
        for name, events in {
            "plain": (), "none": (MAT(0.1, held_out, strength=0),), "mat": (MAT(0.1, held_out),),
        }.items()
    }  # fmt: skip
    read = lambda name: (tmp_path / name / "network.safetensors").read_bytes()  # noqa: E731
    assert read("plain") == read("none") != read("mat")
    assert "mat_held_out_logits" in runs["mat"] and "mat_held_out_logits" not in runs["none"]


def test_the_classes_frequencies_alone_hardly_change_a_balanced_training(few):
    """Held-out logits that say nothing add nearly a constant: the labels of `few` are nearly even."""
    plain, found = (trained(few, np.arange(200), *events) for events in ((), (MAT(0.1, np.zeros((200, 10))),)))
    inputs, _ = few.tensors(few.test, np.arange(30))
    agree = [(s.network(inputs).argmax(1)) for s in (plain, found)]
    assert (agree[0] == agree[1]).float().mean() >= 0.9


@pytest.mark.parametrize("source", ["xrm", "folds", XRM(mean="plain"), Folds(3)], ids=repr)
def test_it_finds_held_out_logits_itself(source, few):
    short = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=2))
    state = trained(short, np.arange(150), MAT(0.1, source, epochs=1))
    kept = state.kept["mat_held_out_logits"]
    assert np.isfinite(kept[:150]).all()
    assert np.allclose(
        state.own["mat"]["shift"][:150],
        slow_shift(kept[:150].tolist(), few.train.targets[:150], 0.1), atol=1e-6,
    )  # fmt: skip
    assert state.kept["mat_mistake"][:150].tolist() == (kept[:150].argmax(1) != few.train.targets[:150]).tolist()
    assert ("xrm_flip_rate" in state.kept) == (not isinstance(source, Folds) and source != "folds")
    if "xrm_flip_rate" in state.kept:
        assert state.kept["xrm_flip_rate"].shape == (1,)


def test_what_was_trained_first_is_not_trained_again_on_resuming(few, monkeypatch):
    state = trained(few, np.arange(200), MAT(0.1, Folds(2), epochs=1))

    def never(*_, **__):
        raise AssertionError("trained again")

    monkeypatch.setattr(mat, "logits_of", never)
    again = begin(few, np.arange(200), 0)
    again.own = {"mat": {"shift": state.own["mat"]["shift"].numpy()}}  # as it comes from disk
    MAT(0.1, Folds(2), epochs=1).fit_start(again)
    again.batch = next(iter(few.batches(np.arange(200), 0, torch.Generator().manual_seed(0))))
    again.logits = torch.zeros(32, 10)
    MAT(0.1, Folds(2), epochs=1).logits(again)
    assert torch.equal(again.logits, state.own["mat"]["shift"][torch.from_numpy(again.batch.rows)])


class TestErrors:
    wrong: ClassVar = {
        "temperature": lambda: MAT(0.0),
        "strength": lambda: MAT(strength=-1),
        "twins": lambda: MAT(source="twins"),
        "shape": lambda: MAT(source=np.zeros(3)),
    }

    @pytest.mark.parametrize("name", wrong)
    def test_arguments(self, name):
        with pytest.raises(UsageError, match=name):
            self.wrong[name]()

    def test_an_array_for_other_examples(self, few):
        with pytest.raises(DataError, match="one row per training example"):
            trained(few, np.arange(200), MAT(source=np.zeros((199, 10))))

    def test_an_array_without_numbers(self, few):
        logits = np.zeros((200, 10))
        logits[[5, 7]] = np.nan
        with pytest.raises(DataError, match=r"2 training examples have no held-out logits \(first: row 5\)"):
            trained(few, np.arange(200), MAT(source=logits))
        trained(few, np.setdiff1d(np.arange(200), [5, 7]), MAT(source=logits))  # not trained on: not needed

    def test_regression(self, tmp_path):
        task = find("task", "diabetes")()
        task = dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, lr=0.1))
        with pytest.raises(DataError, match="regression"):
            record(task, tmp_path / "run", events=(MAT(),))


def test_it_is_named_by_a_text(few):
    named = dataclasses.replace(
        few, recipe=dataclasses.replace(few.recipe, methods=("mat=0.01", "mat(0.1, folds)", "mat(source='xrm')"))
    )
    assert events_of(named) == (MAT(0.01), MAT(0.1, "folds"), MAT(source="xrm"))
