"""Audit -> the words of the page, section by section; the template only places them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.reports import facts, groups, influence, intervals, location, privacy
from byheart.reports.notable import CARDS, second
from byheart.reports.words import between, count, plain, sentence

if TYPE_CHECKING:
    import pandas as pd

    from byheart.diagnosis.audit import Audit
    from byheart.diagnosis.finding import Finding
    from byheart.reports.page import Page

SHOWN = 6  # pictures in a finding's section
TITLES = (
    ("learned", "Learned or memorized"), ("memorized", "What was memorized"), ("all-map", "Map"),
    ("findings", "Findings"), ("privacy", "Privacy"), ("location", "By layer"), ("groups", "Classes and groups"),
    ("influence", "Who helps whom"),
    ("evidence", "Evidence"), ("examples", "All examples"), ("made", "How this was made"),
)  # fmt: skip


def context(audit: Audit, page: Page) -> dict[str, Any]:
    """Everything the template names, but for scripts, styles and data."""
    first, rest = facts.split(audit.verdict.sentence)
    names = [s["name"] for s in page.data["scores"]]
    tables, leak, layers = groups.section(audit), privacy.section(audit), location.section(audit)
    there = {"all-map": page.axes, "groups": tables, "privacy": leak, "location": layers}
    return {
        "task_name": audit.task.name,
        "verdict": audit.verdict,
        "first": first,
        "rest": rest,
        "numbers": top_numbers(audit),
        "command": audit.command,
        "sections": [t for t in TITLES if there.get(t[0], True)],
        "tables": tables,
        "privacy": leak,
        "location": layers,
        "learned": learned(audit),
        "curves": curves(page),
        "truth": truth(audit),
        "memorized": memorized(audit, page),
        "axes": page.axes,
        "scores": names,
        "total": count(len(audit.scores.ids)),
        "regression": page.data["regression"],
        "classes": page.data["classes"],
        "pictures": page.data["pictures"] is not None,
        "findings": [finding(f, page) for f in sorted(audit.findings, key=lambda f: f.code)],
        "passed": ", ".join(f"{code} {check_title(code)}" for code in audit.passed),
        "skipped": [(f"{code} {check_title(code)}", why) for code, why in sorted(audit.skipped.items())],
        "series": legend(page),
        "influence": influence.section(audit),
        "evidence": intervals.rows(list(audit.verdict.evidence)),
        "axis": intervals.axis(list(audit.verdict.evidence)),
        "left_out": ", ".join(map(plain, page.left_out)),
        "made": [*facts.how_made(audit), *facts.times(audit)],
        "skipped_scores": sorted(audit.scores.skipped.items()),
        "score_notes": sorted(audit.scores.notes.items()),
    }


def top_numbers(audit: Audit) -> list[facts.Number]:
    """Three or four numbers under the verdict."""
    found = facts.performance(audit)
    share = facts.memorized_count(audit)
    return [*found, *([share] if share else [])]


def learned(audit: Audit) -> str:
    """What the curves say, in one or two sentences."""
    *end, best = [*facts.performance(audit), None]
    if end and end[-1].name.startswith("best"):
        best = end.pop()
    said = " and ".join(f"{number.name} {number.text}" for number in end)
    turn, run = facts.turning_epoch(audit), audit.scores.run
    rise, drop = audit.measures.get("rise"), audit.measures.get("drop")
    parts = [f"At the end, {said}." if said else ""]
    parts += [run.shortfall] if run is not None and run.shortfall else []
    parts += [f"The best was {best.text} {best.rests_on}."] if best else []
    if turn is not None and run is not None:
        rose = f", and test loss rose by {rise.shown} after it" if rise is not None and rise.least > 0 else ""
        parts.append(f"Validation loss is least at epoch {turn} of {run.epochs}{rose}.")
    if drop is not None and drop.least > 0:
        parts.append(f"Test performance fell by {drop.shown} from its peak.")
    wrong = audit.task.truth.get("wrong")
    if wrong is not None and np.any(wrong):
        parts.append(
            f"{count(int(np.sum(wrong)))} training labels were planted wrong; "
            "their curve shows when they were learned by heart."
        )
    return " ".join(p for p in parts if p)


def curves(page: Page) -> list[tuple[str, str, dict[str, Any]]]:
    """Name, title and table of each learning curve."""
    found = [("accuracy", "Accuracy", page.accuracy), ("loss", "Loss", page.loss)]
    return [(name, title, _wide(table)) for name, title, table in found if table is not None]


def _wide(table: pd.DataFrame) -> dict[str, Any]:
    names = list(dict.fromkeys(table["series"]))
    by = {name: table[table["series"] == name].set_index("epoch") for name in names}
    lines = []
    for epoch in sorted(set(table["epoch"])):
        cells = []
        for name in names:
            one = by[name].loc[epoch]
            half = (one["high"] - one["low"]) / 2
            cells.append("–" if np.isnan(one["value"]) else f"{one['value']:.3f} ± {half:.3f}")
        lines.append((int(epoch), cells))
    return {"names": names, "lines": lines}


def memorized(audit: Audit, page: Page) -> str:
    """How the gallery is to be read."""
    if audit.scores.run is None and audit.scores.many is None:
        return "No run was recorded, so nothing can be said of single examples."
    if "memorization" in audit.scores.columns:
        many = audit.scores.many
        better = "more often the given answer is right" if audit.task.is_classification else "smaller the loss is"
        how = f"{many.models} models on random parts of the data" if many is not None else "one run"
        text = (
            f"Memorization is how much {better} when the example was in the training set than when it was not, "
            f"from {how}; ± is two standard errors."
        )
    else:
        text = (
            "Memorization itself was not measured (a larger budget trains the models that it needs); "
            f"examples are ordered by {plain(second(audit)) or 'nothing'}."
        )
    others = " “Others” are the models that had not seen the example." if audit.scores.many is not None else ""
    cards = min(CARDS, len(page.data["cards"]))
    return (
        f"{text}{others} The most memorized come first. Click an example for its card; the first {cards} have their "
        "trajectory and neighbours in the page."
    )


def finding(one: Finding, page: Page) -> dict[str, Any]:
    """A finding as the template prints it."""
    group = next((g for g in page.data["groups"] if g["code"] == one.code), None)
    share, low, high = one.share
    amount = (
        f"{count(one.count)} of {count(one.total)} examples, {100 * share:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"
    )
    return {
        "code": one.code,
        "title": one.title,
        "severity": {"note": "note", "warn": "warning", "error": "error"}[one.severity],
        "amount": amount if one.count else "the network as a whole",
        "evidence": sentence(said_once(one)),
        "do": sentence(one.do),
        "command": one.do.startswith("byheart "),
        "colour": group["colour"] if group else "var(--grey)",
        "rows": " ".join(map(str, group["rows"][:SHOWN])) if group else "",
        "total": group["total"] if group else 0,
    }


def check_title(code: str) -> str:
    """What a check looks for."""
    from byheart.base.registry import every

    return str(getattr(every("check").get(code), "title", ""))


def legend(page: Page) -> list[tuple[str, str, str]]:
    """Name, colour and dashes of the curves."""
    from byheart.reports.figures import SERIES

    drawn = {name for table in (page.accuracy, page.loss) if table is not None for name in table["series"]}
    return [(name, colour, " ".join(map(str, dash))) for name, (colour, dash) in SERIES.items() if name in drawn]


def said_once(one: Finding) -> str:
    """The evidence without the count that it begins with, since the count stands above it."""
    counted, colon, rest = one.evidence.partition(": ")
    repeated = counted.startswith(f"{one.count} of {one.total} examples (") and counted.endswith(")")
    return rest if colon and repeated else one.evidence


def truth(audit: Audit) -> list[dict[str, Any]]:
    """The planted truth against findings and scores, as tables."""
    held = audit.truth
    if held is None:
        return []
    found = [
        [f"{r.code}, {plain(r.name)}",
         f"{count(r.hits)} of {count(r.found)}", _share(r.precision, r.precision_low, r.precision_high),
         f"{count(r.hits)} of {count(r.count)}", _share(r.recall, r.recall_low, r.recall_high)]
        for r in held.findings
        if r.hits
    ]  # fmt: skip
    ranked = [[f"{plain(r.score)}, {plain(r.name)}", between(r.auroc, r.low, r.high), count(r.n)] for r in held.scores]
    tables = [
        {
            "heads": [
                "finding, what was planted",
                "of those found",
                "precision [95 %]",
                "of those planted",
                "recall [95 %]",
            ],
            "lines": found,
            "folded": False,
        },
        {"heads": ["score, what was planted", "AUROC [95 %]", "examples"], "lines": ranked, "folded": len(ranked) > 6},
    ]
    return [t for t in tables if t["lines"]]


def _share(value: float, low: float, high: float) -> str:
    return f"{100 * value:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"
