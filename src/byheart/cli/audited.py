"""The folder of an audit -> the audit, by the command that made it; nothing is trained that is there."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from byheart.base.errors import RunError

if TYPE_CHECKING:
    from byheart.diagnosis.audit import Audit


def options_of(folder: Path) -> dict[str, Any]:
    """The arguments of the `byheart audit` that made a folder; RunError when it does not say."""
    from byheart.base.store import read_json
    from byheart.cli.app import app
    from byheart.runs.run import Run

    if not (folder / "audit.json").exists():
        begun = "It was begun and is not finished." if folder.is_dir() else "There is no such folder."
        raise RunError(f"{folder} holds no audit.", begun, f"byheart audit SOURCE --out {folder}")
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
            "go on there: byheart.control(audit, ...)",
        )
    _, bound, _ = app.parse_args(words[1:], exit_on_error=False, print_error=False)
    return dict(bound.arguments) | {"command": str(command)}


def audited(folder: Path) -> Audit:
    """The audit of a folder, from what was recorded there."""
    from byheart.cli.audit import BUDGET
    from byheart.cli.budget import seconds
    from byheart.cli.source import task_of
    from byheart.reports.audit import audit

    given = options_of(folder)
    task = task_of(
        given["source"], given.get("plant"), given.get("network"), given.get("epochs"), given.get("seed", 0),
        given.get("method"),
    )  # fmt: skip
    return audit(
        task, folder, seconds(given.get("budget", BUDGET)), given.get("seed", 0),
        models=given.get("models"), command=given["command"], privacy=bool(given.get("privacy")),
        queries=given.get("query") or (),
        locate=bool(given.get("locate")), page="html_redacted" if given.get("redact") else "html",
    )  # fmt: skip
