"""The file of a plan: written for people, edited by them, and refused with the place where an edit went wrong."""

import json

import pytest

from byheart.base.errors import DataError, UsageError
from byheart.controls.deduplicate import Deduplicate
from byheart.controls.drop import Drop
from byheart.controls.generate import Generate
from byheart.controls.methods import Methods
from byheart.controls.plan import Plan
from byheart.controls.plan_file import WIDTH
from byheart.controls.relabel import Relabel
from byheart.controls.reweight import Reweight
from byheart.controls.stop import Stop

PLAN = Plan(
    (
        Relabel((1, 2), ("cat", "cat"), ("dog", "dog"), "MEM001"),
        Reweight((5, 6), (0.5, 20.0)),
        Generate("mixup", (100,), (1,), (5,), (0.1 + 0.2,), 3),
        Deduplicate((0, None), ((8,), (7, 9))),
        Drop((3, 4)),
        Methods(("dropout=0.5",)),
        Stop(2),
    ),
    "table", "byheart control", ("mind the gap", "Größe ≥ 1"),
)  # fmt: skip


@pytest.fixture
def file(tmp_path):
    return PLAN.save(tmp_path / "plan.json")


def edited(file, old: str, new: str):
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


def test_every_action_and_back(file):
    assert Plan.load(file) == PLAN and "Größe ≥ 1" in file.read_text(encoding="utf-8")
    assert json.loads(file.read_text(encoding="utf-8"))["actions"][2]["examples"][0]["share"] == 0.1 + 0.2


def test_a_line_per_example_and_wrapped_lists(tmp_path):
    path = Plan((Drop(tuple(range(1000, 1200))), Reweight(tuple(range(50)), (0.5,) * 50))).save(tmp_path / "p.json")
    lines = path.read_text().splitlines()
    assert max(map(len, lines)) <= WIDTH + 1 and sum('"weight"' in line for line in lines) == 50


def test_deleting_an_example_and_changing_a_label(file, table):
    edited(file, '   {"id": 1, "from": "cat", "to": "dog"},\n', "")
    edited(file, '"weight": 20.0', '"weight": 4')
    edited(file, "[3, 4]", "[4]")
    edited(file, '"to": "dog"', '"to": "cow"')
    found = Plan.load(file)
    assert found.actions[0] == Relabel((2,), ("cat",), ("cow",), "MEM001")
    assert found.actions[1].weights == (0.5, 4.0) and found.actions[4].ids == (4,)
    assert found.actions[5:] == PLAN.actions[5:]
    with pytest.raises(UsageError, match=r"^relabel: There is no class called 'cow' in table"):
        found.apply(table)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"weight": 20.0', '"weight": Infinity', "Infinity is no number"),
        ('"weight": 20.0', '"weight": NaN', "NaN is no number"),
        ('"weight": 20.0', '"weight": 1e999', "Action 2 (reweight): 'examples', entry 2: 'weight' is inf"),
        ('"weight": 20.0', '"weight": 1e39', "Action 2 (reweight): 'examples', entry 2: 'weight' is 1e+39"),
        ('"weight": 20.0', '"weight": "x"', "Action 2 (reweight): 'examples', entry 2: 'weight' is 'x'"),
        ('"weight": 20.0', '"weight": -1', "Action 2 (reweight): -1.0 is no weight"),
        ('"weight": 20.0', '"weigth": 1', "Action 2 (reweight): 'examples', entry 2: 'weight' is missing"),
        ('"id": 6, "weight"', '"id": 5, "weight"', "Action 2 (reweight): reweight: the id 5 is given twice"),
        ('{"id": 2, "from": "cat"', '{"id": 2, "from": 1e999', "Action 1 (relabel): 'examples', entry 2: inf"),
        ('{"id": 2, "from": "cat"', '{"id": 2, "from": "\\ud800"', "Action 1 (relabel): 'examples', entry 2"),
        ("[3, 4]", '[3, "\\ud834x"]', "Action 5 (drop): 'ids', entry 2: an id is '\\ud834x': half a letter"),
        ("[3, 4]", "[3, 4.5]", "Action 5 (drop): 'ids', entry 2: 4.5 is no id"),
        ("[3, 4]", "[3, true]", "Action 5 (drop): 'ids', entry 2: True is no id"),
        ("[3, 4]", "[]", "Action 5 (drop): There is nothing to drop"),
        ("[3, 4]", "3", "Action 5 (drop): 'ids' is 3, no list"),
        ("[3, 4]", "[3 4]", "cannot be read"),
        ("[7, 9]", "[7, {}]", "Action 4 (deduplicate): 'sets', entry 2: 'drop', entry 2: {} is no id"),
        ("dropout=0.5", "drpout=0.5", "Action 6 (methods): There is no method called 'drpout'"),
        ("dropout=0.5", "\\udfff", "Action 6 (methods): 'methods', entry 1: a method is '\\udfff': half a letter"),
        ('"epochs": 2', '"epochs": 2.5', "Action 7 (stop): 'epochs' is 2.5, no whole number"),
        ('"epochs": 2', '"epochs": 2, "epochs": 3', "'epochs' is given twice in one place"),
        ('"action": "stop"', '"action": "halt"', "Action 7 (halt): There is no control called 'halt'"),
        ('"action": "stop"', '"action": "drop"', "'ids' is missing"),
        ("mind the gap", "\\ud800", "a note is '\\ud800': half a letter"),
        ('"schema_version": 1', '"schema_version": 2', "It has schema 2"),
        ('"byheart plan"', '"shopping list"', "It is no plan"),
        ('"notes"', '"nodes"', "'nodes' is not known here"),
    ],
)
def test_a_wrong_edit_is_refused_with_its_place(file, old, new, said):
    with pytest.raises(DataError) as error:
        Plan.load(edited(file, old, new))
    assert said in error.value.what and error.value.what.startswith(str(file))


def test_a_missing_comma_has_a_line(file):
    with pytest.raises(DataError, match="cannot be read") as error:
        Plan.load(edited(file, '"epochs": 2', '"epochs" 2'))
    line = next(k for k, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1) if '"epochs" 2' in text)
    assert f"line {line}, column" in error.value.why


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"null", b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}"])
def test_what_is_no_file_of_a_plan(tmp_path, content):
    path = tmp_path / "plan.json"
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        Plan.load(path)
    assert str(path) in error.value.what
    with pytest.raises(DataError, match="cannot be read"):
        Plan.load(tmp_path)


def test_a_second_save_leaves_nothing_behind(file):
    PLAN.save(file)
    assert [p.name for p in file.parent.iterdir()] == ["plan.json"]
