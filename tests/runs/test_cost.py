from hypothesis import given
from hypothesis import strategies as st

from byheart.runs.cost import LADDER, afford, pace, priced


@given(st.floats(0.01, 1000), st.floats(0, 10_000), st.integers(1, 8))
def test_more_time_never_buys_less_and_it_stays_within(one, left, jobs):
    bought, more = afford(one, left, jobs), afford(one, 2 * left, jobs)
    assert more.models >= bought.models and more.pairs >= bought.pairs
    assert not bought.models or bought.seconds <= left
    assert (bought.models, bought.pairs) in ((0, 0), *LADDER)
    assert bool(bought.left_out) == (bought.models < 60)


def test_more_workers_and_fewer_models_cost_less():
    assert priced(10, 20, 5, 2) < priced(10, 40, 5, 2) and priced(10, 40, 5, 4) < priced(10, 40, 5, 2)


def test_the_pace_trains_a_few_steps_and_leaves_nothing(few, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert pace(few) > 0 and not list(tmp_path.iterdir())
