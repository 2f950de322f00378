import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from byheart.base.errors import UsageError
from byheart.base.registry import every, find
from byheart.data.augment import augmented, parsed
from byheart.data.augment.moves import moved, rotated, sampled

AMOUNTS = {
    "flip": 1,
    "flip-vertical": 1,
    "translate": 3,
    "crop": 3,
    "rotate": 30,
    "resized-crop": 0.3,
    "noise": 2,
    "jitter": 0.5,
}
ZERO = {
    "flip": 0,
    "flip-vertical": 0,
    "translate": 0,
    "crop": 0,
    "rotate": 0,
    "noise": 0,
    "jitter": 0,
    "resized-crop": 1,
}


def images(b=4, c=1, h=7, w=9, seed=0):
    return torch.rand(b, c, h, w, generator=torch.Generator().manual_seed(seed)) * 255


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


def test_all_are_there():
    assert set(every("augment")) == set(AMOUNTS)


@pytest.mark.parametrize("name", AMOUNTS)
@pytest.mark.parametrize("channels", [1, 3])
def test_the_generator_decides_and_the_batch_is_left_alone(name, channels):
    x = images(16, channels)
    before = x.clone()
    first, again, other = (augmented(x, (f"{name}={AMOUNTS[name]}",), draws(s)) for s in (1, 1, 2))
    assert first.shape == x.shape
    assert first.dtype == x.dtype
    assert torch.equal(first, again)
    assert torch.equal(x, before)
    assert not torch.equal(first, x)
    if not name.startswith("flip"):  # share 1 leaves nothing to chance
        assert not torch.equal(first, other)


@pytest.mark.parametrize("name", [n for n in ZERO if n != "resized-crop"])
def test_the_least_amount_changes_nothing(name):
    x = images(8, 3)
    assert torch.allclose(augmented(x, (f"{name}={ZERO[name]}",), draws()), x, atol=1e-3)


@pytest.mark.parametrize("name", [n for n in AMOUNTS if not n.startswith("flip")])
def test_every_image_has_draws_of_its_own(name):
    x = images(1, 3).repeat(6, 1, 1, 1)
    y = augmented(x, (f"{name}={AMOUNTS[name]}",), draws())
    assert len({tuple(image.flatten().tolist()) for image in y}) > 1


def test_flips_equal_numpys():
    x = images(5, 3)
    assert np.array_equal(augmented(x, ("flip=1",), draws()), x.numpy()[..., ::-1])
    assert np.array_equal(augmented(x, ("flip-vertical=1",), draws()), x.numpy()[..., ::-1, :])


def test_half_are_flipped_by_default():
    x = images(1).repeat(2000, 1, 1, 1)
    share = (augmented(x, ("flip",), draws()) != x).flatten(1).any(1).float().mean()
    assert abs(share - 0.5) < 4 * (0.25 / 2000) ** 0.5


@given(st.integers(-4, 4), st.integers(-4, 4))
@settings(max_examples=30, deadline=None)
def test_translation_equals_roll_with_zeros(down, right):
    x = images(2, 2)
    expected = np.zeros_like(x.numpy())
    for i in range(7):
        for j in range(9):
            if 0 <= i - down < 7 and 0 <= j - right < 9:
                expected[:, :, i, j] = x[:, :, i - down, j - right]
    shift = [torch.full((2,), s) for s in (down, right)]
    assert np.array_equal(moved(x, *shift, 4, "constant"), expected)


def test_crop_equals_numpys_mirrored_border():
    x = images(1)
    padded = np.pad(x.numpy()[0, 0], 3, mode="reflect")
    places = [padded[i : i + 7, j : j + 9] for i in range(7) for j in range(7)]
    for seed in range(10):
        y = augmented(x, ("crop=3",), draws(seed)).numpy()[0, 0]
        assert sum(np.array_equal(y, place) for place in places) == 1


def test_translation_reaches_every_place_alike():
    x = torch.zeros(9000, 1, 7, 7)
    x[:, 0, 3, 3] = 1
    counts = augmented(x, ("translate=1",), draws()).sum(0)[0]
    assert counts[2:5, 2:5].sum() == 9000
    assert (abs(counts[2:5, 2:5] - 1000) < 5 * 1000**0.5).all()


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_quarter_turns_equal_rot90(turns):
    x = images(2, 3, 8, 8)
    assert torch.allclose(rotated(x, torch.full((2,), 90.0 * turns)), torch.rot90(x, turns, (2, 3)), atol=0.02)


@given(st.floats(-180, 180), st.integers(4, 9), st.integers(4, 9))
@settings(max_examples=20, deadline=None)
def test_rotation_equals_a_slow_bilinear_reference(degrees, h, w):
    x = images(1, 1, h, w).double()
    y = rotated(x, torch.tensor([degrees], dtype=torch.float64))[0, 0]
    angle, picture = np.deg2rad(degrees), x[0, 0].numpy()
    read = lambda i, j: picture[i, j] if 0 <= i < h and 0 <= j < w else 0.0  # noqa: E731
    for i in range(h):
        for j in range(w):
            down, right = i - (h - 1) / 2, j - (w - 1) / 2
            a = np.cos(angle) * down + np.sin(angle) * right + (h - 1) / 2
            b = -np.sin(angle) * down + np.cos(angle) * right + (w - 1) / 2
            k, m = int(np.floor(a)), int(np.floor(b))
            u, v = a - k, b - m
            expected = (1 - u) * ((1 - v) * read(k, m) + v * read(k, m + 1))
            expected += u * ((1 - v) * read(k + 1, m) + v * read(k + 1, m + 1))
            assert abs(float(y[i, j]) - expected) < 1e-6


def test_a_quarter_of_the_area_is_stretched_to_the_whole():
    ramp = torch.arange(8.0).repeat(8, 1)[None, None]
    half = torch.tensor([[[0.5, 0, 0.5], [0, 0.5, 0]]])  # the right half of x, the middle of y
    expected = (torch.arange(8.0) + 0.5) / 2 + 4 - 0.5
    assert torch.allclose(sampled(ramp, half, "border"), expected.clamp(max=7).repeat(8, 1)[None, None], atol=1e-5)


@given(st.floats(0.05, 1), st.integers(0, 100))
@settings(max_examples=30, deadline=None)
def test_resized_crop_stays_inside_the_image(least, seed):
    x = images(6, 1, 8, 8) + 10
    y = augmented(x, (f"resized-crop={least}",), draws(seed))
    low, high = x.amin((2, 3)), x.amax((2, 3))
    assert (y.amin((2, 3)) >= low - 1e-3).all()
    assert (y.amax((2, 3)) <= high + 1e-3).all()


def test_noise_has_the_deviation_that_was_asked():
    added = augmented(torch.zeros(100, 1, 20, 20), ("noise=3",), draws())
    assert abs(added.std() - 3) < 0.06
    assert abs(added.mean()) < 0.06


def test_jitter_of_grey_images_is_affine_and_keeps_grey_grey():
    x = images(3, 1).repeat(1, 3, 1, 1)
    y = augmented(x, ("jitter=0.5",), draws())
    assert torch.allclose(y[:, 0], y[:, 1], rtol=1e-4)
    for before, after in zip(x, y, strict=True):
        assert torch.corrcoef(torch.stack([before.flatten(), after.flatten()]))[0, 1] > 1 - 1e-5
        assert 0.5 <= after.mean() / before.mean() <= 1.5
        assert 0.25 <= after.std() / before.std() <= 2.25


def test_changes_are_applied_in_the_order_written():
    x, generator = images(2), draws(3)
    one = augmented(augmented(x, ("translate=2",), generator), ("noise=1",), generator)
    assert torch.equal(one, augmented(x, ("translate=2", "noise=1"), draws(3)))
    assert torch.equal(one, augmented(x, ("translate=2,noise=1",), draws(3)))


def test_no_name_changes_nothing_whatever_the_shape():
    assert torch.equal(augmented(torch.ones(2, 5), (), draws()), torch.ones(2, 5))


def test_the_default_is_taken_where_no_amount_is_written():
    assert parsed(("flip", "translate"))[1] == (find("augment", "translate"), 2)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("translat=2", "translate"),
        ("translate=1.5", "whole number"),
        ("flip=1.5", "from 0 to 1"),
        ("rotate=x", "no number"),
        ("rotate=nan", "no number"),
        ("rotate=", "no number"),
        ("", "names nothing"),
        ("noise=-1", "out of range"),
    ],
)
def test_bad_names_and_amounts_are_refused(text, says):
    with pytest.raises(UsageError, match=says):
        parsed((text,))


def test_tables_are_refused():
    with pytest.raises(UsageError, match="images"):
        augmented(torch.ones(2, 5), ("flip",), draws())


def test_a_border_wider_than_the_image_is_refused():
    with pytest.raises(UsageError, match="crop=7"):
        augmented(images(), ("crop=7",), draws())
