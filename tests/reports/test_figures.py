from __future__ import annotations

import json

import vl_convert

from byheart.reports import curves, figures


def rendered(spec: dict, **datasets) -> str:
    """The chart as SVG, drawn without a browser; 300 pixels where the page would give its own width."""
    return vl_convert.vegalite_to_svg(json.dumps(spec | {"datasets": datasets, "width": 300}))


def test_curves_draw_every_series_and_the_turning_epoch(pictures) -> None:
    table = curves.learning_curves(pictures.scores.run, pictures.task, "correct")
    svg = rendered(figures.curves(table, "accuracy", ".0%", 7))
    for name in table["series"].unique():
        assert figures.SERIES[name][0] in svg
    assert "validation turns at 7" in svg and ">epoch<" in svg and ">accuracy<" in svg


def test_every_spec_has_axis_titles_and_no_address(pictures) -> None:
    table = curves.learning_curves(pictures.scores.run, pictures.task, "loss")
    for spec in (figures.curves(table, "loss (nats)", "~g", None), figures.tally(10), figures.trajectory()):
        text = json.dumps(spec)
        assert '"title"' in text and "http" not in text


def test_the_map_draws_points_by_group() -> None:
    spec = figures.plane(["MEM001 mislabelled", "rest"], ["var(--vermillion)", "var(--grey)"], ["circle", "square"])
    points = [{"row": 0, "id": "a", "x": 1, "y": 2, "given": "0", "group": "MEM001 mislabelled"}]
    svg = rendered(spec, points=points, density=[{"x0": 0, "x1": 1, "y0": 0, "y1": 1, "weight": 1}])
    assert "var(--vermillion)" in svg


def test_the_tally_and_the_trajectory_draw_what_they_are_given() -> None:
    assert 'aria-label="examples: 3' in rendered(figures.tally(1), tally=[{"label": "cat", "chosen": 2, "all": 3}])
    band = [{"epoch": e, "low": 0.0, "middle": 0.5, "high": 1.0} for e in (1, 2)]
    assert ">loss<" in rendered(
        figures.trajectory(), one=[{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0}], all=band
    )
