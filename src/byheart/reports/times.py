"""How long each step of an audit took, in its timing.json."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from byheart.base.errors import RunError
from byheart.base.provenance import machine
from byheart.base.store import read_json, write_json
from byheart.runs.schema import TIMING

STEPS = ("record", "subsets", "score", "utility", "twins", "privacy", "locate", "diagnose", "report")


class Times:
    """Seconds of each step; a step that only read what was there keeps the time that it once took."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / TIMING
        self.steps = steps_in(folder)

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.steps[step] = max(self.steps.get(step, 0.0), round(time.monotonic() - begun, 3))
        write_json(self.path, {"wall_seconds": self.steps, "machine": machine()})


def steps_in(folder: Path) -> dict[str, float]:
    """Wall seconds by step, as far as they can be read: nothing else depends on them."""
    try:
        spent = read_json(folder / TIMING)["wall_seconds"]
        steps = {step: float(spent[step]) for step in STEPS if step in spent}
    except (RunError, KeyError, TypeError, ValueError, OverflowError):
        return {}
    return {step: seconds for step, seconds in steps.items() if 0 <= seconds < math.inf}
