from __future__ import annotations

import dataclasses
import functools
import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from byheart.base.errors import DataError, TrainingFailed, UsageError
from byheart.data.examples import Examples
from byheart.data.recipe import Recipe
from byheart.data.source import load
from byheart.data.task import Task

X = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32)
Y = np.arange(12) % 3
TEST = (X[:6], Y[:6])


@pytest.mark.parametrize(
    ("train", "says"),
    [
        ((np.where(X > 2, np.nan, X) * np.where(np.arange(12) == 4, np.nan, 1)[:, None], Y), "NaN or infinite inputs"),
        ((np.full((12, 3), np.inf), Y), "NaN or infinite inputs"),
        ((X, np.where(Y == 1, -1, Y)), "outside 0 to"),
        ((X, np.zeros(12, int)), "one class"),
        ((X, Y.astype(float)), "look like classes"),
        ((X, np.eye(3)[Y]), "several per example"),
        ((X, np.array([0.5, np.nan] * 6)), "NaN or infinite labels"),
        ((X, np.array(["a", None] * 6, object)), "labels are missing"),
        ((X[:0], Y[:0]), "has 0 examples"),
        ((X[:1], Y[:1]), "has 1 example"),
        ((X[:, :2], Y), "shape"),
        ((X, Y[:5]), "12 inputs but targets of shape"),
        ((X.astype(str), Y), "not numbers"),
        ((X[:, 0], Y), "One row per example"),
        ((X, np.array(["a", "b", "c"])[Y]), "labels that training has not"),
        ((X, Y, np.zeros(12, int)), "stand for several examples"),
        ((X, Y, np.arange(12.0)), "cannot be told apart"),
        (5, "holds no examples"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_before_training(train, says):
    with pytest.raises(DataError, match=says) as caught:
        Task(train, TEST)
    assert caught.value.do or "truth" in says


def test_any_source_gives_the_same_task():
    class Items(torch.utils.data.Dataset):
        def __len__(self):
            return 12

        def __getitem__(self, i):
            return torch.from_numpy(X[i]), int(Y[i])

    sources = [(X, Y), (torch.from_numpy(X), torch.from_numpy(Y)), (X.tolist(), Y.tolist()), Items(), Examples(X, Y)]
    tasks = [Task((np.asarray(s[0], np.float32), s[1]) if isinstance(s, tuple) else s, TEST) for s in sources]
    assert len({t.digest for t in tasks}) == 1
    assert tasks[0].classes == 3 and tasks[0].is_classification


def test_a_dataset_with_a_random_transform_is_refused_and_ids_travel():
    class Random(torch.utils.data.Dataset):
        def __len__(self):
            return 12

        def __getitem__(self, i):
            return torch.randn(3), 0, f"row{i}"

    class Named(Random):
        def __getitem__(self, i):
            return X[i], Y[i], f"row{i}"

    class Odd(Random):
        def __getitem__(self, i):
            return X[i]

    with pytest.raises(DataError, match="differs when read twice"):
        Examples.of(Random())
    assert Examples.of(Named()).ids[3] == "row3"
    with pytest.raises(DataError, match="does not yield"):
        Examples.of(Odd())


def test_text_labels_are_numbered_in_order():
    task = Task((X, np.array(["cat", "ape", "bee"])[Y]), (X[:6], np.array(["cat", "ape", "bee"])[Y[:6]]))
    assert task.class_names == ("ape", "bee", "cat") and task.train.targets[0] == 2


def test_regression_is_told_by_floats_and_trained_in_deviations():
    y = X[:, 0] * 7 + 100
    task = Task((X, y), (X[:6], y[:6]))
    assert task.classes == 0 and task.outputs == 1
    _, t = task.tensors(task.train, np.arange(12))
    assert abs(float(t.mean())) < 1e-5 and abs(float(t.std(unbiased=False)) - 1) < 1e-5
    assert dataclasses.replace(task, name="b").classes == 0
    with pytest.raises(DataError, match=r"vary|varies"):
        Task((X, np.full(12, 0.5)), (X, np.full(12, 0.5)))


def test_validation_is_split_from_test_and_disjoint():
    task = Task((X, Y), (X, Y))
    assert len(task.validation) == 6 and not set(task.validation.ids) & set(task.test.ids)
    again = dataclasses.replace(task, name="b")
    assert (again.validation.ids == task.validation.ids).all() and again.digest == task.digest
    own = Task((X, Y), (X, Y), validation=(X, Y))
    assert len(own.held_out) == 24 and len(set(own.held_out.ids.tolist())) == 24


def test_arrays_are_read_only():
    task = Task((X, Y), TEST)
    for array in (task.train.inputs, task.train.targets, task.train.ids):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_inputs_are_standardized_per_feature_and_per_channel():
    task = Task((X * 9 + 4, Y), TEST)
    inputs, _ = task.tensors(task.train, np.arange(12))
    assert torch.allclose(inputs.mean(0), torch.zeros(3), atol=1e-5)
    assert torch.allclose(inputs.std(0, unbiased=False), torch.ones(3), atol=1e-5)
    images = np.random.default_rng(0).integers(0, 255, (12, 2, 4, 4)).astype(np.uint8)
    inputs, _ = Task((images, Y), (images[:6], Y[:6])).tensors(Examples(images, Y), np.arange(12))
    assert torch.allclose(inputs.mean((0, 2, 3)), torch.zeros(2), atol=1e-5)
    constant = X.copy()
    constant[:, 1] = 3
    assert torch.isfinite(Task((constant, Y), TEST).tensors(Examples(constant, Y), np.arange(12))[0]).all()


@given(st.integers(2, 12), st.integers(1, 13))
def test_an_epoch_has_each_row_once_and_no_batch_of_one(n, size):
    task = Task((X, Y), TEST, recipe=Recipe(batch=size))
    batches = list(task.batches(np.arange(n), 0, torch.Generator().manual_seed(1)))
    assert sorted(r for b in batches for r in b.rows) == list(range(n))
    if size > 1:
        assert min(len(b.rows) for b in batches) > 1


def test_the_digest_changes_with_all_that_decides_a_run():
    base = Task((X, Y), TEST)
    other = X.copy()
    other[0, 0] += 1e-3
    changed = [
        Task((other, Y), TEST),
        Task((X, Y[::-1].copy()), TEST),
        Task((X, Y), (X[:5], Y[:5])),
        dataclasses.replace(base, recipe=Recipe(epochs=3)),
        dataclasses.replace(base, network=lambda s, o: nn.Linear(s[0], o)),
        dataclasses.replace(base, augment=("noise=0.1",)),
    ]
    assert len({base.digest, *(t.digest for t in changed)}) == len(changed) + 1
    assert dataclasses.replace(base, name="other").digest == base.digest


def test_a_network_that_does_not_fit_says_how():
    with pytest.raises(TrainingFailed, match="gives \\(2,\\) numbers per example; 3 are needed"):
        Task((X, Y), TEST, network=lambda s, o: nn.Linear(s[0], 2)).build()
    with pytest.raises(TrainingFailed, match="does not run on inputs of shape"):
        Task((X, Y), TEST, network=lambda s, o: nn.Linear(99, o)).build()
    assert Task((X, Y), TEST, network=lambda: nn.Linear(3, 3)).build() is not None
    with pytest.raises(UsageError, match="did you mean 'mlp'"):
        Task((X, Y), TEST, network="mpl").build()


@pytest.mark.parametrize(
    "bad", [{"epochs": 0}, {"lr": -1.0}, {"optimizer": "adam"}, {"schedule": "x"}, {"clip": float("nan")}]
)
def test_recipes_that_train_nothing_are_refused(bad):
    with pytest.raises(UsageError):
        Recipe(**bad)


SOURCE = """
    import numpy as np, byheart
    from torch import nn
    def network(shape, outputs):
        return nn.Linear(shape[0], outputs)
    def make_task():
        x = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
        return byheart.Task((x, np.arange(20) % 2), (x[:8], np.arange(8) % 2), network=network)
    def wrong():
        return 5
"""


def test_a_task_from_a_file_can_be_read_by_another_process(tmp_path):
    (tmp_path / "of_mine.py").write_text(textwrap.dedent(SOURCE))
    task = load(f"{tmp_path}/of_mine.py:make_task")
    assert task.name == "of_mine" and task.origin.name == "make_task"
    (tmp_path / "task.pickle").write_bytes(pickle.dumps(task))
    program = f"import pickle; t = pickle.load(open(r'{tmp_path}/task.pickle', 'rb')); print(t.digest, t.build())"
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd="/", check=True
    ).stdout
    assert printed.startswith(task.digest) and "Linear" in printed
    for source, says in ((":nothing", "no function"), (":wrong", "not a Task")):
        with pytest.raises(UsageError, match=says):
            load(f"{tmp_path}/of_mine.py{source}")
    with pytest.raises(UsageError, match="names a file but nothing in it"):
        load(f"{tmp_path}/of_mine.py")
    with pytest.raises(UsageError, match="does not exist"):
        load("nowhere.py:f")


def test_the_digest_follows_the_network_source_and_its_neighbours(tmp_path):
    (tmp_path / "beside_net.py").write_text("WIDTH = 3\n")
    (tmp_path / "with_net.py").write_text(
        "import beside_net\nimport numpy as np, byheart\nfrom torch import nn\n"
        "def network(shape, outputs): return nn.Linear(shape[0], outputs)\n"
        "def make_task():\n    x = np.eye(4, dtype=np.float32)\n"
        "    return byheart.Task((x, np.arange(4) % 2), (x, np.arange(4) % 2), network=network)\n"
    )
    task = load(f"{tmp_path}/with_net.py:make_task")
    before = dataclasses.replace(task).digests["network"]
    (tmp_path / "beside_net.py").write_text("WIDTH = 4\n")
    assert dataclasses.replace(task).digests["network"] != before


def test_a_table_in_a_file_becomes_a_task(tmp_path):
    rows = "\n".join(f"{i},{'red' if i % 2 else 'blue'},{i % 3},{'yes' if i % 4 else 'no'}" for i in range(40))
    (tmp_path / "rows.csv").write_text("a,colour,b,bought\n" + rows)
    task = load(f"{tmp_path}/rows.csv:bought")
    assert task.class_names == ("no", "yes") and task.feature_names == ("a", "colour=blue", "colour=red", "b")
    assert len(task.train) == 30 and len(task.held_out) == 10
    assert sorted([*task.train.ids, *task.held_out.ids]) == list(range(40))  # ids are rows of the file
    assert [f"{v:g}" for v in task.train.inputs[:5, 0]] == [str(i) for i in task.train.ids[:5]]
    with pytest.raises(DataError, match="no column 'sold'"):
        load(f"{tmp_path}/rows.csv:sold")


def test_the_digest_follows_what_a_network_carries_beside_its_source():
    def of(activation):
        return lambda shape, outputs: nn.Sequential(nn.Linear(shape[0], 4), activation(), nn.Linear(4, outputs))

    class Made:
        def __init__(self, activation):
            self.activation = activation

        def __call__(self, shape, outputs):
            return of(self.activation)(shape, outputs)

    networks = [of(nn.ReLU), of(nn.Tanh), Made(nn.ReLU), Made(nn.Tanh)]
    networks += [functools.partial(of(nn.ReLU)), functools.partial(lambda s, o, act: of(act)(s, o), act=nn.Tanh)]
    digests = [Task((X, Y), TEST, network=n).digests["network"] for n in networks]
    assert len(set(digests[:4])) == 4 and digests[4] != digests[5]
    assert Task((X, Y), TEST, network=of(nn.ReLU)).digests["network"] == digests[0]


def test_a_network_without_a_source_file_is_told_by_what_it_does():
    source = "from torch import nn\ndef f(s, o): return nn.Sequential(*[nn.Linear(3, 3) for _ in 'ab'], nn.ReLU())"

    def digest(text):
        names = {}
        exec(compile(text, "<cell>", "exec"), names)
        return Task((X, Y), TEST, network=names["f"]).digests["network"]

    assert digest(source) == digest(source)  # nested code has an address, which is not part of it
    assert digest(source) != digest(source.replace("ReLU", "Tanh"))


@pytest.mark.parametrize("network", [nn.Linear(3, 3), 5])
def test_a_network_is_a_name_or_a_function(network):
    with pytest.raises(UsageError, match="not a function that makes a network"):
        Task((X, Y), TEST, network=network)


def test_class_names_say_how_many_classes_there_are():
    assert Task((X, Y), TEST, class_names=("a", "b", "c", "d")).classes == 4
    for names in (("a", "b"), ("a",)):
        with pytest.raises(DataError, match="outside 0 to"):
            Task((X, Y), TEST, class_names=names)
    with pytest.raises(DataError, match="3 class names for 4 classes"):
        Task((X, Y), TEST, class_names=("a", "b", "c"), classes=4)


def test_whole_numbers_that_are_no_classes_are_refused():
    with pytest.raises(DataError, match="whole numbers up to 11000"):
        Task((X, np.arange(12) * 1000), TEST)


@pytest.mark.parametrize(
    ("network", "says"),
    [
        (lambda shape, outputs: 1 / 0, "ZeroDivisionError"),
        (lambda shape, outputs: None, "returned NoneType"),
        (lambda shape, outputs: nn.Flatten(), "no parameters"),
    ],
)
def test_a_network_that_cannot_be_made_says_why(network, says):
    with pytest.raises(TrainingFailed, match=says):
        Task((X, Y), TEST, network).build()


@pytest.mark.parametrize("bad", ["epochs=2.5", "epochs='3'", "batch=8.0", "lr='fast'", "clip=None"])
def test_recipes_of_another_kind_are_refused(bad):
    """In a process of its own: the type checks of the tests would speak first."""
    code = f"from byheart.data.recipe import Recipe; Recipe({bad})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "UsageError" in done.stderr and "makes no training" in done.stderr


def test_an_unknown_scaling_is_refused():
    with pytest.raises(UsageError, match="standard, none"):
        Task((X, Y), TEST, scaling="minmax")


def test_errors_in_data_name_the_set_and_speak_plainly():
    with pytest.raises(DataError, match="In the test set: 1 of 6 examples have NaN"):
        Task((X, Y), (np.where(np.arange(18).reshape(6, 3) == 4, np.inf, X[:6]), Y[:6]))
    with pytest.raises(DataError, match="different shapes"):
        Task(([[1, 2], [1]], [0, 1]), TEST)
    with pytest.raises(DataError, match=r"first: 0\)"):
        Examples(X, Y, ids=np.zeros(12, int))
    with pytest.raises(DataError, match="infinite inputs"):
        Examples(np.full((2, 3), 1e300), np.array([0, 1]))  # infinite as the float32 that is trained on


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("a,city,y\n1,,0\n2,x,1\n3,y,0\n4,x,1\n5,x,0\n6,y,1\n7,x,0\n8,x,1\n", "missing in city"),
        ("y\n0\n1\n0\n1\n0\n1\n0\n1\n", "no column beside 'y'"),
        ("a,b\n0,1\n1,1\n", "The columns are: a, b\\."),
    ],
)
def test_a_table_that_cannot_be_learned_from_names_the_column(tmp_path, rows, says):
    path = tmp_path / "rows.csv"
    path.write_text(rows)
    with pytest.raises(DataError, match=says):
        load(f"{path}:y")


def test_a_function_that_is_not_there_is_guessed(tmp_path):
    path = tmp_path / "some_task_file.py"
    path.write_text("def make_task():\n    return None\n")
    with pytest.raises(UsageError, match="did you mean 'make_task'"):
        load(f"{path}:make_tsk")
