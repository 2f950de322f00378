"""The plan of an audit: made once, and a damaged one is told instead of followed."""

from __future__ import annotations

import dataclasses
import json
import re
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from byheart.base.errors import RunError
from byheart.reports.purchase import MOST, kept, purchase

NAMES = ("budget", "models", "pairs")
NUMBER = st.integers() | st.sampled_from([0, 1, 2, 20, MOST, 1e3, 10**400]) | st.floats()
SIMPLE = st.none() | st.booleans() | st.text(max_size=5) | NUMBER
PLAN = st.dictionaries(st.sampled_from(NAMES), SIMPLE) | st.fixed_dictionaries(dict.fromkeys(NAMES, NUMBER))
ANYTHING = SIMPLE | st.lists(SIMPLE, max_size=3) | PLAN
RUN = SimpleNamespace(timing={"cpu_seconds": 2.0})
here = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@here
@given(st.binary(max_size=60) | ANYTHING.map(lambda content: json.dumps(content).encode()))
@example(b'{"budget": NaN, "models": 20, "pairs": 5}')
@example(b'{"budget": 1e999, "models": 20, "pairs": 5}')
@example(b'{"budget": 120, "models": 20000000000, "pairs": 5}')
@example(b'{"budget": 120, "models": true, "pairs": 5}')
@example(b'{"budget": 120.0, "models": 20, "pairs": 5}')
@example(b'{"budget": %d, "models": 20, "pairs": 5}' % 10**400)
@example(b"[" * 5000)
def test_any_content_is_a_plan_that_can_be_followed_or_told(tmp_path, content):
    (tmp_path / "plan.json").write_bytes(content)
    try:
        plan = kept(tmp_path)
    except RunError as error:
        assert "plan.json" in error.what and "delete it" in error.do
        assert (tmp_path / "plan.json").read_bytes() == content
        return
    models, pairs = purchase(RUN, tmp_path, 120.0, None, None, 2)
    assert all(n == 0 or 2 <= n <= MOST for n in (models, pairs)) and models >= plan["models"]
    assert kept(tmp_path)["models"] == models, "what was written is read again"


def test_without_a_plan_there_is_nothing(tmp_path):
    assert kept(tmp_path) == {"budget": 0.0, "models": 0, "pairs": 0}


@pytest.mark.parametrize("asked", [(0, 0), (8, None), (None, 2)])
def test_what_was_asked_for_is_bought(tmp_path, asked):
    models, pairs = purchase(RUN, tmp_path, 120.0, *asked, 2)
    assert asked[0] in (None, models) and asked[1] in (None, pairs)
    assert purchase(RUN, tmp_path, 120.0, *asked, 2) == (models, pairs)


def test_what_else_is_asked_for_leaves_less_to_buy(tmp_path):
    alone = purchase(RUN, tmp_path / "a", 60.0, None, None, 1)
    beside = purchase(RUN, tmp_path / "b", 60.0, None, None, 1, 10.0)
    assert beside < alone and beside == purchase(RUN, tmp_path / "c", 40.0, None, None, 1)


def test_the_plan_says_and_prices_what_else_is_asked_for(few, tmp_path, monkeypatch):
    from byheart.reports.purchase import intention
    from byheart.runs import cost

    monkeypatch.setattr(cost, "pace", lambda task: 10.0)
    told = [intention(few, tmp_path, 1.0, 0, 0, 1, besides) for besides in (0.0, 2.0)]
    assert len(told[0]) == len(told[1]) == 1, "no models were asked for: nothing is missing"
    assert "about 21 s" in told[0][0] and "layer" not in told[0][0]
    assert "about 47 s" in told[1][0] and "memorization located by layer" in told[1][0]


@pytest.mark.parametrize(("budget", "said"), [(10.0, "one training alone takes longer"), (50.0, "buys no subset")])
def test_a_budget_that_buys_no_models_is_told_before_training_with_what_would(few, tmp_path, monkeypatch, budget, said):
    from byheart.reports.purchase import intention
    from byheart.runs import cost

    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=60))
    monkeypatch.setattr(cost, "pace", lambda task: 10.0 * task.recipe.epochs / 60)
    plan, told = intention(task, tmp_path, budget, None, None, 2)
    assert "0 subset models" in plan and said in told
    minutes, fitting = re.search(r"--budget (\d+)min would buy 8", told), re.search(r"--epochs (\d+) within", told)
    (line,) = intention(task, tmp_path, 60.0 * int(minutes[1]), None, None, 2)
    assert " 8 subset models" in line
    assert (fitting is None) == (budget == 10.0)
    (tmp_path / "plan.json").write_text('{"budget": 0.0, "models": 20, "pairs": 0}')
    (line,) = intention(task, tmp_path, budget, None, None, 2)
    assert " 20 subset models" in line, "models that are there already are used"
    (tmp_path / "plan.json").unlink()
    if fitting:
        fewer = dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, epochs=int(fitting[1])))
        assert len(intention(fewer, tmp_path, budget, None, None, 2)) == 1
