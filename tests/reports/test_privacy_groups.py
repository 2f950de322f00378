from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from byheart.diagnosis.audit import diagnose
from byheart.privacy.answers import answers_of
from byheart.privacy.leakage import leakage
from byheart.reports import privacy, privacy_groups
from byheart.reports.json import content

STRANGE = "<b>half</b>"


@pytest.fixture(scope="module")
def attacked(pictures):
    """The audit of 200 digits of two made-up groups, with attacks on its 20 models."""
    train = dataclasses.replace(pictures.task.train, groups=np.where(np.arange(200) < 180, "most", STRANGE))
    task = dataclasses.replace(pictures.task, train=train)
    found = leakage(answers_of(pictures.scores.many), names=privacy_groups.names_of(task))
    return diagnose(pictures.scores, task, {"privacy": found})


def test_classes_and_groups_have_a_table_each(attacked, written):
    group, of_class = privacy.section(attacked)["groups"]
    assert group["heads"][0] == "group" and of_class["heads"][0] == "class" and len(of_class["lines"]) == 10
    lines = {line[0]: line for line in group["lines"]}
    assert set(lines) == {"most", STRANGE} and lines["most"][1] == "180"
    assert lines[STRANGE][2] == "not resolvable: 120 non-members, needs 1,000"
    rate = next(r for r in attacked.effects["privacy"].groups["group"] if r.name == "most").at
    assert lines["most"][2] == f"{100 * rate.rate.value:.2f} % [{100 * rate.low:.2f}, {100 * rate.high:.2f}]"
    page = written(attacked, "html").read_text(encoding="utf-8")
    assert (
        'aria-label="risk by group"' in page
        and "&lt;b&gt;half&lt;/b&gt;" in page
        and STRANGE not in page.replace(page[page.index("<script") :], "")
    )


def test_of_many_groups_the_riskiest_are_shown(attacked):
    one = attacked.effects["privacy"].groups["group"][0]
    many = privacy_groups.table("class", [dataclasses.replace(one, name=str(k)) for k in range(40)])
    assert len(many["lines"]) == 10 and "10 riskiest of 40" in many["text"]
    unknown = dataclasses.replace(one, risk=float("nan"))
    assert privacy_groups.risk(unknown) == "–"


def test_the_terminal_and_markdown_name_the_riskiest(attacked, written):
    by_group, by_class = privacy_groups.lines(attacked.effects["privacy"])
    first, last = attacked.effects["privacy"].groups["group"]
    assert first.risk >= last.risk
    assert by_group == (
        f"Mean risk by group: {first.name} {privacy_groups.risk(first)} is highest, {last.name} "
        f"{privacy_groups.risk(last)} lowest, of 2."
    )
    assert by_class.startswith("Mean risk by class: ") and by_class.endswith("of 10.")
    assert {by_group, by_class} <= set(privacy.lines(attacked))
    assert "Mean risk by class" in written(attacked, "markdown").read_text(encoding="utf-8")


def test_groups_of_unknown_risk_are_not_named(attacked):
    found = attacked.effects["privacy"]
    unknown = dataclasses.replace(found.groups["group"][1], risk=float("nan"))
    alone = dataclasses.replace(found, groups={"group": (found.groups["group"][0], unknown)})
    assert privacy_groups.lines(alone) == []


def test_what_would_lower_it_is_the_findings_own_advice(attacked):
    finding = next(f for f in attacked.findings if f.code == "MEM010")
    (text,) = privacy_groups.remedy(attacked)
    assert finding.do in text and text in privacy.section(attacked)["text"]
    assert privacy_groups.remedy(dataclasses.replace(attacked, findings=())) == []


def test_every_group_is_in_the_json(attacked):
    told = content(attacked)["privacy"]["groups"]
    assert len(told["class"]) == 10 and {row["name"] for row in told["group"]} == {"most", STRANGE}
    assert {"examples", "members", "others", "at", "needed", "risk", "risk_low", "risk_high"} <= set(told["group"][0])


def test_numbers_have_no_classes(regression, pictures):
    assert privacy_groups.names_of(regression.task) == {}
    named = privacy_groups.names_of(dataclasses.replace(pictures.task, class_names=tuple("abcdefghij")))
    np.testing.assert_array_equal(named["class"], np.array(list("abcdefghij"))[pictures.task.train.targets])
