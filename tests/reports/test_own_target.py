from __future__ import annotations

import dataclasses
import json

import pytest
import torch
from safetensors.torch import save_file

import byheart as bh
from byheart.privacy.attacks import ATTACKS
from byheart.reports import own_target, privacy, privacy_figure
from byheart.reports.checkpoint import audit_checkpoint


def audited(task, folder):
    """A network that was trained by the task's recipe, audited as if it came from elsewhere."""
    run = bh.record(task, folder / "elsewhere")
    save_file({name: torch.from_numpy(a) for name, a in run.weights.items()}, folder / "model.safetensors")
    return audit_checkpoint(task, folder / "model.safetensors", folder / "audit", references=4, jobs=1)


@pytest.fixture(scope="module")
def given(few, tmp_path_factory):
    folder = tmp_path_factory.mktemp("given")
    return audited(few, folder), folder / "audit"


def test_the_section_says_what_one_target_leaves_open(given):
    found, folder = given
    shown = privacy.section(found)
    assert own_target.ONE in shown["text"] and "not resolvable" in shown["text"][0]
    assert shown["lines"][0][0] == "RMIA, offline" and len(shown["lines"]) == 6
    assert all(len(line) == len(shown["heads"]) for line in shown["lines"])
    assert "4 subset models" in shown["notes"][0] and shown["notes"][1].startswith("Self-check: ")
    assert sum("was left out" in note for note in shown["notes"]) == 2
    page = (folder / "audit.html").read_text(encoding="utf-8")
    assert 'id="chart-roc"' in page and "One network was attacked" in page


def test_the_terminal_says_the_same(given):
    said, shown = privacy.lines(given[0]), privacy.section(given[0])
    assert shown["text"][0].startswith(said[0]) and said[1].endswith(" ".join(shown["notes"][1:3]))


def test_the_numbers_are_in_the_json(given):
    found, folder = given
    told = json.loads((folder / "audit.json").read_text())["privacy"]
    one = found.effects["privacy"]
    assert told["attacks"]["rmia_offline"]["auc"] == one.first.auc == privacy.measures(found)["attack_auc"]
    assert len(told["scores"]["value"]) == len(told["scores"]["ids"]) == 200
    assert set(privacy.unknown(found)) == {"tpr@0.1%", "tpr@1%"}
    assert told["clean"] and told["planted_leak"] == one.check.outcome and told["sharp"] is one.check.sharp
    assert told["self_check"]["null"] == one.check.null and told["self_check"]["of"] == "records"


def test_more_records_resolve_more(given):
    one = given[0].effects["privacy"]
    rates = [dataclasses.replace(r, resolvable=True, value=0.05, low=0.04, high=0.06) for r in one.first.rates]
    first = dataclasses.replace(one.first, rates=tuple(rates))
    many = dataclasses.replace(one, attacks={**one.attacks, "rmia_offline": first})
    text = own_target.headline(many)
    assert text.startswith("1 in 20 records can be identified")
    assert "1 false alarm in 1,000: 5.00 % [4.00, 6.00]" in text
    assert "98 % if 50 % were" in own_target.accused(first)[0]
    flat = dataclasses.replace(first, rates=tuple(dataclasses.replace(r, low=0.0009) for r in rates))
    chance = own_target.headline(dataclasses.replace(many, attacks={**one.attacks, "rmia_offline": flat}))
    assert "no more records than by chance" in chance and own_target.unknown(many) == {}


def test_sets_that_differ_are_said_to(given):
    one = given[0].effects["privacy"]
    more, less = (own_target.notes(dataclasses.replace(one, apart=x))[1] for x in ((0.6, 0.55, 0.65), (0.4, 0.3, 0.45)))
    assert "differ on their own" in more and more.endswith("is this, not membership.") and less.endswith("too little.")
    unknown = dataclasses.replace(one, apart=(float("nan"),) * 3)
    assert "could not be told" in own_target.notes(unknown)[1]


def test_page_and_terminal_say_whether_the_audit_can_be_trusted(given):
    found = given[0]
    one = found.effects["privacy"]
    faulty = dataclasses.replace(one.check, null=0.7, null_low=0.65, null_high=0.75)
    for check, says in ((one.check, one.check.shown), (faulty, "do not trust this audit"), (None, "too few records")):
        audit = dataclasses.replace(found, effects={"privacy": dataclasses.replace(one, check=check)})
        assert says in privacy.section(audit)["notes"][2] and says in privacy.lines(audit)[1]
    unchecked = own_target.content(dataclasses.replace(one, check=None), found.scores.ids)
    assert unchecked["self_check"] is unchecked["clean"] is unchecked["planted_leak"] is None


def test_the_curve_is_drawn_from_one_false_alarm_on(given):
    found = given[0].effects["privacy"]
    rows = privacy.points(found)
    assert {row["attack"] for row in rows} <= {ATTACKS[name].title for name in ("rmia_offline", "loss")}
    assert min(row["fpr"] for row in rows) >= 1 / 60 and "http" not in json.dumps(privacy_figure.roc(found))


def test_numbers_are_attacked_through_their_loss(regression, tmp_path):
    found = audited(regression.task, tmp_path)
    one = found.effects["privacy"]
    assert 0 <= one.first.auc_low <= one.first.auc <= one.first.auc_high <= 1
    assert not any("is right on" in note for note in own_target.notes(one))
