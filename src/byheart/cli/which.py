"""Which examples a word of the command names: a finding, several, ids, or ids with labels or weights."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from byheart.data.task import Task


def examples(task: Task, text: str) -> Any:
    """What names examples: a code ("MEM001", "MEM001=0.5"), several, ids, or id=value pairs as a mapping."""
    from byheart.base.registry import every

    words = [word.strip() for word in text.split(",") if word.strip()]
    codes = {*every("check"), "memorized"}
    if not words or (len(words) == 1 and words[0].partition("=")[0] in codes):
        return text.strip()
    if all(word in codes for word in words):
        return words
    numbered = task.train.ids.dtype.kind in "iu"
    pairs = [word.partition("=") for word in words]
    ids = [int(i) if numbered and re.fullmatch(r"-?[0-9]+", i) else i for i, _, _ in pairs]
    if not any(equals for _, equals, _ in pairs):
        return ids if numbered or len(ids) > 1 or ids[0] in set(task.train.ids.tolist()) else text
    return {i: value(word, task) for i, (_, _, word) in zip(ids, pairs, strict=True)}


def value(text: str, task: Task) -> Any:
    """A class name where there is one, else a number where it reads as one, else the text."""
    if text in task.class_names:
        return text
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text
