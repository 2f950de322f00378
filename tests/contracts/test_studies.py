"""What every study keeps to, whatever it measures."""

from __future__ import annotations

import importlib.util
import inspect
import math
import os
from pathlib import Path

import pytest

from byheart.base.registry import every
from byheart.base.store import read_json
from byheart.studies.claims import claims
from byheart.studies.evidence import answers, judged
from byheart.studies.papers import PAPERS
from byheart.studies.reproduce import measure, opened, path_of
from byheart.studies.study import Study, source_of

STUDIES = every("study")
LONGEST, DEAREST = 120, 90  # lines of a study; CPU-seconds a seed


def missing_data(study: Study) -> str:
    """Why a study cannot run here, or ""."""
    if study.package and importlib.util.find_spec(study.package) is None:
        return f"{study.package} is not installed"
    home = os.environ.get("BYHEART_DATA")
    lacking = [name for name in study.data if not home or not (Path(home) / name).exists()]
    return f"BYHEART_DATA has no {', '.join(lacking)}" if lacking else ""


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The small form of a study, measured once."""
    folder, kept = tmp_path_factory.mktemp("claims"), {}

    def of(name: str):
        if reason := missing_data(STUDIES[name]):
            pytest.skip(reason)
        if name not in kept:
            measure(name, 0, folder, small=True)
            content = read_json(path_of(folder, name, 0))
            kept[name] = opened(content["measured"]), opened(content["control"])
        return kept[name]

    return of


@pytest.mark.parametrize("name", STUDIES)
def test_rows_are_claims_that_no_other_study_measures(name):
    others = {row.id for study in STUDIES.values() if study.name != name for row in study.rows}
    ids = [row.id for row in STUDIES[name].rows]
    assert ids
    assert len(set(ids)) == len(ids)
    assert not set(ids) & others
    assert set(ids) <= set(claims())


@pytest.mark.parametrize("name", STUDIES)
def test_it_says_what_is_measured_and_what_the_control_is(name):
    study = STUDIES[name]
    assert study.measured.endswith(".")
    assert study.controlled.endswith(".")
    assert 0 < study.cost <= DEAREST
    for row in study.rows:
        assert row.criteria
        assert not row.paper or row.paper in PAPERS
        assert not row.corrected or row.corrected.endswith(".")
        for criterion in row.criteria:
            assert criterion.says
            assert "[" not in criterion.published  # recalled numbers are never printed as quoted


@pytest.mark.parametrize("name", STUDIES)
def test_a_claim_that_is_wrong_as_written_says_what_holds(name):
    for row in STUDIES[name].rows:
        assert bool(row.corrected) == bool(claims()[row.id].warning), row.id


@pytest.mark.parametrize("name", STUDIES)
def test_it_is_short_and_trains_by_no_loop_of_its_own(name):
    text = source_of(STUDIES[name])
    assert len(text.splitlines()) <= LONGEST
    for own in (".backward(", "optim.", "zero_grad("):
        assert own not in text
    assert inspect.getmodule(STUDIES[name].measure).__name__.startswith("byheart.studies.rows.")


@pytest.mark.parametrize("name", STUDIES)
def test_the_small_form_measures_every_number_that_is_asked_for(name, small):
    found, _ = small(name)
    for row in STUDIES[name].rows:
        for criterion in row.criteria:
            assert criterion.value in found.values, (row.id, criterion.value)
    for curve in found.curves:
        assert len(curve.x) == len(curve.y) > 0
        assert all(map(math.isfinite, curve.x))
    assert bool(found.curves) == bool(found.x and found.y)


@pytest.mark.parametrize("name", STUDIES)
def test_the_negative_control_answers_to_every_row(name, small):
    study = STUDIES[name]
    _, against = small(name)
    if isinstance(study.control, str):
        assert not against.values
        return
    asked = {criterion.value for row in study.rows for criterion in row.criteria}
    assert {key.rpartition("/")[2] if "/" in key else key for key in against.values} & asked
    for row in study.rows:
        assert not row.identity or row.identity.endswith(".")
        assert row.identity or set(answers(against, row)) & {c.value for c in row.criteria}, f"{row.id} has no control"


@pytest.mark.parametrize("name", STUDIES)
def test_the_same_numbers_would_not_pass_as_their_own_control(name, small):
    """A control that repeats the measurement cannot come out negative: the verdict sees that."""
    found, _ = small(name)
    if isinstance(STUDIES[name].control, str):
        pytest.skip("an identity has no control")
    for row in (r for r in STUDIES[name].rows if not r.identity):
        same = judged(STUDIES[name], row, [found, found], [found, found])
        assert same.word == "fails"
