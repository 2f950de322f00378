import dataclasses

import numpy as np
import pytest
import torch

import byheart
from byheart.base.errors import RunError
from byheart.base.seeds import spawn
from byheart.base.store import read_arrays, read_json, write_arrays
from byheart.controls.cell import CONVERGED, opened, rate_key, right, seconds_of, settle, train, trained
from byheart.controls.setting import settings_of
from byheart.controls.vary import factors_of
from byheart.runs.events import State
from byheart.runs.learner import Network
from byheart.runs.learning_rate import LADDER
from byheart.runs.loop import begin, fit


def setting(task, *texts):
    return settings_of(factors_of(texts, task))[0]


def with_recipe(task, **changes):
    return dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, **changes))


def test_a_cell_is_the_plain_training(few):
    """Looking at it changes nothing: the answers are those of a training that nobody looks at."""
    found, seconds = trained(with_recipe(few, methods=("dropout=0.3",)), 5)
    predict = Network().fit(with_recipe(few, methods=("dropout=0.3",)), np.arange(200), 5)
    answers = predict(few.test).argmax(1) == few.test.targets
    np.testing.assert_array_equal(found["test"], answers)
    fitted = predict(few.train).argmax(1) == few.train.targets
    assert found["train"] == fitted.mean()
    assert found["wrong"] == 20 and found["wrong_fitted"] == fitted[few.truth["wrong"]].mean()
    assert found["epochs"] == 6 and found["diverged"] == 0 and seconds > 0


def test_epochs_to_converge_are_counted_in_eval_mode(few):
    task = with_recipe(few, epochs=25)
    found, _ = trained(task, 0)
    reached = int(found["epochs_to_converge"])
    assert 1 < reached <= 25
    accuracy = {}

    def look(state: State) -> None:
        accuracy[state.epoch] = right(task, state, "train").mean()

    fit(begin(task, np.arange(200), 0), each_epoch=look)
    assert accuracy[reached] >= CONVERGED
    assert all(accuracy[e] < CONVERGED for e in range(1, reached))


def test_too_few_epochs_to_converge(few):
    found, _ = trained(with_recipe(few, epochs=1), 0)
    assert np.isnan(found["epochs_to_converge"])


def test_what_diverges_is_a_cell_and_no_crash(few, tmp_path):
    path = tmp_path / "cell.safetensors"
    train(with_recipe(few, clip=0.0), setting(few, "lr=1e12"), 0, 0, None, path)
    found = opened(path)
    assert found["diverged"] == 1 and np.isnan(found["train"]) and np.isnan(found["test"]).all()
    assert found["test"].shape == (30,)


def test_outputs_that_are_no_numbers_diverged_too(few):
    """A single step whose weights overflow: the loss before it was a number."""
    one = with_recipe(few, epochs=1, batch=200, lr=1e30, clip=0.0)
    found, _ = trained(one, 0)
    assert found["diverged"] == 1


def test_without_any_rate_there_is_nothing_to_train(few, tmp_path):
    path = tmp_path / "cell.safetensors"
    train(with_recipe(few, lr=None), setting(few, "dropout=0"), 0, 0, None, path)
    assert opened(path)["diverged"] == 1


@pytest.mark.slow
def test_the_rate_is_chosen_by_a_trial(few, tmp_path):
    task = with_recipe(few, lr=None, epochs=3)
    path = tmp_path / "rate.json"
    settle(task, setting(task, "dropout=0.2"), 0, path)
    rate = read_json(path)
    assert rate in LADDER["sgd"]
    train(task, setting(task, "dropout=0.2"), 0, 0, rate, tmp_path / "a.safetensors")
    train(with_recipe(few, lr=rate, epochs=3), setting(few, "dropout=0.2"), 0, 0, None, tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_settings_with_equal_trials_share_their_rate(few):
    task = with_recipe(few, lr=None)
    of = lambda text: rate_key(setting(task, text).task(task, 0))  # noqa: E731
    assert of("dropout=0") == of("dropout=0.5") == of("epochs=3") == of("schedule=cosine")
    assert len({of("dropout=0"), of("batch=8"), of("weight_decay=0.1"), of("hidden=8"), of("size=50")}) == 5


def test_seeds_differ_and_repeat(few, tmp_path):
    paths = [tmp_path / f"{k}.safetensors" for k in (0, 0, 1)]
    cells = []
    for path in paths:
        train(few, setting(few, "size=100"), int(path.stem), 0, None, path)
        cells.append(path.read_bytes())
    assert cells[0] == cells[1] != cells[2]
    assert seconds_of(paths[0]) > 0 and not any("time" in name for name in read_arrays(paths[0]))


def test_data_and_start_of_a_seed_are_those_of_every_setting(few, tmp_path):
    for k, text in enumerate(("dropout=0", "label_smoothing=0")):
        train(few, setting(few, text), 1, 3, None, tmp_path / f"{k}.safetensors")
    assert (tmp_path / "0.safetensors").read_bytes() == (tmp_path / "1.safetensors").read_bytes()
    assert opened(tmp_path / "0.safetensors")["train"] == trained(few, spawn(3, "training", 1))[0]["train"]


def test_regression_has_losses_and_no_convergence():
    random = np.random.default_rng(0)
    x = random.normal(size=(80, 3)).astype(np.float32)
    y = x[:, 0] * 2 + 1
    task = byheart.Task((x[:40], y[:40]), (x[40:], y[40:]), recipe=byheart.Recipe(epochs=5, batch=8, lr=0.02))
    found, _ = trained(task, 0)
    assert found["test"].dtype == np.float64 and (found["test"] >= 0).all() and len(set(found["test"])) > 2
    assert np.isnan(found["epochs_to_converge"]) and np.isnan(found["wrong_fitted"])


def test_a_damaged_cell_is_told(few, tmp_path):
    path = tmp_path / "cell.safetensors"
    write_arrays(path, {"train": np.zeros(3)})
    with pytest.raises(RunError, match="damaged"):
        opened(path)
    path.write_bytes(b"nothing")
    with pytest.raises(RunError, match="damaged"):
        opened(path)
    assert np.isnan(seconds_of(path))


def test_complexity_is_the_mean_over_training_examples(few):
    from byheart.controls.complexity import complexity
    from byheart.scores.checkpoint.geometric_complexity import geometric_complexity

    network, x = few.build(), few.tensors(few.train, np.arange(200))[0]
    expected = geometric_complexity(network=network.eval(), inputs=x, deviations=torch.ones(1)).mean()
    network.train()
    assert complexity(few, network) == pytest.approx(expected, rel=1e-5) and network.training
