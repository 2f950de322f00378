"""The sweep as page, as terminal table, as words and as charts."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import xml.etree.ElementTree as xml

import numpy as np
import pytest
from rich.console import Console

from byheart.base.registry import find
from byheart.controls.learning_curve import LearningCurve
from byheart.controls.sweep import sweep
from byheart.controls.swept import Sweep
from byheart.diagnosis.uncertainty import Interval
from byheart.reports import sweep_figures as figures
from byheart.reports import sweep_words as words
from byheart.reports.sweep_files import content
from byheart.reports.sweep_page import rendered
from byheart.reports.sweep_terminal import ROWS, sweep_terminal


@pytest.fixture(scope="module")
def swept(few, tmp_path_factory) -> Sweep:
    folder = tmp_path_factory.mktemp("sweep")
    return sweep(
        few, ["hidden=8,32", "dropout=0,0.4"], 2, folder, jobs=1, command="byheart sweep <few> --vary hidden=8,32"
    )


LAW = LearningCurve(
    "dropout=0", (50, 100, 200, 400), (0.3, 0.2, 0.15, 0.12), Interval(2, 1, 3), Interval(0.5, 0.4, 0.7),
    Interval(0.02, 0, 0.05), Interval(0.03, 0.02, 0.04), 0.98,
)  # fmt: skip
NONE = LearningCurve("dropout=0.4", (50, 100), (0.3, 0.2), reason="2 sizes are too few")


@pytest.fixture(scope="module")
def curved(swept) -> Sweep:
    return dataclasses.replace(swept, curves=(LAW, NONE))


@pytest.fixture(scope="module")
def many(swept) -> Sweep:
    """The same four settings ten times over."""
    table = swept.table.loc[list(range(4)) * 10].reset_index(drop=True)
    table["setting"] = np.arange(1, 41)
    return dataclasses.replace(
        swept, table=table, test=np.tile(swept.test, (10, 1, 1)), seconds=np.tile(swept.seconds, (10, 1))
    )


def printed(found: Sweep, path=None, width: int = 160) -> str:
    out = io.StringIO()
    Console(file=out, width=width).print(sweep_terminal(found, path))
    return out.getvalue()


def test_the_terminal_shows_every_setting_then_what_stands_out(swept):
    lines = [line.rstrip() for line in printed(swept, swept.folder / "sweep.html").splitlines()]
    assert max(map(len, lines)) <= 120 and len(lines) < 20
    assert [line.split()[0] for line in lines[1:5]] == ["1", "2", "3", "4"]
    text = " ".join(" ".join(lines).split())
    assert words.best(swept) in text and "opens offline" in text and "--vary hidden=8,32" in text
    assert "over 2 seeds and 30 test examples" in text


def test_many_settings_still_fit_a_screen(many):
    lines = printed(many).splitlines()
    assert len(lines) <= 40
    shown = [int(line.split()[0]) for line in lines if re.match(r"\s*\d+ ", line)]
    assert len(shown) == ROWS and shown == sorted(shown)
    on_it = many.table.loc[many.table["frontier_probability"] > 0.9, "setting"]
    assert set(on_it.tolist()[:ROWS]) <= set(shown)
    assert f"{ROWS} of 40 settings" in " ".join(printed(many).split())


def test_a_narrow_terminal_wraps(swept):
    assert max(map(len, printed(swept, width=60).splitlines())) <= 60


def test_the_page_asks_nothing_of_the_network_and_runs_nothing(curved):
    text = rendered(curved)
    assert "<script" not in text and "default-src 'none'" in text
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", text)
    assert "&lt;few&gt;" in text and "<few>" not in text
    assert len(text) < 150_000


def test_every_setting_is_a_line_of_the_page(swept):
    text = rendered(swept)
    body = text.split("<tbody>")[1].split("</tbody>")[0]
    lines = [re.findall(r"<td[^>]*>(.*?)</td>", line) for line in body.split("</tr>")[:-1]]
    assert lines == [words.cells(swept, k) for k in range(4)]
    assert body.count('class="front"') == swept.table["frontier"].sum()


def test_names_from_a_task_stay_text(swept):
    text = rendered(dataclasses.replace(swept, name="<img src=x onerror=alert(1)>"))
    assert "<img" not in text


def test_a_page_has_its_learning_curves(curved, swept):
    text = rendered(curved)
    assert "What more data would bring" in text and "error falls as n^-b" in text and "2 sizes are too few" in text
    assert "What more data would bring" not in rendered(swept)


def test_charts_are_svg_with_a_point_for_every_setting(swept):
    for size in (figures.WIDE, figures.NARROW):
        root = xml.fromstring(figures.drawn(figures.plane(swept), size))
        assert float(root.attrib["width"]) <= size[0] + 1
        colours = [e.attrib.get("fill", "") for e in root.iter("{http://www.w3.org/2000/svg}path")]
        assert sum(c.startswith("var(--") for c in colours) >= 4
    points = figures.settings(swept)
    assert [p["setting"] for p in points] == ["1", "2", "3", "4"]
    assert all(p["x0"] <= p["x"] <= p["x1"] and p["y0"] <= p["y"] <= p["y1"] for p in points)
    assert len({(p["colour"], p["shape"]) for p in points}) == 4


def test_of_many_settings_only_the_notable_are_numbered(many):
    named = [p["setting"] for p in figures.settings(many) if p["setting"]]
    assert 0 < len(named) < 40


def test_too_many_levels_have_no_colours(swept):
    assert figures.matched(tuple("abcdefgh"), figures.COLOURS) == {}
    assert figures.matched(("a", "b"), figures.COLOURS) == {"a": "blue", "b": "vermillion"}


def test_a_law_goes_on_to_twice_the_data(curved):
    rows = figures.law(LAW, "blue")
    beyond = [r["n"] for r in rows if r["beyond"]]
    assert (min(beyond), max(beyond)) == (400, 800)
    assert all(r["e"] == pytest.approx(LAW.at(r["n"]), rel=1e-3) for r in rows)
    assert figures.learning(curved) is not None


def test_without_a_setting_that_trained_there_is_no_chart(swept):
    lost = swept.table.assign(test=np.nan, validation=np.nan, frontier=False, frontier_probability=0.0, diverged=2)
    empty = dataclasses.replace(swept, table=lost)
    assert figures.plane(empty) is None
    assert "Every training diverged" in rendered(empty) and "2 of 2" in rendered(empty)


def test_numbers_in_words(swept):
    row = {"x": 0.9684, "x_low": 0.9412, "x_high": 0.9951, "train": 0.5, "train_low": 0.4, "train_high": 0.6}
    assert words.number(row, "x", True) == "96.8 [94.1, 99.5]"
    assert words.number(row, "x", False) == "0.968 [0.941, 0.995]"
    assert words.number(row, "train", True) == "50.0"
    assert words.number(row | {"x_low": np.nan}, "x", True) == "96.8"
    assert words.number({"x": np.nan, "x_low": np.nan, "x_high": np.nan}, "x", True) == "–"
    assert words.number({"x": -0.0001, "x_low": -0.2, "x_high": 0.2}, "x", True) == "0.0 [−20.0, 20.0]"


def test_laws_in_words():
    assert words.law(LAW, "accuracy") == (
        "dropout=0: error falls as n^-b with b = 0.5 [0.4, 0.7] towards 2 [0, 5] %; "
        "twice as many examples would take 3 [2, 4] points off"
    )
    assert words.law(NONE, "accuracy") == "dropout=0.4: no law: 2 sizes are too few"
    assert "loss falls" in words.law(LAW, "loss") and "%" not in words.law(LAW, "loss")


def test_convergence_in_words():
    line = {"epochs_to_converge": 11.6, "converged": 3, "seeds": 3}
    assert words.converged(line) == "12"
    assert words.converged(line | {"converged": 2}) == "12 (2 of 3)"
    assert words.converged(line | {"converged": 0}) == "–"


def test_json_has_no_numbers_that_are_none(swept):
    found = content(swept)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["factors"][0] == {"name": "hidden", "kind": "network", "levels": ["8", "32"]}
    assert [s["hidden"] for s in found["settings"]] == ["8", "8", "32", "32"]


def test_an_audit_with_a_sweep_among_its_effects_is_written(few, swept, tmp_path):
    import byheart

    run = byheart.record(few, out=tmp_path / "run")
    audit = byheart.diagnose(byheart.score(run), few, {"sweep": swept})
    written = json.loads(find("writer", "json")(audit, tmp_path / "audit.json").read_text())
    assert written["effects"]["sweep"]["format"] == "byheart sweep"
    assert "MEM007" in {*(f.code for f in audit.findings), *audit.passed}
    assert "4 settings, 2 seeds each" in find("writer", "markdown")(audit, tmp_path / "audit.md").read_text()
