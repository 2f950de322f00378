import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from byheart.base.errors import UsageError
from byheart.methods.example_tied_dropout import ExampleTiedDropout, Tied, own_channels, predicting, scales, tied
from byheart.models.cnn import cnn
from byheart.models.mlp import mlp
from byheart.models.resnet import resnet
from byheart.runs.loop import begin, outputs


def test_channels_belong_to_the_id():
    masks = own_channels([3, 4, "a", 3], 1000, 0.2, 0.1, 0)
    assert masks[:, :200].all() and np.array_equal(masks[0], masks[3]) and not np.array_equal(masks[0], masks[1])
    assert np.allclose(masks[:, 200:].mean(1), 0.1, atol=0.04)
    assert not np.array_equal(masks[0], own_channels([3], 1000, 0.2, 0.1, 1)[0]), "each layer has channels of its own"
    assert np.array_equal(own_channels(np.array([4, 3]), 1000, 0.2, 0.1, 0), masks[[1, 0]])


def test_the_scales_of_prediction():
    assert np.allclose(scales(10, 0.2, 0.1, "test"), [1] * 2 + [0.1] * 8)
    assert np.allclose(scales(10, 0.2, 0.1, "drop"), [1.5] * 2 + [0] * 8)
    assert np.allclose(scales(3, 0.2, 0.1, "drop"), [1.5, 0, 0]), "one channel at least serves all"


@pytest.mark.parametrize("mode", ["drop", "test"])
def test_a_forward_pass_by_hand(mode, few):
    state = begin(few, np.arange(200), 0)
    first, _, second, _, last = list(state.network)[1:]
    event = ExampleTiedDropout(0.3, 0.2, mode)
    event.fit_start(state)
    x, _ = few.tensors(few.train, rows := np.array([5, 17, 5, 80]))
    state.batch = next(few.batches(np.arange(4), 0, torch.Generator()))._replace(rows=rows)
    event.batch(state)
    masks = [torch.from_numpy(own_channels(few.train.ids[rows], 128, 0.3, 0.2, k)).float() for k in (0, 1)]
    fixed = torch.from_numpy(scales(128, 0.3, 0.2, mode))

    def by_hand(a, b):
        return last(second(first(x.flatten(1)).relu() * a).relu() * b)

    assert torch.allclose(state.network.train()(x), by_hand(*masks), atol=1e-6)
    assert torch.allclose(state.network.eval()(x), by_hand(fixed, fixed), atol=1e-6)


def test_all_channels_fixed_is_plain_training(fitted, weights, plain):
    assert weights(fitted(ExampleTiedDropout(1.0))) == plain != weights(fitted(ExampleTiedDropout()))


def test_prediction_is_rebuilt_from_the_parameters(few, fitted):
    state = fitted(ExampleTiedDropout())
    again = ExampleTiedDropout().rebuild(state.task.build())
    again.load_state_dict(state.network.state_dict())
    assert np.array_equal(outputs(few, again, few.test), outputs(few, state.network, few.test))
    test_mode = outputs(few, predicting(again, "test"), few.test)
    assert not np.allclose(test_mode, outputs(few, state.network, few.test), atol=1e-3)


def test_parameters_stay_those_of_the_optimizer(few):
    state = begin(few, np.arange(200), 0)
    names = dict(state.network.named_parameters())
    ExampleTiedDropout().fit_start(state)
    assert dict(state.network.named_parameters()).keys() == names.keys()
    assert all(p is names[n] for n, p in state.network.named_parameters())


def test_memorization_is_in_the_channels_of_the_example(few, fitted):
    """Wrong labels are fitted in training and not by the network that predicts; right ones are kept."""
    state = fitted(ExampleTiedDropout(0.2, 0.1), epochs=60, lr=0.05)
    wrong, y = few.truth["wrong"], few.train.targets
    right = {}
    for mode in ("drop", "test"):
        right[mode] = outputs(few, predicting(state.network, mode), few.train).argmax(1) == y
    state.network.train()
    for module in state.network.modules():
        if isinstance(module, Tied):
            module.rows = np.arange(200)
    in_training = state.network(few.tensors(few.train, np.arange(200))[0]).argmax(1).numpy() == y
    assert in_training[wrong].mean() > 0.9
    assert right["drop"][wrong].mean() < in_training[wrong].mean() - 0.5 and right["drop"][~wrong].mean() > 0.8


@pytest.mark.parametrize(
    "network", [cnn, resnet, lambda shape, outputs: mlp(shape, outputs, activation="prelu", norm="batch")]
)
def test_it_fits_every_kind_of_network(network, few, fitted):
    state = fitted(ExampleTiedDropout(), task=dataclasses.replace(few, network=network), epochs=1)
    wrapped = [m for m in state.network.modules() if isinstance(m, Tied)]
    assert wrapped and np.isfinite(outputs(few, state.network, few.test)).all()


def test_one_activation_in_several_places_is_wrapped_in_each():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.act = nn.Linear(3, 20), nn.Linear(20, 30), nn.ReLU()
            self.same = self.act

        def forward(self, x):
            return self.same(self.b(self.act(self.a(x))))

    network = tied(Twice(), 0.2, 0.5, "drop")
    assert isinstance(network.act, Tied) and network.same is network.act
    network.act.ids, network.act.rows = np.arange(4), np.array([1, 2])
    out = network.train()(torch.randn(2, 3))
    assert out.shape == (2, 30) and sorted(network.act.masks) == [20, 30]


def test_inputs_without_ids_are_refused_in_training(few):
    state = begin(few, np.arange(200), 0)
    ExampleTiedDropout().fit_start(state)
    with pytest.raises(UsageError, match="ids"):
        state.network.train()(few.tensors(few.train, np.arange(3))[0])
    assert state.network.eval()(few.tensors(few.train, np.arange(3))[0]).shape == (3, 10)


def test_what_cannot_be_is_refused():
    for arguments in ({"fixed": 0.0}, {"own": 1.5}, {"mode": "train"}):
        with pytest.raises(UsageError):
            ExampleTiedDropout(**arguments)
    with pytest.raises(UsageError, match="mode"):
        predicting(nn.Linear(1, 1), "none")
