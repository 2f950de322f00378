"""How a command speaks: tables and JSON on standard output, errors in three lines on standard error."""

from __future__ import annotations

import errno
import json
import os
import shlex
import sys
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byheart.base.errors import ByheartError, StorageError, UsageError

if TYPE_CHECKING:
    from cyclopts import CycloptsError
    from rich.console import Console, RenderableType

STORAGE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EFBIG}
PIPE_WIDTH = 160  # columns where no terminal says how many there are


def console() -> Console:
    """Standard output: colour and the terminal's width in a terminal, plain wide text in a pipe."""
    from rich.console import Console

    wide = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else PIPE_WIDTH
    return Console(width=wide, highlight=False, soft_wrap=False)


def show(drawn: RenderableType) -> None:
    """Something drawn; in a pipe without the spaces that fill its lines."""
    screen = console()
    if screen.is_terminal:
        screen.print(drawn)
        return
    with screen.capture() as kept:
        screen.print(drawn)
    print("\n".join(line.rstrip() for line in kept.get().rstrip("\n").split("\n")))


def note(text: str) -> None:
    """A line for the person, not part of the result."""
    print(text, file=sys.stderr, flush=True)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table whose columns fit the width there is."""
    from rich.table import Table
    from rich.text import Text

    grid = Table(*heads, box=None, padding=(0, 2, 0, 0), header_style="bold")
    for row in rows:
        grid.add_row(*(Text(str(cell)) for cell in row))
    show(grid)


def as_json(content: Any) -> None:
    """The result for a machine; numbers that are not known are null."""
    print(json.dumps(_plain(content), indent=1, ensure_ascii=False, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):  # NumPy arrays and numbers
        return _plain(value.tolist())
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value


def error(problem: ByheartError) -> None:
    """What happened, why, what to do: a line each."""
    colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    bold, plain = ("\033[1m", "\033[0m") if colour else ("", "")
    lines = [f"{bold}error{plain}  {problem.what}"]
    lines += [f"why    {problem.why}"] if problem.why else []
    lines += [f"do     {problem.do}"] if problem.do else []
    print("\n".join(lines), file=sys.stderr, flush=True)


def trace(problem: BaseException) -> None:
    """The whole traceback, for whoever has to repair the code."""
    traceback.print_exception(problem, file=sys.stderr)


def usage(problem: CycloptsError, words: Sequence[str]) -> UsageError:
    """A mistake in the words of the command."""
    verb = words[0] if words and not words[0].startswith("-") else ""
    known = getattr(problem, "command_chain", None) or ()
    return UsageError(
        " ".join(str(problem).split()), do=f"byheart {verb + ' ' if known else ''}--help lists what is possible"
    )


def interrupted(words: Sequence[str]) -> ByheartError:
    """What Ctrl-C leaves behind."""
    return ByheartError(
        "Interrupted.",
        "Everything that was finished is saved.",
        f"go on with the same command: byheart {shlex.join(words)}",
    )


def storage(problem: OSError) -> StorageError:
    """A disk that is full, a folder that may not be written to."""
    where = f"{problem.filename} could not be written." if problem.filename else "A file could not be written."
    return StorageError(where, f"{problem.strerror}.", "free some space, or choose another --out")


def unexpected(problem: Exception) -> ByheartError:
    """An error that nobody foresaw."""
    what = str(problem).split("\n")[0][:200]
    return ByheartError(
        f"{type(problem).__name__}: {what}",
        "This is a mistake in byheart, not in your call.",
        "report it with the lines above; finished work is saved",
    )
