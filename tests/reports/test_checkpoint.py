import dataclasses

import pytest
import torch
from safetensors.torch import save_file

import byheart as bh
from byheart.base.store import read_json
from byheart.cli.app import main
from byheart.reports.checkpoint import audit_checkpoint


@pytest.fixture(scope="module")
def weights(few, tmp_path_factory):
    """A file with the weights of a short run on `few`."""
    folder = tmp_path_factory.mktemp("weights")
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=3))
    run = bh.record(task, folder / "run")
    save_file({name: torch.from_numpy(a) for name, a in run.weights.items()}, folder / "model.safetensors")
    return folder / "model.safetensors"


def test_nothing_is_trained_and_the_rest_is_left_open(few, weights, tmp_path, monkeypatch):
    monkeypatch.setattr("byheart.runs.loop._fit", lambda *given: pytest.fail("something was trained"))
    found = audit_checkpoint(few, weights, tmp_path)
    assert found.watched is None and found.verdict.word in ("undecided", "bad")  # bad: a class may be far below average
    assert {"MEM001", "MEM004", "MEM006"} <= set(found.skipped) and {"MEM002", "MEM005"}.isdisjoint(found.skipped)
    assert found.truth is not None and "self_influence" in found.examples
    page = (tmp_path / "audit.html").read_text()
    assert "from a checkpoint" in page and "No trajectory was recorded" in page
    assert read_json(tmp_path / "audit.json")["curves"] == {}


def test_the_command_trains_nothing_and_can_be_given_again(tmp_path, capsys):
    task = bh.load("digits")
    weights = tmp_path / "model.pt"
    torch.save(task.build().state_dict(), weights)
    words = ["audit", "digits", "--checkpoint", str(weights), "--out", str(tmp_path / "out")]
    assert main(words) == 0
    said = capsys.readouterr()
    assert "UNDECIDED" in said.out and "no training" in said.err and "--checkpoint" in said.out
    assert main(["report", str(tmp_path / "out")]) == 0
    assert main(["audit", "digits", "--network", "cnn", "--checkpoint", str(weights)]) == 2
    assert "do not fit cnn" in capsys.readouterr().err
