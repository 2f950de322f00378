from __future__ import annotations

import numpy as np
import pytest

from byheart.data.subsets import masks
from byheart.scores.subset.banzhaf import banzhaf


@pytest.fixture
def worth():
    """Held-out accuracy is .5 plus what each member adds; examples 0 and 1 add .02 and -.02, the others nothing."""
    g, member = np.random.default_rng(0), masks(200, 200, 0)
    p = 0.5 + 0.02 * member[:, 0] - 0.02 * member[:, 1]
    return member, (g.random((200, 2000)) < p[:, None]).astype(np.float32)


def test_it_equals_two_means_written_out(worth):
    member, correct = worth
    found = banzhaf(member, correct, 1 - correct, np.zeros(200, int))
    accuracy = correct.mean(1)
    for i in (0, 1, 7):
        slow = accuracy[member[:, i]].mean() - accuracy[~member[:, i]].mean()
        assert found.value[i] == pytest.approx(slow, abs=1e-7)


def test_useful_and_harmful_examples_are_told(worth):
    member, correct = worth
    found = banzhaf(member, correct, 1 - correct, np.zeros(200, int))
    assert found.low[0] > 0 > found.high[1]
    assert found.value.argmax() == 0 and found.value.argmin() == 1
    inside = (found.low[2:] <= 0) & (found.high[2:] >= 0)
    assert 0.88 < inside.mean() < 1


def test_regression_counts_the_loss_that_is_saved(worth):
    member, correct = worth
    loss = 2.0 - correct
    same = banzhaf(member, correct, loss, np.zeros(200, np.float32))
    np.testing.assert_allclose(same.value, banzhaf(member, correct, loss, np.zeros(200, int)).value, atol=1e-6)


def test_an_example_in_every_model_has_no_value(worth):
    member, correct = worth
    member = member.copy()
    member[:, 3] = True
    found = banzhaf(member, correct, 1 - correct, np.zeros(200, int))
    assert np.isnan(found.value[3]) and np.isfinite(found.value[:3]).all()
