"""A sweep that is killed at random moments and given again ends in the same table as one that never was."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import contents

PROGRAM = """
import sys
import byheart as bh
from byheart.base.registry import find
from byheart.controls.sweep import sweep
if __name__ == "__main__":
    task = bh.plant(find("task", "digits")(), "label-noise=0.1")
    sweep(task, ["dropout=0,0.5", "epochs=5,10"], 2, sys.argv[1], jobs=2)
    print("finished")
"""


def run(program: Path, folder: Path, seconds: float | None) -> bool:
    """Run the program, kill it and its workers after so many seconds; whether it finished."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [sys.executable, str(program), str(folder)], stdout=pipe, stderr=pipe, text=True, start_new_session=True
    )
    try:
        out, error = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return False
    assert process.returncode == 0, error
    return "finished" in out


@pytest.mark.slow
def test_killed_at_eight_random_moments(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    begun = time.monotonic()
    assert run(program, tmp_path / "whole", None)
    whole, longest = contents(tmp_path / "whole"), time.monotonic() - begun
    assert {"sweep.json", "sweep.parquet"} < set(whole)
    moments, kills = random.Random(0), 0
    for folder in map(str, range(8)):
        for _ in range(3):  # up to three kills on the way to one finished sweep
            finished = run(program, tmp_path / folder, moments.uniform(0.3 * longest, longest))
            kills += not finished
            if finished:
                break
        else:
            assert run(program, tmp_path / folder, None)
        assert contents(tmp_path / folder) == whole
        if kills >= 8:
            break
    assert kills >= 4
