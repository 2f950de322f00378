import dataclasses
import io
import json

import pytest

from byheart.base import registry
from byheart.base.errors import DataError, MissingExtra, UsageError
from byheart.base.store import read_json
from byheart.studies import reproduce as module
from byheart.studies.claims import claims
from byheart.studies.criterion import above, at_least
from byheart.studies.page import rendered, write_page
from byheart.studies.reproduce import forget, intention, reproduce, within
from byheart.studies.study import Curve, Reading, Row, Study
from byheart.studies.terminal import drawn


@pytest.fixture
def made(monkeypatch):
    """Two studies in place of all others: A01 and B01 hold, C01 fails; the calls are counted."""
    calls = []

    def steady(lab):
        """A number that is always one."""
        calls.append(("steady", lab.seed))
        return Reading({"one": 1.0, "two": 2.0}, [Curve("line", [1, 2], [lab.seed, 1.0])], "epoch", "number")

    def swinging(lab):
        """A number that swings with the seed."""
        calls.append(("swinging", lab.seed))
        return Reading({"swing": (-1.0) ** lab.seed})

    def nothing(lab):
        """Nothing is measured."""
        return Reading({"one": 0.0, "two": 0.0, "swing": 0.0})

    rows = (Row("A01", (at_least("one", 1, "one"),)), Row("B01", (at_least("two", 1, "two <b>"),), paper="arpit2017"))
    table = {
        "steady": Study("steady", steady, rows, nothing, 2.0),
        "swinging": Study("swinging", swinging, (Row("C01", (above("swing", 0, "swing"),)),), nothing, 50.0),
    }
    monkeypatch.setitem(registry._tables, "study", table)
    monkeypatch.setattr(registry, "_opened", {*registry._opened, "study"})
    return calls


def test_three_seeds_and_five_for_what_does_not_hold(made, tmp_path):
    found = reproduce(["A01", "C01"], tmp_path, jobs=1)
    assert [(e.row.id, e.word, e.seeds) for e in found] == [("A01", "holds", 3), ("C01", "fails", 5)]
    assert made.count(("steady", 2)) == 1
    assert ("swinging", 4) in made
    assert ("steady", 3) not in made


def test_what_is_measured_is_read_back_and_the_table_is_the_same(made, tmp_path):
    first = reproduce(["A01", "B01", "C01"], tmp_path, jobs=1)
    page = write_page(first, tmp_path / "a.html", "byheart reproduce")
    before = len(made)
    again = reproduce(["A01", "B01", "C01"], tmp_path, jobs=1)
    assert len(made) == before
    write_page(again, tmp_path / "b.html", "byheart reproduce")
    assert page.with_suffix(".json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_a_killed_reproduction_goes_on_to_the_same_table(made, tmp_path, monkeypatch):
    whole = reproduce(["A01", "C01"], tmp_path / "whole", jobs=1)
    real, left = module.measure, [2]

    def killed(*call):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return real(*call)

    monkeypatch.setattr(module, "measure", killed)
    with pytest.raises(KeyboardInterrupt):
        reproduce(["A01", "C01"], tmp_path / "cut", jobs=1)
    left[0] = 100
    assert reproduce(["A01", "C01"], tmp_path / "cut", jobs=1) == whole


def test_an_edited_study_is_measured_again(made, tmp_path, monkeypatch):
    reproduce(["A01"], tmp_path, jobs=1)
    monkeypatch.setattr(module, "source_of", lambda study: "another text")
    reproduce(["A01"], tmp_path, jobs=1)
    assert made.count(("steady", 0)) == 2


def test_forgotten_readings_are_measured_again(made, tmp_path):
    reproduce(["A01"], tmp_path, jobs=1)
    forget(tmp_path, ["A01"])
    assert "all done" not in intention(["A01"], tmp_path, 3, 0, 1)
    reproduce(["A01"], tmp_path, jobs=1)
    assert made.count(("steady", 0)) == 2
    assert intention(["A01"], tmp_path, 3, 0, 1).endswith("all done")


def test_a_budget_takes_the_cheapest_studies(made):
    assert within(["C01", "A01", "B01"], 10, jobs=1) == ["A01", "B01"]
    assert within(["C01", "A01", "B01"], 1_000, jobs=1) == ["C01", "A01", "B01"]
    assert within(["C01", "A01"], 1, jobs=1) == []


def test_readings_are_files_with_their_cost(made, tmp_path):
    reproduce(["A01"], tmp_path, jobs=1)
    content = read_json(tmp_path / "steady" / "seed-0.json")
    assert content["measured"]["values"] == {"one": 1.0, "two": 2.0}
    assert content["cpu_seconds"] >= 0
    assert sorted(p.name for p in (tmp_path / "steady").iterdir()) == [f"seed-{k}.json" for k in range(3)]


def test_one_seed_is_refused(made, tmp_path):
    with pytest.raises(UsageError, match="spread"):
        reproduce(["A01"], tmp_path, seeds=1)


def test_a_page_on_which_nothing_holds(made, tmp_path):
    assert "1 fails" in rendered(reproduce(["C01"], tmp_path, jobs=1), "byheart reproduce C01")


def test_the_page_and_its_twin_say_every_claim_and_escape(made, tmp_path):
    found = reproduce(["A01", "B01", "C01"], tmp_path, jobs=1)
    text = rendered(found, "byheart reproduce --all <x>")
    assert "two &lt;b&gt;" in text
    assert "&lt;x&gt;" in text
    assert text.count('<article class="claim"') == 3
    assert "<script" not in text
    page = write_page(found, tmp_path / "reproduce.html", "byheart reproduce")
    content = json.loads(page.with_suffix(".json").read_text())
    assert len(content["claims"]) == len(claims())
    assert content["verdicts"] == {"holds": 2, "depends": 0, "fails": 1}
    rows = {row["id"]: row for row in content["claims"]}
    assert rows["C01"]["verdict"] == "fails"
    assert len(rows["C01"]["criteria"][0]["seeds"]) == 5
    assert "Arpit" in rows["B01"]["source"]


def test_the_terminal_lists_many_and_details_few(made, tmp_path):
    from rich.console import Console

    found = reproduce(["A01", "B01", "C01"], tmp_path, jobs=1)

    def printed(some):
        screen = Console(width=120, record=True, file=io.StringIO())
        screen.print(drawn(some, tmp_path / "reproduce.html"))
        return screen.export_text()

    assert "mean of 3 seeds" in printed(found[:1])
    many = printed([*found, found[0]])
    assert "what was found" in many
    assert "1 fails" in many


def test_a_study_without_its_data_is_left_out_and_told(made, tmp_path, monkeypatch):
    table = dict(registry._tables["study"])
    table["swinging"] = dataclasses.replace(table["swinging"], data=("nowhere",))
    monkeypatch.setitem(registry._tables, "study", table)

    def absent():
        raise DataError("The data set is not on this machine.", do="put it there")

    monkeypatch.setitem(registry._tables, "task", {"nowhere": absent})
    monkeypatch.setattr(registry, "_opened", {*registry._opened, "task"})
    told = []
    found = reproduce(["A01", "C01"], tmp_path, jobs=1, lacking=lambda name, error: told.append((name, error.do)))
    assert [e.row.id for e in found] == ["A01"]
    assert told == [("swinging", "put it there")]
    with pytest.raises(DataError):
        reproduce(["A01", "C01"], tmp_path, jobs=1)


def test_a_study_without_its_package_is_left_out_and_told(made, tmp_path, monkeypatch):
    table = dict(registry._tables["study"])
    table["swinging"] = dataclasses.replace(table["swinging"], package="no_such_package")
    monkeypatch.setitem(registry._tables, "study", table)
    told = []
    found = reproduce(["A01", "C01"], tmp_path, jobs=1, lacking=lambda name, error: told.append((name, error.do)))
    assert [e.row.id for e in found] == ["A01"]
    assert told == [("swinging", "pip install no_such_package")]
    with pytest.raises(MissingExtra):
        reproduce(["A01", "C01"], tmp_path, jobs=1)


def test_what_a_study_is_said_to_cost_is_no_part_of_its_reading(made):
    study = registry._tables["study"]["steady"]
    dear, edited = (dataclasses.replace(study, text=text) for text in ("f(x, cost=40)", "f(y, cost=4)"))
    assert module.digest(dataclasses.replace(study, text="f(x, cost=4.5)")) == module.digest(dear)
    assert module.digest(edited) != module.digest(dear)
