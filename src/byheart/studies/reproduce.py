"""reproduce: claims measured one seed at a time, side by side; what is measured already is read back."""

from __future__ import annotations

import importlib.util
import math
import re
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from byheart.base import store
from byheart.base.errors import DataError, MissingExtra, UsageError
from byheart.base.progress import Progress, silent
from byheart.base.provenance import versions
from byheart.base.registry import every, find
from byheart.runs.workers import each, workers
from byheart.studies.evidence import Evidence, judged
from byheart.studies.study import Curve, Lab, Reading, Study, source_of

SEEDS, MORE = 3, 5  # a claim that does not hold with the first is measured with the second


def reproduce(
    claims: Sequence[str],
    out: str | Path = "runs/claims",
    *,
    seeds: int = SEEDS,
    seed: int = 0,
    jobs: int | None = None,
    progress: Progress | None = None,
    lacking: Callable[[str, DataError | MissingExtra], None] | None = None,
) -> list[Evidence]:
    """Measure the studies of these claims with `seeds` seeds, and judge each claim by its numbers.

    A claim that does not hold is measured with at least 5. Each seed's reading is a file below `out`; the same call
    goes on where it stopped, and a study whose file was edited is measured again. A study whose data are neither here
    nor can be fetched, or whose package is not installed, is left out, and told to `lacking`; without that, its
    DataError or MissingExtra is raised. Errors: UsageError for an unknown claim and for fewer than two seeds.
    """
    if seeds < 2:
        raise UsageError(f"{seeds} seed shows no spread.", do=f"give at least 2; {SEEDS} are usual")
    folder, bars, first = Path(out).resolve(), progress or silent(), range(seed, seed + seeds)
    chosen = [study for study in studies_of(claims) if there(study, lacking)]
    claims = [name for name in claims if by_claim()[name] in chosen]
    store.sweep(folder)
    read(folder, chosen, first, jobs, bars)
    found = evidence_of(folder, claims, first)
    doubtful = [s for s in chosen if any(e.study is s and e.word != "holds" for e in found)]
    if not doubtful or seeds >= MORE:
        return found
    more = range(seed, seed + MORE)
    read(folder, doubtful, more, jobs, bars)
    return [e if e.study not in doubtful else evidence_of(folder, [e.row.id], more)[0] for e in found]


def there(study: Study, lacking: Callable[[str, DataError | MissingExtra], None] | None) -> bool:
    """Whether a study's package and data are here; what has to be fetched is fetched now, once, before anything is
    measured.
    """
    try:
        if study.package and importlib.util.find_spec(study.package) is None:
            raise MissingExtra(f"The package {study.package} is not installed.", do=f"pip install {study.package}")
        for name in study.data:
            find("task", name)()
    except (DataError, MissingExtra) as error:
        if lacking is None:
            raise
        lacking(study.name, error)
        return False
    return True


def studies() -> dict[str, Study]:
    """All studies by name."""
    return every("study")


def by_claim() -> dict[str, Study]:
    """The study of each claim that has one."""
    return {row.id: study for study in studies().values() for row in study.rows}


def studies_of(claims: Iterable[str]) -> list[Study]:
    """The studies that these claims need, the cheapest first; UsageError for a claim without one."""
    known = by_claim()
    for claim in claims:
        if claim not in known:
            find("study", claim)  # says what there is
    return sorted({known[c].name: known[c] for c in claims}.values(), key=lambda study: study.cost)


def within(claims: Sequence[str], budget: float, jobs: int | None = None, seeds: int = SEEDS) -> list[str]:
    """The claims whose studies fit into so many seconds, the cheapest studies first, in the order given."""
    left, fitting = budget * workers(jobs), set()
    for study in studies_of(claims):
        left -= study.cost * seeds
        if left < 0:
            break
        fitting |= {row.id for row in study.rows}
    return [c for c in claims if c in fitting]


def read(folder: Path, chosen: Sequence[Study], seeds: Iterable[int], jobs: int | None, progress: Progress) -> None:
    """Measure every seed of every study that has no reading yet; the longest first, so that no worker waits."""
    wanted = [(study, k) for study in sorted(chosen, key=lambda s: -s.cost) for k in seeds]
    missing = [(study, k) for study, k in wanted if not current(folder, study, k)]
    if not missing:
        return
    bar = progress.start("claims", len(wanted), len(wanted) - len(missing))
    for name in each(measure, [(study.name, k, folder) for study, k in missing], jobs):
        bar.advance(note=name)
    bar.done()


def measure(name: str, seed: int, folder: Path, small: bool = False) -> str:
    """Measure one seed of a study, its negative control too, and write both; the name comes back."""
    from byheart.runs.loop import one_thread

    study: Study = find("study", name)
    begun = time.process_time()
    place = folder / name / f"{seed}-{digest(study)[:8]}"  # what an edited study left begun is not gone on with
    with one_thread():
        found = study.measure(Lab(seed, place / "measured", small))
        control: Callable[[Lab], Reading] | str = study.control
        against = Reading({}) if isinstance(control, str) else control(Lab(seed, place / "control", small))
    seconds = time.process_time() - begun
    content = {"digest": digest(study), "measured": plain(found), "control": plain(against), "cpu_seconds": seconds}
    store.write_json(path_of(folder, name, seed), content)
    shutil.rmtree(place, ignore_errors=True)
    return name


def evidence_of(folder: Path, claims: Sequence[str], seeds: Iterable[int]) -> list[Evidence]:
    """The evidence for each claim from the readings that are there."""
    known, found, seeds = by_claim(), [], list(seeds)
    for claim in claims:
        study = known[claim]
        files = [store.read_json(path_of(folder, study.name, k)) for k in seeds]
        both = [[opened(f[part]) for f in files] for part in ("measured", "control")]
        found.append(judged(study, study.row(claim), *both))
    return found


def seconds_of(folder: Path, study: Study, seeds: Iterable[int]) -> float:
    """CPU-seconds of these seeds."""
    return sum(store.read_json(path_of(folder, study.name, k))["cpu_seconds"] for k in seeds)


def current(folder: Path, study: Study, seed: int) -> bool:
    """Whether there is a reading of this study's text."""
    path = path_of(folder, study.name, seed)
    return path.exists() and store.read_json(path).get("digest") == digest(study)


def digest(study: Study) -> str:
    """Of the study's file, but for what it is said to cost, and of torch: with either of another kind, numbers may
    differ.
    """
    return store.digest(re.sub(r"\bcost=[\d.]+", "", source_of(study)), versions()["torch"])


def path_of(folder: Path, name: str, seed: int) -> Path:
    """Where a reading lies."""
    return folder / name / f"seed-{seed}.json"


def plain(reading: Reading) -> dict[str, Any]:
    """A reading as JSON; what is no number becomes null."""
    lines = [{"name": c.name, "x": [number(v) for v in c.x], "y": [number(v) for v in c.y]} for c in reading.curves]
    values = {name: number(v) for name, v in reading.values.items()}
    return {"values": values, "curves": lines, "x": reading.x, "y": reading.y}


def number(value: float) -> float | None:
    """A number, or None for what is none."""
    value = float(value)
    return value if math.isfinite(value) else None


def opened(content: dict[str, Any]) -> Reading:
    """A reading from JSON."""
    values = {name: math.nan if v is None else v for name, v in content["values"].items()}
    lines = [Curve(c["name"], c["x"], [math.nan if v is None else v for v in c["y"]]) for c in content["curves"]]
    return Reading(values, lines, content["x"], content["y"])


def forget(out: str | Path, claims: Iterable[str]) -> None:
    """Delete the readings of these claims' studies."""
    for study in studies_of(claims):
        shutil.rmtree(Path(out) / study.name, ignore_errors=True)


def intention(claims: Sequence[str], out: str | Path, seeds: int, seed: int, jobs: int | None) -> str:
    """One line: what will be measured, and how long that takes."""
    chosen, folder = studies_of(claims), Path(out)
    missing = [s.cost for s in chosen for k in range(seed, seed + seeds) if not current(folder, s, k)]
    there = len(chosen) * seeds - len(missing)
    done = f", {there} of them done" if there else ""
    least = sum(missing) / workers(jobs)
    how_long = f"about {least:.0f} s" if least < 100 else f"about {least / 60:.0f} min"
    return (
        f"{len(claims)} claims in {len(chosen)} studies x {seeds} seeds{done}: {how_long}"
        if missing
        else f"{len(claims)} claims in {len(chosen)} studies x {seeds} seeds, all done"
    )
