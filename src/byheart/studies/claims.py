"""The claims of five public texts on memorization and the findings of papers behind them, in our words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from byheart.base.errors import UsageError
from byheart.studies.papers import paper
from byheart.studies.reproduce import by_claim

TEXTS = {
    "A": "AI training: if we do not prevent memorization, what happens? (a blog, with three posts that it links)",
    "B": "What neural networks memorize and why (an article with questions and answers)",
    "C": "The good, the bad and the ugly: memory for a neural network (an article on Bayat et al. 2024)",
    "D": "Understanding memorization in deep learning models (slides with three code samples)",
    "E": "A closer look at memorization in deep networks (a summary of Arpit et al. 2017)",
    "P": "Papers that these rest on, each by its main finding",
}


@dataclass(frozen=True)
class Claim:
    """A claim by its id (text and number); `warning` where it is known to be wrong, or not testable, as written."""

    id: str
    text: str
    warning: str = ""
    waits_for: str = ""


@cache
def claims() -> dict[str, Claim]:
    """All claims by id."""
    lines = files("byheart.studies").joinpath("claims.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return {claim.id: claim for claim in (Claim(*line.split("\t")) for line in lines)}


def state(claim: Claim) -> str:
    """Whether a claim can be measured, and what it waits for where it cannot."""
    return "runs" if claim.id in by_claim() else f"waits for {claim.waits_for or 'a study'}"


def measurable() -> list[str]:
    """The ids that can be measured, in order."""
    return [name for name in claims() if name in by_claim()]


def chosen(ids: Sequence[str], text: str | None, paper_key: str | None, everything: bool) -> list[str]:
    """The claims that are asked for: by id, of a text, of a paper, or all; UsageError when none is, or one waits."""
    if text is not None and text.upper() not in TEXTS:
        raise UsageError(f"There is no text {text!r}.", do=f"choose one of: {', '.join(TEXTS)}")
    if paper_key is not None:
        paper(paper_key)
    wanted = {name.upper() for name in ids}
    for name in wanted:
        known(name)
    for name in measurable():
        row = by_claim()[name].row(name)
        if everything or (text and name.startswith(text.upper())) or (paper_key and row.paper == paper_key):
            wanted.add(name)
    if not wanted:
        raise UsageError(
            "No claim is named." if paper_key is None and text is None else "Nothing of that can be measured yet.",
            do="give ids (byheart ls claims), --text C, --paper bayat2024 or --all",
        )
    return [name for name in claims() if name in wanted]


def known(name: str) -> Claim:
    """The claim of an id; UsageError for an unknown one and for one that waits."""
    if name not in claims():
        raise UsageError(
            f"There is no claim {name!r}.", do="choose one of A01 to P06: byheart ls claims shows them all"
        )
    if name not in by_claim():
        waits = claims()[name].waits_for or "a study"
        raise UsageError(
            f"{name} cannot be measured yet.", f"It waits for {waits}.", "byheart ls claims shows what runs"
        )
    return claims()[name]
