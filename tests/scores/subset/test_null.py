"""The memorized share: planted memory stands out, chance does not."""

import numpy as np
import pytest

from byheart.base.errors import NotApplicable
from byheart.scores.subset.null import memorized_share


def ensemble(memorized: int, models: int = 40, n: int = 500) -> tuple[np.ndarray, np.ndarray]:
    """The first examples are right only when trained on; the others are right nine times in ten."""
    g = np.random.default_rng(0)
    member, right = g.random((models, n)) < 0.7, (g.random((models, n)) < 0.9).astype(float)
    right[:, :memorized] = member[:, :memorized]
    return member, right


def test_what_was_planted_is_the_excess():
    found = memorized_share(*ensemble(100))
    assert found.excess == pytest.approx(0.2, abs=0.04)
    assert found.n == 500


def test_nothing_planted_is_nothing_found():
    found = memorized_share(*ensemble(0))
    assert abs(found.excess) < 3 * found.se + 0.01


def test_fewer_than_twenty_models_do_not_apply():
    with pytest.raises(NotApplicable, match="20 models"):
        memorized_share(*ensemble(10, models=19))
