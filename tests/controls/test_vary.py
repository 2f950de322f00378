import dataclasses

import pytest

from byheart.base.errors import UsageError
from byheart.controls.vary import COLUMNS, cut, event, factors_of, resolved, shown
from byheart.methods.dropout import Dropout


def of(task, *texts):
    return factors_of(texts, task)


def one(task, text):
    (found,) = of(task, text)
    return found


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("dropout=0,0.2,0.5", "dropout", ["0", "0.2", "0.5"]),
        (" lr = 0.1 , auto ", "lr", ["0.1", "auto"]),
        ("jtt=none,jtt(epochs=5, weight=20)", "jtt", ["none", "jtt(epochs=5, weight=20)"]),
        ("method=none,dropout=0.5", "method", ["none", "dropout=0.5"]),
        ("hidden=(64,64),64x64", "hidden", ["(64,64)", "64x64"]),
    ],
)
def test_a_comma_inside_brackets_belongs_to_a_value(text, name, values):
    assert cut(text) == (name, values)


@pytest.mark.parametrize("text", ["dropout", "dropout=", "=1,2", "dropout=0,,1", ""])
def test_what_says_nothing_is_refused(text):
    with pytest.raises(UsageError, match="nothing that can be varied"):
        cut(text)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("epochs", ("recipe", "epochs")),
        ("lr", ("recipe", "lr")),
        ("size", ("data", "size")),
        ("network", ("data", "network")),
        ("label-noise", ("plant", "label-noise")),
        ("label_smoothing", ("method", "label_smoothing")),
        ("hidden", ("network", "hidden")),
        ("width", ("network", "width")),
        ("dropout", ("method", "dropout")),  # mlp has an argument of that name: the method wins
        ("network.dropout", ("network", "dropout")),
        ("method.dropout", ("method", "dropout")),
    ],
)
def test_where_a_name_takes_hold(name, place):
    assert resolved(name, ["mlp"]) == place


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("epoch", "epochs"),
        ("droput", "dropout"),
        ("label-nois", "label-noise"),
        ("hiden", "hidden"),
        ("siez", "size"),
        ("recipe.epoch", "epochs"),
    ],
)
def test_unknown_names_are_told_the_nearest_of_all(name, near, few):
    with pytest.raises(UsageError, match=f"did you mean '{near}'"):
        of(few, f"{name}=1,2")


def test_a_name_like_nothing_lists_everything(few):
    with pytest.raises(UsageError, match=r"epochs.*size.*label-noise.*dropout.*hidden"):
        of(few, "qqqqqq=1")


def test_methods_and_device_are_no_factors(few):
    for name in ("methods", "device"):
        with pytest.raises(UsageError, match="Nothing called"):
            of(few, f"{name}=1,2")


def test_recipe_values_are_numbers_and_names(few):
    assert one(few, "weight_decay=0,1e-3").values == (0, 1e-3)
    assert one(few, "optimizer=sgd,adamw").values == ("sgd", "adamw")
    assert one(few, "lr=0.1,auto").values == (0.1, None)


def test_none_zero_and_off_are_without_a_method(few):
    found = one(few, "dropout=0,none,off,0.2,on,dropout(p=0.4),(0.3)")
    assert found.values == (None, None, None, Dropout(0.2), Dropout(), Dropout(0.4), Dropout(0.3))
    assert one(few, "method=none,dropout=0.5").values == (None, Dropout(0.5))


def test_values_from_python_are_taken_as_they_are(few):
    found = factors_of({"dropout": [None, 0.2, Dropout(0.3), True], "hidden": [(8,), (16, 16)], "lr": [None, 0.1]}, few)
    assert found[0].values == (None, Dropout(0.2), Dropout(0.3), Dropout())
    assert found[1].values == ((8,), (16, 16)) and found[1].texts == ("8", "16x16")
    assert found[2].values == (None, 0.1)


def test_plants_are_amounts(few):
    assert one(few, "label-noise=0,0.1,0.3").values == (None, 0.1, 0.3)
    with pytest.raises(UsageError, match="no number"):
        of(few, "label-noise=much")


def test_sizes_of_layers(few):
    assert one(few, "hidden=64x64,32,none").values == ((64, 64), (32,), ())
    assert one(few, "activation=relu,tanh").values == ("relu", "tanh")


def test_arguments_of_networks_that_are_varied_are_known(digits):
    with pytest.raises(UsageError, match="channels"):
        of(digits, "channels=8x8,16x16")
    assert of(digits, "network=cnn", "channels=8x8,16x16")[1].values == ((8, 8), (16, 16))


def test_an_unknown_network_or_method_is_told_before_anything_runs(few):
    with pytest.raises(UsageError, match="did you mean 'mlp'"):
        of(few, "network=mpl,cnn")
    with pytest.raises(UsageError, match="did you mean 'dropout'"):
        of(few, "method=none,droput=0.5")


def test_sizes_and_augmentations(few):
    assert one(few, "size=100,0.5,all").values == (100, 0.5, None)
    assert one(few, "augment=none,flip").values == ((), ("flip",))


@pytest.mark.parametrize("texts", [["dropout=0,0"], ["dropout=0,0.1", "method.dropout=0.2"], ["lr=0.1", "lr=0.2"]])
def test_nothing_is_given_twice(texts, few):
    with pytest.raises(UsageError, match="twice"):
        of(few, *texts)


def test_nothing_at_all_is_refused(few):
    with pytest.raises(UsageError, match="Nothing is varied"):
        factors_of([], few)
    with pytest.raises(UsageError, match="no value"):
        factors_of({"lr": []}, few)


def train_network(input_shape, outputs, test: int = 3):
    raise AssertionError("only its signature is read")


def test_a_factor_never_bears_a_columns_name(few):
    own = dataclasses.replace(few, network=train_network)
    (found,) = factors_of({"test": [1, 2]}, own)
    assert found.name == "network.test" and found.target == "test"
    assert "test" in COLUMNS


def test_how_levels_are_written():
    assert [shown(v) for v in (None, False, 0.1, (64, 64), (), "auto ", train_network)] == [
        "none", "none", "0.1", "64x64", "none", "auto", "train_network",
    ]  # fmt: skip


def test_a_method_without_its_strength_needs_none():
    assert event("label_smoothing", "0.1") == event("label_smoothing", 0.1)
    with pytest.raises(UsageError):
        event("dropout", "2")
