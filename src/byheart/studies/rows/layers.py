"""Where memorized labels are stored: layers rewound and retrained, and units silenced."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.base.seeds import generator
from byheart.data.plant import plant
from byheart.diagnosis.location import layers_of, retrained, rewound
from byheart.scores.checkpoint.flipping import units_to_flip
from byheart.studies.criterion import above, at_least, at_most
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import pictures, trained

PARTS = {
    "reset": "of each layer set back to its start", "hidden": "of each hidden layer rewound to epoch 10",
    "output": "of the output layer rewound to epoch 10",
}  # fmt: skip


def nothing_wrong(lab: Lab) -> Reading:
    """No label is wrong: a tenth of the right ones stands where the wrong ones stood."""
    return measured(lab, noise=0.0)


@study(
    Row("B02", (
        *(above(f"{name}: more lost", 0.0, "accuracy lost by wrong labels above the others, the layer with the least",
                when=when) for name, when in PARTS.items()),
        above("flip: fewer", 0.0, "units to silence until an answer flips: typical above wrongly labelled, medians"),
    ), paper="maini2023"),
    Row("B33", (
        at_most("first retrained", 0.1, "accuracy on wrong labels once the first layer is retrained on clean data"),
        at_least("last retrained", 0.8, "the same for the last layer"),
        above("last above first", 0.0, "the last layer's minus the first layer's"),
    ), corrected="In perceptrons on pictures wrong labels sit in the first layers; the last is not needed for them.",
        paper="maini2023"),
    control=nothing_wrong, cost=47, data=("mnist",),
)  # fmt: skip
def layers(lab: Lab) -> Reading:
    """MNIST with 10% wrong labels, four layers: each is rewound to every kept epoch, or begun anew and trained alone on
    clean examples; and units are silenced until an answer flips.
    """
    return measured(lab, noise=0.1)


def measured(lab: Lab, noise: float) -> Reading:
    """All three, of the wrongly labelled examples, or of as many that are not."""
    epochs = lab.size(60, 4)
    task = pictures(
        lab, "mnist", lab.size(3_000, 200), 400, (256, 256, 256), epochs=epochs, lr=0.05, schedule="constant",
        methods=(f"checkpoints={lab.size(10, 2)}",),
    )  # fmt: skip
    chosen = generator(lab.seed, "tenth").permutation(len(task.train)) < len(task.train) // 10
    if noise:
        task = plant(task, f"label-noise={noise}", lab.seed)
        chosen = task.truth["wrong"]
    run = trained(lab, task)
    order = layers_of(task.build(), run.weights)
    back = rewound(run, task, chosen, order)
    start, early = (back[back["epoch"] == epoch] for epoch in np.unique(back["epoch"])[:2])
    alone = retrained(run, replace(task, recipe=replace(task.recipe, methods=())), chosen, order, lab.size(15, 2))
    end = (back["others"] - back["memorized"]).iloc[-1]
    reset, lost = (np.asarray(rows["others"]) - np.asarray(rows["memorized"]) - end for rows in (start, early))
    inputs, targets = task.tensors(task.train, np.arange(len(task.train)))
    network, few = run.network(task), lab.size(15, 3)
    wrong, typical = (np.flatnonzero(mask)[:few] for mask in (chosen, ~chosen))
    need = [
        np.median(units_to_flip(network, inputs, targets, rows, lab.size(40, 3), lab.seed)) for rows in (wrong, typical)
    ]
    kept = alone["memorized"].to_numpy()
    names = [f"layer {k + 1}" for k in range(len(order))]
    curves = [
        Curve(name, part["epoch"].tolist(), part["memorized"].tolist())
        for name, (_, part) in zip(names, back.groupby("layer", sort=False), strict=True)
    ]
    values = {
        "reset: more lost": float(reset.min()), "hidden: more lost": float(lost[:-1].min()),
        "output: more lost": float(lost[-1]),
        "flip: fewer": float(min(need[1], 41) - min(need[0], 41)),
        "first retrained": float(kept[0]), "last retrained": float(kept[-1]),
        "last above first": float(kept[-1] - kept[0]),
    }  # fmt: skip
    return Reading(values, curves, "epoch that the layer is rewound to", "accuracy on the wrong labels")
