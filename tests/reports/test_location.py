"""The section on layers: its numbers against the tables, its words against its numbers."""

from __future__ import annotations

import dataclasses
import io
import json

import numpy as np
import pytest
import vl_convert

from byheart.diagnosis.proportion import difference
from byheart.reports import location, location_figure, sections
from byheart.reports.json import content
from byheart.reports.located import CHECKPOINT
from byheart.reports.markdown import rendered
from byheart.reports.page import gather


@pytest.fixture(scope="module")
def found(by_layer):
    return by_layer.effects["location"]


def test_nothing_is_shown_where_nobody_asked(pictures):
    assert location.section(pictures) is None and content(pictures)["location"] is None
    assert location.line(pictures) == "" and "Where memorization sits" not in rendered(pictures)
    shown = sections.context(pictures, gather(pictures))
    assert shown["location"] is None and "location" not in dict(shown["sections"])


def test_a_reason_stands_where_there_are_no_numbers(alone):
    bare = dataclasses.replace(alone, effects={"location": CHECKPOINT})
    assert location.section(bare)["text"] == [f"Not measured: {CHECKPOINT}."]
    assert content(bare)["location"] == {"not_measured": CHECKPOINT} and "location" not in content(bare)["effects"]
    assert gather(bare).data["specs"]["location"] is None
    assert f"Where memorization sits: not measured: {CHECKPOINT}" in rendered(bare)


def test_the_checkpoint_shown_is_where_the_others_were_furthest_ahead(by_layer, found):
    run = by_layer.scores.run
    chosen, right = np.isin(run.ids, found.location.ids), run["correct"].astype(float)
    ahead = {
        epoch: right[epoch - 1, ~chosen].mean() - right[epoch - 1, chosen].mean()
        for epoch in run.checkpoints
        if 0 < epoch < 15
    }
    back = location.rewound_to(found, run)
    assert ahead[back] == pytest.approx(max(ahead.values())) and ahead[back] > 0.5


def test_gradients_that_were_read_slowly_are_named(by_layer, found):
    assert not any("one example at a time" in note for note in location.section(by_layer)["notes"])
    slow = dataclasses.replace(found.location, slow=("one example at a time, since why: scale",))
    audit = dataclasses.replace(by_layer, effects={"location": dataclasses.replace(found, location=slow)})
    assert "These gradients were read one example at a time, since why: scale." in location.section(audit)["notes"]
    assert content(audit)["location"]["gradients_slow"] == ["one example at a time, since why: scale"]


def test_without_a_checkpoint_between_it_is_the_start(by_layer, found):
    table = found.location.rewound
    ends = dataclasses.replace(found.location, rewound=table[table["epoch"].isin([0, 15])])
    audit = dataclasses.replace(by_layer, effects={"location": dataclasses.replace(found, location=ends)})
    assert location.rewound_to(audit.effects["location"], audit.scores.run) == 0
    text = location.section(audit)["text"]
    assert "in epoch" not in text[0] and "before training" in text[1]


def test_the_table_is_that_of_the_layers(by_layer, found):
    back = location.rewound_to(found, by_layer.scores.run)
    table, many = location.by_layer(by_layer, found, back), len(found.location.ids)
    assert table["layer"].tolist() == ["1 Linear", "3 Linear", "5 Linear"]
    rewound = found.location.rewound.set_index(["layer", "epoch"])
    for row, layer in zip(table.to_dict("records"), ("1", "3", "5"), strict=True):
        here, anew = rewound.loc[layer, back], found.location.retrained.set_index("layer").loc[layer]
        for name in ("memorized", "memorized_low", "others_high"):
            assert row[name] == here[name] and row[f"anew_{name}"] == anew[name]
        share = found.location.gradients.set_index(["layer", "epoch"]).loc[layer, back]
        assert (row["gradient_memorized"], row["gradient_others"]) == (share["memorized"], share["others"])
        assert row["lost"] == pytest.approx(here["others"] - here["memorized"])
        counts = round(here["others"] * (200 - many)), 200 - many, round(here["memorized"] * many), many
        _, low, high = difference(*counts)
        assert row["lost_low"] <= low <= high <= row["lost_high"]  # for three layers at once
    cells = location.section(by_layer)["lines"]
    assert len(cells) == 3 and all(len(line) == len(location.HEADS) for line in cells)


def test_the_words_name_the_layer_that_loses_most(by_layer, found):
    back = location.rewound_to(found, by_layer.scores.run)
    table = location.by_layer(by_layer, found, back)
    worst = table.loc[table["lost"].idxmax()]
    shown = location.section(by_layer)
    assert f"`{worst['layer']}` as it was at epoch {back}" in shown["text"][1]
    assert location.interval(worst.to_dict(), "memorized") in shown["text"][1]
    assert worst["layer"] in location.line(by_layer) and "that MEM001 flags" in location.line(by_layer)
    assert f"Where memorization sits: {len(found.location.ids)} examples that MEM001 flags" in rendered(by_layer)


def test_no_difference_is_called_none(by_layer, found):
    flat = found.location.rewound.copy()
    for end in ("", "_low", "_high"):
        flat[f"memorized{end}"] = flat[f"others{end}"]
    same = dataclasses.replace(found, location=dataclasses.replace(found.location, rewound=flat))
    audit = dataclasses.replace(by_layer, effects={"location": same})
    assert "no layer can be shown to lose more" in location.section(audit)["text"][1]


def test_the_terminal_has_one_line_of_it(by_layer):
    from rich.console import Console

    from byheart.reports.terminal import terminal

    console = Console(width=200, record=True, file=io.StringIO())
    console.print(terminal(by_layer))
    assert "located" in console.export_text()


def test_the_picture_shows_every_layer_three_times(by_layer):
    points = location.points(by_layer)
    assert len(points) == 9 and (points["low"] <= points["value"] + 1e-12).all()
    assert (points["value"] <= points["high"] + 1e-12).all()
    spec = location_figure.by_layer(points) | {"width": 400}
    svg = vl_convert.vegalite_to_svg(json.dumps(spec))
    for word in ("1 Linear", "3 Linear", "5 Linear", "right answers", *location_figure.MARKS):
        assert word in svg
    assert "http" not in json.dumps(spec)


def test_the_numbers_are_in_the_json(by_layer, found):
    told = content(by_layer)["location"]
    json.dumps(told, allow_nan=False)
    assert told["ids"] == found.location.ids.tolist() and told["whose"] == "that MEM001 flags"
    assert len(told["rewound"]) == len(found.location.rewound) == 3 * len(by_layer.scores.run.checkpoints)
    assert told["layers"][0]["layer"] == "1 Linear" and told["retrained_epochs"] == 5
    assert len(told["units"]["examples"]) == len(found.location.flipped) and told["units"]["most"] == 25


def test_the_page_holds_the_section(by_layer, written):
    text = written(by_layer, "html").read_text(encoding="utf-8")
    assert 'id="location"' in text and "Where memorization sits" in text and 'id="chart-location"' in text
    assert "units silenced, one after the other" in text and "until the answer flips, median" in text
    assert "Gradients: what part" in text
