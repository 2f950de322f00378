import dataclasses

import numpy as np
import pytest
import torch

from byheart.base.errors import UsageError
from byheart.data.augment import augmented
from byheart.data.examples import Examples
from byheart.methods.augment import Augment, changed
from byheart.runs.named import named_event


@pytest.mark.parametrize("names", [("flip",), ("translate=2",), ("noise=3", "rotate=20")])
def test_it_is_augmentation_before_standardizing(few, names):
    mean, deviation = (torch.from_numpy(a.copy()) for a in few.scale)
    pixels = torch.from_numpy(few.train.inputs[:50].astype(np.float32))
    expected = (augmented(pixels, names, torch.Generator().manual_seed(3)) - mean) / deviation
    inputs = (pixels - mean) / deviation
    found = changed(inputs, mean, deviation, names, torch.Generator().manual_seed(3))
    assert torch.allclose(found, expected, atol=1e-4) and not torch.allclose(found, inputs, atol=0.1)


def test_pixels_that_are_left_alone_keep_every_bit(few):
    mean, deviation = (torch.from_numpy(a.copy()) for a in few.scale)
    inputs, _ = few.tensors(few.train, np.arange(50))
    found = changed(inputs, mean, deviation, ("flip=0.5",), torch.Generator().manual_seed(0))
    same = (found == inputs).flatten(1).all(1)
    assert 10 < same.sum() < 40


def test_none_is_plain_training(fitted, weights, plain):
    assert weights(fitted(Augment(""))) == plain
    assert weights(fitted(Augment("flip=0"))) == plain
    assert weights(fitted(Augment("translate=1"))) != plain


def test_every_batch_has_draws_of_its_own(fitted):
    seen = []

    @dataclasses.dataclass(frozen=True)
    class Spy:
        def batch(self, state):
            seen.append(
                {int(r): x.numpy().tobytes() for r, x in zip(state.batch.rows, state.batch.inputs, strict=True)}
            )

    fitted(Augment("translate=3"), Spy(), epochs=3, batch=200)
    assert len({epoch[7] for epoch in seen}) >= 2


def test_the_ways_to_name_it():
    assert named_event("augment=flip") == Augment("flip")
    assert named_event("augment(flip)") == Augment("flip")
    assert named_event("augment('flip,translate=2')").names == ("flip,translate=2",)


def test_unknown_changes_and_tables_are_refused(fitted, few):
    with pytest.raises(UsageError, match="flop"):
        Augment("flop")
    table = dataclasses.replace(
        few, **{n: Examples(p.inputs.reshape(len(p), -1), p.targets, p.ids)
                for n, p in (("train", few.train), ("validation", few.validation), ("test", few.test))}
    )  # fmt: skip
    with pytest.raises(UsageError, match="images"):
        fitted(Augment("flip"), task=table)
