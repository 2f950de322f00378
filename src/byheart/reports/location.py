"""The section on layers: what each holds of the memorized examples, in a few sentences, as a table, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from byheart.diagnosis.intervals import at_once
from byheart.diagnosis.proportion import difference
from byheart.reports import silenced
from byheart.reports.words import count

if TYPE_CHECKING:
    import pandas as pd

    from byheart.data.task import Task
    from byheart.diagnosis.audit import Audit
    from byheart.reports.located import Located
    from byheart.runs.run import Run

HEADS = [
    "layer", "memorized, rewound [95 %]", "others, rewound", "lost more", "memorized, begun anew", "others, begun anew",
    "gradients",
]  # fmt: skip
REWOUND, OTHERS, ANEW = "memorized, layer rewound", "others, layer rewound", "memorized, layer begun anew"


def made(audit: Audit) -> Located | str | None:
    """What was found by layer, the reason why nothing was, or None where nobody asked."""
    return audit.effects.get("location")


def section(audit: Audit) -> dict[str, Any] | None:
    """Words and table; None where nobody asked."""
    found, run = made(audit), audit.scores.run
    if found is None or isinstance(found, str) or run is None:
        said = {"text": [f"Not measured: {found}."], "heads": [], "lines": [], "units": None, "notes": [],
                "caption": ""}  # fmt: skip
        return None if found is None else said
    back = rewound_to(found, run)
    return {
        "text": [
            whose(found, run, back),
            lost(audit, found, back),
            left(audit, found),
            silenced.words(found.location, audit.task),
        ],
        "caption": f"Right answers with one layer changed: as it was at epoch {back}, or begun anew and trained alone",
        "heads": HEADS,
        "lines": [line_of(row) for row in by_layer(audit, found, back).to_dict("records")],
        "units": silenced.table(found.location, audit.task),
        "notes": notes(found, back),
    }


def rewound_to(found: Located, run: Run) -> int:
    """The checkpoint that is shown: where the network as a whole was ahead on the others by most; by the trajectory, so
    that no layer is favoured. The start, where no other was kept before the end.
    """
    epochs = sorted({int(epoch) for epoch in found.location.rewound["epoch"]})
    between = [epoch for epoch in epochs if 0 < epoch < epochs[-1]]
    ahead = {epoch: np.diff(whole(found, run, epoch))[0] for epoch in between}
    return max(between, key=lambda epoch: (ahead[epoch], -epoch)) if between else 0


def whole(found: Located, run: Run, epoch: int) -> tuple[float, float]:
    """The network's accuracy in an epoch (from 1) on the memorized and on the others, as it was recorded."""
    right, chosen = run["correct"][epoch - 1].astype(np.float64), np.isin(run.ids, found.location.ids)
    mean = [float(np.nanmean(part)) if np.isfinite(part).any() else 0.0 for part in (right[chosen], right[~chosen])]
    return mean[0], mean[1]


def by_layer(audit: Audit, found: Located, back: int) -> pd.DataFrame:
    """One row a layer, in the network's order: its name, both accuracies with it rewound to an epoch and with it begun
    anew ("anew_..."), how much more of the memorized was lost (lost, lost_low, lost_high), and the layer's shares of
    their squared gradients at that epoch ("gradient_...").

    The intervals of `lost` hold together for all layers.
    """
    table, many = found.location.rewound, len(found.location.ids)
    table = table[table["epoch"] == back].drop(columns="epoch")
    anew = found.location.retrained.set_index("layer").add_prefix("anew_")
    shares = found.location.gradients
    shares = shares[shares["epoch"] == back].set_index("layer")[["memorized", "others"]].add_prefix("gradient_")
    table = table.join(anew, on="layer").join(shares, on="layer").reset_index(drop=True)
    others, z = len(audit.task.train) - many, at_once(len(table))
    gaps = [
        difference(round(o * others), others, round(m * many), many, z)
        for m, o in zip(table["memorized"], table["others"], strict=True)
    ]
    table["lost"], table["lost_low"], table["lost_high"] = (list(column) for column in zip(*gaps, strict=True))
    table["layer"] = names(audit.task, table["layer"].tolist())
    return table


def names(task: Task, layers: list[str]) -> list[str]:
    """Layers as they are shown: the name in the network, and what it is."""
    network = task.build()
    return [f"{layer} {type(network.get_submodule(layer)).__name__}".strip() for layer in layers]


def whose(found: Located, run: Run, back: int) -> str:
    """Whom it is about, and how the network as a whole does on them."""
    end = ends(found)
    many = f"{count(len(found.location.ids))} training examples {found.whose}"
    before = ""
    if back:
        m, o = whole(found, run, back)
        before = f"; in epoch {back}, when it was furthest ahead on the others, on {per_cent(m)} and {per_cent(o)}"
    return (
        f"These are the {many}, beside all others. At the end the network is right on {per_cent(end['memorized'])} of "
        f"them and {per_cent(end['others'])} of the others{before}."
    )


def ends(found: Located) -> dict[str, Any]:
    """The accuracies of the network as it ended: rewinding a layer to the end changes nothing."""
    return max(found.location.rewound.to_dict("records"), key=lambda row: row["epoch"])


def lost(audit: Audit, found: Located, back: int) -> str:
    """What rewinding one layer loses: the layer with the widest gap, and how many have one."""
    table = by_layer(audit, found, back)
    worst, apart = most_lost(table), sum(low > 0 for low in table["lost_low"])
    at = f"as it was at epoch {back}" if back else "as it was before training"
    if not apart:
        return (
            f"With one layer {at} and the rest as at the end, no layer can be shown to lose more of them than of the "
            f"others; `{worst['layer']}` comes nearest: {interval(worst, 'memorized')} stay right, and "
            f"{interval(worst, 'others')} of the others."
        )
    which = f"all {apart}" if apart == len(table) else f"{apart} of {len(table)}"
    beyond = "" if len(table) == 1 else f" More of them than of the others is lost in {which} layers, beyond chance."
    return (
        f"With `{worst['layer']}` {at} and the rest as at the end, {interval(worst, 'memorized')} of them stay right, "
        f"and {interval(worst, 'others')} of the others.{beyond}"
    )


def most_lost(table: pd.DataFrame) -> dict[Any, Any]:
    """The row of the layer whose rewinding loses most more of the memorized; the first of several."""
    return max(table.to_dict("records"), key=lambda row: row["lost"])


def left(audit: Audit, found: Located) -> str:
    """What is left of them when a layer learns anew without them: where they stay right, it was not needed for them."""
    table = found.location.retrained
    rows = table.assign(layer=names(audit.task, table["layer"].tolist())).to_dict("records")
    least, most = (best(rows, key=lambda row: row["memorized"]) for best in (min, max))
    text = f"Begun anew and trained alone without them, `{least['layer']}` leaves {interval(least, 'memorized')} right"
    if least["layer"] == most["layer"]:
        return f"{text}."
    return (
        f"{text}, `{most['layer']}` {interval(most, 'memorized')}. Where they stay right although a layer has never "
        "seen them, the other layers hold them."
    )


def notes(found: Located, back: int) -> list[str]:
    """How it was measured and how far it can be trusted."""
    epochs = f"{found.epochs} epoch{'s' if found.epochs > 1 else ''}"
    return [
        "Lost more: accuracy on the others minus accuracy on the memorized, in points, with intervals "
        "(95 %) that hold for all layers together. A layer that loses both alike says nothing of memorization.",
        f"Each layer was trained alone for {epochs}, at the recipe's learning rate; where it leaves the others wrong "
        "too, these were too few. Intervals hold over examples: another training may place them elsewhere.",
        f"Gradients: what part of the squared gradients of their losses lies in the layer at epoch {back}, of the "
        "memorized : of the others. A unit is a channel behind an activation; the next one silenced is that which "
        "raises the example's loss most and that of 256 others least.",
        *(f"These gradients were read {reason}." for reason in found.location.slow),
    ]


def line_of(row: dict[Any, Any]) -> list[str]:
    """One row of the table."""
    gap = " to ".join(f"{100 * row[end]:.0f}".replace("-", "−") for end in ("lost_low", "lost_high"))
    return [
        row["layer"].replace(" ", "\u00a0"), interval(row, "memorized"), interval(row, "others"),
        f"{100 * row['lost']:.0f}".replace("-", "−") + f" points [{gap}]",
        interval(row, "anew_memorized"), interval(row, "anew_others"),
        f"{per_cent(row['gradient_memorized'])} : {per_cent(row['gradient_others'])}",
    ]  # fmt: skip


def line(audit: Audit) -> str:
    """The section in one line, for the terminal and Markdown; "" where nobody asked."""
    found, run = made(audit), audit.scores.run
    if found is None or isinstance(found, str) or run is None:
        return "" if found is None else f"not measured: {found}"
    back, anew = rewound_to(found, run), found.location.retrained["memorized"].tolist()
    worst = most_lost(by_layer(audit, found, back))
    return (
        f"{count(len(found.location.ids))} examples {found.whose}: {interval(worst, 'memorized')} stay right with "
        f"{worst['layer']} as at epoch {back}, of the others {interval(worst, 'others')}; with a layer begun anew "
        f"without them, {100 * min(anew):.0f} to {per_cent(max(anew))}"
        + (f"; {units}" if (units := silenced.line(found.location)) else "")
    )


def points(audit: Audit) -> pd.DataFrame:
    """What is drawn, one row a mark: layer, what, value, low, high."""
    import pandas as pd

    found, run = made(audit), audit.scores.run
    assert found is not None and not isinstance(found, str) and run is not None
    table = by_layer(audit, found, rewound_to(found, run))
    columns = {REWOUND: "memorized", OTHERS: "others", ANEW: "anew_memorized"}
    return pd.DataFrame([
        {"layer": row["layer"], "what": what, "value": row[name], "low": row[f"{name}_low"],
         "high": row[f"{name}_high"]}
        for row in table.to_dict("records") for what, name in columns.items()
    ])  # fmt: skip


def content(audit: Audit) -> dict[str, Any] | None:
    """The numbers for machines: every layer at every checkpoint, and the table of the page."""
    from byheart.reports.json import as_plain

    found, run = made(audit), audit.scores.run
    if found is None or isinstance(found, str) or run is None:
        return None if found is None else {"not_measured": found}
    back = rewound_to(found, run)
    return as_plain({
        "ids": found.location.ids, "whose": found.whose, "rewound_to": back, "retrained_epochs": found.epochs,
        "layers": by_layer(audit, found, back).to_dict("records"),
        "rewound": found.location.rewound.to_dict("records"),
        "gradients": found.location.gradients.to_dict("records"), "gradients_slow": found.location.slow,
        "units": silenced.content(found.location),
    })  # fmt: skip


def interval(row: dict[Any, Any], name: str) -> str:
    """Such as: 30 % [15, 52]."""
    return f"{100 * row[name]:.0f} % [{100 * row[f'{name}_low']:.0f}, {100 * row[f'{name}_high']:.0f}]"


def per_cent(share: float) -> str:
    """Such as: 30 %."""
    return f"{100 * share:.0f} %" if share == share else "–"
