"""Whether a random change of images keeps their label: a mirrored 2 is no 2.

Validation images are named by their nearest training images, as they are and changed. The training images count moved
by a few pixels too, so that a mere shift makes no difference. Images that only the change carries to another class
speak against it. This knows pixels and nothing else: a change that is large for it (30 degrees) is suspected although
a person would keep the label. A suspicion, to be looked at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from byheart.base.errors import UsageError
from byheart.base.seeds import generator, spawn
from byheart.data.augment.augmentation import augmented
from byheart.data.examples import Examples
from byheart.data.task import Task

NEIGHBOURS, SHIFT = 5, 2
MOST_ASKED, MOST_KNOWN = 300, 1_000  # images that are changed, and images that they are compared with
BEARABLE = 0.1  # more than one image in ten lost to another class, by more than its uncertainty, is no accident


@dataclass(frozen=True)
class LabelKept:
    """Share of images named rightly as they are and after the `changes`, and what is lost, with its 95% interval."""

    changes: tuple[str, ...]
    before: float
    after: float
    lost: float
    low: float
    high: float
    n: int

    @property
    def kept(self) -> bool:
        """Whether nothing speaks against the changes."""
        return not self.low > BEARABLE

    @property
    def says(self) -> str:
        """The finding in a sentence."""
        names, share = ", ".join(self.changes), f"{self.lost:.0%} of {self.n} images [{self.low:.0%}, {self.high:.0%}]"
        if self.kept:
            return f"{names}: labels are kept, as far as pixels tell ({share} come to look like another class)."
        return (
            f"{names}: labels may not be kept; {share} come to look like another class. Look at some before training."
        )


def label_kept(task: Task, changes: tuple[str, ...] | str, seed: int = 0) -> LabelKept:
    """Whether the augmentations keep the labels of the task's images.

    Errors: UsageError for what is no image and for regression.
    """
    names = (changes,) if isinstance(changes, str) else tuple(changes)
    if not task.is_classification:
        raise UsageError("Numbers are no classes that a change could mix up.", do="ask this of a classification task")
    known, labels = images(task.train, MOST_KNOWN, seed)
    asked, wanted = images(task.validation, MOST_ASKED, seed)
    changed = augmented(asked, names, torch.Generator().manual_seed(spawn(seed, "label_kept", *names)))
    base, labels = directions(shifted(known, SHIFT)), labels.repeat((2 * SHIFT + 1) ** 2)
    before, after = (voted(directions(part), base, labels, task.classes) == wanted for part in (asked, changed))
    lost = before.double() - after.double()
    half = 1.96 * float(lost.std()) / math.sqrt(len(lost)) if len(lost) > 1 else math.nan
    mean = float(lost.mean())
    return LabelKept(
        names, float(before.double().mean()), float(after.double().mean()), mean, mean - half, mean + half, len(lost)
    )


def images(part: Examples, most: int, seed: int) -> tuple[Float[Tensor, "n c h w"], Int[Tensor, "n"]]:
    """At most so many images of a part, at random, and their labels; UsageError for what is no image."""
    if part.inputs.ndim != 4:
        raise UsageError(f"Inputs of shape {part.inputs.shape[1:]} are no images (channels, height, width).")
    rows = generator(seed, "label_kept").permutation(len(part))[:most]
    return torch.from_numpy(part.inputs[rows]).float(), torch.from_numpy(part.targets[rows])


def shifted(known: Float[Tensor, "n c h w"], by: int) -> Float[Tensor, "m c h w"]:
    """All images, moved by up to `by` pixels along each axis: (2 by + 1)^2 times as many; zeros come in."""
    height, width = known.shape[2:]
    padded = F.pad(known, (by, by, by, by))
    places = [(i, j) for i in range(2 * by + 1) for j in range(2 * by + 1)]
    return torch.cat([padded[:, :, i : i + height, j : j + width] for i, j in places])


def directions(part: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
    """Images as vectors of mean 0 and length 1: brightness and contrast do not count."""
    flat = part.flatten(1)
    flat = flat - flat.mean(1, keepdim=True)
    return flat / flat.norm(dim=1, keepdim=True).clamp_min(1e-9)


def voted(
    asked: Float[Tensor, "q d"], base: Float[Tensor, "n d"], labels: Int[Tensor, "n"], classes: int
) -> Int[Tensor, "q"]:
    """The class (q,) of most of the five vectors of `base` with the smallest angle to each."""
    near = (asked @ base.T).topk(min(NEIGHBOURS, len(base))).indices
    return F.one_hot(labels[near], classes).sum(1).argmax(1)
