"""The sweep for machines: sweep.json with every number but those by test row, sweep.parquet with the table.

Equal sweeps give equal bytes: times and machine are in neither.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from byheart.base.registry import register
from byheart.base.store import write_json, write_table
from byheart.reports.json import as_plain

if TYPE_CHECKING:
    from byheart.controls.swept import Sweep

SCHEMA = 1


@register("writer", "sweep_parquet")
def sweep_parquet(sweep: Sweep, path: str | Path) -> Path:
    """Write one row per setting."""
    return write_table(path, sweep.table)


@register("writer", "sweep_json")
def sweep_json(sweep: Sweep, path: str | Path) -> Path:
    """Write sweep.json."""
    return write_json(path, content(sweep))


def content(sweep: Sweep) -> dict[str, Any]:
    """What sweep.json holds, as plain Python; null is a number that is not known."""
    return {
        "format": "byheart sweep",
        "schema_version": SCHEMA,
        "command": sweep.command,
        "task": sweep.name,
        "metric": sweep.metric,
        "design": sweep.design,
        "seeds": sweep.seeds,
        "seed": sweep.seed,
        "models": sweep.models,
        "memorization": sweep.measure,
        "factors": [{"name": f.name, "kind": f.kind, "levels": list(f.texts)} for f in sweep.factors],
        "best": None if sweep.best is None else int(sweep.table["setting"].iloc[sweep.best]),
        "settings": as_plain(sweep.table.to_dict("records")),
        "trainings": as_plain(sweep.cells.to_dict("records")),
        "learning_curves": [as_plain(curve) for curve in sweep.curves],
    }
