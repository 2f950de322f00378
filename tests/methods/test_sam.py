import dataclasses

import numpy as np
import pytest
import torch

from byheart.base.errors import UsageError
from byheart.base.seeds import spawn
from byheart.methods.sam import SAM, ascent
from byheart.models.mlp import mlp
from byheart.runs.loop import begin


def test_the_ascent_has_the_length_of_the_radius():
    steps = ascent([torch.tensor([3.0, 0.0]), torch.tensor([[4.0]])], 0.1)
    assert torch.allclose(torch.cat([s.flatten() for s in steps]), torch.tensor([0.06, 0.0, 0.08]))
    assert all((s == 0).all() for s in ascent([torch.zeros(3)], 0.1))


def test_it_is_the_two_steps_written_out(fitted):
    found = fitted(SAM(0.1), epochs=2, clip=0.0, momentum=0.0, schedule="constant")
    task = found.task
    network = begin(task, np.arange(200), 0).network
    w = list(network.parameters())
    for epoch in range(2):
        for batch in task.batches(np.arange(200), epoch, torch.Generator().manual_seed(spawn(0, "batches", epoch))):
            here = [p.detach().clone() for p in w]
            g = torch.autograd.grad(task.loss(network(batch.inputs), batch.targets).mean(), w)
            norm = torch.cat([x.flatten() for x in g]).norm()
            for p, x in zip(w, g, strict=True):
                p.data += 0.1 * x / norm
            g = torch.autograd.grad(task.loss(network(batch.inputs), batch.targets).mean(), w)
            for p, x, before in zip(w, g, here, strict=True):
                p.data = before - 0.1 * x
    for p, q in zip(found.network.parameters(), w, strict=True):
        assert torch.allclose(p, q, atol=1e-5)


def test_none_is_plain_training(fitted, weights, plain):
    assert weights(fitted(SAM(0))) == plain != weights(fitted(SAM(0.05)))


def test_statistics_and_what_others_see_are_of_the_first_pass(few, fitted):
    seen = []

    @dataclasses.dataclass(frozen=True)
    class Spy:
        name: str

        def gradients(self, state):
            buffers = {n: b.clone() for n, b in state.network.named_buffers()}
            seen.append((self.name, float(state.loss.detach()), state.logits.detach().clone(), buffers))

    task = dataclasses.replace(few, network=lambda shape, outputs: mlp(shape, outputs, norm="batch"))
    fitted(Spy("before"), SAM(0.5), Spy("after"), task=task, epochs=1)
    for before, after in zip(seen[::2], seen[1::2], strict=True):
        assert (before[0], after[0]) == ("before", "after") and before[1] == after[1]
        assert torch.equal(before[2], after[2]) and before[3].keys() and before[3].keys() == after[3].keys()
        assert all(torch.equal(b, after[3][n]) for n, b in before[3].items())


def test_the_minimum_is_flatter(fitted):
    """The loss at the worst point nearby, beside the loss itself."""

    def rise(state):
        x, y = state.task.tensors(state.task.train, state.rows)
        w = list(state.network.parameters())
        loss = state.task.loss(state.network(x), y).mean()
        steps = ascent(torch.autograd.grad(loss, w), 0.2)
        for p, s in zip(w, steps, strict=True):
            p.data += s
        return float((state.task.loss(state.network(x), y).mean() - loss).detach())

    assert rise(fitted(SAM(0.2), epochs=10)) < 0.8 * rise(fitted(epochs=10))


def test_a_negative_radius_is_refused():
    with pytest.raises(UsageError, match="out of range"):
        SAM(-0.1)
