"""Numbers as a person reads them: with their uncertainty, and "not measured" where there is none."""

from __future__ import annotations

import math

NOTHING = "not measured"


def known(value: float | None) -> bool:
    """Whether there is a finite number."""
    return value is not None and math.isfinite(value)


def count(value: int) -> str:
    """1437 -> "1,437"."""
    return f"{int(value):,}"


def percent(share: float | None, se: float | None = None, digits: int = 1) -> str:
    """A share in [0, 1] as "9.6 ± 0.8 %"; ± is two standard errors."""
    if share is None or not known(share):
        return NOTHING
    if se is None or not known(se) or se == 0:
        return f"{100 * share:.{digits}f} %"
    return f"{100 * share:.{digits}f} ± {200 * se:.{digits}f} %"


def short(value: float | None, digits: int = 2) -> str:
    """A number in [-1, 1] without the leading zero: ".99"; others with three significant digits."""
    if value is None or not known(value):
        return NOTHING
    text = f"{value:.{digits}f}" if abs(value) < 10 else f"{value:.3g}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def between(value: float, low: float, high: float) -> str:
    """Such as: .99 [.98, 1.00]."""
    return f"{short(value)} [{short(low)}, {short(high)}]"


def plain(name: str) -> str:
    """A column's name as words: "cumulative_loss_early" -> "cumulative loss early"."""
    return name.replace("_", " ")


def seconds(value: float) -> str:
    """A duration: "0.8 s", "24 s", "3 min 05 s"."""
    if value < 10:
        return f"{value:.1f} s"
    return f"{value:.0f} s" if value < 120 else f"{value // 60:.0f} min {value % 60:02.0f} s"


def size(n: int) -> str:
    """A file's size: "1.2 MB"."""
    return f"{n / 1e6:.1f} MB" if n >= 1e5 else f"{n / 1e3:.0f} kB"


def sentence(text: str) -> str:
    """Text with a capital at its beginning and a full stop at its end, unless it begins or ends with code."""
    text = text.strip()
    if not text:
        return ""
    first = text if text.startswith(("byheart", "`")) else text[0].upper() + text[1:]
    return first if first[-1] in ".!?)`" else first + "."


def glued(text: str) -> str:
    """Text whose numbers are not torn from their errors and units at the end of a line."""
    return text.replace(" ± ", "\u00a0±\u00a0").replace(" %", "\u00a0%").replace(" points", "\u00a0points")


def printable(text: str) -> str:
    """Text without control characters: a name from data must not move a terminal's cursor or change its colours."""
    return "".join(c for c in text if c == "\n" or c.isprintable() or c == "\u00a0")
