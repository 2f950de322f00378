"""Every kernel against gradients formed one by one, in float64 and float32, whatever the batches."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from byheart.base.errors import TrainingFailed, UsageError
from byheart.scores.gradients import one_by_one
from byheart.scores.gradients.norms import gradient_norms

N, MANY = 9, 37  # the second is more than are convolved, or formed one by one, at a time


def entropy(outputs, targets):
    return F.cross_entropy(outputs, targets, reduction="none")


def token_entropy(outputs, tokens):
    return F.cross_entropy(outputs.transpose(1, 2), tokens, reduction="none").sum(1)


class Tokens(nn.Module):
    """A small language model: a layer used twice, positions shared by all examples, a head that may be tied."""

    def __init__(self, tied: bool, vocabulary: int = 13) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocabulary, 8), nn.Embedding(6, 8)
        self.norm, self.rms, self.twice = nn.LayerNorm(8), nn.RMSNorm(8), nn.Linear(8, 8)
        self.head = nn.Linear(8, vocabulary, bias=False)
        if tied:
            self.head.weight = self.tokens.weight

    def forward(self, t):
        h = self.tokens(t) + self.places(torch.arange(t.shape[1]))
        q = self.norm(h)
        h = h + F.scaled_dot_product_attention(q, q, q, is_causal=True)
        h = h + self.twice(F.gelu(self.twice(self.rms(h))))
        return self.head(h)


class Attention(nn.Module):
    """Attention with projections."""

    def __init__(self, into: int, out: int) -> None:
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(a, b) for a, b in ((into, 8), (into, 8), (into, 8), (8, out)))

    def forward(self, x):
        return self.out(F.scaled_dot_product_attention(self.q(x), self.k(x), self.v(x)))


class Odd(nn.Module):
    """Parameters that no layer shows: a recurrent net, a bare parameter, a weight used by a function."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.scale, self.out = nn.LSTM(4, 6, batch_first=True), nn.Parameter(torch.rand(6)), nn.Linear(6, 5)

    def forward(self, x):
        h = self.lstm(x)[0] * self.scale
        return self.out(h[:, -1]) + F.linear(h[:, 0], self.out.weight)


class Own(nn.Linear):
    def forward(self, x):
        return super().forward(x).square()


def conv(**options) -> nn.Module:
    return nn.Sequential(nn.Conv2d(4, 8, 3, **options), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
                         nn.Linear(32, 5))  # fmt: skip


def late() -> nn.Module:
    """Few positions and many channels, where Gram matrices are smaller than the gradient."""
    return nn.Sequential(nn.Conv2d(4, 48, 3), nn.ReLU(), nn.Conv2d(48, 64, 3), nn.Flatten(), nn.Linear(256, 5))


IMAGES = {
    "mlp": lambda: nn.Sequential(nn.Flatten(), nn.Linear(144, 16), nn.ReLU(inplace=True), nn.Linear(16, 5)),
    "no bias": lambda: nn.Sequential(nn.Flatten(), nn.Linear(144, 16, bias=False), nn.Tanh(), nn.Linear(16, 5)),
    "wide": lambda: nn.Sequential(nn.Flatten(2), nn.Linear(36, 64), nn.Flatten(), nn.Linear(256, 5)),
    "convolution": conv,
    "stride, dilation": lambda: conv(stride=2, dilation=2, padding=2),
    "groups": lambda: conv(groups=4, bias=False),
    "circular": lambda: conv(padding=1, padding_mode="circular"),
    "same": lambda: conv(padding="same", padding_mode="reflect"),
    "same, zeros": lambda: conv(padding="same", dilation=2),
    "replicate": lambda: conv(padding=2, padding_mode="replicate"),
    "late": late,
    "one dimension": lambda: nn.Sequential(nn.Flatten(2), nn.Conv1d(4, 6, 5, 2, 2), nn.Flatten(), nn.Linear(108, 5)),
    "groups in one dimension": lambda: nn.Sequential(
        nn.Flatten(2), nn.Conv1d(4, 6, 5, 2, 4, 2, 2, padding_mode="circular"), nn.Flatten(), nn.Linear(108, 5)),
    "attention": lambda: nn.Sequential(nn.Flatten(2), Attention(36, 6), nn.Flatten(), nn.Linear(24, 5)),
    "layer norm of planes": lambda: nn.Sequential(nn.LayerNorm((6, 6)), nn.Flatten(), nn.Linear(144, 5)),
    "batch norm of volumes": lambda: nn.Sequential(nn.Unflatten(1, (2, 2)), nn.BatchNorm3d(2), nn.Flatten(),
                                                   nn.Linear(144, 5)),
    "batch norm": lambda: nn.Sequential(nn.Conv2d(4, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True),
                                        nn.Flatten(), nn.Linear(128, 8), nn.BatchNorm1d(8), nn.Linear(8, 5)),
    "group norm": lambda: nn.Sequential(nn.Conv2d(4, 8, 3), nn.GroupNorm(2, 8), nn.Flatten(), nn.Linear(128, 5)),
    "frozen part": lambda: nn.Sequential(nn.Flatten(), nn.Linear(144, 16).requires_grad_(False), nn.ReLU(),
                                         nn.Linear(16, 5)),
}  # fmt: skip


def images(dtype=torch.float64, n=N):
    random = torch.Generator().manual_seed(1)
    return torch.randn(n, 4, 6, 6, generator=random, dtype=torch.float64).to(dtype), torch.arange(n) % 5


def made(make, dtype=torch.float64) -> nn.Module:
    torch.manual_seed(0)
    network = make().to(dtype)
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):  # statistics that are not the neutral ones
            module.running_mean.uniform_(-1, 1)
            module.running_var.uniform_(0.5, 2)
    return network


def slow(network, x, y, loss=entropy):
    names = tuple(n for n, p in network.named_parameters() if p.requires_grad)
    network.eval()
    return one_by_one.squares(network, names, x, y, loss)


@pytest.mark.parametrize("batch", [1, 7, 256])
@pytest.mark.parametrize("name", IMAGES)
def test_kernels_are_exact_in_float64(name, batch):
    network, (x, y) = made(IMAGES[name]), images(n=MANY)
    true, found = slow(network, x, y), gradient_norms(network, x, y, entropy, batch)
    assert found.slow == {} and set(found.parameters) == set(true)
    for parameter, values in true.items():
        torch.testing.assert_close(found.parameters[parameter], values, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(found.squared, sum(true.values()), rtol=1e-9, atol=0)


@pytest.mark.parametrize("name", IMAGES)
def test_kernels_hold_in_float32(name):
    network, (x, y) = made(IMAGES[name], torch.float32), images(torch.float32, MANY)
    true = slow(network.double(), x.double(), y)
    found = gradient_norms(network.float(), x, y, entropy)
    torch.testing.assert_close(found.squared.double(), sum(true.values()), rtol=1e-4, atol=0)


@pytest.mark.parametrize("tied", [False, True])
def test_tokens_hold_in_float32(tied):
    network, t = made(lambda: Tokens(tied)), torch.randint(0, 13, (N, 6), generator=torch.Generator().manual_seed(2))
    true = slow(network, t, t, token_entropy)
    found = gradient_norms(network.float(), t, t, token_entropy)
    assert found.slow == {}
    torch.testing.assert_close(found.squared.double(), sum(true.values()), rtol=1e-4, atol=0)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("vocabulary", [3, 13])
@pytest.mark.parametrize("batch", [1, 4, 6, 7, 256])  # six examples are as many as there are positions
def test_tied_and_reused_layers_have_their_cross_terms(tied, vocabulary, batch):
    network = made(lambda: Tokens(tied, vocabulary))
    t = torch.randint(0, vocabulary, (N, 6), generator=torch.Generator().manual_seed(2))
    true, found = slow(network, t, t, token_entropy), gradient_norms(network, t, t, token_entropy, batch)
    assert found.slow == {}
    torch.testing.assert_close(found.squared, sum(true.values()), rtol=1e-9, atol=0)


class Positions(nn.Module):
    """Positions added in one of several ways; "time first" has no row for an example, and no positions."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way
        self.words, self.places, self.out = nn.Embedding(7, 4), nn.Embedding(6, 4), nn.Linear(24, 5)
        if way == "twice":
            self.further = nn.Embedding(6, 4)

    def forward(self, tokens):
        at = torch.arange(tokens.shape[1])
        if self.way == "time first":
            return self.out(self.words(tokens.T).transpose(0, 1).flatten(1))
        places = {
            "one row": lambda: self.places(at),
            "with a batch of one": lambda: self.places(at[None]),
            "indexed": lambda: self.places(at)[None],
            "folded": lambda: self.places(at).sum(0),
            "twice": lambda: self.further(at[None])[0] + self.places(at),
        }[self.way]()
        return self.out((self.words(tokens) + places).flatten(1))


@pytest.mark.parametrize("batch", [1, 2, 5, 6, 7])
@pytest.mark.parametrize("way", ["one row", "with a batch of one", "indexed", "folded", "twice", "time first"])
def test_positions_are_exact_in_batches_of_any_size(way, batch):
    network = made(lambda: Positions(way))
    t, y = torch.randint(0, 7, (13, 6), generator=torch.Generator().manual_seed(2)), torch.arange(13) % 5
    true, found = slow(network, t, y), gradient_norms(network, t, y, entropy, batch)
    for parameter, values in true.items():
        torch.testing.assert_close(found.parameters[parameter], values, rtol=1e-9, atol=1e-12)
    assert found.slow == {} or way in ("indexed", "folded", "twice", "time first")


def test_one_token_an_example_is_no_position():
    network = made(lambda: nn.Sequential(nn.Embedding(7, 4), nn.Linear(4, 5)))
    t, y = torch.arange(13) % 7, torch.arange(13) % 5
    found = gradient_norms(network, t, y, entropy, 7)
    assert found.slow == {}
    torch.testing.assert_close(found.squared, sum(slow(network, t, y).values()), rtol=1e-9, atol=0)


def test_a_layer_that_is_called_by_keyword_is_read_the_slow_way():
    class Keyword(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.out = nn.Linear(144, 6), nn.Linear(6, 5)

        def forward(self, x):
            return self.out(self.inner(input=x.flatten(1)))

    network, (x, y) = made(Keyword), images()
    found = gradient_norms(network, x, y, entropy)
    assert set(found.slow) == {"inner.weight", "inner.bias"}
    torch.testing.assert_close(found.squared, sum(slow(network, x, y).values()), rtol=1e-9, atol=0)


def test_examples_that_are_normalized_by_their_batch_are_refused():
    network = nn.Sequential(nn.BatchNorm2d(4, track_running_stats=False), nn.Flatten(), nn.Linear(144, 5)).double()
    with pytest.raises(UsageError, match="0 normalizes by the batch"):
        gradient_norms(network, *images(), entropy)


def test_the_linear_layer_of_transformers_is_transposed():
    class Conv1D(nn.Module):
        """As transformers.pytorch_utils has it: x @ weight + bias, with a weight (in, out)."""

        __module__ = "transformers.pytorch_utils"

        def __init__(self, out: int, into: int) -> None:
            super().__init__()
            self.weight, self.bias = nn.Parameter(torch.randn(into, out)), nn.Parameter(torch.randn(out))

        def forward(self, x):
            return x @ self.weight + self.bias

    network, (x, y) = (
        made(lambda: nn.Sequential(nn.Flatten(2), Conv1D(7, 36), nn.ReLU(), nn.Flatten(), Conv1D(5, 28))),
        images(),
    )
    true, found = slow(network, x, y), gradient_norms(network, x, y, entropy, 4)
    assert found.slow == {}
    for parameter, values in true.items():
        torch.testing.assert_close(found.parameters[parameter], values, rtol=1e-9, atol=1e-12)


def test_a_padding_token_has_no_gradient():
    def make():
        return nn.Sequential(nn.Embedding(7, 4, padding_idx=0), nn.Flatten(), nn.Linear(20, 5))

    network, t = made(make), torch.randint(0, 7, (N, 5), generator=torch.Generator().manual_seed(3))
    t[:, 3:] = 0
    found = gradient_norms(network, t, torch.arange(N) % 5, entropy)
    torch.testing.assert_close(found.squared, sum(slow(network, t, torch.arange(N) % 5).values()), rtol=1e-9, atol=0)


def test_what_no_kernel_reads_is_named_and_still_exact():
    network = made(Odd)
    x, y = torch.randn(N, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(4)), torch.arange(N) % 5
    found = gradient_norms(network, x, y, entropy, 4)
    assert set(found.slow) == {"scale", "out.weight"}
    assert "outside its layer" in found.slow["out.weight"] and "no kernel" in found.slow["scale"]
    torch.testing.assert_close(found.squared, sum(slow(network, x, y).values()), rtol=1e-9, atol=0)


@pytest.mark.parametrize("n", [1, 3, 9, 20])
def test_a_layer_that_is_never_called_has_no_gradient(n):
    """Twenty are read one by one in two parts, of which the second is small."""

    class Spare(nn.Sequential):
        def __init__(self) -> None:
            super().__init__(nn.Flatten(), nn.Linear(144, 5))
            self.spare = nn.Linear(3, 2)

        def forward(self, x):
            return self[1](self[0](x))

    network, (x, y) = made(Spare), images(n=n)
    found = gradient_norms(network, x, y, entropy)
    assert (found.parameters["spare.weight"] == 0).all() and (found.squared > 0).all()
    network[1].requires_grad_(False)
    assert (gradient_norms(network, x, y, entropy).squared == 0).all()


def test_examples_without_a_gradient_prove_nothing():
    """The first have learned all; what is used outside its layer is seen by those that have not."""

    def loss(outputs, targets):
        return entropy(outputs, targets) * (targets > 0)

    x = torch.randn(9, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    y = torch.tensor([0, 0, 0, 1, 2, 3, 4, 0, 1])
    network = made(Odd).eval()
    found = gradient_norms(network, x, y, loss)
    assert "outside its layer" in found.slow["out.weight"]
    torch.testing.assert_close(found.squared, sum(slow(network, x, y, loss).values()), rtol=1e-9, atol=0)


def test_a_layer_of_your_own_is_not_taken_for_its_parent():
    network, (x, y) = made(lambda: nn.Sequential(nn.Flatten(), Own(144, 5))), images()
    found = gradient_norms(network, x, y, entropy)
    assert set(found.slow) == {"1.weight", "1.bias"}
    torch.testing.assert_close(found.squared, sum(slow(network, x, y).values()), rtol=1e-9, atol=0)


@settings(max_examples=40)
@given(
    channels=st.sampled_from([(2, 4, 1), (4, 4, 2), (4, 8, 4)]), size=st.integers(1, 3), stride=st.integers(1, 3),
    padding=st.integers(0, 2), dilation=st.integers(1, 2), bias=st.booleans(), side=st.integers(5, 8),
)  # fmt: skip
def test_any_convolution(channels, size, stride, padding, dilation, bias, side):
    into, out, groups = channels
    torch.manual_seed(side)
    layer = nn.Conv2d(into, out, size, stride, padding, dilation, groups, bias)
    network = nn.Sequential(layer, nn.AdaptiveMaxPool2d(1), nn.Flatten()).double()
    x, y = torch.randn(5, into, side, side, dtype=torch.float64), torch.arange(5) % out
    found = gradient_norms(network, x, y, entropy, 2)
    assert found.slow == {}
    torch.testing.assert_close(found.squared, sum(slow(network, x, y).values()), rtol=1e-9, atol=1e-14)


def test_order_and_threads_change_nothing():
    network, (x, y) = made(IMAGES["late"]), images()
    order = torch.randperm(N, generator=torch.Generator().manual_seed(5))
    straight = gradient_norms(network, x, y, entropy).squared
    shuffled = gradient_norms(network, x[order], y[order], entropy).squared
    torch.testing.assert_close(shuffled, straight[order], rtol=1e-12, atol=0)
    torch.set_num_threads(2)
    try:
        two = gradient_norms(network, x, y, entropy).squared
    finally:
        torch.set_num_threads(1)
    torch.testing.assert_close(two, straight, rtol=1e-12, atol=0)


@pytest.mark.parametrize("fails", [False, True])
def test_the_network_is_as_it_was(fails):
    network, (x, y) = made(IMAGES["batch norm"]).train(), images()
    before = {name: value.clone() for name, value in network.state_dict().items()}

    def broken(outputs, targets):
        raise ZeroDivisionError

    if fails:
        with pytest.raises(ZeroDivisionError):
            gradient_norms(network, x, y, broken)
    else:
        gradient_norms(network, x, y, entropy)
    assert network.training and all(m.training for m in network.modules())
    assert all(p.requires_grad and p.grad is None for p in network.parameters())
    assert not any(m._forward_hooks for m in network.modules())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_errors_say_what_to_do():
    network, (x, y) = made(IMAGES["mlp"]), images()
    with pytest.raises(UsageError, match="one loss per example"):
        gradient_norms(network, x, y, lambda z, t: F.cross_entropy(z, t))
    with pytest.raises(UsageError, match="requires a gradient"):
        gradient_norms(network.requires_grad_(False), x, y, entropy)
    with pytest.raises(TrainingFailed, match="no number"):
        gradient_norms(network.requires_grad_(True), x * float("nan"), y, entropy)
