from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import byheart as bh
from byheart.base.errors import RunError, TrainingFailed, UsageError
from byheart.runs import single
from byheart.runs.evidence import read
from byheart.runs.loop import outputs


def contents(folder: Path) -> dict[str, bytes]:
    """All files but those about time."""
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != "timing.json"
    }


@pytest.fixture(scope="module")
def run(few, tmp_path_factory):
    return bh.record(few, tmp_path_factory.mktemp("run"))


class Killed(BaseException):
    """As if the process had been: nobody catches it."""


@pytest.fixture
def killed(monkeypatch):
    """`killed(epoch, task, folder, ...)` records until the state of that epoch is written (0: until one would be), and
    no further.
    """
    monkeypatch.setattr(single, "SAVE_EVERY", 0.0)
    real = single.write_arrays

    def record(epoch: int, *what, **more) -> None:
        def dying(path, arrays):
            state = Path(path).name == single.STATE
            if state and epoch == 0:
                raise Killed
            real(path, arrays)
            if state and int(arrays["epoch"]) == epoch:
                raise Killed

        with monkeypatch.context() as here:
            here.setattr(single, "write_arrays", dying)
            with pytest.raises(Killed):
                bh.record(*what, **more)

    return record


def test_a_run_has_every_example_of_every_epoch(few, run):
    assert run["loss"].shape == (6, 200) and run["seen"].all() and run.ids.tolist() == few.train.ids.tolist()
    assert run["test_correct"].shape == (6, 30) and run["features"].shape == (200, 128)
    assert set(np.unique(run["correct"])) <= {0.0, 1.0} and run["loss"].dtype == np.float32
    assert run["loss"][-1].mean() < run["loss"][0].mean()
    assert "nothing" not in run


def test_the_end_is_that_of_the_network_on_disk(few, run):
    network = run.network(few)
    z = outputs(few, network, few.train)
    np.testing.assert_array_equal(z, run["final_logits"])
    last = [m for m in network.modules() if isinstance(m, nn.Linear)][-1]
    with torch.no_grad():
        again = last(torch.from_numpy(run["features"].astype(np.float32)))
    np.testing.assert_allclose(again, z, atol=2e-2)
    final = read(outputs(few, network, few.test), few.test.targets, 10)
    np.testing.assert_array_equal(final["loss"], run["test_loss"][-1])


def test_the_trajectory_is_that_of_a_loop_written_out(few, run, tmp_path):
    """The first epoch, trained by hand: same order, same steps, and each batch's logits before its step."""
    from byheart.base.seeds import spawn

    torch.manual_seed(spawn(0, "network"))
    net, r = few.build(), few.recipe
    optimizer = torch.optim.SGD(net.parameters(), r.lr, momentum=r.momentum)
    torch.manual_seed(spawn(0, "epoch", 0))
    loss = np.full(200, np.nan)
    for batch in few.batches(np.arange(200), 0, torch.Generator().manual_seed(spawn(0, "batches", 0))):
        each = nn.functional.cross_entropy(net(batch.inputs), batch.targets, reduction="none")
        loss[batch.rows] = each.detach().numpy()
        optimizer.zero_grad()
        each.mean().backward()
        nn.utils.clip_grad_norm_(net.parameters(), r.clip)
        optimizer.step()
    np.testing.assert_allclose(run["loss"][0], loss, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_interrupted_after_any_epoch_it_ends_in_the_same_bytes(few, tmp_path, killed, optimizer):
    lr = {"sgd": 0.1, "adamw": 0.003}[optimizer]
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, optimizer=optimizer, lr=lr, epochs=4))
    bh.record(task, tmp_path / "whole")
    whole = contents(tmp_path / "whole")
    for stop in (1, 2, 3, 4):
        folder = tmp_path / f"killed{stop}"
        killed(stop, task, folder)
        (folder / "run.json.99.partial").write_text("left by a killed process")
        if stop == 2:  # epochs that were written after the last state are dropped
            shutil.copy(folder / "part-000001-000002.safetensors", folder / "part-000002-000003.safetensors")
        with pytest.raises(RunError, match="not finished"):
            bh.Run(folder)
        bh.record(task, folder)
        assert contents(folder) == whole


def test_a_finished_run_is_read_and_another_refused(few, run, tmp_path, monkeypatch):
    monkeypatch.setattr(single, "_train", None)
    assert bh.record(few, run.folder).epochs == 6
    for change, says in (
        ({"seed": 1}, "seed"),
        ({"without": few.train.ids[:5]}, "selection"),
        ({"train_only": "*"}, "start"),
    ):
        with pytest.raises(RunError, match=says):
            bh.record(few, run.folder, **change)
    with pytest.raises(RunError, match="recipe"):
        bh.record(dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=5)), run.folder)
    with pytest.raises(RunError, match="data"):
        bh.record(dataclasses.replace(few, train=few.train.take(np.arange(199)), truth={}), run.folder)
    with pytest.raises(RunError, match="is not a run folder"):
        (tmp_path / "precious.txt").write_text("do not delete")
        single.restart(tmp_path)
    assert (tmp_path / "precious.txt").exists()


def test_without_and_only_choose_examples(few, tmp_path):
    a = bh.record(few, tmp_path / "a", without=few.train.ids[:50])
    b = bh.record(few, tmp_path / "b", only=few.train.ids[50:])
    np.testing.assert_array_equal(a["loss"], b["loss"])
    assert a.ids.tolist() == few.train.ids[50:].tolist()
    for wrong in ({"only": [1], "without": [2]}, {"only": ["no such"]}, {"only": few.train.ids[:1]}):
        with pytest.raises(UsageError):
            bh.record(few, tmp_path / "c", **wrong)


def test_training_goes_on_from_a_run_and_on_some_parameters(few, run, tmp_path):
    last = [name for name, _ in few.build().named_parameters()][-1].rsplit(".", 1)[0]
    more = bh.record(few, tmp_path / "more", start=run, train_only=f"{last}.*")
    assert more["loss"][0].mean() < run["loss"][0].mean()
    for name, array in more.weights.items():
        assert np.array_equal(array, run.weights[name]) != name.startswith(last)
    with pytest.raises(UsageError, match="No parameter is called"):
        bh.record(few, tmp_path / "none", train_only="nothing*")


def test_a_loss_that_is_no_number_stops_with_the_place(few, tmp_path):
    wild = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, lr=1e30, clip=0.0))
    with pytest.raises(TrainingFailed, match=r"became (nan|inf) in epoch \d+, batch \d+") as caught:
        bh.record(wild, tmp_path)
    assert "learning rate" in caught.value.do


def test_regression_is_recorded_by_its_loss(tmp_path):
    x = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    y = (x[:, 0] * 5 + 50).astype(np.float32)
    run = bh.record(bh.Task((x, y), (x[:20], y[:20]), recipe=bh.Recipe(epochs=5, lr=0.03, batch=16)), tmp_path)
    assert run["loss"][-1].mean() < 0.5 < run["loss"][0].mean() + 0.2 and np.isnan(run["margin"]).all()


def test_events_act_and_what_they_own_survives_an_interruption(few, tmp_path, killed):
    @dataclasses.dataclass(frozen=True)
    class Average:
        """Keeps the mean of all losses, and drops odd labels from the loss."""

        factor: float = 0.0

        def fit_start(self, state):
            state.own["average"] = {"total": torch.zeros(()), "count": 0}

        def losses(self, state):
            state.weights = torch.where(state.batch.targets % 2 == 1, self.factor, 1.0)
            own = state.own["average"]
            own["total"] += state.losses.detach().sum()
            own["count"] += len(state.losses)

        def epoch_end(self, state):
            state.keep("mean_loss", (state.own["average"]["total"] / state.own["average"]["count"]).numpy())
            state.stop = state.epoch == 3

    events = [Average()]
    whole = bh.record(few, tmp_path / "whole", events=events)
    assert whole.epochs == 3
    np.testing.assert_allclose(whole["mean_loss"], whole["loss"].mean(), rtol=1e-5)
    odd = few.train.targets % 2 == 1
    assert whole["loss"][-1][odd].mean() > 2 * whole["loss"][-1][~odd].mean()

    killed(2, few, tmp_path / "killed", events=events)
    bh.record(few, tmp_path / "killed", events=events)
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
    with pytest.raises(RunError, match="events"):
        bh.record(few, tmp_path / "whole", events=[Average(0.5)])


def test_parts_without_a_state_are_dropped_and_leftovers_of_a_finished_run_too(few, run, tmp_path, killed):
    """Killed after the first part and before the first state; and between the last word and the clean-up."""
    killed(0, few, tmp_path)
    shutil.copy(tmp_path / "part-000000-000001.safetensors", tmp_path / "part-000000-000004.safetensors")
    bh.record(few, tmp_path)
    assert contents(tmp_path) == contents(run.folder)
    (tmp_path / single.STATE).write_bytes(b"left over")
    (tmp_path / "part-000000-000001.safetensors").write_bytes(b"left over")
    bh.record(few, tmp_path)
    assert contents(tmp_path) == contents(run.folder)


def test_time_before_an_interruption_counts(few, tmp_path, killed):
    killed(2, few, tmp_path)
    (tmp_path / "timing.json").write_text('{"cpu_seconds": 1000.0, "machine": {}}')
    assert bh.record(few, tmp_path).timing["cpu_seconds"] > 1000


def test_training_accuracy_is_exact_beyond_what_float16_counts():
    correct = np.concatenate([np.ones(79_999), [0.0, np.nan]]).astype(np.float16)
    assert single._accuracy(correct) == 79_999 / 80_000


def test_another_device_is_refused(few, run, monkeypatch):
    monkeypatch.setattr(single, "choose", lambda name: "cuda")
    with pytest.raises(RunError, match="device"):
        bh.record(few, run.folder)


def test_an_event_that_cannot_be_named_is_refused(few, tmp_path):
    @dataclasses.dataclass(frozen=True)
    class Odd:
        what: object

    for event, says in ((Odd({1, 2}), "cannot be told apart"), (object(), "is no dataclass")):
        with pytest.raises(UsageError, match=says):
            bh.record(few, tmp_path, events=[event])
