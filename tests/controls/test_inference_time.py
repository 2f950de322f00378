"""CPU time of inference: the interval of a median, and networks that are slower or not."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from byheart.base.errors import UsageError
from byheart.controls import inference_time
from byheart.controls.inference_time import inference_ratio, median_interval


@given(st.integers(6, 60), st.integers(0, 99))
@settings(max_examples=30)
def test_the_ends_are_the_innermost_that_cover_the_median(n, seed):
    """By counting coin tosses: the low end is above the median when fewer than k of n values are below it."""
    values = np.random.default_rng(seed).normal(size=n)
    chances = np.array([np.prod(np.arange(n - j + 1, n + 1) / np.arange(1, j + 1)) for j in range(n + 1)]) / 2.0**n
    k = max(j for j in range(1, n) if chances[:j].sum() <= 0.025)
    found = median_interval(values)
    assert (found.low, found.high) == (np.sort(values)[k - 1], np.sort(values)[n - k])
    assert found.low <= found.value <= found.high


def test_the_interval_covers_the_median_as_often_as_it_says():
    random = np.random.default_rng(0)
    found = [median_interval(random.exponential(size=25)) for _ in range(2_000)]
    assert 0.95 <= np.mean([one.low <= np.log(2) <= one.high for one in found]) < 0.99


def test_networks_take_turns_and_the_ratio_is_that_of_their_times(monkeypatch):
    one, other, order = nn.Linear(2, 2), nn.Linear(2, 2), []

    def counted(network, inputs):
        order.append("a" if network is one else "b")
        return 1.0 if network is one else 1.5

    monkeypatch.setattr(inference_time, "seconds", counted)
    assert tuple(inference_ratio(one, other, torch.zeros(1, 2), 7)) == (1.5, 1.5, 1.5)
    assert "".join(order) == "abba" * 8


def test_a_network_that_computes_much_more_is_found_slower():
    torch.manual_seed(0)
    one = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
    other = nn.Sequential(nn.Linear(64, 2_048), nn.ReLU(), nn.Linear(2_048, 10))
    inputs = torch.randn(400, 64)
    assert inference_ratio(one, other, inputs, 15).low > 1.2
    same = inference_ratio(one, copy.deepcopy(one), inputs, 15)
    assert same.low < 1.2


def test_too_few_pairs():
    with pytest.raises(UsageError, match="at least 6"):
        median_interval(np.ones(5))
