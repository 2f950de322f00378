"""Rooms: imports point one way, each room says what it turns into what, and none hides a verb."""

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import byheart

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "byheart"
ROOMS = sorted(p.parent.name for p in SOURCE.glob("*/__init__.py"))
CONTRACT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]

IMPORT_ALL = """
import importlib, pkgutil, byheart
before = {name: getattr(byheart, name) for name in byheart.__all__}
modules = [m.name for m in pkgutil.walk_packages(byheart.__path__, "byheart.") if m.name != "byheart.__main__"]
for name in modules:
    importlib.import_module(name)
changed = [name for name in before if getattr(byheart, name) is not before[name]]
assert not changed, changed
assert len(modules) > 30, modules
"""


def test_imports_point_one_way():
    from importlinter.cli import lint_imports

    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def test_the_contract_lists_every_room():
    listed = [layer.strip("()") for layer in CONTRACT["layers"]]
    assert set(ROOMS) <= set(listed)
    needed = {layer for layer in CONTRACT["layers"] if not layer.startswith("(")}
    assert needed <= set(ROOMS)
    assert CONTRACT["exhaustive"] is True


def test_every_room_begins_with_its_arrow():
    for room in set(ROOMS) - {"base"}:  # base turns nothing into anything
        first = (importlib.import_module(f"byheart.{room}").__doc__ or "").strip().split("\n")[0]
        assert re.match(r"\S.* -> \S", first), f"byheart.{room}: {first!r}"


def test_no_room_bears_a_verbs_name():
    children = {p.stem for p in SOURCE.iterdir()}
    assert not children & set(byheart.__all__)


def test_every_module_imports_cleanly_and_leaves_the_public_names_alone():
    done = subprocess.run([sys.executable, "-W", "error", "-c", IMPORT_ALL], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_public_names_are_sorted_and_found():
    assert byheart.__all__ == sorted(byheart.__all__)
    assert set(byheart.__all__) <= set(dir(byheart))
    for name in byheart.__all__:
        assert getattr(byheart, name).__name__ == name
