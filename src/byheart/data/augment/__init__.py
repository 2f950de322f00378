"""images -> images: random changes that keep the label, drawn anew for every batch."""

from byheart.data.augment.augmentation import Augmentation, augmented, parsed

__all__ = ["Augmentation", "augmented", "parsed"]
