from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, WeightedRandomSampler

import byheart as bh
from byheart.base.errors import DataError, RunError, UsageError
from byheart.runs.evidence import read

X = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0).astype(int)
IDS = np.array([f"row{i}" for i in range(30)])


class Items(Dataset):
    def __len__(self):
        return 30

    def __getitem__(self, i):
        return X[i], Y[i], f"row{i}"


def loop_of_mine(recorder, loader, accumulate: int = 1, epochs: int = 3) -> list[dict]:
    """Somebody's own loop, with the recorder's three lines in it; returns what was said, by epoch and id."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))
    optimizer, said = torch.optim.SGD(net.parameters(), 0.1), []
    for _ in range(epochs):
        said.append({})
        for number, (x, y, ids) in enumerate(loader):
            logits = net(x)
            recorder(ids, logits)
            said[-1].update({i: z.detach().numpy().copy() for i, z in zip(ids, logits, strict=True)})
            nn.functional.cross_entropy(logits, y).backward()
            if number % accumulate == accumulate - 1:
                optimizer.step()
                optimizer.zero_grad()
        recorder.held_out(IDS[:5], net(torch.from_numpy(X[:5])))
        recorder.epoch()
    return said


@pytest.mark.parametrize(
    ("options", "accumulate"),
    [({"shuffle": True}, 1), ({"shuffle": True}, 3), ({"drop_last": True, "shuffle": True}, 1),
     ({"sampler": WeightedRandomSampler([1.0] * 30, 30, replacement=True)}, 1)],
)  # fmt: skip
def test_any_loop_is_recorded_as_it_was(tmp_path, options, accumulate):
    torch.manual_seed(3)
    recorder = bh.Recorder(tmp_path, ids=IDS, targets=Y, outputs=3, test=(IDS[:5], Y[:5]))
    said = loop_of_mine(recorder, DataLoader(Items(), batch_size=8, **options), accumulate)
    run = recorder.close()
    assert run.ids.tolist() == IDS.tolist() and run["test_loss"].shape == (3, 5)
    for epoch, by_id in enumerate(said):
        for column, i in enumerate(IDS):
            assert run["seen"][epoch, column] == (i in by_id)
            if i in by_id:  # an id seen twice keeps its last value
                want = read(by_id[i][None], Y[column : column + 1], 3)
                for name, value in want.items():
                    np.testing.assert_allclose(run[name][epoch, column], value[0], rtol=1e-6, atol=1e-6)
            else:
                assert np.isnan(run["loss"][epoch, column]) and run["predicted"][epoch, column] == -1


def test_an_interrupted_loop_goes_on(tmp_path):
    from safetensors.numpy import load, save

    whole = bh.Recorder(tmp_path / "a", ids=IDS, targets=Y, outputs=3)
    first = bh.Recorder(tmp_path / "b", ids=IDS, targets=Y, outputs=3)
    logits = np.random.default_rng(1).normal(size=(4, 30, 3)).astype(np.float32)
    for epoch in range(4):
        whole(IDS, logits[epoch])
        whole.epoch()
    for epoch in range(2):
        first(IDS, logits[epoch])
        first.epoch()
    first(IDS[:7], logits[2, :7])  # in the middle of an epoch
    second = bh.Recorder(tmp_path / "b", ids=IDS, targets=Y, outputs=3)
    second.load_state_dict(load(save(first.state_dict())))
    second(IDS[7:], logits[2, 7:])
    second.epoch()
    second(IDS, logits[3])
    second.epoch()
    a, b = whole.close(), second.close()
    for name in ("loss", "margin", "seen"):
        np.testing.assert_array_equal(a[name], b[name])
    assert (tmp_path / "a/trajectory.safetensors").read_bytes() == (tmp_path / "b/trajectory.safetensors").read_bytes()


def test_mistakes_are_told(tmp_path):
    recorder = bh.Recorder(tmp_path, ids=IDS, targets=Y, outputs=3)
    with pytest.raises(UsageError, match="never announced"):
        recorder(["row99"], np.zeros((1, 3)))
    with pytest.raises(UsageError, match="Logits of shape"):
        recorder(IDS[:2], np.zeros((2, 4)))
    with pytest.raises(UsageError, match="knows no test"):
        recorder.held_out(IDS[:1], np.zeros((1, 3)))
    with pytest.raises(UsageError, match="Nothing was recorded"):
        recorder.close()
    with pytest.raises(DataError, match="several examples"):
        bh.Recorder(tmp_path, ids=["a", "a"], targets=[0, 1], outputs=2)
    with pytest.raises(DataError, match="3 ids, 2 targets"):
        bh.Recorder(tmp_path, ids=[1, 2, 3], targets=[0, 1], outputs=2)


def test_a_folder_of_other_data_is_refused(tmp_path):
    def closed(targets):
        recorder = bh.Recorder(tmp_path, ids=IDS, targets=targets, outputs=3)
        recorder(IDS, np.zeros((30, 3)))
        recorder.epoch()
        return recorder.close()

    closed(Y)
    with pytest.raises(RunError, match="recorded with another data"):
        closed(Y[::-1].copy())


@pytest.mark.parametrize("targets", [[0, 1, 12], [0, -1, 2], [0.5, 1.0, 2.0], ["a", "b", "c"]])
def test_targets_that_do_not_fit_the_outputs_are_refused_at_once(tmp_path, targets):
    with pytest.raises(DataError, match="no classes from 0 to 9"):
        bh.Recorder(tmp_path, ids=[0, 1, 2], targets=targets, outputs=10)
    with pytest.raises(DataError, match="validation targets are no classes"):
        bh.Recorder(tmp_path, ids=[0, 1], targets=[0, 1], outputs=10, validation=([5, 6, 7], targets))


def test_killed_while_it_is_written_again_it_does_not_read_as_finished(tmp_path, monkeypatch):
    from byheart.runs import recorder as module

    recorder = bh.Recorder(tmp_path, ids=[0, 1], targets=[0, 1], outputs=2)
    recorder([0, 1], np.eye(2, dtype=np.float32))
    recorder.epoch()
    recorder.close()

    def dying(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "write_columns", dying)
    with pytest.raises(KeyboardInterrupt):
        recorder.close()
    with pytest.raises(RunError, match="not finished"):
        bh.Run(tmp_path)
