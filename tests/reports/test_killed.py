"""An audit that is killed at random moments and given again ends in the same bytes as one that never was."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROGRAM = """
import sys
import dataclasses, numpy as np
import byheart as bh
from byheart.base.registry import find
if __name__ == "__main__":
    task = bh.plant(find("task", "digits")(), "label-noise=0.1")
    task = dataclasses.replace(task, recipe=bh.Recipe(epochs=30))
    bh.audit(task, sys.argv[1], models=6, pairs=2, jobs=2)
    print("finished")
"""


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but those about time; of the report, which prints times, the digest of all else that it shows."""
    found = {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    page = found.pop("audit.html")
    digest = re.search(rb'name="byheart-content" content="(\w+)"', page)
    assert digest is not None and page.endswith(b"</html>")
    kept = {name: content for name, content in found.items() if Path(name).name != "timing.json"}
    return kept | {"audit.html": digest[1]}


def run(program: Path, folder: Path, seconds: float | None) -> bool:
    """Run the program, kill it and its workers after so many seconds; whether it finished."""
    words = [sys.executable, str(program), str(folder)]
    pipe = subprocess.PIPE
    process = subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
    try:
        out, error = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return False
    assert process.returncode == 0, error
    return "finished" in out


@pytest.mark.slow
def test_killed_at_twenty_random_moments(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    begun = time.monotonic()
    assert run(program, tmp_path / "whole", None)
    whole, longest = contents(tmp_path / "whole"), time.monotonic() - begun
    assert any(name.endswith(".safetensors") for name in whole)
    moments = random.Random(0)
    kills, rounds = 0, 0
    while kills < 20:
        rounds += 1
        folder = tmp_path / f"killed{rounds}"
        for _ in range(4):  # up to four kills on the way to one finished audit
            finished = run(program, folder, moments.uniform(0.3 * longest, longest))
            kills += not finished
            if finished:
                break
        else:
            assert run(program, folder, None)
        assert contents(folder) == whole
