"""Plans, changes and advice as tables that fit a screen, and as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byheart.cli import say

if TYPE_CHECKING:
    from byheart.controls.advise import Advice
    from byheart.controls.change import Change
    from byheart.controls.plan import Plan

FIRST = 6


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
    """What was measured, the largest gain first, then what was not."""
    say.table(
        ["", "plan", "chosen by", "gain there, 95%", "gain on test examples, 95%"],
        [advice_row(number, each) for number, each in enumerate(ranked, 1)],
    )
    say.note(f"read     {seeds} pairs each; validation examples rank, test examples only report")


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


def advice_row(number: int, advice: Advice) -> list[str]:
    """One row of the ranking."""
    does = "; ".join(a.says for a in advice.plan.actions)
    if advice.change is None or advice.measure is None:
        return [advice.word, does, "", advice.why, ""]
    gain, test = advice.measure, advice.change.lines[0]
    return [
        f"{number}. {advice.word}", does, gain.name.replace("_", " "), signed(gain.kind, gain.gain),
        signed(test.kind, test.gain),
    ]  # fmt: skip


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
