"""Worker processes outlive a call: what they are told must not depend on where the caller stood before."""

import numpy as np

import byheart as bh


def test_a_relative_folder_means_the_same_to_a_worker_that_is_older(few, tmp_path, monkeypatch):
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        many = bh.record_subsets(few, models=2, out="subsets", jobs=2)
        assert np.isfinite(many["margin"]).all()
        bh.utility(few, few.train.ids[:10], seeds=2, out="utility", jobs=2)
    written = [
        sorted(str(p.relative_to(tmp_path / name)) for p in (tmp_path / name).rglob("*"))
        for name in ("first", "second")
    ]
    assert written[0] == written[1]
    assert len(written[0]) > 8
