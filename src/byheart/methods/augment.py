"""The augmentations of images as a method, so that they can be switched on, varied and compared like any other."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from byheart.data.augment import augmented, parsed
from byheart.methods.method import method
from byheart.runs.events import State


def changed(
    inputs: Float[Tensor, "b *shape"],
    mean: Tensor,
    deviation: Tensor,
    names: tuple[str, ...],
    generator: torch.Generator,
) -> Float[Tensor, "b *shape"]:
    """Standardized inputs after augmentation in the pixels' own scale, where what comes in from outside is 0.

    Pixels that the augmentation leaves alone keep every bit, as they would not by going to the scale and back.
    """
    pixels = inputs * deviation + mean
    return inputs + (augmented(pixels, names, generator) - pixels) / deviation


@method("augment", acts_on="inputs", source="data/augment")
@dataclass(frozen=True)
class Augment:
    """Changes images at random, in ways that keep the label, anew for every batch.

    `changes` names them with their amounts, "flip,translate=2"; "" is plain training. As for `Task(augment=...)`, the
    trajectory is that of the changed images.
    """

    changes: str = "flip"

    def __post_init__(self) -> None:
        parsed(self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """The changes as `data.augment` reads them."""
        return (self.changes,) if self.changes else ()

    def fit_start(self, state: State) -> None:
        one = torch.from_numpy(state.task.train.inputs[:1].astype("float32"))
        augmented(one, self.names, torch.Generator())  # refused here, before training, if these are no images

    def batch(self, state: State) -> None:
        if self.changes:
            assert state.batch is not None
            mean, deviation = (torch.from_numpy(a.copy()).to(state.device) for a in state.task.scale)
            draws = torch.Generator().manual_seed(int(torch.randint(2**62, ())))
            inputs = changed(state.batch.inputs, mean, deviation, self.names, draws)
            state.batch = state.batch._replace(inputs=inputs)
