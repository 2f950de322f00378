"""Sequence classifiers, tokens in and one class out, from training to attack; targets by token are refused."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import byheart
from byheart.base.errors import DataError
from byheart.data.examples import Examples
from byheart.models.recurrent import rnn
from byheart.privacy.answers import answers_of
from byheart.privacy.leakage import leakage

TOKENS, LONG = 12, 8


def sentences(n: int, seed: int) -> Examples:
    """Rows of tokens whose class is drawn by a coin: what is right on one was learned by heart."""
    g = np.random.default_rng(seed)
    return Examples(g.integers(0, TOKENS, (n, LONG)), g.integers(0, 2, n), np.arange(n) + 1000 * seed)


def test_a_recurrent_network_over_tokens_is_attacked_from_end_to_end(tmp_path):
    task = byheart.Task(
        train=sentences(150, 0), test=sentences(40, 1), network=partial(rnn, vocabulary=TOKENS, hidden=32, width=16),
        scaling="none", recipe=byheart.Recipe(epochs=40, batch=32, lr=0.2),
    )  # fmt: skip
    many = byheart.record_subsets(task, 8, tmp_path / "many", share=0.5, jobs=1)
    answers = answers_of(many)
    assert answers.phi.shape == (8, 150) and np.isfinite(answers.phi).all()
    right = many["correct"][:, :150]
    assert right[answers.member].mean() > 0.9 and right[~answers.member].mean() < 0.65
    found = leakage(answers, right)
    assert found.first.measured.attack == "rmia_online" and len(found.attacks) == 8
    assert found.first.measured.auc_low > 0.6 and found.attacks["loss"].auc > 0.6
    assert found.check.clean and found.check.sharp
    assert found.accuracy[1] > found.accuracy[3]


def test_a_target_for_every_token_is_refused():
    g = np.random.default_rng(0)
    with pytest.raises(DataError, match="several per example"):
        Examples(g.integers(0, TOKENS, (20, LONG)), g.integers(0, TOKENS, (20, LONG)))
