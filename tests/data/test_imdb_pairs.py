"""Pairs of reviews: little files are made here, the real ones are read where they are."""

import hashlib
import os
import re

import numpy as np
import pytest

from byheart.base.errors import DataError, UsageError
from byheart.data.builtin import fetch, imdb_pairs

SAID = {"good": "Positive", "bad": "Negative"}
LITTLE = {
    "train": [("a good film<br /><br />with zebras", "a bad film<br />with ponies"), ("a bad Film", "a good Film"),
              ("bad plot, bad cast", "good plot, good cast")],
    "dev": [("so good", "so bad"), ("zebras are bad", "zebras are good")],
    "test": [('a "good"\tone', 'a "bad"\tone')],
}  # fmt: skip


def table(pairs):
    """Pairs as the official files have them: quoted where they need it."""
    lines = ["Sentiment\tText\tbatch_id"]
    for k, pair in enumerate(pairs):
        for text in pair:
            quoted = '"' + text.replace('"', '""') + '"' if '"' in text or "\t" in text else text
            lines.append(f"{SAID['good' if 'good' in text else 'bad']}\t{quoted}\t{10 * k + 4}")
    return "\n".join(lines).encode() + b"\n"


@pytest.fixture
def little(tmp_path, monkeypatch):
    (tmp_path / "imdb_cad").mkdir()
    monkeypatch.setenv("BYHEART_DATA", str(tmp_path))
    for part, pairs in LITTLE.items():
        content = table(pairs)
        (tmp_path / "imdb_cad" / f"{part}_paired.tsv").write_bytes(content)
        monkeypatch.setitem(imdb_pairs.FILES, f"{part}_paired.tsv", ("0" * 40, hashlib.sha256(content).hexdigest()))
    return tmp_path / "imdb_cad"


def test_originals_are_learned_and_both_are_held_out(little):
    task = imdb_pairs.imdb_pairs(words=3)
    assert task.train.ids.tolist() == ["4-original", "14-original", "24-original"]
    assert task.validation.ids.tolist() == ["4-original", "4-revised", "14-original", "14-revised"]
    assert task.train.groups.tolist() == ["original,positive", "original,negative", "original,negative"]
    assert task.test.groups.tolist() == ["original,positive", "revised,negative"]
    assert task.train.targets.tolist() == [1, 0, 0]
    assert task.class_names == ("negative", "positive")


def test_words_are_the_commonest_of_the_training_originals(little):
    task = imdb_pairs.imdb_pairs(words=2)
    assert task.feature_names == ("bad", "film")  # in two of the three originals each; br is no word
    assert task.train.inputs.tolist() == [[0, 1], [1, 1], [1, 0]]
    assert task.test.inputs.tolist() == [[0, 0], [1, 0]]
    assert task.train.inputs.dtype == np.uint8
    more = imdb_pairs.imdb_pairs(words=4)
    assert more.feature_names == ("bad", "cast", "film", "good")  # of equally common ones the first
    everything = imdb_pairs.imdb_pairs(words=7)
    assert everything.feature_names == ("bad", "cast", "film", "good", "plot", "with", "zebras")
    with pytest.raises(UsageError, match="ask for 1 to 7"):
        imdb_pairs.imdb_pairs(words=8)


def test_a_bag_is_what_a_slow_count_finds():
    texts = ["It's a GOOD one, a good one!", "no-one liked it<br />at all", ""]
    known = ("all", "good", "it", "one")
    found = imdb_pairs.bags([(str(k), "original", 1, text) for k, text in enumerate(texts)], known)
    slow = [[int(w in re.findall(r"\w\w+", t.lower().replace("<br />", " "))) for w in known] for t in texts]
    assert found.inputs.tolist() == slow


def test_missing_and_damaged_files_are_told(little, tmp_path, monkeypatch):
    import pooch

    (little / "dev_paired.tsv").write_bytes(b"Sentiment\tText\tbatch_id\n")
    with pytest.raises(DataError, match=r"dev_paired\.tsv"):
        imdb_pairs.imdb_pairs(words=2)

    asked = []

    def down(self, url, output_file, pooch):
        asked.append(url)
        raise ConnectionError("the network is down")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", down)
    monkeypatch.setattr(fetch, "cache", lambda: tmp_path / "cache")
    (little / "train_paired.tsv").unlink()
    with pytest.raises(DataError, match="BYHEART_DATA") as raised:
        imdb_pairs.imdb_pairs()
    assert "train_paired.tsv into a folder imdb_cad/" in raised.value.do
    assert asked[0].endswith("/sentiment/combined/paired/train_paired.tsv")


@pytest.mark.skipif("BYHEART_DATA" not in os.environ, reason="BYHEART_DATA is not set")
@pytest.mark.data
def test_the_real_pairs():
    task = imdb_pairs.imdb_pairs()
    assert (len(task.train), len(task.validation), len(task.test)) == (1_707, 490, 976)
    assert np.bincount(task.train.targets).tolist() == [851, 856]  # as the original files have them
    groups = dict(zip(*np.unique(task.test.groups, return_counts=True), strict=True))
    assert groups == {"original,negative": 243, "original,positive": 245, "revised,negative": 245,
                      "revised,positive": 243}  # fmt: skip
    assert task.train.inputs.shape == (1_707, 5_000)
    assert task.train.inputs.max() == 1
    assert {"film", "terrible", "wonderful"} <= set(task.feature_names)
    assert not {"br", "a"} & set(task.feature_names)
    assert task.train.inputs.sum(0).min() >= 2
    pairs = [i.rpartition("-")[0] for i in task.test.ids]
    assert pairs[::2] == pairs[1::2]
    assert (task.test.targets[::2] != task.test.targets[1::2]).all()
    assert not {i.rpartition("-")[0] for i in task.train.ids} & set(pairs)
