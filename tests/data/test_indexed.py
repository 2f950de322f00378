import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from byheart.base.errors import DataError
from byheart.data.indexed import Indexed

X = torch.arange(10.0)[:, None]
Y = torch.arange(10)


def test_ids_survive_shuffling_and_collating():
    for ids in (None, [f"row{i}" for i in range(10)], np.arange(10) + 100):
        seen = {}
        for x, y, i in DataLoader(Indexed(TensorDataset(X, Y), ids), batch_size=4, shuffle=True):
            seen.update(zip(i.tolist() if torch.is_tensor(i) else i, y.tolist(), strict=True))
            assert (x[:, 0] == y).all()
        assert seen == dict(zip((list(ids) if ids is not None else range(10)), range(10), strict=True))


def test_dicts_gain_an_id():
    class Dicts(TensorDataset):
        def __getitem__(self, i):
            return {"x": X[i], "y": Y[i]}

    batch = next(iter(DataLoader(Indexed(Dicts(X, Y)), batch_size=10)))
    assert batch["id"].tolist() == batch["y"].tolist()


def test_ids_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="3 ids for 10 items"):
        Indexed(TensorDataset(X, Y), [1, 2, 3])
    with pytest.raises(DataError, match="several examples"):
        Indexed(TensorDataset(X, Y), [1] * 10)
