"""What a run folder holds, and the record that says so."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from byheart.base.errors import RunError
from byheart.base.store import read_json, write_json

SCHEMA = 1
# run.json                  the record below; `done` is its last key
# examples.parquet          id, target[, group]: one row per training example, in column order
# held_out.parquet          id, target, part ("validation" or "test")
# trajectory.safetensors    loss, margin, correct, predicted, error_norm, seen (epochs, examples);
# {validation,test}_{loss,correct}
# network.safetensors       the final parameters
# final.safetensors         eval-mode logits and features at the end
# kept.safetensors          what events kept
# learning_rate.json        which rate a trial chose, and for which task
# second_split/, threshold_samples/   trainings beside the run: run.json, and evidence.safetensors, which adds columns
# timing.json               seconds and machine; outside every comparison
# part-*.safetensors, state.safetensors   an unfinished run; gone at the end
# model-*.safetensors       subset runs: one file per model
# fold-*.safetensors, out_of_fold.safetensors   cross-validation: logits of each fold, and what is read of all
RECORD, EXAMPLES, HELD_OUT, TIMING = "run.json", "examples.parquet", "held_out.parquet", "timing.json"
KEPT = ("loss", "margin", "correct", "predicted", "error_norm")  # of training examples, beside `seen`
KEPT_HELD_OUT = ("loss", "correct")
TRAJECTORY, NETWORK, FINAL = "trajectory.safetensors", "network.safetensors", "final.safetensors"
LEARNING_RATE, EVIDENCE = "learning_rate.json", "evidence.safetensors"


class Record(BaseModel):
    """run.json."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["byheart"] = "byheart"
    schema_version: int = SCHEMA
    kind: Literal["run", "subsets", "effect", "sweep", "folds"]
    task: str
    classes: int
    class_names: list[str]
    digests: dict[str, str]  # data, network, recipe, and what else decides the numbers; each apart, to say what changed
    seed: int
    recipe: dict[str, Any]
    network: dict[str, Any]  # name, parameters (count)
    clock: Literal["online", "eval"] = "online"
    execution: Literal["single", "stacked"] = "single"
    threads: int = 1
    versions: dict[str, str]
    notes: dict[str, Any] = {}
    done: bool = False


def write_record(folder: Path, record: Record) -> None:
    """Write run.json."""
    write_json(folder / RECORD, record.model_dump())


def read_record(folder: str | Path) -> Record:
    """Read run.json; RunError when it is missing, damaged or of another schema."""
    path = Path(folder) / RECORD
    content = read_json(path)
    version = content.get("schema_version") if isinstance(content, dict) else None
    if isinstance(version, int) and version != SCHEMA:
        raise RunError(
            f"{path} has schema {version}; this byheart reads {SCHEMA}.",
            do="record it again, or use the byheart that wrote it",
        )
    try:
        return Record.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise RunError(
            f"{path} is damaged.", f"({'.'.join(map(str, first['loc']))}: {first['msg']})", "record it again"
        ) from None


def read_timing(folder: str | Path) -> dict[str, Any]:
    """timing.json as far as it can be read, else empty: nothing that is shown of the data depends on it."""
    try:
        content = read_json(Path(folder) / TIMING)
        spent, about = float(content["cpu_seconds"]), {str(k): str(v) for k, v in content["machine"].items()}
    except (RunError, KeyError, TypeError, ValueError, OverflowError, AttributeError):
        return {}
    return content | {"cpu_seconds": spent, "machine": about} if 0 <= spent < math.inf else {}


def same(folder: str | Path, found: Record, wanted: Record) -> None:
    """RunError, with the reason, when the folder belongs to something else."""
    versions: Mapping[str, str] = found.versions
    if found.kind != wanted.kind:
        raise RunError(f"{folder} holds {found.kind}, not {wanted.kind}.", do="choose another --out, or --fresh")
    changed = [name for name in wanted.digests if found.digests.get(name) != wanted.digests[name]]
    if found.execution != wanted.execution:
        changed.append(f"execution ({found.execution} there, {wanted.execution} here)")
    if found.classes != wanted.classes:
        changed.append(f"number of classes ({found.classes} there, {wanted.classes} here)")
    if found.seed != wanted.seed:
        changed.append(f"seed ({found.seed} there, {wanted.seed} here)")
    if versions.get("torch") != wanted.versions.get("torch"):
        changed.append(f"torch ({versions.get('torch')} there, {wanted.versions.get('torch')} here)")
    if changed:
        raise RunError(
            f"{folder} was recorded with another {', '.join(changed)}.",
            "Continuing would mix two experiments.",
            "choose another --out, or start it anew with --fresh",
        )
