"""Trainings that lie beside a watched run, in its folder, and what they add to its evidence."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from byheart.base.errors import RunError
from byheart.base.store import read_arrays, write_arrays
from byheart.runs.schema import EVIDENCE, RECORD, Record, read_record, write_record

# folder beside the run -> the arrays that its evidence.safetensors adds; the second axis is the run's examples
ADDS = {"second_split": ("second_split_correct",), "threshold_samples": ("threshold_margin", "threshold_sample")}
AGAIN = "delete it and record it again"


def beside(folder: Path, own: Record, examples: int) -> dict[str, np.ndarray]:
    """What finished trainings beside the run in `folder` add; RunError for what is damaged or another task's."""
    found: dict[str, np.ndarray] = {}
    for name, columns in ADDS.items():
        place = folder / name
        if not (place / RECORD).exists() or not (other := read_record(place)).done:
            continue
        shared = own.digests.keys() & other.digests.keys()
        if changed := sorted(key for key in shared if own.digests[key] != other.digests[key]):
            what = f"{place} was recorded with another {', '.join(changed)} than the run beside it."
            raise RunError(what, "They say nothing of each other.", AGAIN)
        arrays = read_arrays(place / EVIDENCE)
        for column in columns:
            if column not in arrays or arrays[column].shape[1:2] != (examples,):
                raise RunError(f"{place / EVIDENCE} is damaged.", f"It has no {column} of {examples} examples.", AGAIN)
        found |= {column: arrays[column] for column in columns}
    return found


def kept_beside(folder: Path, wanted: Record, arrays: dict[str, np.ndarray]) -> None:
    """Write what a training beside a run found, then remove what only an unfinished one needs."""
    write_arrays(folder / EVIDENCE, arrays)
    write_record(folder, wanted.model_copy(update={"done": True}))
    tidy(folder)


def tidy(folder: Path) -> None:
    """Remove the runs of a training beside a run whose evidence is written."""
    for part in folder.iterdir():
        if part.is_dir() and (part / RECORD).exists():
            shutil.rmtree(part)


def equally_long(parts: list[np.ndarray]) -> list[np.ndarray]:
    """Parts (epochs, k) as long as the longest: NaN after one that ended earlier."""
    longest = max(map(len, parts))
    return [np.pad(part, ((0, longest - len(part)), (0, 0)), constant_values=np.nan) for part in parts]
