"""The words of a command -> Task: source, plants, network, epochs, methods; and whose traceback it is if that fails."""

from __future__ import annotations

import dataclasses
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from byheart.base.errors import ByheartError, DataError

if TYPE_CHECKING:
    from byheart.data.task import Task


def task_of(
    source: str, plant: str | None = None, network: str | None = None, epochs: int | None = None, seed: int = 0,
    methods: Sequence[str] | None = None,
) -> Task:  # fmt: skip
    """The task that the words describe. Names are checked before data are read.

    Errors: UsageError for unknown names; DataError when the user's own file raises, its traceback printed once.
    """
    from byheart.base.registry import find
    from byheart.data.source import load

    if network is not None:
        find("network", network)
    for text in methods or ():
        from byheart.runs.named import named_event

        named_event(text)
    try:
        task = load(source)
    except ByheartError:
        raise
    except (Exception, SystemExit) as error:
        path = source.rpartition(":")[0]
        if not path.endswith(".py"):
            raise
        print(own_traceback(error, path), file=sys.stderr, end="")
        raise DataError(
            f"{source} raised {type(error).__name__}.", "Its traceback is above.", f"repair {path}"
        ) from None
    if network is not None:
        task = dataclasses.replace(task, network=network)
    if epochs is not None:
        task = dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, epochs=epochs))
    if methods:
        acting = (*task.recipe.methods, *methods)
        task = dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, methods=acting))
    if plant is not None:
        from byheart.data.plant import plant as planted

        task = planted(task, plant, seed=seed)
    return task


def own_traceback(error: BaseException, path: str) -> str:
    """The traceback from the first line of the user's file on: what came before is not theirs."""
    frames = error.__traceback__
    while frames is not None and Path(frames.tb_frame.f_code.co_filename).resolve() != Path(path).resolve():
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames))
