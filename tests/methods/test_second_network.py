import dataclasses

import numpy as np
import torch

from byheart.methods.second_network import descend, follow, learn, second_network
from byheart.runs.loop import begin, one_thread


def begun(few, **recipe):
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, **recipe))
    with one_thread():
        return begin(task, np.arange(200), 0, train_only=None)


def test_it_starts_elsewhere_the_same_way_every_time_and_leaves_the_random_numbers_alone(few):
    state = begun(few)
    before = torch.get_rng_state()
    one, two, other = (second_network(state, name)["network"] for name in ("a", "a", "b"))
    assert torch.equal(torch.get_rng_state(), before)
    weights = [n.state_dict()["1.weight"] for n in (state.network, one, two, other)]
    assert torch.equal(weights[1], weights[2])
    assert not torch.equal(weights[0], weights[1]) and not torch.equal(weights[1], weights[3])


def test_what_is_frozen_in_the_first_network_is_the_same_and_frozen_in_the_second(few):
    with one_thread():
        state = begin(few, np.arange(200), 0, train_only="5.*")
    second = second_network(state, "a")
    for (name, mine), other in zip(second["network"].named_parameters(), state.network.parameters(), strict=True):
        assert mine.requires_grad == other.requires_grad == name.startswith("5.")
        assert torch.equal(mine, other) != name.startswith("5.")
    assert len(second["optimizer"].param_groups[0]["params"]) == 2


def test_it_follows_the_learning_rate(few):
    state = begun(few)
    second = second_network(state, "a")
    second["network"].eval()
    state.optimizer.param_groups[0]["lr"] = 0.123
    follow(second, state)
    assert second["optimizer"].param_groups[0]["lr"] == 0.123 and second["network"].training


def test_a_step_is_bounded_as_the_recipe_says(few):
    for clip in (0.5, 0.0):
        state = begun(few, clip=clip, momentum=0.0, lr=1.0)
        second = second_network(state, "a")
        before = [p.detach().clone() for p in second["network"].parameters()]
        second["optimizer"].zero_grad()
        for p in second["network"].parameters():
            p.grad = torch.ones_like(p)
        norm = torch.cat([p.grad.flatten() for p in second["network"].parameters()]).norm().item()
        descend(second, state)
        moved = torch.cat([(p - b).flatten() for p, b in zip(second["network"].parameters(), before, strict=True)])
        assert abs(moved.norm().item() / (clip or norm) - 1) < 1e-3


def test_learning_goes_down_its_own_loss_and_moves_nothing_else(few):
    state = begun(few)
    second = second_network(state, "a")
    first = [p.detach().clone() for p in state.network.parameters()]
    inputs, targets = few.tensors(few.train, np.arange(200))
    losses = []
    for _ in range(20):
        loss = few.loss(second["network"](inputs), targets).mean()
        losses.append(loss.item())
        learn(second, loss, state)
    assert losses[-1] < losses[0] / 2
    assert all(torch.equal(p, b) for p, b in zip(state.network.parameters(), first, strict=True))
