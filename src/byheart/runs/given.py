"""given: a network that was trained elsewhere, as a run without epochs; nothing is trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from byheart.base.devices import choose
from byheart.base.errors import DataError, UsageError
from byheart.base.store import digest, sweep, write_arrays
from byheart.data.task import Task
from byheart.runs.loop import one_thread
from byheart.runs.recorder import Recorder, write_columns
from byheart.runs.resume import flat
from byheart.runs.run import Run
from byheart.runs.schema import (
    FINAL,
    KEPT,
    KEPT_HELD_OUT,
    NETWORK,
    RECORD,
    TRAJECTORY,
    read_record,
    same,
    write_record,
)
from byheart.runs.single import WHOLE, last_layer, record_of

FORMATS = (".safetensors", ".pt", ".pth", ".bin")
INSIDE = ("state_dict", "model_state_dict", "model", "module")  # where training scripts keep the weights
WRAPPED = ("module.", "_orig_mod.", "model.")  # what DataParallel, torch.compile and Lightning put before names


def given(task: Task, weights: str | Path | dict[str, torch.Tensor], out: str | Path) -> Run:
    """A run folder for the task's network with these weights: its answers to all examples, and no trajectory.

    `weights` is a state dict, or a .safetensors or PyTorch file with one (read without running code from it). What
    needs a trajectory or other networks stays open. Errors: DataError for a file that holds no weights; UsageError for
    weights of another network; RunError for a folder of something else.
    """
    folder, found = Path(out), read_weights(weights) if isinstance(weights, str | Path) else dict(weights)
    network = loaded(task, found)
    state = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    wanted = record_of("run", task, 0, {"checkpoint": digest(state), "selection": digest(task.train.ids)})
    if (folder / RECORD).exists():
        same(folder, before := read_record(folder), wanted)
        if before.done and all((folder / name).exists() for name in WHOLE):
            return Run(folder)
    write_record(folder, wanted)
    sweep(folder)
    recorder = Recorder(
        folder, task.train.ids, task.train.targets, task.classes,
        validation=(task.validation.ids, task.validation.targets), test=(task.test.ids, task.test.targets),
    )  # fmt: skip
    final: dict[str, np.ndarray] = {}
    with one_thread():
        device = choose(task.recipe.device)
        network = network.to(device)
        for prefix, part in (("", task.train), ("test_", task.test), ("validation_", task.validation)):
            logits, features = last_layer(task, network, part, device)
            if not np.isfinite(logits).all():
                raise DataError("The network's outputs are no numbers.", "Its weights may be damaged.")
            final |= {f"final_{prefix}logits": logits, f"{prefix}features": features.astype(np.float16)}
    write_columns(folder, recorder, task.train.groups)
    write_arrays(folder / TRAJECTORY, unwatched(task))
    write_arrays(folder / NETWORK, {k.removeprefix("n/"): v for k, v in flat("n", network).items()})
    write_arrays(folder / FINAL, final)
    write_record(folder, wanted.model_copy(update={"notes": {"epochs": 0}, "done": True}))
    return Run(folder)


def unwatched(task: Task) -> dict[str, np.ndarray]:
    """The columns of a trajectory of no epochs."""
    held = {f"{part}_{name}": getattr(task, part) for part in ("validation", "test") for name in KEPT_HELD_OUT}
    of = dict.fromkeys((*KEPT, "seen"), task.train) | held
    return {name: np.zeros((0, len(part)), np.float32) for name, part in of.items()}


def loaded(task: Task, weights: dict[str, torch.Tensor]) -> nn.Module:
    """The task's network with these weights, in eval mode; UsageError, with what is missing, when they do not fit."""
    network = task.build()
    known = set(network.state_dict())
    for before in WRAPPED:
        if not known & set(weights) and all(name.startswith(before) for name in weights):
            weights = {name.removeprefix(before): tensor for name, tensor in weights.items()}
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        missing, strange = sorted(known - set(weights)), sorted(set(weights) - known)
        said = [f"missing: {', '.join(missing[:3])}"] if missing else []
        said += [f"unknown: {', '.join(strange[:3])}"] if strange else []
        reason = "; ".join(said) or " ".join(str(error).split())[:160]
        name = task.network if isinstance(task.network, str) else "the task's network"
        raise UsageError(
            f"The weights do not fit {name}.", f"({reason})", "let the task build the network that was trained"
        ) from None
    return network.eval()


def read_weights(path: str | Path) -> dict[str, torch.Tensor]:
    """A state dict from a file; DataError, with the reason, where there is none."""
    path = Path(path)
    if path.suffix not in FORMATS:
        raise DataError(f"{path} is no checkpoint.", f"Its name ends in none of: {', '.join(FORMATS)}.")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise DataError(f"There is no file {path}.") from None
    except Exception as error:  # readers of damaged files raise what they like
        reason = " ".join(str(error).split())[:160]
        raise DataError(f"{path} cannot be read.", f"({reason})", "save the network's state_dict()") from None
    while isinstance(content, dict) and (inner := next((k for k in INSIDE if isinstance(content.get(k), dict)), None)):
        content = content[inner]
    if not isinstance(content, dict) or not content or not all(isinstance(v, torch.Tensor) for v in content.values()):
        raise DataError(f"{path} holds no weights.", do="save the network's state_dict()")
    return content
