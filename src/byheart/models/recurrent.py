"""Recurrent classifiers: an Elman network and an LSTM, of linear layers that are used once a step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from byheart.base.errors import UsageError
from byheart.base.registry import register
from byheart.models.activations import activation as named
from byheart.models.shapes import flat, positive


class Steps(nn.Module):
    """(b, ...) -> (b, t, width): numbers (t,) one a step, series (t, d), the rows of images (c, h, w).

    With a vocabulary, whole numbers (t,) become learned vectors.
    """

    def __init__(self, input_shape: tuple[int, ...], vocabulary: int, width: int) -> None:
        super().__init__()
        self.table = nn.Embedding(vocabulary, width) if vocabulary else None
        shape = tuple(input_shape)
        if self.table is not None and len(shape) != 1:
            raise UsageError(
                f"With a vocabulary one input is a row of tokens, not of shape {shape}.", do="give inputs (n, tokens)"
            )
        self.width = (
            width if self.table is not None else 1 if len(shape) == 1 else flat("rnn", (*shape[:-2], shape[-1]))
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.table is not None:
            return self.table(x.long())
        if x.dim() > 3:
            x = x.movedim(-2, 1).flatten(2)  # a row of every channel is a step
        return x[..., None] if x.dim() == 2 else x


class Elman(nn.Module):
    """h_t = act(W x_t + U h_(t-1) + b); the last h answers."""

    def __init__(self, steps: Steps, outputs: int, hidden: int, act: nn.Module) -> None:
        super().__init__()
        self.steps, self.act = steps, act
        self.input, self.state = nn.Linear(steps.width, hidden), nn.Linear(hidden, hidden, bias=False)
        self.head = nn.Linear(hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        given = self.input(self.steps(x))
        h = torch.zeros_like(given[:, 0])
        for t in range(given.shape[1]):
            h = self.act(given[:, t] + self.state(h))
        return self.head(h)


class LongShortTerm(nn.Module):
    """The LSTM of Hochreiter and Schmidhuber (1997) with forget gates that begin open (Gers et al. 2000)."""

    def __init__(self, steps: Steps, outputs: int, hidden: int, act: nn.Module) -> None:
        super().__init__()
        self.steps, self.act = steps, act
        self.input, self.state = nn.Linear(steps.width, 4 * hidden), nn.Linear(hidden, 4 * hidden, bias=False)
        self.head = nn.Linear(hidden, outputs)
        with torch.no_grad():
            self.input.bias[hidden : 2 * hidden] += 1  # what is remembered at the start is not lost at once

    def forward(self, x: Tensor) -> Tensor:
        given = self.input(self.steps(x))
        h = c = given.new_zeros(len(given), self.state.in_features)
        for t in range(given.shape[1]):
            i, f, g, o = (given[:, t] + self.state(h)).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * self.act(g)
            h = o.sigmoid() * self.act(c)
        return self.head(h)


@register("network", "rnn")
def rnn(
    input_shape: tuple[int, ...], outputs: int, hidden: int = 64, activation: str = "tanh", vocabulary: int = 0,
    width: int = 32,
) -> nn.Module:  # fmt: skip
    """(b, t), (b, t, d) or images -> (b, outputs): an Elman network over the steps, a Linear on its last state.

    `vocabulary` above 0 reads whole numbers as tokens (Task(scaling="none")), through vectors of `width`. Errors:
    UsageError.
    """
    positive("rnn", outputs=outputs, hidden=hidden, width=width)
    return Elman(Steps(input_shape, vocabulary, width), outputs, hidden, named(activation)())


@register("network", "lstm")
def lstm(
    input_shape: tuple[int, ...], outputs: int, hidden: int = 64, activation: str = "tanh", vocabulary: int = 0,
    width: int = 32,
) -> nn.Module:  # fmt: skip
    """(b, t), (b, t, d) or images -> (b, outputs): an LSTM over the steps, a Linear on its last state.

    `vocabulary` above 0 reads whole numbers as tokens (Task(scaling="none")), through vectors of `width`. Errors:
    UsageError.
    """
    positive("lstm", outputs=outputs, hidden=hidden, width=width)
    return LongShortTerm(Steps(input_shape, vocabulary, width), outputs, hidden, named(activation)())
