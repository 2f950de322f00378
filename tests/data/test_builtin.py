"""The data sets that are built in; files of the fetched ones are made here, the real ones are read where they are."""

import gzip
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from byheart.base.errors import DataError, UsageError
from byheart.base.registry import every, find
from byheart.data.builtin import adult, fetch
from byheart.data.builtin.idx import IdxSet, read_idx
from byheart.data.task import Task

NAMES = ("adult", "breast_cancer", "diabetes", "digits", "fashion_mnist", "imdb_pairs", "mnist", "wine")
BUNDLED = {"digits": (1197, 600, 10), "breast_cancer": (398, 171, 2), "wine": (125, 53, 3), "diabetes": (309, 133, 0)}
FETCHED = {"mnist": 4, "fashion_mnist": 4, "adult": 2}
has_files = pytest.mark.skipif("BYHEART_DATA" not in os.environ, reason="BYHEART_DATA is not set")


@pytest.fixture
def asked():
    """The addresses that were asked for."""
    return []


@pytest.fixture
def home(tmp_path, monkeypatch, asked):
    """An empty data folder, an empty cache, and a network that is down."""
    import pooch

    def down(self, url, output_file, pooch):
        asked.append(url)
        raise ConnectionError("the network is down")

    monkeypatch.setenv("BYHEART_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(fetch, "cache", lambda: tmp_path / "cache")
    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", down)
    return tmp_path


def idx(array):
    return bytes((0, 0, 8, array.ndim)) + np.array(array.shape, ">u4").tobytes() + array.astype(np.uint8).tobytes()


@pytest.fixture
def little(home):
    """A little set in the packing of MNIST, in the data folder: 30 and 20 pictures of 4 x 5."""
    random = np.random.default_rng(0)
    files = {}
    for part, n in (("train", 30), ("t10k", 20)):
        files[f"{part}-images-idx3-ubyte.gz"] = idx(random.integers(0, 256, (n, 4, 5)))
        files[f"{part}-labels-idx1-ubyte.gz"] = idx(np.arange(n) % 3)
    (home / "data" / "little").mkdir(parents=True)
    for file, content in files.items():
        (home / "data" / "little" / file).write_bytes(gzip.compress(content))
    sums = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
    return IdxSet("little", "https://example.org/", sums, ("a", "b", "c"))


def test_all_are_there():
    here = {name for name, make in every("task").items() if ".data.builtin." in make.__module__}
    assert tuple(sorted(here)) == NAMES


@pytest.mark.parametrize("name", BUNDLED)
def test_what_comes_with_scikit_learn(name):
    task = find("task", name)()
    train, held, classes = BUNDLED[name]
    assert (len(task.train), len(task.held_out), task.classes) == (train, held, classes)
    assert task.name == name
    assert len(task.class_names) == classes
    ids = [*task.train.ids, *task.validation.ids, *task.test.ids]
    assert sorted(ids) == list(range(train + held))
    if classes:
        assert all(len(np.unique(part.targets)) == classes for part in (task.train, task.validation, task.test))
    if name != "digits":
        assert task.train.inputs.dtype == np.float32
        assert len(task.feature_names) == task.train.inputs.shape[1]


@pytest.mark.parametrize("name", BUNDLED)
def test_the_split_is_always_the_same_and_rows_keep_their_ids(name):
    import sklearn.datasets

    task = find("task", name)()
    assert np.array_equal(task.train.ids, find("task", name)().train.ids)
    more = {"scaled": False} if name == "diabetes" else {}
    bunch = getattr(sklearn.datasets, f"load_{name}")(**more)
    for part in (task.train, task.validation, task.test):
        assert np.allclose(part.inputs.reshape(len(part), -1), bunch.data[part.ids])
        assert np.allclose(part.targets, bunch.target[part.ids])


def test_digits_are_pictures():
    task = find("task", "digits")()
    assert task.input_shape == (1, 8, 8)
    assert task.train.inputs.dtype == np.uint8
    assert task.train.inputs.max() == 16


def test_idx_is_read_as_it_was_written():
    array = np.random.default_rng(0).integers(0, 256, (3, 4, 5)).astype(np.uint8)
    assert np.array_equal(read_idx(idx(array)), array)


@pytest.mark.parametrize("cut", [0, 2, 3, 9, 16, 30])
def test_a_short_idx_is_refused(cut):
    with pytest.raises(DataError, match="IDX"):
        read_idx(idx(np.zeros((3, 4, 5)))[:cut])


def test_a_part_of_the_files_keeps_positions_as_ids(little):
    whole, some = little.task(None, None), little.task(12, 10)
    assert (len(whole.train), len(whole.held_out)) == (30, 20)
    assert (len(some.train), len(some.held_out)) == (12, 10)
    assert np.array_equal(some.train.inputs, whole.train.inputs[some.train.ids])
    assert np.array_equal(some.train.targets, whole.train.targets[some.train.ids])
    assert some.input_shape == (1, 4, 5)
    assert some.class_names == ("a", "b", "c")


def test_a_smaller_part_is_inside_a_larger_one(little):
    assert set(little.task(12, 10).train.ids) < set(little.task(20, 10).train.ids)


@pytest.mark.parametrize("train", [0, -3, 31])
def test_more_than_there_is_cannot_be_asked(little, train):
    with pytest.raises(UsageError, match="1 to 30"):
        little.task(train, 10)


@pytest.mark.parametrize("name", FETCHED)
def test_a_missing_file_without_network_says_where_to_put_it(home, asked, name):
    with pytest.raises(DataError, match="BYHEART_DATA") as raised:
        find("task", name)()
    assert f"folder {name}/" in raised.value.do
    assert len(asked) == 1
    assert asked[0].startswith("http")


def test_the_cache_is_looked_into_and_the_data_folder_first(little, home):
    (home / "data" / "little").rename(home / "aside")
    with pytest.raises(DataError, match="BYHEART_DATA"):
        little.task(None, None)
    (home / "cache" / "little").rmdir()  # left by the download that failed
    (home / "aside").rename(home / "cache" / "little")
    assert len(little.task(None, None).train) == 30
    (home / "data" / "little").mkdir(parents=True)
    (home / "data" / "little" / "train-images-idx3-ubyte.gz").write_bytes(b"")
    with pytest.raises(DataError, match="data/little"):
        little.task(None, None)


def test_without_the_variable_the_cache_alone_is_used(little, home, monkeypatch):
    monkeypatch.delenv("BYHEART_DATA")
    with pytest.raises(DataError, match="BYHEART_DATA"):
        little.task(None, None)


def test_a_file_packed_otherwise_is_as_good(little, home):
    for path in (home / "data" / "little").iterdir():
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), 1, mtime=5))
    assert len(little.task(None, None).train) == 30


@pytest.mark.parametrize("name", ["train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"])
def test_a_damaged_file_is_named_with_what_to_do(little, home, name):
    path = home / "data" / "little" / name
    whole = path.read_bytes()
    other = gzip.compress(gzip.decompress(whole)[:-1] + b"\x7f")
    for content in (b"", whole[:-9], whole[: len(whole) // 2], b"<html>404</html>", other):
        path.write_bytes(content)
        with pytest.raises(DataError, match=name) as raised:
            little.task(None, None)
        assert "delete it" in raised.value.do


def test_a_flipped_bit_is_found_or_does_not_matter(little, home):
    path = home / "data" / "little" / "t10k-labels-idx1-ubyte.gz"
    whole, labels = path.read_bytes(), little.array(path.name)
    found = 0
    for bit in range(8 * len(whole)):
        path.write_bytes(whole[: bit // 8] + bytes([whole[bit // 8] ^ 1 << bit % 8]) + whole[bit // 8 + 1 :])
        try:
            assert np.array_equal(little.array(path.name), labels)
        except DataError:
            found += 1
    assert found > 4 * len(whole)


def test_what_is_fetched_is_kept(little, home, monkeypatch):
    import pooch

    source = home / "aside"
    (home / "data" / "little").rename(source)
    fetched = []

    def serve(self, url, output_file, pooch):
        fetched.append(url)
        Path(output_file).write_bytes((source / url.rsplit("/")[-1]).read_bytes())

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", serve)
    for _ in range(2):
        assert len(little.task(None, None).train) == 30
    assert sorted(fetched) == sorted(f"https://example.org/{file}" for file in little.sha256)


ROWS = [
    "39, State-gov, 77516, Bachelors, 13, Never-married, Sales, Unmarried, White, Male, 2174, 0, 40, Cuba, <=50K",
    "52, ?, 209642, HS-grad, 9, Married-civ-spouse, ?, Husband, White, Female, 0, 0, 45, United-States, >50K",
] * 10  # fmt: skip


@pytest.fixture
def little_adult(home, monkeypatch):
    (home / "data" / "adult").mkdir(parents=True)
    official = "|1x3 Cross validator\n" + "".join(f"{row}.\n" for row in ROWS) + "\n"
    for file, content in (("adult.data", "\n".join(ROWS)), ("adult.test", official)):
        (home / "data" / "adult" / file).write_text(content)
        monkeypatch.setitem(adult.SHA256, file, hashlib.sha256(adult.rows_alone(content.encode())).hexdigest())
    return home / "data" / "adult"


def test_adult_becomes_numbers(little_adult):
    task = adult.adult(None, None)
    names = task.feature_names
    assert len(names) == task.train.inputs.shape[1] == len(set(names))
    first, second = task.train.inputs[:2]
    assert [first[names.index(n)] for n in ("age", "capital-gain", "workclass=State-gov", "sex=Female")] == [
        39,
        2174,
        1,
        0,
    ]
    assert [second[names.index(n)] for n in ("age", "workclass=?", "occupation=?", "sex=Female")] == [52, 1, 1, 1]
    assert list(task.train.targets[:2]) == [0, 1]
    assert list(task.train.groups[:2]) == ["Male", "Female"]
    assert task.class_names == ("<=50K", ">50K")
    assert np.array_equal(task.held_out.targets, np.array(task.held_out.groups == "Female", int))


def test_adults_rows_are_the_same_in_every_packing():
    plain = "\n".join(ROWS)
    header = ", ".join(adult.COLUMNS)
    dotted = "|1x3 Cross validator\r\n" + "\r\n".join(f"{row}." for row in ROWS) + "\r\n\r\n"
    assert (
        adult.rows_alone(plain.encode())
        == adult.rows_alone(f"{header}\n{plain}".encode())
        == adult.rows_alone(dotted.encode())
    )


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"1, 2, 3", "\n".join(ROWS[:-1]).encode()])
def test_another_adult_is_refused(little_adult, content):
    (little_adult / "adult.data").write_bytes(content)
    with pytest.raises(DataError, match=r"adult\.data"):
        adult.adult()


@has_files
@pytest.mark.data
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_the_real_pictures(name):
    task: Task = find("task", name)()
    assert (len(task.train), len(task.validation), len(task.test)) == (10_000, 1_000, 1_000)
    assert task.input_shape == (1, 28, 28)
    assert np.bincount(task.train.targets).min() > 850
    mean, std = {"mnist": (0.1307, 0.3081), "fashion_mnist": (0.2860, 0.3530)}[name]
    assert abs(task.train.inputs.mean() / 255 - mean) < 0.003
    assert abs(task.train.inputs.std() / 255 - std) < 0.003


@has_files
@pytest.mark.data
def test_the_real_adult():
    task: Task = find("task", "adult")(train=None, test=None)
    assert (len(task.train), len(task.held_out)) == (32_561, 16_281)
    assert list(np.bincount(task.train.targets)) == [24_720, 7_841]
    assert task.train.inputs.shape[1] == len(task.feature_names) == 6 + 102
    assert set(task.train.groups) == {"Male", "Female"}
