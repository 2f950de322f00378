"""The multi-layer perceptrons that the made tasks are learned by."""

from collections.abc import Callable
from functools import partial


def perceptron(*hidden: int, activation: str = "relu", dropout: float = 0.0) -> Callable:
    """What makes an mlp with these hidden layers: (input_shape, outputs) -> nn.Module."""
    from byheart.models.mlp import mlp

    return partial(mlp, hidden=hidden, activation=activation, dropout=dropout)
