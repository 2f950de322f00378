"""Claim: `import byheart` costs less than 0.15 s and `byheart --help` less than 0.3 s of CPU beyond a bare interpreter.

Command:  python benchmarks/startup.py Prints:   CPU-seconds (user and system, of the child alone), median and range of
n = 15 warm starts; exit code 1 if a claim fails.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys

from byheart.base.provenance import machine, versions

REPEATS = 15
CASES = {
    "bare interpreter": (["-c", "pass"], None),
    "import byheart": (["-c", "import byheart"], 0.15),
    "byheart --help": (["-m", "byheart", "--help"], 0.30),
    "byheart audit --help": (["-m", "byheart", "audit", "--help"], 0.30),
}


def cpu_seconds(arguments: list[str]) -> float:
    """CPU time of one child process."""
    child = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{arguments} failed with {child.returncode}")
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    """Print the table."""
    print(f"python {versions()['python']}, {machine()}, n = {REPEATS}\n")
    print(f"{'':<22}{'median':>8}{'least':>8}{'most':>8}{'beyond bare':>13}{'claim':>8}")
    failed, bare = False, 0.0
    for name, (arguments, limit) in CASES.items():
        cpu_seconds(arguments)  # warm: byte code written, files in the page cache
        times = [cpu_seconds(arguments) for _ in range(REPEATS)]
        middle = statistics.median(times)
        bare = bare or middle
        failed |= limit is not None and middle - bare >= limit
        claim = "" if limit is None else f"< {limit:.2f}"
        print(f"{name:<22}{middle:8.3f}{min(times):8.3f}{max(times):8.3f}{middle - bare:13.3f}{claim:>8}")
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
