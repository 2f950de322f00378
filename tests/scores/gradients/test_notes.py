"""How gradients were read, in words: every parameter that was read slowly is named or counted."""

from __future__ import annotations

from byheart.scores.gradients.notes import NAMED, damped, read_slowly


def test_parameters_stand_with_their_reason():
    found = read_slowly({"1.scale": "no kernel reads its layer", "0.bias": "it is used outside its layer",
                         "1.shift": "no kernel reads its layer"})  # fmt: skip
    assert found == (
        "one example at a time, since no kernel reads its layer: 1.scale, 1.shift",
        "one example at a time, since it is used outside its layer: 0.bias",
    )
    assert read_slowly({}) == ()


def test_many_names_are_counted():
    (said,) = read_slowly({f"p{k}": "why" for k in range(NAMED + 3)})
    assert "p7" in said and "p8" not in said and said.endswith("and 3 more")


def test_the_damping_of_few_layers_is_whole_and_of_many_its_ends():
    assert damped({"": 2.5}, 0.1) == "damping of 0.1 of the mean eigenvalue: 2.5 (the network)"
    several = {"10": 1e-3, "2": 0.5, "1": 3.0}
    assert damped(several, 0.1) == "damping of 0.1 of the mean eigenvalue: 3 (1), 0.5 (2), 0.001 (10)"
    many = {f"l{k}": float(k) for k in range(1, 20)}
    assert damped(many, 0.1).endswith("from 1 (l1) to 19 (l19), 19 layers")
