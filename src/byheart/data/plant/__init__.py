"""Task -> Task that holds something known: noise, copies, shortcuts, canaries, each with its truth."""

from byheart.data.plant.planting import plant

__all__ = ["plant"]
