import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.diagnosis.progress_measures import by_frequency, key_frequencies, progress, waves

P = 11
A, B, C = np.indices((P, P, P))


def made_of(amplitudes: dict[int, float]) -> np.ndarray:
    return sum(h * np.cos(2 * np.pi * k * (A + B - C) / P) for k, h in amplitudes.items())


def test_the_amplitudes_that_were_put_in_are_found():
    found = waves(made_of({2: 3.0, 5: -1.5}))
    np.testing.assert_allclose(found, [0, 3, 0, 0, -1.5], atol=1e-12)


def test_they_are_projections_of_whole_tables():
    logits = np.random.default_rng(0).normal(size=(P, P, P))
    for k, found in enumerate(waves(logits), 1):
        wave = made_of({k: 1.0})
        assert found == pytest.approx((logits * wave).sum() / (wave**2).sum(), abs=1e-12)


def test_the_fewest_frequencies_that_hold_nine_tenths():
    assert key_frequencies(np.array([1.0, 3.0, 0.1, 0.0, 2.0])).tolist() == [2, 5]
    assert key_frequencies(np.array([0.0, 0.0, 5.0])).tolist() == [3]


def test_a_table_known_by_heart_does_without_the_waves_and_a_rule_does_not():
    learned = np.random.default_rng(1).random((P, P)) < 0.5
    by_heart = np.where(learned[:, :, None] & ((A + B) % P == C), 20.0, 0.0)
    rule = made_of({2: 8.0, 3: 8.0})
    keys = key_frequencies(waves(rule))
    known, understood = progress(by_heart, learned, keys), progress(rule, learned, keys)
    assert understood.restricted < 0.1
    assert understood.excluded == pytest.approx(np.log(P))
    assert known.excluded < 0.1 * understood.excluded
    assert known.restricted > 10 * understood.restricted


def test_restricted_loss_is_that_of_the_projected_logits():
    logits = np.random.default_rng(2).normal(size=(P, P, P))
    keys = np.array([1, 4])
    projected = made_of({int(k): float(waves(logits)[k - 1]) for k in keys})
    p = np.exp(projected) / np.exp(projected).sum(2, keepdims=True)
    right = np.take_along_axis(p, ((A + B) % P)[:, :, :1], 2)
    assert progress(logits, np.ones((P, P), bool), keys).restricted == pytest.approx(-np.log(right).mean())


def test_the_frequencies_of_an_embedding():
    table = np.cos(2 * np.pi * 3 * np.arange(P) / P)[:, None] * np.ones((1, 4))
    found = by_frequency(table)
    assert found.argmax() == 2
    np.testing.assert_allclose(np.delete(found, 2), 0, atol=1e-9)


def test_an_even_modulus_is_refused():
    with pytest.raises(UsageError, match="odd modulus"):
        waves(np.zeros((4, 4, 4)))
