"""What is installed is what is here: a wheel holds every module and every file of the report."""

import subprocess
import sys
import zipfile
from pathlib import Path

import byheart

ROOT = Path(__file__).parents[2]


def test_a_wheel_holds_everything_that_the_source_holds(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name == f"byheart-{byheart.__version__}-py3-none-any.whl"
    source = ROOT / "src"
    here = {str(p.relative_to(source)) for p in source.rglob("*") if p.is_file() and "__pycache__" not in p.parts}
    packed = set(zipfile.ZipFile(wheel).namelist())
    assert here <= packed
    assert "byheart/py.typed" in packed
    assert {name.split("/")[0] for name in packed} == {"byheart", f"byheart-{byheart.__version__}.dist-info"}
    entry = zipfile.ZipFile(wheel).read(f"byheart-{byheart.__version__}.dist-info/entry_points.txt").decode()
    assert "byheart = byheart.cli.app:main" in entry
