"""What holds of the claims about memorization, and what it costs to find out.

Claim:    all that can be measured takes at most 120 CPU-minutes with three seeds, and each text alone at most 30 minutes on 2 cores.
Command:  BYHEART_DATA=... python benchmarks/claims.py [FOLDER]      (FOLDER keeps readings; the same command goes on)
Hardware: 2 cores, about 40 minutes. n: 3 seeds, 5 where a claim does not hold with three; spread: 95% intervals over seeds (Student's t).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from byheart.base.progress import visible
from byheart.base.provenance import versions
from byheart.studies.claims import TEXTS, claims, measurable
from byheart.studies.evidence import Evidence, Finding, shown
from byheart.studies.reproduce import SEEDS, reproduce, seconds_of
from byheart.studies.words import counts


def main() -> None:
    """Measure what is missing, print and write the tables."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/claims")
    found = reproduce(measurable(), folder, progress=visible())
    text = "\n".join([*head(found, folder), *costs(found, folder), *verdicts(found)]) + "\n"
    Path(__file__).parent.joinpath("results", "claims.md").write_text(text)
    print(text)


def head(found: Sequence[Evidence], folder: Path) -> list[str]:
    """What this is."""
    n = counts(found)
    return [
        "# The claims", "",
        f"Written by `python benchmarks/claims.py`; torch {versions()['torch']}. {len(found)} claims: {n['holds']} hold, {n['depends']} depend, "
        f"{n['fails']} fail. How verdicts come about, and which set-ups were changed after a first look: docs/decisions/0007-claims.md.", "",
    ]  # fmt: skip


def costs(found: Sequence[Evidence], folder: Path) -> list[str]:
    """CPU time by text: of three seeds, and with the seeds that were added."""
    lines = [
        "| text | claims | studies | CPU-minutes, 3 seeds | with more seeds where needed | longest study of a seed |",
        "|---|---|---|---|---|---|",
    ]
    for key, title in [*TEXTS.items(), ("", "all")]:
        mine = [e for e in found if e.row.id.startswith(key)]
        studies = {e.study.name: e for e in sorted(mine, key=lambda e: e.seeds)}
        first = sum(seconds_of(folder, e.study, range(SEEDS)) for e in studies.values()) / 60
        whole = sum(seconds_of(folder, e.study, range(e.seeds)) for e in studies.values()) / 60
        longest = max((seconds_of(folder, e.study, [0]), e.study.name) for e in studies.values())
        lines.append(
            f"| {key + ': ' if key else ''}{title} | {len(mine)} | {len(studies)} | {first:.1f} | {whole:.1f} | {longest[1]}, {longest[0]:.0f} s |"
        )
    return [*lines, ""]


def verdicts(found: Sequence[Evidence]) -> list[str]:
    """A line a claim: two of its numbers where it holds; else what was missed, and every number that was met."""
    lines = ["| claim | | verdict | seeds | what was found |", "|---|---|---|---|---|"]
    for e in found:
        said = f"(corrected) {e.row.corrected}" if e.row.corrected else claims()[e.row.id].text
        met = [told(f) for f in e.findings if f.met] if e.condition else [told(f) for f in e.findings[:2]]
        why = f"{e.condition}{'; met: ' if e.condition and met else ''}{'; '.join(met)}"
        lines.append(f"| {e.row.id} | {said} | {e.word} | {e.seeds} | {why.replace('|', '/')} |")
    return lines


def told(f: Finding) -> str:
    """What was asked, under which condition, what was found, and what was wanted."""
    when = f" ({f.criterion.when})" if f.criterion.when else ""
    return f"{f.criterion.says}{when}: {shown(f.found)} ({f.criterion.wanted})"


if __name__ == "__main__":
    main()
