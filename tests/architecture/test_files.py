"""Files: short, named for what they do, and speaking of nothing but the project."""

import re
import statistics
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHON = sorted(p for folder in ("src", "tests", "benchmarks") for p in (ROOT / folder).rglob("*.py"))
LONGEST = 400
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "core", "manager", "factory", "handler", "common", "misc"}
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError|lorem ipsum", re.IGNORECASE)


def texts() -> list[Path]:
    """Files that git keeps or would keep; outside a repository, all that are source."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    names = listed.stdout.split("\0") if listed.returncode == 0 else [str(p.relative_to(ROOT)) for p in PYTHON]
    endings = {".py", ".md", ".toml", ".txt", ".yml", ".css", ".js", ".j2", ".html", ""}
    return [p for name in names if name and (p := ROOT / name).is_file() and p.suffix in endings]


def test_no_file_is_too_long_to_read():
    lengths = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in PYTHON}
    assert {name: n for name, n in lengths.items() if n > LONGEST} == {}


def test_file_names_say_something():
    assert [str(p.relative_to(ROOT)) for p in PYTHON if p.stem in EMPTY_NAMES] == []


def test_files_are_short_on_the_whole():
    lengths = [len(p.read_text().splitlines()) for p in PYTHON if "src" in p.parts and p.name != "__init__.py"]
    assert statistics.median(lengths) <= 150


def test_nothing_is_left_unfinished():
    here = Path(__file__)
    found = [f"{p.relative_to(ROOT)}: {m[0]}" for p in texts() if p != here for m in UNFINISHED.finditer(p.read_text())]
    assert not found


def test_no_file_knows_the_machine_it_was_written_on():
    places = {f"{ROOT}/", f"{ROOT.parent}/", f"{Path.home()}/"} - {"//"}
    found = [f"{p.relative_to(ROOT)}: {place}" for p in texts() for place in places if place in p.read_text()]
    assert not found


def test_tests_mirror_the_source():
    rooms = {p.parent.name for p in (ROOT / "src" / "byheart").glob("*/__init__.py")}
    assert rooms <= {p.name for p in (ROOT / "tests").iterdir()}
