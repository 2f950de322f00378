"""Recurrent layers, unrolled: each weight is that of a linear layer, which sees one input a step.

What the layer itself does in one call is done again step by step, with the sums that enter its gates in the open: of
the input, W x + b for all steps at once, and of the state, W h + b. Their gradients are output gradients of linear
layers, and the rest is known (Rochette et al. 2019).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeGuard

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

Tap = Callable[[str, list[Tensor], Tensor], None]  # part, its inputs step by step, its output: for all to be hooked
State = tuple[Tensor, ...]  # h, and of an LSTM c


class Part(nn.Module):
    """The weight and bias of one sum that enters the gates: those of the recurrent layer themselves."""

    def __init__(self, weight: nn.Parameter, bias: nn.Parameter | None) -> None:
        super().__init__()
        self.weight, self.bias = weight, bias


def is_recurrent(module: nn.Module) -> TypeGuard[nn.RNNBase]:
    """Whether it is a recurrent layer of torch that can be unrolled; one that projects its state is not, nor one whose
    weights are made of other parameters.
    """
    if not isinstance(module, nn.RNNBase) or type(module) not in (nn.RNN, nn.LSTM, nn.GRU) or module.proj_size:
        return False
    return all(isinstance(weight, nn.Parameter) for weight in module._flat_weights)


def suffixes(module: nn.RNNBase) -> list[str]:
    """How the parameters of each layer and direction end, in the order of the state."""
    ways = ("", "_reverse") if module.bidirectional else ("",)
    return [f"l{layer}{way}" for layer in range(module.num_layers) for way in ways]


def parts(module: nn.RNNBase) -> dict[str, Part]:
    """ih_l0, hh_l0, ...: name -> weight and bias."""
    return {
        f"{kind}_{end}": Part(
            getattr(module, f"weight_{kind}_{end}"), getattr(module, f"bias_{kind}_{end}") if module.bias else None
        )
        for end in suffixes(module)
        for kind in ("ih", "hh")
    }


def unrolled(
    module: nn.RNNBase, inputs: Float[Tensor, "n t i"], begin: State, tap: Tap
) -> tuple[Float[Tensor, "n t o"], State]:
    """Outputs of the last layer, and the final states (layers * directions, n, h); `begin` are those before."""
    known, ends, finals = parts(module), suffixes(module), []
    ways = 2 if module.bidirectional else 1
    for number in range(0, len(ends), ways):
        found = []
        for k in range(number, number + ways):
            steps = inputs.flip(1) if k > number else inputs
            every, final = one_way(module, known, ends[k], steps, tuple(s[k] for s in begin), tap)
            found.append(every.flip(1) if k > number else every)
            finals.append(final)
        inputs = torch.cat(found, 2)
    return inputs, tuple(torch.stack(one) for one in zip(*finals, strict=True))


def one_way(
    module: nn.RNNBase, known: dict[str, Part], end: str, steps: Float[Tensor, "n t i"], state: State, tap: Tap
) -> tuple[Float[Tensor, "n t h"], State]:
    """One layer in one direction."""
    of_input, of_state = known[f"ih_{end}"], known[f"hh_{end}"]
    entering = F.linear(steps, of_input.weight, of_input.bias)
    entering = entering if entering.requires_grad else entering.detach().requires_grad_()
    tap(f"ih_{end}", [steps], entering)
    added = torch.zeros_like(entering).detach().requires_grad_()  # one gradient for the sums of all steps
    before: list[Tensor] = []
    tap(f"hh_{end}", before, added)
    every = []
    for x, nothing in zip(entering.unbind(1), added.unbind(1), strict=True):
        before.append(state[0].detach()[:, None])
        state = step(module, x, F.linear(state[0], of_state.weight, of_state.bias) + nothing, state)
        every.append(state[0])
    return torch.stack(every, 1), state


def step(module: nn.RNNBase, x: Float[Tensor, "n g"], h: Float[Tensor, "n g"], state: State) -> State:
    """The next state, from the sums over input and state that enter the gates."""
    if isinstance(module, nn.LSTM):
        i, f, g, o = (x + h).chunk(4, 1)
        c = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c
    if isinstance(module, nn.GRU):
        (r, z, n), (u, v, w) = x.chunk(3, 1), h.chunk(3, 1)
        z = (z + v).sigmoid()
        return ((1 - z) * (n + (r + u).sigmoid() * w).tanh() + z * state[0],)
    assert isinstance(module, nn.RNN)
    return ((x + h).relu() if module.nonlinearity == "relu" else (x + h).tanh(),)


def again(module: nn.RNNBase, given: tuple, output: tuple, tap: Tap) -> tuple | None:
    """What the layer gave, unrolled; None where it was called in another way than with a batch of sequences and, it may
    be, a state.
    """
    inputs, states = given[0], given[1] if len(given) > 1 else None
    if not isinstance(inputs, Tensor) or inputs.dim() != 3:
        return None
    inputs = inputs if module.batch_first else inputs.transpose(0, 1)
    if states is None:
        count = len(suffixes(module))
        zeros = inputs.new_zeros(count, len(inputs), module.hidden_size)
        begin: State = (zeros, zeros) if isinstance(module, nn.LSTM) else (zeros,)
    else:
        begin = tuple(states) if isinstance(module, nn.LSTM) else (states,)
    every, finals = unrolled(module, inputs, begin, tap)
    every = every if module.batch_first else every.transpose(0, 1)
    with torch.no_grad():  # they differ under dropout, in training mode
        if every.shape != output[0].shape or not torch.allclose(every, output[0], 1e-3, 1e-4):
            return None
    return every, finals if isinstance(module, nn.LSTM) else finals[0]
