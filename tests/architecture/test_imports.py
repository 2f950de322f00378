"""What is imported when: nothing heavy before it is needed, and nothing that is not declared."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "byheart"
FILES = sorted(SOURCE.rglob("*.py"))
# the places that compute: importing them may import the heavy package
AT_TOP = {
    "torch": ("models", "runs", "methods", "scores", "controls", "data/augment", "studies/rows"),
    "sklearn": ("methods", "scores", "diagnosis", "controls", "studies/rows"),
    "altair": ("reports",),
}
LIGHT = ("base", "cli", "__init__.py", "__main__.py")  # these bring no array library either
ARRAYS = {"numpy", "pandas", "scipy", "pyarrow", "jaxtyping", "joblib", "safetensors"}
# declared, and used through another package: pandas reads Parquet with pyarrow
INDIRECT = {"pyarrow"}
NAMES = {"sklearn": "scikit-learn", "PIL": "pillow", "vl_convert": "vl-convert-python"}


def imported(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def at_top(path: Path) -> set[str]:
    """Packages that importing the file imports: outside functions and TYPE_CHECKING."""

    def runs(body):
        for node in body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield node
            elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                yield from runs(node.orelse)
            elif isinstance(node, ast.If | ast.Try | ast.With):
                yield from runs([*node.body, *getattr(node, "orelse", []), *getattr(node, "finalbody", [])])

    return imported(ast.Module(list(runs(ast.parse(path.read_text()).body)), []))


def test_heavy_packages_are_imported_where_they_are_needed():
    wrong = {}
    for path in FILES:
        place = str(path.relative_to(SOURCE))
        heavy = {package for package, places in AT_TOP.items() if not place.startswith(places)}
        heavy |= ARRAYS if place.startswith(LIGHT) else set()
        if found := at_top(path) & heavy:
            wrong[place] = found
    assert not wrong


def test_the_front_door_is_light():
    code = f"import sys, byheart, byheart.cli.app; print(sorted({ARRAYS | set(AT_TOP)!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def bare(requirement: str) -> str:
    return re.split(r"[\[<>=!~; ]", requirement)[0].lower()


def test_dependencies_are_those_that_are_imported():
    used = (
        set().union(*(imported(ast.parse(p.read_text())) for p in FILES)) - set(sys.stdlib_module_names) - {"byheart"}
    )
    assert {NAMES.get(name, name) for name in used} | INDIRECT == {bare(r) for r in project()["dependencies"]}


def test_every_dependency_has_a_version_that_was_seen_to_work():
    pinned = {
        bare(line) for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line and line[0] != "#"
    }
    groups = [project()["dependencies"], *project()["optional-dependencies"].values()]
    wanted = [requirement for group in groups for requirement in group]
    assert {bare(r) for r in wanted} <= pinned


def test_shapes_in_signatures_are_checked_here():
    import jaxtyping
    import numpy as np

    from byheart.runs.evidence import read

    with pytest.raises(jaxtyping.TypeCheckError):
        read(np.zeros((3, 2), np.float32), np.zeros(4, np.int64), 2)
