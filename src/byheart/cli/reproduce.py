"""byheart reproduce: claims about memorization, measured here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from byheart.base.errors import DataError, MissingExtra, UsageError
from byheart.cli import say
from byheart.cli.options import Flag, Verbose, Whole, WholeOrNone


def reproduce(
    *claims: str,
    text: str | None = None,
    paper: str | None = None,
    everything: Annotated[bool, Parameter(name="--all", negative="", show_default=False)] = False,
    budget: str | None = None,
    seeds: Whole = 3,
    seed: Whole = 0,
    jobs: WholeOrNone = None,
    out: Path = Path("runs/claims"),
    json: Flag = False,
    fresh: Flag = False,
    verbose: Verbose = False,
) -> int:
    """Measure what is claimed about memorization: holds, fails or depends, with the numbers.

    Args:
        claims: Ids such as B05 C25 (byheart ls claims).
        text: All claims of a text, A to E, or of papers by themselves, P.
        paper: All claims of a paper, such as bayat2024.
        everything: All claims that can be measured.
        budget: Leave out what does not fit into this time, such as 10min; the cheapest studies come first.
        seeds: Seeds for each claim; one that does not hold gets at least 5.
        seed: The first of them.
        jobs: How many trainings run at once; by default one a core.
        out: Folder for the readings and the page; the same command goes on where it stopped.
        json: Print JSON instead of the table.
        fresh: Forget earlier readings of these claims.
        verbose: Show the traceback of an error.
    """
    from byheart.base.progress import visible
    from byheart.cli.budget import seconds
    from byheart.studies.claims import chosen
    from byheart.studies.page import write_page
    from byheart.studies.reproduce import forget, intention, within
    from byheart.studies.reproduce import reproduce as measured
    from byheart.studies.terminal import drawn
    from byheart.studies.words import content

    wanted = chosen(claims, text, paper, everything)
    left: list[str] = []
    if budget is not None:
        fitting = within(wanted, seconds(budget), jobs, seeds)
        left, wanted = [c for c in wanted if c not in fitting], fitting
        if not wanted:
            raise UsageError(f"Nothing fits into {budget}.", do=f"give more; {len(left)} claims were asked for")
    if seeds < 2:
        raise UsageError(f"{seeds} seed shows no spread.", do="give at least 2; 3 are usual")
    if fresh:
        forget(out, wanted)
    say.note(f"plan     {intention(wanted, out, seeds, seed, jobs)}")
    if left:
        say.note(f"left out {' '.join(left)}: more than {budget}")
    found = measured(wanted, out, seeds=seeds, seed=seed, jobs=jobs, progress=visible(), lacking=without)
    if not found:
        raise DataError("None of these claims can be measured here.", do="byheart doctor, or claims of other data")
    command = said(claims, text, paper, everything, budget, seeds, seed)
    page = write_page(found, out / "reproduce.html", command)
    if json:
        say.as_json(content(found, command))
    else:
        say.show(drawn(found, page))
    return 0


def without(study: str, error: DataError | MissingExtra) -> None:
    """Say that a study is left out for want of its data or its package."""
    say.note(f"left out {study}: {error.what} {error.do}")


def said(
    claims: tuple[str, ...], text: str | None, paper: str | None, everything: bool, budget: str | None, seeds: int,
    seed: int,
) -> str:  # fmt: skip
    """The command that measures this again."""
    options = {"--text": text, "--paper": paper, "--budget": budget}
    words = ["byheart reproduce", *claims, *(f"{name} {value}" for name, value in options.items() if value)]
    words += ["--all"] if everything else []
    words += [f"--seeds {seeds}"] if seeds != 3 else []
    return " ".join(words + ([f"--seed {seed}"] if seed else []))
