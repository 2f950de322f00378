"""Pairs of high influence as the report tells them: in a sentence or two, as pictures, as numbers, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from byheart.diagnosis.pairs import THRESHOLD, TOP
from byheart.diagnosis.share import MEMORIZED
from byheart.reports.words import between, count, sentence, short

if TYPE_CHECKING:
    from byheart.diagnosis.audit import Audit
    from byheart.diagnosis.pairs import InfluencePairs, Reach

KEPT = 100  # pairs in audit.json and in the page's table of numbers; influence_pairs.parquet has up to 1,000


def section(audit: Audit) -> dict[str, Any]:
    """The words of the section and its table of numbers; `empty` says what would fill it where there is nothing."""
    pairs = audit.influence_pairs
    found = {"empty": empty(pairs), "text": "", "hint": "", "lines": [], "total": 0}
    if found["empty"]:
        return found
    return found | {
        "text": said(pairs),
        "hint": "In each pair the first was trained on and the second is held out. Each interval (95 %) is that of one "
        f"pair looked at alone; these are the highest of {count(pairs.asked * pairs.held_out)}.",
        "lines": lines(audit),
        "total": pairs.high.found,
    }


def empty(pairs: InfluencePairs) -> str:
    """Why there are no pairs to show and what would give some; "" where there are."""
    if pairs.skipped:
        return sentence(f"Not measured: {pairs.skipped}") + " This section then shows the pairs of highest influence."
    if not pairs.memorized:
        return (
            f"No training example has a memorization of {short(MEMORIZED)} or more, so there is none whose help could "
            "be asked about; with memorized examples, this section shows which held-out ones they help."
        )
    if not pairs.high.found:
        return (
            f"None of {_asked(pairs)} helps one of {count(pairs.held_out)} held-out ones by {short(THRESHOLD)} or "
            "more; pairs that reach it would be shown here."
        )
    return ""


def said(pairs: InfluencePairs) -> str:
    """What was found beside what chance gives, and how far it can be trusted."""
    high, top = pairs.high, pairs.top
    text = (
        f"Of {_asked(pairs)} and {count(pairs.held_out)} held-out ones, {_pairs(high.found)} an influence of "
        f"{short(THRESHOLD)} or more: the held-out example is right that much more often when the training example was "
        f"trained on. Chance alone gives {about(high.by_chance)}, counted with the models' answers dealt to other "
        "models."
    )
    if top.threshold > high.threshold:
        text += f" As high as those shown, {short(top.threshold)} or more, are {count(top.found)}; "
        text += f"by chance, {about(top.by_chance)}."
    return f"{text} {trust(pairs)}"


def trust(pairs: InfluencePairs) -> str:
    """How many of those found chance accounts for, in words; where it is most of them, what would tell them apart."""
    high, top = pairs.high, pairs.top
    if high.share_by_chance < 0.05:
        return "Hardly any is chance."
    if high.share_by_chance < 0.5:
        return f"So about {100 * high.share_by_chance:.0f} % of the {count(high.found)} are chance."
    few = f"With {pairs.models} models most pairs are chance"
    if top.share_by_chance < 0.5:
        return f"{few}, but of those shown only about {100 * top.share_by_chance:.0f} %."
    return f"{few}, those shown among them; more subset models (a larger `--budget`, or `--models`) tell them apart."


def about(mean: float) -> str:
    """A mean count: "8,443"; "2.3" where it is small; "fewer than .1"."""
    if mean < 0.1:
        return "none" if mean == 0 else "fewer than .1"
    return short(mean, 1) if mean < 10 else count(round(mean))


def drawn(audit: Audit) -> list[dict[str, Any]]:
    """The pairs that are drawn, for the script: rows count training examples first and held-out ones after them."""
    task, table = audit.task, audit.influence_pairs.table.head(TOP)
    place = {one: k for k, one in enumerate(task.train.ids.tolist())}
    held = {one: k + len(task.train) for k, one in enumerate(task.held_out.ids.tolist())}
    return [
        {"row": place[one["id"]], "held_out": held[one["held_out_id"]], "held_out_id": str(one["held_out_id"]),
         "held_out_label": int(one["held_out_label"]), "influence": _interval(one)}
        for one in table.to_dict("records")
    ]  # fmt: skip


def lines(audit: Audit) -> list[list[str]]:
    """Rows of the table of numbers: id and label of either example, and the influence with its interval."""
    from byheart.reports.page import class_names

    names = class_names(audit)
    return [
        [str(one["id"]), names[one["label"]], str(one["held_out_id"]), names[one["held_out_label"]], _interval(one)]
        for one in audit.influence_pairs.table.head(KEPT).to_dict("records")
    ]


def content(audit: Audit) -> dict[str, Any]:
    """What audit.json says of the pairs: counts, counts by chance, and the first hundred; labels are class numbers."""
    pairs = audit.influence_pairs
    return {
        "skipped": pairs.skipped or None,
        "memorized": pairs.memorized, "asked": pairs.asked, "held_out": pairs.held_out,
        "models": pairs.models, "deals": pairs.deals,
        "high": _reach(pairs.high), "top": _reach(pairs.top),
        "pairs": pairs.table.head(KEPT).to_dict("records"),
    }  # fmt: skip


def _reach(reach: Reach) -> dict[str, Any]:
    return {"threshold": reach.threshold, "found": reach.found, "by_chance": reach.by_chance}


def _interval(one: Mapping[Any, Any]) -> str:
    return between(one["influence"], one["influence_low"], one["influence_high"])


def _asked(pairs: InfluencePairs) -> str:
    if pairs.asked < pairs.memorized:
        return f"the {count(pairs.asked)} most memorized of {count(pairs.memorized)} memorized training examples"
    return f"{count(pairs.asked)} memorized training example{'s' if pairs.asked > 1 else ''}"


def _pairs(found: int) -> str:
    return f"{count(found)} pairs have" if found != 1 else "1 pair has"
