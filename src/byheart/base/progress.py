"""Progress with time left: bars in a terminal, a plain line every ten seconds in a log, nothing in a test."""

from __future__ import annotations

import os
import sys
import time
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Stream(Protocol):
    """Where lines go."""

    def write(self, text: str, /) -> object: ...
    def flush(self) -> object: ...
    def isatty(self) -> bool: ...


@runtime_checkable
class Stage(Protocol):
    """One bar."""

    def advance(self, n: int = 1, note: str = "") -> None: ...
    def done(self, note: str = "") -> None: ...


@runtime_checkable
class Progress(Protocol):
    """Whatever shows how far the work is."""

    def start(self, name: str, total: int, begun: int = 0) -> Stage: ...


class Silent:
    """Shows nothing."""

    def start(self, name: str, total: int, begun: int = 0) -> Stage:
        return self

    def advance(self, n: int = 1, note: str = "") -> None:
        pass

    def done(self, note: str = "") -> None:
        pass


class Lines:
    """A plain line every `every` seconds: for logs and pipes."""

    def __init__(self, out: Stream, every: float = 10.0) -> None:
        self.out, self.every = out, every

    def start(self, name: str, total: int, begun: int = 0) -> Stage:
        return _Line(self, name, total, begun)


class _Line:
    def __init__(self, home: Lines, name: str, total: int, begun: int) -> None:
        self.home, self.name, self.total, self.at, self.begun = home, name, total, begun, begun
        self.first = self.last = time.monotonic()

    def advance(self, n: int = 1, note: str = "") -> None:
        self.at += n
        now = time.monotonic()
        if now - self.last >= self.home.every:
            self.last = now
            left = (now - self.first) / max(self.at - self.begun, 1) * (self.total - self.at)
            self._say(f"{self.at}/{self.total} {note} about {left:.0f} s left")

    def done(self, note: str = "") -> None:
        self._say(f"{self.at}/{self.total} {note} {time.monotonic() - self.first:.1f} s")

    def _say(self, text: str) -> None:
        print(f"{self.name:<9}{' '.join(text.split())}", file=self.home.out, flush=True)


class Bars:
    """Bars that move in place, drawn by rich."""

    def start(self, name: str, total: int, begun: int = 0) -> Stage:
        return _Bar(name, total, begun)


class _Bar:
    def __init__(self, name: str, total: int, begun: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self.begun = time.monotonic()
        self.bars = RichProgress(
            TextColumn("{task.description:<8}"), BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[note]}"),
            console=Console(stderr=True),
        )  # fmt: skip
        self.task = self.bars.add_task(name, total=total, completed=begun, note="")
        self.bars.start()

    def advance(self, n: int = 1, note: str = "") -> None:
        self.bars.update(self.task, advance=n, note=note)

    def done(self, note: str = "") -> None:
        self.bars.update(self.task, note=note)
        self.bars.stop()


def silent() -> Progress:
    """Show nothing."""
    return Silent()


def visible(out: Stream | None = None) -> Progress:
    """Bars in a terminal, lines elsewhere; `BYHEART_PROGRESS=0` silences both."""
    shown: Any = out or sys.stderr
    if os.environ.get("BYHEART_PROGRESS") == "0":
        return Silent()
    return Bars() if shown.isatty() else Lines(shown)
