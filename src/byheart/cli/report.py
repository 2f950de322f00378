"""byheart report: the report of an audit, written again."""

from __future__ import annotations

import shlex
from pathlib import Path

from byheart.base.errors import RunError
from byheart.cli.audit import audit
from byheart.cli.options import Flag, Verbose


def report(folder: Path, /, *, json: Flag = False, redact: Flag = False, verbose: Verbose = False) -> int:
    """Write the report of an audit again, from what was recorded; nothing is trained.

    Args:
        folder: Folder of the audit.
        json: Print the audit as JSON instead of the summary.
        redact: Leave pictures, rows and texts out of the report.
        verbose: Print more than one screen, and the traceback of an error.
    """
    from byheart.base.store import read_json
    from byheart.cli.app import app
    from byheart.runs.run import Run

    Run(folder / "run")  # RunError when it is missing, damaged or unfinished
    content = read_json(folder / "audit.json")
    command = content.get("command", "") if isinstance(content, dict) else ""
    try:
        words = shlex.split(str(command))
    except ValueError as error:
        raise RunError(f"{folder / 'audit.json'} is damaged.", f"({error} in its command)", "audit it again") from error
    if words[:2] != ["byheart", "audit"]:
        raise RunError(
            f"{folder} does not say which command made it.",
            "It was made in Python.",
            f"byheart.audit(task, out={str(folder)!r}) writes its report again",
        )
    _, bound, _ = app.parse_args(words[1:], exit_on_error=False, print_error=False)
    options = bound.arguments | {"out": folder, "json": json, "redact": redact, "verbose": verbose}
    return audit(options.pop("source"), **options)
