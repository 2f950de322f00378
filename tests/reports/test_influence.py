from __future__ import annotations

import dataclasses

import pytest

from byheart.diagnosis.audit import Audit
from byheart.diagnosis.pairs import InfluencePairs, Reach
from byheart.reports import influence
from byheart.reports.page import gather, gather_redacted


def counted(audit: Audit, found: int, chance: float, top: Reach, **changed) -> InfluencePairs:
    high = Reach(0.15, found, chance)
    return dataclasses.replace(audit.influence_pairs, high=high, top=top, models=60, **changed)


def test_the_section_says_the_count_found_and_the_count_by_chance(pictures) -> None:
    section, pairs = influence.section(pictures), pictures.influence_pairs
    assert section["empty"] == ""
    assert f"{pairs.high.found:,} pairs have an influence of .15 or more" in section["text"]
    assert f"Chance alone gives {influence.about(pairs.high.by_chance)}" in section["text"]
    assert len(section["lines"]) == min(100, len(pairs))
    first = pairs.table.to_dict("records")[0]
    assert section["lines"][0][:3] == [str(first["id"]), str(first["label"]), str(first["held_out_id"])]


@pytest.mark.parametrize(
    ("found", "chance", "top", "words"),
    [
        (1000, 10, Reach(0.5, 12, 0.1), "Hardly any is chance."),
        (1000, 200, Reach(0.5, 12, 1.0), "about 20 % of the 1,000 are chance"),
        (1000, 900, Reach(0.5, 12, 3.0), "most pairs are chance, but of those shown only about 25 %"),
        (1000, 1100, Reach(0.5, 12, 11.0), "most pairs are chance, those shown among them; more subset models"),
    ],
)
def test_trust_follows_the_share_that_chance_accounts_for(pictures, found, chance, top, words) -> None:
    assert words in influence.trust(counted(pictures, found, chance, top))
    assert words in influence.said(counted(pictures, found, chance, top))


def test_a_part_of_the_memorized_is_said_to_be_a_part(pictures) -> None:
    text = influence.said(counted(pictures, 1, 0.0, Reach(0.15, 1, 0.0), memorized=9000, asked=4000))
    assert text.startswith("Of the 4,000 most memorized of 9,000 memorized training examples")
    assert "1 pair has" in text and "Chance alone gives none" in text and "As high as" not in text


def test_where_there_is_nothing_it_says_what_would_fill_it(alone, regression, pictures) -> None:
    assert "byheart.record_subsets" in influence.section(alone)["empty"]
    assert "numbers, not classes" in influence.section(regression)["empty"]
    table = pictures.influence_pairs.table.head(0)
    assert influence.empty(InfluencePairs(table)).startswith("No training example has a memorization of .25")
    assert influence.empty(InfluencePairs(table, 3, 3, 90)).startswith("None of 3 memorized training examples helps")
    assert gather(alone).data["pairs"] == []


def test_both_examples_of_a_pair_are_pictured_and_none_when_redacted(pictures) -> None:
    made, task = gather(pictures), pictures.task
    assert len(made.data["pairs"]) == 12
    for drawn, known in zip(made.data["pairs"], pictures.influence_pairs.table.to_dict("records"), strict=False):
        assert task.train.ids[drawn["row"]] == known["id"]
        place = drawn["held_out"] - len(task.train)
        assert task.held_out.ids[place] == known["held_out_id"]
        assert task.held_out.targets[place] == drawn["held_out_label"] == known["held_out_label"]
        assert {drawn["row"], drawn["held_out"]} <= set(made.data["pictures"]["rows"])
    redacted = gather_redacted(pictures)
    assert redacted.data["pairs"] == made.data["pairs"] and redacted.data["pictures"] is None


def test_small_mean_counts_keep_a_digit() -> None:
    assert [influence.about(v) for v in (0, 0.05, 2.34, 17.6, 8443.2)] == [
        "none",
        "fewer than .1",
        "2.3",
        "18",
        "8,443",
    ]
