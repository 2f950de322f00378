import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

import byheart as bh
from byheart.base.errors import ByheartError, DataError, RunError, UsageError
from byheart.runs.given import given as opened
from byheart.runs.given import read_weights


@pytest.fixture(scope="module")
def trained(few, tmp_path_factory):
    """A short run and its weights as tensors."""
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=2))
    run = bh.record(task, tmp_path_factory.mktemp("trained"))
    return task, run, {name: torch.from_numpy(array) for name, array in run.weights.items()}


def test_it_answers_as_the_run_that_it_comes_from(trained, tmp_path):
    task, run, weights = trained
    save_file(weights, tmp_path / "model.safetensors")
    found = opened(task, tmp_path / "model.safetensors", tmp_path / "given")
    for name in ("final_logits", "final_test_logits", "final_validation_logits", "features"):
        np.testing.assert_array_equal(found[name], run[name])
    assert found.epochs == 0 and "loss" not in found and found.ids.tolist() == run.ids.tolist()
    assert repr(opened(task, weights, tmp_path / "given")) == repr(found)  # the same weights: it is only read


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "model."])
@pytest.mark.parametrize("inside", [None, "state_dict", "model_state_dict"])
def test_files_as_training_scripts_write_them(trained, prefix, inside, tmp_path):
    task, run, weights = trained
    content = {prefix + name: tensor for name, tensor in weights.items()}
    torch.save(content if inside is None else {inside: content, "epoch": 3}, tmp_path / "model.pt")
    found = opened(task, tmp_path / "model.pt", tmp_path / "given")
    np.testing.assert_array_equal(found["final_logits"], run["final_logits"])


def test_weights_of_another_network_are_named(trained, tmp_path):
    task, _, weights = trained
    name = next(iter(weights))
    with pytest.raises(UsageError, match=f"missing: {name}; unknown: other"):
        opened(task, {("other" if k == name else k): v for k, v in weights.items()}, tmp_path / "a")
    with pytest.raises(UsageError, match="size mismatch"):
        opened(task, weights | {name: weights[name][:3]}, tmp_path / "b")


def test_what_holds_no_weights_is_told(trained, tmp_path):
    task, _, weights = trained
    torch.save({"epoch": 3}, tmp_path / "empty.pt")
    torch.save(task.build(), tmp_path / "whole.pt")  # a pickled module would run code
    (tmp_path / "text.safetensors").write_text("no weights")
    for name in ("empty.pt", "whole.pt", "text.safetensors", "absent.pt", "model.onnx"):
        with pytest.raises(DataError):
            read_weights(tmp_path / name)
    spoiled = weights | {next(iter(weights)): torch.full_like(weights[next(iter(weights))], float("nan"))}
    with pytest.raises(DataError, match="no numbers"):
        opened(task, spoiled, tmp_path / "given")


def test_a_folder_of_other_weights_is_refused(trained, tmp_path):
    task, _, weights = trained
    opened(task, weights, tmp_path)
    with pytest.raises(RunError):
        opened(task, {name: tensor + 1 for name, tensor in weights.items()}, tmp_path)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=4), st.sampled_from([".pt", ".safetensors"]))
def test_damaged_files_never_crash(trained, tmp_path, place, bits, ending):
    path = tmp_path / f"damaged{ending}"
    save_file(trained[2], path) if ending == ".safetensors" else torch.save(trained[2], path)
    content = bytearray(path.read_bytes())
    content[place % len(content) : place % len(content) + len(bits)] = bits
    path.write_bytes(bytes(content))
    try:
        read_weights(path)
    except ByheartError:
        pass


def test_scores_of_the_network_are_there_and_those_of_training_say_why_not(trained, tmp_path):
    task, _, weights = trained
    found = bh.score(opened(task, weights, tmp_path), None, ["gradient_norm", "cumulative_loss"], task=task)
    assert "gradient_norm" in found and "byheart.record" in found.skipped["cumulative_loss"]
