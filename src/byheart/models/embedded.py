"""A perceptron over tokens: each becomes a learned vector, and these are read side by side."""

from __future__ import annotations

from torch import Tensor, nn

from byheart.base.errors import UsageError
from byheart.models.mlp import mlp
from byheart.models.shapes import positive


class Embedded(nn.Module):
    """(b, t) whole numbers -> (b, t, width) by one table for all places -> (b, outputs) by `body`."""

    def __init__(self, vocabulary: int, width: int, body: nn.Module) -> None:
        super().__init__()
        self.table, self.body = nn.Embedding(vocabulary, width), body

    def forward(self, x: Tensor) -> Tensor:
        return self.body(self.table(x.long()))


def embedded_mlp(
    input_shape: tuple[int, ...], outputs: int, vocabulary: int = 59, width: int = 128, hidden: tuple[int, ...] = (256,)
) -> nn.Module:
    """(b, t) tokens below `vocabulary` -> (b, outputs): their vectors of `width`, side by side, through an mlp.

    Tokens stay whole numbers with Task(scaling="none"). Errors: UsageError for inputs that are no row of tokens and for
    sizes below 1.
    """
    positive("embedded_mlp", vocabulary=vocabulary, width=width)
    if len(input_shape) != 1:
        raise UsageError(f"embedded_mlp cannot read inputs of shape {tuple(input_shape)}.", do="give (n, tokens)")
    return Embedded(vocabulary, width, mlp((input_shape[0], width), outputs, hidden))
