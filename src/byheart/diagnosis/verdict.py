"""The verdict: good, bad, ugly, none or undecided, from measured evidence alone. Source: Bayat et al. (2024)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from byheart.diagnosis.measure import Measure, missing
from byheart.diagnosis.rules import RULES, Word


@dataclass(frozen=True)
class Verdict:
    """A word, its kind ("worth keeping", "harmless", "suspected" or ""), its sentence and the evidence it rests on."""

    word: Word
    kind: str
    sentence: str
    evidence: tuple[Measure, ...] = ()

    @property
    def title(self) -> str:
        """The word with its kind: "good, worth keeping"."""
        return f"{self.word}, {self.kind}" if self.kind else self.word


EVIDENCE = (
    "share", "null", "excess", "utility", "drop", "worst_group", "worst_class", "class_fit", "shortcut",
    "tree_group", "group_utility", "idle", "idle_worth", "complexity", "critical", "twin",
)  # fmt: skip


def decide(measures: Mapping[str, Measure]) -> Verdict:
    """The verdict on measures by name (those of EVIDENCE; a missing one counts as not measured). Pure and total."""
    signs = {name: measures.get(name) or missing(name, "") for name in EVIDENCE}
    for rule in RULES:
        answer = rule(signs)
        if answer is not None:
            word, kind, sentence = answer
            return Verdict(word, kind, sentence, tuple(signs.values()))
    raise AssertionError("the last rule always answers")
