"""Plans, changes and advice as tables that fit a screen, and as plain values."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byheart.cli import say

if TYPE_CHECKING:
    from byheart.controls.advise import Advice
    from byheart.controls.change import Change
    from byheart.controls.plan import Plan

FIRST = 6
PLAN, WIDE = 27, 110  # width of the plans on a narrow screen, and of a screen that is none


def show_plan(plan: Plan, total: int) -> None:
    """Every action: how many examples, the first ids, and why."""
    rows = []
    for action in plan.actions:
        ids = [str(i) for i in action.ids]
        first = ", ".join(ids[:FIRST]) + (", ..." if len(ids) > FIRST else "")
        rows.append([action.name, action.says + (f": {first}" if first else "")])
        rows += [["", action.reason]] if action.reason else []
    say.table(["action", f"on {total:,} training examples, and why"], rows)
    for note in plan.notes:
        say.note(f"note     {note}")


def show_change(change: Change) -> None:
    """Before and after, in a table."""
    a, b = change.examples
    print()
    say.table(
        ["measure", "before", "after", "difference, 95%", "", "over"],
        [
            [line.name.replace("_", " "), shown(line.kind, line.before), shown(line.kind, line.after),
             signed(line.kind, line.difference), line.verdict, line.over.removeprefix("seeds and ")]
            for line in change.lines
        ],
    )  # fmt: skip
    say.note(f"read     {change.seeds} pairs with the same seeds; {a:,} training examples before, {b:,} after")
    say.note("         95% over seeds and over the examples in the last column")


def show_advice(ranked: Sequence[Advice], seeds: int) -> None:
    """What was measured, the largest gain first, then what was not, and why."""
    known = [(a, a.change, a.measure) for a in ranked if a.change is not None and a.measure is not None]
    if known:
        chose, test = (line.name.replace("_", " ") for line in (known[0][2], known[0][1].lines[0]))
        rows = [
            [f"{number}. {advice.word}", does(advice), *(signed(x.kind, x.gain) for x in (measure, change.lines[0]))]
            for number, (advice, change, measure) in enumerate(known, 1)
        ]  # fmt: skip
        show_rows(["", "plan", f"gain in {chose}", f"gain in {test}"], rows)
        if len(known) < len(ranked):
            print()
    rest = [[a.word, does(a), a.why] for a in ranked if a.change is None or a.measure is None]
    if rest:
        show_rows(["", "plan", "why"], rest)
    say.note(f"read     {seeds} pairs each, gains with 95% over seeds and examples; the first gain ranks,")
    say.note("         test examples only report")


def show_rows(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table whose second column, the plans, breaks between words alone: no name is cut, whatever the width."""
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for number, head in enumerate(heads):
        grid.add_column(head, overflow="fold", no_wrap=number == 1)
    width = PLAN if say.console().width < WIDE else WIDE
    for first, plan, *others in rows:
        broken = "\n".join(textwrap.wrap(plan, width, break_long_words=False, break_on_hyphens=False))
        grid.add_row(*map(Text, (first, broken, *others)))
    say.show(grid)


def shown(kind: str, found: Any) -> str:
    """A value: "93.6 %" or "0.237"."""
    if found.value != found.value:
        return "not measured"
    return f"{100 * found.value:.1f} %" if kind == "share" else f"{found.value:.3f}"


def signed(kind: str, found: Any) -> str:
    """A difference with its interval: "+3.4 [-0.2, +7.1]"."""
    if found.value != found.value:
        return "not measured"
    scale, digits = (100, 1) if kind == "share" else (1, 3)
    value, low, high = (f"{scale * x:+.{digits}f}" if x == x else "?" for x in found)
    return f"{value} [{low}, {high}]"


def does(advice: Advice) -> str:
    """What the plan of an advice does."""
    return "; ".join(a.says for a in advice.plan.actions)


def told(advice: Advice) -> dict[str, Any]:
    """An advice as plain values."""
    from byheart.controls.change import row_of

    return {
        "word": advice.word, "actions": [a.says for a in advice.plan.actions], "notes": list(advice.plan.notes),
        "reason": advice.plan.actions[0].reason, "why": advice.why, "seconds": advice.seconds,
        "measure": None if advice.measure is None else row_of(advice.measure),
        "change": None if advice.change is None else [row_of(line) for line in advice.change.lines],
    }  # fmt: skip


def content(plan: Plan, file: Path, change: Change | None) -> dict[str, Any]:
    """Plan and change as plain values."""
    from byheart.controls.change import row_of

    actions = [{"action": a.name, "does": a.says, "reason": a.reason} | a.entry() for a in plan.actions]
    found: dict[str, Any] = {"plan": {"task": plan.task, "file": file, "notes": list(plan.notes), "actions": actions}}
    if change is not None:
        lines = [row_of(line) for line in change.lines]
        found["change"] = {"pairs": change.seeds, "examples": list(change.examples), "lines": lines}
    return found
