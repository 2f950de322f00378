import dataclasses

import pytest
import torch
from safetensors.torch import save_file

import byheart as bh
from byheart.base.store import read_json
from byheart.cli.app import main
from byheart.reports.checkpoint import audit_checkpoint
from byheart.reports.markdown import rendered


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


class Scale(torch.nn.Module):
    """A layer that no kernel knows."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x * self.scale


def scaled() -> torch.nn.Module:
    """A network with such a layer."""
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 8), Scale(8), torch.nn.Linear(8, 10))


def test_what_was_read_slowly_and_the_damping_stand_in_every_form(few, tmp_path):
    task = dataclasses.replace(few, network=scaled)
    torch.save(task.build().state_dict(), tmp_path / "model.pt")
    found = audit_checkpoint(task, tmp_path / "model.pt", tmp_path / "out")
    slow = "one example at a time, since no kernel reads its layer: 2.scale"
    notes = read_json(tmp_path / "out" / "audit.json")["score_notes"]
    assert notes == found.scores.notes and notes["gradient_norm"] == slow
    assert (
        notes["self_influence"].startswith("damping of 0.1 of the mean eigenvalue: ")
        and slow in notes["self_influence"]
    )
    page, words = (tmp_path / "out" / "audit.html").read_text(), rendered(found)
    for name, text in notes.items():
        assert text in page and f"| {name.replace('_', ' ')} | {text} |" in words
