from dataclasses import dataclass

import numpy as np
import pytest
import torch

from byheart.base.errors import UsageError
from byheart.data.augment import augmented
from byheart.data.augment.transforms import (
    Compose,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomRotation,
    RandomVerticalFlip,
    named,
)

SAMPLE = Compose((RandomHorizontalFlip(), RandomRotation(10), RandomResizedCrop(32, scale=(0.8, 1.0))))


def images(b=6, c=3, h=32, w=32):
    return torch.rand(b, c, h, w, generator=torch.Generator().manual_seed(0)) * 255


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_pipeline_equals_the_augmentations_of_the_same_names():
    assert named(SAMPLE, 32) == ("flip=0.5", "rotate=10", "resized-crop=0.8")
    assert torch.equal(SAMPLE(images(), draws()), augmented(images(), named(SAMPLE, 32), draws()))


def test_one_image_is_a_batch_of_one():
    x = images(1)
    assert torch.equal(SAMPLE(x[0], draws()), SAMPLE(x, draws())[0])


def test_without_a_generator_torchs_own_draws():
    torch.manual_seed(3)
    first = SAMPLE(images())
    torch.manual_seed(3)
    assert torch.equal(SAMPLE(images()), first)
    assert not torch.equal(SAMPLE(images()), first)


def test_flips_equal_numpys():
    x = images(4)
    assert np.array_equal(RandomHorizontalFlip(1.0)(x), x.numpy()[..., ::-1])
    assert np.array_equal(RandomVerticalFlip(1.0)(x), x.numpy()[..., ::-1, :])
    assert torch.equal(RandomHorizontalFlip(0.0)(x), x)


def test_a_quarter_turn_equals_numpys():
    x = images(2, 1)
    assert np.allclose(RandomRotation((90, 90))(x), np.rot90(x.numpy(), axes=(2, 3)), atol=1e-3)


def test_a_crop_of_everything_resizes_as_torch_does():
    x = images(2, 1, 20, 20)
    whole = RandomResizedCrop((10, 15), scale=(1, 1), ratio=(1, 1))(x)
    wanted = torch.nn.functional.interpolate(x, (10, 15), mode="bilinear", align_corners=False)
    assert whole.shape == (2, 1, 10, 15)
    assert torch.allclose(whole, wanted, atol=1e-3)


def test_a_crop_keeps_the_share_of_the_area_it_says():
    """On an image whose pixels are their own places, the spread of what is seen is the frame's sides."""
    place = torch.linspace(0, 1, 64)
    x = torch.stack([place[None].expand(64, 64), place[:, None].expand(64, 64)])[None].repeat(200, 1, 1, 1)
    y = RandomResizedCrop(64, scale=(0.25, 0.64), ratio=(1, 1))(x, draws())
    spread = y.amax((2, 3)) - y.amin((2, 3))
    area = (spread[:, 0] * spread[:, 1]).numpy()
    assert 0.23 < area.min() < 0.3
    assert 0.58 < area.max() < 0.66
    assert abs(area.mean() - 0.445) < 0.03


@dataclass
class ToTensor:
    """As torchvision has it: draws nothing."""


def test_arguments_in_the_form_that_torchvision_keeps_them_are_read():
    turn, cut = RandomRotation([-10.0, 10.0]), RandomResizedCrop((32, 32), [0.8, 1.0])
    assert named(Compose([RandomHorizontalFlip(), turn, cut]), (32, 32)) == named(SAMPLE, 32)


def test_what_draws_nothing_is_the_tasks_business():
    assert named(Compose((RandomRotation((-5, 5)), ToTensor())), 28) == ("rotate=5",)


@pytest.mark.parametrize(
    "transform",
    [
        RandomRotation((0, 20)),
        RandomResizedCrop(24),
        RandomResizedCrop(32, ratio=(1, 1)),
        RandomResizedCrop(32, scale=(0.2, 0.5)),
    ],
)
def test_arguments_without_a_counterpart_are_refused(transform):
    with pytest.raises(UsageError, match="no name among"):
        named(transform, 32)


def test_torchvisions_own_pipeline_is_read():
    transforms = pytest.importorskip("torchvision.transforms")
    parts = (transforms.RandomHorizontalFlip(), transforms.RandomRotation(10))
    crop = transforms.RandomResizedCrop(32, scale=(0.8, 1.0))
    assert named(transforms.Compose([*parts, crop, transforms.ToTensor()]), 32) == named(SAMPLE, 32)
