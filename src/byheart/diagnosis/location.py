"""Where memorization sits: layers rewound, layers retrained, gradients accounted for by layer (Maini et al. 2023)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from byheart.base.errors import NotApplicable, UsageError
from byheart.base.seeds import spawn
from byheart.diagnosis.proportion import wilson
from byheart.diagnosis.silenced import EXAMPLES, silenced_units

if TYPE_CHECKING:
    from torch import nn

    from byheart.data.task import Task
    from byheart.runs.run import Run

Weights = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Location:
    """What each layer holds of some memorized examples; one row per layer (and epoch).

    `rewound`: the final network with one layer as it was at an epoch. `retrained`: one layer begun anew and trained
    alone on the other examples; where the memorized ones stay right, the layer was not needed for them. `gradients`:
    the share of the squared gradient norm that lies in the layer. Columns "memorized" and "others": accuracy in [0, 1]
    (of gradients, the share), "_low" and "_high" 95% intervals over examples; `slow` says which gradients were read one
    example at a time, and why. `flipped`: the units that are silenced until an answer flips, one row per example of
    either kind and activation (id, memorized, layer, units, flipped); where it is empty, `unflipped` says why.
    """

    ids: np.ndarray
    rewound: pd.DataFrame
    retrained: pd.DataFrame
    gradients: pd.DataFrame
    flipped: pd.DataFrame
    unflipped: str = ""
    slow: tuple[str, ...] = ()


def locate(run: Run, task: Task, ids: Iterable[Any], epochs: int | None = None, examples: int = EXAMPLES) -> Location:
    """Where the examples `ids` are memorized in a run that kept checkpoints.

    Retraining takes `epochs` (default: the recipe's) per layer, at the recipe's learning rate; units are silenced for
    at most so many `examples` of `ids`, and for as many others. Errors: NotApplicable without checkpoints or classes;
    UsageError for unknown ids.
    """
    if not run.checkpoints:
        raise NotApplicable('no checkpoints were kept; record with Recipe(methods=("checkpoints=10",))')
    if not task.is_classification:
        raise NotApplicable("the targets are numbers, not classes")
    chosen = np.isin(task.train.ids, np.asarray(list(ids)))
    if not chosen.any() or chosen.all():
        raise UsageError(f"{chosen.sum()} of {len(chosen)} examples are to be located.", do="name some, not all")
    layers = layers_of(task.build(), run.weights)
    gradients, slow = accounted(run, task, chosen, layers)
    return Location(
        task.train.ids[chosen], rewound(run, task, chosen, layers), retrained(run, task, chosen, layers, epochs),
        gradients, *silenced_units(run, task, chosen, examples), slow,
    )  # fmt: skip


def layers_of(network: nn.Module, weights: Weights) -> dict[str, tuple[str, ...]]:
    """Layer -> names of its parameters and buffers, in order of definition; layers without parameters have none."""
    found: dict[str, list[str]] = {}
    for name, _ in network.named_parameters():
        found.setdefault(name.rpartition(".")[0], []).append(name)
    for name in weights:
        layer = name.rpartition(".")[0]
        if layer in found and name not in found[layer]:
            found[layer].append(name)
    return {layer: tuple(names) for layer, names in found.items()}


def rewound(run: Run, task: Task, chosen: np.ndarray, layers: dict[str, tuple[str, ...]]) -> pd.DataFrame:
    """Accuracy with one layer as it was at each checkpoint, and the rest as it ended."""
    rows = []
    for layer, names in layers.items():
        for epoch, kept in run.checkpoints.items():
            weights = run.weights | {name: kept[name] for name in names}
            rows.append({"layer": layer, "epoch": epoch} | accuracies(run, task, weights, chosen))
    return pd.DataFrame(rows)


def retrained(
    run: Run, task: Task, chosen: np.ndarray, layers: dict[str, tuple[str, ...]], epochs: int | None
) -> pd.DataFrame:
    """Accuracy after one layer was begun anew and trained alone, on all but the chosen examples."""
    from byheart.runs.learning_rate import settled
    from byheart.runs.loop import begin, fit, one_thread
    from byheart.runs.resume import flat

    recipe = dataclasses.replace(task.recipe, epochs=epochs or task.recipe.epochs, methods=())
    alone, rows = settled(dataclasses.replace(task, recipe=recipe)), []
    for layer, names in layers.items():
        start = run.weights | {name: run.checkpoints[0][name] for name in names}
        with one_thread():
            only = f"{layer}.*" if layer else "*"
            state = begin(alone, np.flatnonzero(~chosen), spawn(run.record.seed, "retrain", layer), start, only)
            fit(state)
        weights = {k.removeprefix("w/"): v for k, v in flat("w", state.network).items()}
        rows.append({"layer": layer} | accuracies(run, task, weights, chosen))
    return pd.DataFrame(rows)


def accounted(
    run: Run, task: Task, chosen: np.ndarray, layers: dict[str, tuple[str, ...]]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Each layer's share of the squared gradient norms at each checkpoint, of the chosen and of the others; and which
    gradients were read slowly.
    """
    from byheart.runs.loop import one_thread
    from byheart.scores.gradients.norms import gradient_norms
    from byheart.scores.gradients.notes import read_slowly

    slow: dict[str, str] = {}
    rows, (inputs, targets) = [], task.tensors(task.train, np.arange(len(task.train)))
    for epoch, weights in run.checkpoints.items():
        with one_thread():
            found = gradient_norms(run.network(task, weights), inputs, targets, task.loss)
        slow |= found.slow
        whole = found.squared.double().numpy()
        for layer, names in layers.items():
            own = np.sum([found.parameters[n].double().numpy() for n in names if n in found.parameters], axis=0)
            rows.append({
                "layer": layer, "epoch": epoch, "memorized": float(own[chosen].sum() / whole[chosen].sum()),
                "others": float(own[~chosen].sum() / whole[~chosen].sum()),
                "norm_memorized": float(np.sqrt(own[chosen]).mean()),
                "norm_others": float(np.sqrt(own[~chosen]).mean()),
            })  # fmt: skip
    return pd.DataFrame(rows), read_slowly(slow)


def accuracies(run: Run, task: Task, weights: Weights, chosen: np.ndarray) -> dict[str, float]:
    """Accuracy on the chosen training examples and on the others, with Wilson intervals."""
    from byheart.runs.loop import one_thread, outputs

    with one_thread():
        right = outputs(task, run.network(task, weights), task.train).argmax(1) == task.train.targets
    found: dict[str, float] = {}
    for name, mask in (("memorized", chosen), ("others", ~chosen)):
        found[name], found[f"{name}_low"], found[f"{name}_high"] = wilson(right[mask].sum(), int(mask.sum()))
    return found
