from __future__ import annotations

import dataclasses
import io
import json

import numpy as np
import pytest
import vl_convert
from rich.console import Console

from byheart.base.store import digest
from byheart.diagnosis.audit import Audit, diagnose
from byheart.privacy.answers import answers_of
from byheart.privacy.leakage import leakage
from byheart.privacy.roc import roc
from byheart.privacy.self_check import SelfCheck
from byheart.reports import privacy, privacy_figure, privacy_groups, sections
from byheart.reports.json import content
from byheart.reports.page import gather
from byheart.reports.terminal import terminal


@pytest.fixture(scope="module")
def attacked(pictures) -> Audit:
    """The audit of 200 digits with attacks on its 20 models."""
    many = pictures.scores.many
    found = leakage(
        answers_of(many), many["correct"][:, : many.n], pictures.scores.columns["memorization"],
        privacy_groups.names_of(pictures.task),
    )  # fmt: skip
    return diagnose(pictures.scores, pictures.task, {**pictures.effects, "privacy": found})


def test_nothing_is_shown_where_nobody_asked(pictures):
    assert privacy.section(pictures) is None and content(pictures)["privacy"] is None
    assert privacy.measures(pictures) == {}
    shown = sections.context(pictures, gather(pictures))
    assert shown["privacy"] is None and "privacy" not in dict(shown["sections"])


def test_the_section_says_no_more_than_can_be_resolved(attacked):
    shown = privacy.section(attacked)
    first = attacked.effects["privacy"].first
    assert first.others == 1200  # 1 % is resolvable, .1 % is not
    at = first.measured.at[1]
    assert "1 false alarm in 100" in shown["text"][0] and "1,000" not in shown["text"][0]
    assert f"{100 * at.rate.value:.2f} % [{100 * at.low:.2f}, {100 * at.high:.2f}]" in shown["text"][0]
    assert [line[2] for line in shown["lines"]] == ["needs 10,000 non-members"] * 8
    assert all(len(line) == len(shown["heads"]) for line in shown["lines"])
    assert any("Self-check" in note and "as it should" in note for note in shown["notes"])
    assert "18 reference models" in shown["notes"][0]


@pytest.mark.parametrize(("planted", "said", "trusted"), [
    ((0.59, 0.47, 0.71), "20 models are too few to see it: no fault", True),
    ((0.5, 0.45, 0.55), "was missed, 0.500 [0.450, 0.550] excludes it: do not trust this audit", False),
])  # fmt: skip
def test_too_few_models_are_no_fault_and_a_missed_leak_is(attacked, planted, said, trusted):
    found = attacked.effects["privacy"]
    check = SelfCheck(0.5, 0.48, 0.52, *planted, 0.65, 20)
    audit = dataclasses.replace(attacked, effects={"privacy": dataclasses.replace(found, check=check)})
    screen = io.StringIO()
    Console(file=screen, width=400).print(terminal(audit))
    page = " ".join(privacy.section(audit)["notes"])
    for text in (page, " ".join(privacy.lines(audit)), " ".join(screen.getvalue().split())):
        assert said in text and ("do not trust" in text) is not trusted
    told = content(audit)["privacy"]
    assert told["planted_leak"] == check.outcome and told["self_check"]["expected"] == 0.65 and told["clean"]


def test_what_nobody_can_resolve_is_said_with_what_it_takes(attacked):
    found = attacked.effects["privacy"]
    small = dataclasses.replace(found.first.measured, at=tuple(
        dataclasses.replace(at, rate=dataclasses.replace(at.rate, resolvable=False)) for at in found.first.measured.at
    ))  # fmt: skip
    text = privacy.headline(small, 120)
    assert "not resolvable" in text and "120 pairs" in text and "1,000 are needed for 1 %" in text
    assert privacy.accused(small) == []


def test_chance_is_called_chance(attacked):
    one = attacked.effects["privacy"].first.measured
    flat = dataclasses.replace(one, at=(one.at[0], dataclasses.replace(one.at[1], low=0.005)))
    assert "no more records than by chance" in privacy.headline(flat, 1200)


@pytest.mark.parametrize(
    ("share", "text"), [(0.05, "1 in 20 records"), (0.63, "63 % of the records"), (0.0, "None of the records")]
)
def test_shares_in_words(share, text):
    assert privacy.one_in(share) == text


def test_how_far_an_accusation_can_be_trusted(attacked):
    first = attacked.effects["privacy"].first.measured
    (text,) = privacy.accused(first)
    hits = first.at[1].rate.value
    assert f"{100 * hits * 0.1 / (hits * 0.1 + 0.01 * 0.9):.0f} % if 10 % were" in text


def test_the_drawn_curve_is_that_of_the_scores(attacked):
    from byheart.privacy.leave_one_out import scores
    from byheart.privacy.pairs import partners

    found, many = attacked.effects["privacy"], attacked.scores.many
    answers = answers_of(many)
    said = scores(answers, partners(answers.member, answers.ids), "rmia_online")
    known = ~np.isnan(said)
    whole = roc(said[known], answers.member[known])
    for point in privacy.points(found):
        if point["attack"] == "RMIA, online":
            least, best = (  # of 1,200 thresholds every second is drawn at least
                whole.tpr[max(np.searchsorted(whole.fpr, end + 1e-12, side="right") - 1, 0)]
                for end in (point["fpr"] - 2 / 1200, point["fpr"])
            )
            assert least <= point["tpr"] <= best
            assert point["low"] <= point["tpr"] <= point["high"] + 1e-9
    spec = privacy_figure.roc(found) | {"width": 400}
    svg = vl_convert.vegalite_to_svg(json.dumps(spec))
    for word in ("false alarms", "records recognized", "RMIA, online", "LiRA, online", "resolvable from here"):
        assert word in svg
    assert "http" not in json.dumps(spec)


def test_the_numbers_are_in_the_json(attacked):
    told = content(attacked)["privacy"]
    json.dumps(told, allow_nan=False)
    found = attacked.effects["privacy"]
    assert told["first"] == "rmia_online" and told["clean"] and told["sharp"] and not told["few_clusters"]
    assert told["attacks"]["lira_online"]["auc"] == found.attacks["lira_online"].auc
    assert len(told["risk"]["value"]) == len(told["risk"]["ids"]) == 200
    assert "privacy" not in content(attacked)["effects"]
    assert digest(json.dumps(content(attacked))) == digest(json.dumps(content(attacked)))


def test_measures_for_fail_on_are_those_that_can_be_resolved(attacked):
    found = privacy.measures(attacked)
    assert set(found) == {"attack_auc", "tpr@1%"}
    assert found["tpr@1%"] == attacked.effects["privacy"].first.measured.at[1].rate.value
    assert privacy.unknown(attacked) == {
        "tpr@0.1%": "is not resolvable with 1,200 non-members, needs at least 10,000"
    }  # fmt: skip


def test_why_there_is_no_measure(pictures):
    assert privacy.unknown(pictures)["tpr@1%"] == "was not measured: --privacy measures it"
    bare = dataclasses.replace(pictures, effects={"privacy": "no models"})
    assert privacy.unknown(bare)["attack_auc"] == "was not measured: no models"


def test_the_terminal_and_markdown_say_what_the_page_says(attacked, pictures, written):
    shown, said = privacy.section(attacked), privacy.lines(attacked)
    assert shown["text"][0].startswith(said[0]) and said[1].endswith(shown["notes"][2])
    assert shown["lines"][0][0] in said[1] and f"AUC {shown['lines'][0][1]}" in said[1]
    screen = io.StringIO()
    Console(file=screen, width=100).print(terminal(attacked))
    rows = screen.getvalue().splitlines()
    first = next(at for at, row in enumerate(rows) if row.startswith("privacy"))
    assert rows[first + 6].strip() == "" and rows[first + 5].strip()  # six lines, two of them on classes
    assert " ".join(said) in " ".join(screen.getvalue().split())
    assert "## Could a record be recognized?" in written(attacked, "markdown").read_text(encoding="utf-8")
    assert privacy.lines(pictures) == [] and "recognized?" not in written(pictures, "markdown").read_text()


def test_few_clusters_are_called_so_everywhere(attacked, written):
    found = attacked.effects["privacy"]
    assert not found.first.few and not any("Few clusters" in text for text in privacy.lines(attacked))
    small = dataclasses.replace(found, first=dataclasses.replace(found.first, models=15))
    audit = dataclasses.replace(attacked, effects={"privacy": small})
    screen = io.StringIO()
    Console(file=screen, width=100).print(terminal(audit))
    markdown = written(audit, "markdown").read_text(encoding="utf-8")
    for text in (privacy.section(audit)["notes"][1], " ".join(screen.getvalue().split()), markdown):
        assert "Few clusters: fewer than 16 models make these intervals uncertain." in text
    assert content(audit)["privacy"]["few_clusters"]


def test_a_reason_stands_where_there_are_no_models(alone):
    why = "no subset models were trained"
    bare = dataclasses.replace(alone, effects={"privacy": why})
    assert privacy.section(bare)["text"] == [f"Not measured: {why}."]
    assert content(bare)["privacy"] == {"not_measured": why} and gather(bare).data["specs"]["roc"] is None


def test_the_page_holds_the_section(attacked, written):
    text = written(attacked, "html").read_text(encoding="utf-8")
    assert 'id="privacy"' in text and "Could a record be recognized?" in text and 'id="chart-roc"' in text
