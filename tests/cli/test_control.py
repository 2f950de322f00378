"""byheart control, as the command line calls it."""

import dataclasses
import json

import pytest

from byheart.cli import audited as reading
from byheart.cli.app import main
from byheart.diagnosis.verdict import Verdict


@pytest.fixture(scope="module")
def found(audited):
    """What the folder holds, read once."""
    return reading.audited(audited)


@pytest.fixture
def at_once(found, monkeypatch) -> None:
    """Commands are given the audit that was read before: what they do with it is tested, not how it is read."""
    monkeypatch.setattr(reading, "audited", lambda folder: found)


def called(capsys, *words) -> tuple[int, str, str]:
    code = main(["control", *map(str, words)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_plan_is_written_read_edited_and_applied(audited, tmp_path, capsys):
    file = tmp_path / "plan.json"
    code, out, err = called(capsys, audited, "--drop", "3,17,44", "--out", file)
    assert code == 0 and "leave 3 examples out: 3, 17, 44" in out and f"--plan {file} --apply" in err
    content = json.loads(file.read_text())
    content["actions"][0]["ids"] = [3, 17]
    file.write_text(json.dumps(content))
    code, out, err = called(capsys, audited, "--plan", file, "--apply", "--seeds", "2")
    assert (
        code == 0
        and "leave 2 examples out" in out
        and "test accuracy" in out
        and "100 training examples before, 98 after" in err
    )
    code, out, _ = called(capsys, audited, "--plan", file, "--apply", "--seeds", "2", "--json")
    found = json.loads(out)
    assert found["change"]["pairs"] == 2 and found["change"]["examples"] == [100, 98]
    assert found["change"]["lines"][0]["measure"] == "test_accuracy"


def test_labels_and_weights_of_ones_own(audited, at_once, tmp_path, capsys):
    words = ["--reweight", "3=0.5,17=2", "--method", "dropout=0.5", "--stop-at", "4", "--json", "--out", tmp_path / "p"]
    code, out, _ = called(capsys, audited, *words)
    actions = {a["action"]: a for a in json.loads(out)["plan"]["actions"]}
    assert code == 0 and actions["stop"]["epochs"] == 4 and actions["methods"]["methods"] == ["dropout=0.5"]
    assert actions["reweight"]["examples"] == [{"id": 3, "weight": 0.5}, {"id": 17, "weight": 2.0}]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Nothing is to be done"),
        (["--drop", "3", "--advise", "1min"], "Too much is asked for at once"),
        (["--drop", "MEM099"], "There is no check called 'MEM099'"),
        (["--drop", "77777"], "not among the training examples"),
        (["--reweight", "3=x"], "'x' is no weight"),
        (["--relabel", "3=11"], "There is no class 11"),
        (["--relabel", "3=nan"], "There is no class nan"),
        (["--reweight", "3=1e300"], "1e+300 is no weight"),
        (["--generate", "mixup(5, 6)"], "says twice how many"),
        (["--stop-at", "soon"], "'soon' is no epoch"),
        (["--generate", "magic=5"], "no way to generate called 'magic'"),
        (["--plan", "nowhere.json"], "nowhere.json cannot be read"),
        (["--drop", "3", "--apply", "--seeds", "1"], "no spread"),
    ],
)
def test_mistakes_say_what_to_do(words, said, audited, at_once, tmp_path, capsys):
    code, _, err = called(capsys, audited, *words, *(["--out", tmp_path / "p"] if "--plan" not in words else []))
    assert code in (2, 3) and said in err and "do " in err and "Traceback" not in err


def test_after_a_bad_verdict_a_plan_is_noted_with_its_caution(audited, found, tmp_path, capsys, monkeypatch):
    verdict = Verdict("bad", "suspected", "The network answers from a shortcut.")
    monkeypatch.setattr(reading, "audited", lambda folder: dataclasses.replace(found, verdict=verdict))
    everybody = ",".join(map(str, range(10, 100)))
    code, _, err = called(capsys, audited, "--drop", everybody, "--out", tmp_path / "p")
    assert code == 0 and "note     drop takes away" in err and "that the verdict (bad) names" in err
    assert "takes away" in json.loads((tmp_path / "p").read_text())["notes"][0]
    code, _, err = called(capsys, audited, "--plan", tmp_path / "p")
    assert code == 0 and "note     drop takes away" in err  # whoever reads the plan later reads it too


def test_a_folder_without_an_audit(tmp_path, capsys):
    code, _, err = called(capsys, tmp_path / "nowhere", "--drop", "3")
    assert code == 3 and "holds no audit" in err and "There is no such folder" in err


def test_advice_within_a_budget(audited, at_once, capsys):
    code, out, _ = called(capsys, audited, "--advise", "1s", "--seeds", "2", "--json")
    words = {each["word"] for each in json.loads(out)}
    assert code == 0 and words and words <= {"helps", "harms", "no gain shown", "not measured", "not possible"}
