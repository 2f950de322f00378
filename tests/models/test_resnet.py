import pytest
import torch
from torch import nn

from byheart.base.errors import UsageError
from byheart.models.resnet import Block, resnet


def test_has_6n_plus_2_layers_on_the_main_path():
    for blocks in (1, 3):
        weights = [m for m in resnet((1, 8, 8), 3, blocks).modules() if isinstance(m, nn.Conv2d | nn.Linear)]
        shortcuts = 2  # 1 x 1 convolutions, where the stages change
        assert len(weights) - shortcuts == 6 * blocks + 2


def test_group_norm_looks_at_one_example_alone_and_batch_norm_does_not():
    x = torch.randn(6, 1, 8, 8)
    for norm, alone in (("group", True), ("none", True), ("batch", False)):
        network = resnet((1, 8, 8), 3, norm=norm)
        assert torch.allclose(network(x)[:2], network(x[:2]), atol=1e-5) is alone


def test_a_block_whose_body_is_zero_is_its_shortcut():
    block = Block(4, 4, 1, nn.ReLU, lambda channels: nn.Identity())
    for convolution in block.body:
        if isinstance(convolution, nn.Conv2d):
            nn.init.zeros_(convolution.weight)
    x = torch.randn(2, 4, 5, 5)
    assert torch.equal(block(x), x.relu())


def test_group_norm_fits_widths_that_8_does_not_divide():
    assert resnet((1, 8, 8), 3, width=6, norm="group")(torch.randn(2, 1, 8, 8)).shape == (2, 3)


def test_an_unknown_norm_is_named():
    with pytest.raises(UsageError, match="bacth"):
        resnet((1, 8, 8), 3, norm="bacth")
