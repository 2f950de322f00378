"""What the tests of methods share: a training of the small task with some methods, and its weights as bytes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest


@pytest.fixture(scope="session")
def fitted(few):
    """The state after training `task` (200 digits) with methods, and other recipe fields if given."""
    from byheart.runs.loop import begin, events_of, fit, one_thread

    def train(*methods, task=few, rows=None, seed=0, **recipe):
        task = dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, methods=methods, **recipe))
        with one_thread():
            state = begin(task, np.arange(len(task.train)) if rows is None else rows, seed)
            return fit(state, events_of(task))

    return train


@pytest.fixture(scope="session")
def weights():
    """The bytes of a trained state's parameters and buffers."""

    def of(state):
        return {name: tensor.numpy().tobytes() for name, tensor in state.network.state_dict().items()}

    return of


@pytest.fixture(scope="session")
def plain(fitted, weights):
    """The weights of plain training."""
    return weights(fitted())
