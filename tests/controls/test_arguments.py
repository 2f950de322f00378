import functools

import pytest
from torch import nn

from byheart.base.errors import UsageError
from byheart.controls.arguments import arguments_of, name_of, reshaped, with_arguments, written
from byheart.models.mlp import mlp


def own(input_shape, outputs, width: int = 4, depth: int = 2):
    return nn.Linear(width, depth)


def test_the_two_that_the_task_gives_are_no_arguments():
    assert set(arguments_of("mlp")) == {"hidden", "activation", "norm", "dropout", "width", "depth"}
    assert set(arguments_of(own)) == {"width", "depth"}
    assert arguments_of("resnet")["width"] == 16  # its own, not the shape of a tuple
    assert arguments_of(lambda: None) == {}


def test_what_has_no_signature_has_no_arguments():
    assert arguments_of(dict) == {}


def test_width_and_depth_shape_every_layer():
    assert reshaped((128, 128), 64, None) == (64, 64)
    assert reshaped((16, 32), None, 3) == (16, 32, 32)
    assert reshaped((16, 32), None, 1) == (16,)
    assert reshaped((16, 32), 8, 3) == (8, 8, 8)
    assert reshaped((16, 32), None, 0) == ()


@pytest.mark.parametrize(("width", "depth"), [(0, None), (None, -1), ("wide", None), (True, None)])
def test_sizes_that_make_no_network(width, depth):
    with pytest.raises(UsageError, match="makes no network"):
        reshaped((128,), width, depth)


def test_the_network_has_other_arguments():
    made = with_arguments("mlp", {"hidden": (8,), "activation": "tanh"})
    network = made((4,), 3)
    assert [tuple(p.shape) for p in network.parameters()] == [(8, 4), (8,), (3, 8), (3,)]
    assert any(isinstance(m, nn.Tanh) for m in network.modules())


def test_shape_and_arguments_together():
    assert [
        p.shape[0] for p in with_arguments("mlp", {"width": 8, "depth": 3})((4,), 2).parameters() if p.ndim == 2
    ] == [8, 8, 8, 2]
    made = with_arguments(functools.partial(mlp, hidden=(5,)), {"norm": "batch"})
    assert any(isinstance(m, nn.BatchNorm1d) for m in made((4,), 2).modules())
    assert with_arguments("mlp", {"hidden": (8, 8), "width": 4})((4,), 2)[1].out_features == 4


def test_without_arguments_it_stays_what_it_is():
    assert with_arguments("mlp", {}) == "mlp"
    assert with_arguments(own, {}) is own


def test_an_argument_that_it_has_not():
    with pytest.raises(UsageError, match="cnn has no argument 'norm'"):
        with_arguments("cnn", {"norm": "batch"})


def test_names():
    assert [name_of(n) for n in ("mlp", own, functools.partial(mlp, hidden=()))] == ["mlp", "own", "mlp"]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("hidden", "64x32", (64, 32)), ("hidden", "(64, 32)", (64, 32)), ("hidden", "7", (7,)), ("hidden", "none", ()),
     ("hidden", "axb", "axb"), ("dropout", "0.1", 0.1), ("activation", "tanh", "tanh"), ("width", "32", 32)],
)  # fmt: skip
def test_how_arguments_are_written(name, text, value):
    assert written(name, text, ["mlp"]) == value
