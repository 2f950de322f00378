from __future__ import annotations

import dataclasses

from byheart.reports import sections
from byheart.reports.page import gather


def test_the_count_is_said_once(pictures) -> None:
    finding = next(f for f in pictures.findings if f.code == "MEM001")
    assert str(finding.count) not in sections.said_once(finding).split()[:3]
    whole = dataclasses.replace(finding, evidence="Nothing here: is counted.")
    assert sections.said_once(whole) == "Nothing here: is counted."


def test_learned_says_the_end_the_best_and_the_turn(pictures) -> None:
    text = sections.learned(pictures)
    numbers = {n.name: n.text for n in sections.facts.performance(pictures)}
    assert (
        f"At the end, train accuracy {numbers['train accuracy']} and test accuracy {numbers['test accuracy']}." in text
    )
    assert "20 training labels were planted wrong" in text


def test_truth_holds_findings_and_scores_against_what_was_planted(pictures) -> None:
    by_finding, by_score = sections.truth(pictures)
    row = next(r for r in pictures.truth.findings if r.code == "MEM001" and r.hits)
    line = next(line for line in by_finding["lines"] if line[0] == "MEM001, wrong")
    assert line[1] == f"{row.hits} of {row.found}" and line[3] == f"{row.hits} of 20"
    assert len(by_score["lines"]) == len(pictures.truth.scores)


def test_a_curves_table_repeats_the_curve(pictures) -> None:
    page = gather(pictures)
    name, _, table = sections.curves(page)[0]
    assert name == "accuracy" and len(table["lines"]) == pictures.scores.run.epochs
    last = page.accuracy[page.accuracy["series"] == "test"]["value"].iloc[-1]
    assert table["lines"][-1][1][table["names"].index("test")].startswith(f"{last:.3f} ±")
