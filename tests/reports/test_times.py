"""Times are told as far as they can be read; whatever else lies there disturbs nothing."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from byheart.reports.times import STEPS, Times, steps_in

SIMPLE = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats()
INNER = st.dictionaries(st.sampled_from([*STEPS, "wall_seconds", "other"]), SIMPLE | st.lists(SIMPLE, max_size=2))
ANYTHING = SIMPLE | st.lists(SIMPLE, max_size=2) | st.fixed_dictionaries({"wall_seconds": SIMPLE | INNER})
here = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@here
@given(st.binary(max_size=60) | ANYTHING.map(lambda content: json.dumps(content).encode()))
@example(b'{"wall_seconds": {"record": NaN, "score": 1e999, "report": 2, "x": "\\ud800"}}')
def test_any_content_is_read_as_far_as_it_makes_sense_and_written_whole(tmp_path, content):
    (tmp_path / "timing.json").write_bytes(content)
    times = Times(tmp_path)
    before = dict(times.steps)
    assert set(before) <= set(STEPS) and all(0 <= seconds < float("inf") for seconds in before.values())
    with times("record"):
        pass
    again = json.loads((tmp_path / "timing.json").read_text())
    after = before | {"record": times.steps["record"]}
    assert steps_in(tmp_path) == again["wall_seconds"] == after and after["record"] >= before.get("record", 0)


def test_a_step_that_only_read_keeps_the_time_that_it_once_took(tmp_path):
    (tmp_path / "timing.json").write_text('{"wall_seconds": {"record": 1000.0, "score": 0.0}}')
    times = Times(tmp_path)
    for step in ("record", "score"):
        with times(step):
            pass
    assert steps_in(tmp_path)["record"] == 1000.0


def test_where_there_are_none(tmp_path):
    assert steps_in(tmp_path) == {}
