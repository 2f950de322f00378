"""Claims that are killed at random moments and asked for again end in the same table as ones that never were."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

CLAIMS = ("A20", "C23", "C27")  # cheap studies that measure no time and need no files
KILLS = 5


def run(folder: Path, seconds: float | None) -> bool:
    """Ask for the claims, and kill all processes after so many seconds; whether it finished."""
    words = [sys.executable, "-m", "byheart", "reproduce", *CLAIMS, "--jobs", "2", "--out", str(folder)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
    try:
        _, error = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return False
    assert process.returncode == 0, error.decode()
    return True


@pytest.mark.slow
def test_killed_and_asked_again_the_table_is_the_same(tmp_path):
    begun = time.monotonic()
    assert run(tmp_path / "whole", None)
    longest, moments, kills, rounds = time.monotonic() - begun, random.Random(0), 0, 0
    whole = (tmp_path / "whole" / "reproduce.json").read_bytes()
    while kills < KILLS:
        rounds += 1
        folder = tmp_path / f"killed{rounds}"
        for _ in range(4):  # up to four kills on the way to one finished table
            finished = run(folder, moments.uniform(0.2 * longest, 0.8 * longest))
            kills += not finished
            if finished:
                break
        else:
            assert run(folder, None)
        assert (folder / "reproduce.json").read_bytes() == whole
