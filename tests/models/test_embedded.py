import pytest
import torch

from byheart.base.errors import UsageError
from byheart.models.embedded import embedded_mlp


def test_equals_looking_up_and_multiplying_by_hand():
    torch.manual_seed(0)
    network = embedded_mlp((2,), 5, vocabulary=7, width=3, hidden=(4,))
    table, w1, b1, w2, b2 = network.parameters()
    for a in range(7):
        for b in range(7):
            beside = torch.cat([table[a], table[b]])
            expected = w2 @ (w1 @ beside + b1).clamp(min=0) + b2
            assert torch.allclose(network(torch.tensor([[a, b]]).float())[0], expected, atol=1e-6)


def test_every_token_that_is_read_gets_a_gradient_and_no_other():
    network = embedded_mlp((3,), 2, vocabulary=6, width=4)
    network(torch.tensor([[0, 2, 2], [5, 0, 2]])).square().sum().backward()
    table = next(network.parameters())
    assert table.grad is not None
    assert table.grad.abs().sum(1).bool().tolist() == [True, False, True, False, False, True]


@pytest.mark.parametrize(
    ("shape", "sizes"), [((1, 8, 8), {}), ((2,), {"vocabulary": 0}), ((2,), {"width": 0}), ((2,), {"hidden": (0,)})]
)
def test_what_cannot_be_built_is_refused(shape, sizes):
    with pytest.raises(UsageError):
        embedded_mlp(shape, 3, **sizes)
