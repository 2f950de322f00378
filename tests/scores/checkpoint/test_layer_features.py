from __future__ import annotations

import pytest
import torch
from torch import nn

from byheart.base.errors import NotApplicable
from byheart.models.recurrent import rnn
from byheart.scores.checkpoint import layer_features as file
from byheart.scores.checkpoint.layer_features import layer_features


def hooks(network: nn.Module) -> int:
    return sum(len(module._forward_hooks) for module in network.modules())


def test_layers_are_parameters_and_activations_in_order_with_maps_averaged():
    torch.manual_seed(0)
    conv, linear = nn.Conv2d(1, 3, 3), nn.Linear(12, 4)
    network = nn.Sequential(conv, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), linear, nn.Tanh()).eval()
    x = torch.randn(5, 1, 6, 6)
    found = layer_features(network, x)
    assert list(found) == ["0", "1", "4", "5"]
    with torch.no_grad():
        maps = conv(x)
        end = linear(nn.functional.max_pool2d(maps.relu(), 2).flatten(1))
    for name, slow in (("0", maps.mean((2, 3))), ("1", maps.relu().mean((2, 3))), ("4", end), ("5", end.tanh())):
        torch.testing.assert_close(found[name], slow)


def test_a_module_that_is_called_again_is_another_layer():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.act = nn.Linear(3, 3), nn.ReLU()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.act(self.inner(self.act(self.inner(x))))

    assert list(layer_features(Twice(), torch.randn(4, 3))) == ["inner", "act", "inner (2)", "act (2)"]


def test_of_series_and_words_the_mean_over_places_is_taken():
    class Text(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table, self.place = nn.Embedding(9, 6), nn.Embedding(5, 6)
            self.norm, self.act, self.run = nn.LayerNorm(6), nn.GELU(), nn.LSTM(6, 7, batch_first=True)
            self.head = nn.Linear(7, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            h = self.act(self.norm(self.table(x.long()) + self.place(torch.arange(5))))
            return self.head(self.run(h)[0][:, -1])

    network, x = Text().eval(), torch.randint(0, 9, (5, 5)).float()
    found = layer_features(network, x)
    assert {name: part.shape[1] for name, part in found.items()} == {
        "table": 6,
        "norm": 6,
        "act": 6,
        "run": 7,
        "head": 2,
    }
    torch.testing.assert_close(found["table"], network.table(x.long()).mean(1).detach())


def test_chunks_change_nothing(monkeypatch):
    torch.manual_seed(0)
    network, x = rnn((6,), 3, hidden=4).eval(), torch.randn(11, 6)
    whole = layer_features(network, x)
    monkeypatch.setattr(file, "CHUNK", 4)
    again = layer_features(network, x)
    assert list(again) == list(whole) and len(whole) > 6, "one layer a step"
    for name in whole:
        torch.testing.assert_close(again[name], whole[name])


def test_hooks_are_gone_and_the_network_is_as_it_was_also_after_an_exception():
    act = nn.ReLU()
    network = nn.Sequential(nn.Linear(3, 4), act, nn.Linear(4, 2)).eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    own = act.register_forward_hook(lambda module, given, output: output.clone())
    layer_features(network, torch.randn(5, 3))
    assert hooks(network) == 1
    with pytest.raises(RuntimeError):
        layer_features(network, torch.randn(5, 7))
    assert hooks(network) == 1, "the user's own stays"
    own.remove()
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_a_network_without_layers_is_a_reason():
    with pytest.raises(NotApplicable, match="no layer"):
        layer_features(nn.Flatten(), torch.randn(4, 3))
