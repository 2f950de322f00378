from hypothesis import given
from hypothesis import strategies as st

from byheart.base.seeds import generator, spawn


@given(st.integers(0, 2**31), st.integers(0, 10_000))
def test_seeds_depend_on_seed_and_path_alone(seed, k):
    assert spawn(seed, "model", k) == spawn(seed, "model", k) < 2**63
    assert (
        len({spawn(seed, "model", k), spawn(seed, "model", k + 1), spawn(seed + 1, "model", k), spawn(seed, "x", k)})
        == 4
    )


def test_a_seed_never_changes_between_versions():
    assert spawn(0, "network") == 416374977141132431  # finished runs are continued with it
    assert generator(3, "a").integers(10**9) == generator(3, "a").integers(10**9)
