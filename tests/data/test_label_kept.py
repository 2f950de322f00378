import dataclasses

import numpy as np
import pytest
import torch

from byheart.base.errors import UsageError
from byheart.base.registry import find
from byheart.data.augment.label_kept import directions, label_kept, shifted, voted


@pytest.mark.parametrize("changes", ["flip", "flip-vertical", "rotate=180"])
def test_what_turns_digits_into_other_digits_is_suspected(digits, changes):
    found = label_kept(digits, changes)
    assert not found.kept
    assert found.before > 0.9
    assert found.lost == pytest.approx(found.before - found.after)
    assert "may not be kept" in found.says


@pytest.mark.parametrize("changes", ["rotate=10", "translate=2", "jitter=0.3", "resized-crop=0.8", "noise=2"])
def test_what_leaves_digits_what_they_are_is_not(digits, changes):
    found = label_kept(digits, changes, seed=1)
    assert found.kept
    assert "labels are kept" in found.says


def test_no_change_loses_nothing(digits):
    found = label_kept(digits, ("flip=0", "noise=0"))
    assert (found.lost, found.low, found.high) == (0, 0, 0)


def test_images_that_are_their_own_mirror_image_may_be_mirrored(digits):
    """The same digits made symmetric: nothing is lost."""
    both = {}
    for name in ("train", "validation"):
        part = getattr(digits, name)
        x = part.inputs.astype(np.int64)
        both[name] = dataclasses.replace(part, inputs=((x + x[..., ::-1]) // 2).astype(np.uint8))
    assert label_kept(dataclasses.replace(digits, **both), "flip=1").lost == 0


def test_the_vote_equals_a_slow_one():
    random = np.random.default_rng(0)
    base, asked, labels = random.normal(size=(40, 6)), random.normal(size=(9, 6)), random.integers(0, 3, 40)
    turned = [part - part.mean(1, keepdims=True) for part in (base, asked)]
    wanted = []
    for vector in turned[1]:
        cosine = [float(v @ vector) / np.linalg.norm(v) for v in turned[0]]
        near = sorted(range(40), key=lambda i: -cosine[i])[:5]
        wanted.append(int(np.bincount(labels[near], minlength=3).argmax()))
    vectors = [directions(torch.from_numpy(part).float().reshape(-1, 1, 2, 3)) for part in (asked, base)]
    assert voted(vectors[0], vectors[1], torch.from_numpy(labels), 3).tolist() == wanted


def test_shifts_hold_the_image_itself_and_all_its_neighbours():
    x = torch.arange(1.0, 13).reshape(1, 1, 3, 4)
    moved = shifted(x, 1)
    assert len(moved) == 9
    assert any(torch.equal(image, x[0]) for image in moved)
    assert any(torch.equal(image[:, 1:], x[0, :, :-1]) for image in moved)


def test_what_has_no_images_or_no_classes_is_refused():
    with pytest.raises(UsageError, match="no images"):
        label_kept(find("task", "wine")(), "flip")
    with pytest.raises(UsageError, match="no classes"):
        label_kept(find("task", "diabetes")(), "flip")
