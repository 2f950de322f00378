"""Examples that are forgotten in training and learned again, and those that never are."""

from __future__ import annotations

import numpy as np

from byheart.data.plant import plant
from byheart.data.task import Task
from byheart.diagnosis.truth import auroc
from byheart.runs.run import Run
from byheart.runs.utility import utility
from byheart.scores.table import score
from byheart.studies.criterion import above, at_least
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import marked, pictures, shuffled, trained

WRONG, LEFT_OUT, PAIRS = 0.1, 0.5, 2


def nothing_to_tell(lab: Lab) -> Reading:
    """Labels that are all dealt anew, a tenth of them called wrong; and random examples left out twice."""
    dealt = marked(shuffled(mnist(lab), lab.seed), WRONG, lab.seed)
    order = np.random.default_rng([lab.seed, 9]).permutation(len(dealt.train))
    return Reading(of_wrong(dealt, trained(lab, dealt, "dealt")) | {"spared": left_out(lab, mnist(lab), order)})


@study(
    Row("P01", (
        above("never", 0.0, "share of right labels that are learned and never forgotten, above that of wrong ones"),
        above("events", 0.0, "mean forgetting events of wrong labels above those of right ones"),
        at_least("AUROC", 0.9, "AUROC of forgetting events for wrong labels"),
        above("spared", 0.0, "held-out accuracy without the half that is forgotten least, above that without a "
              "random half"),
    ), paper="toneva2019"),
    control=nothing_to_tell, cost=25, data=("mnist",),
)  # fmt: skip
def forgetting_events(lab: Lab) -> Reading:
    """MNIST with a tenth of wrong labels, and how often each is right in one epoch and wrong in the next; and clean
    MNIST, trained on without those that are forgotten least, ties at random.
    """
    real = mnist(lab)
    noisy = plant(real, f"label-noise={WRONG}", lab.seed)
    run, clean = trained(lab, noisy, "wrong"), trained(lab, real, "clean")
    events, wrong = of_run(run), noisy.truth["wrong"]
    found = of_wrong(noisy, run)
    order = np.lexsort((np.random.default_rng([lab.seed, 9]).permutation(len(real.train)), of_run(clean)))
    steps = list(range(int(np.nanmax(events)) + 1))
    curves = [
        Curve(name, steps, [float((events[rows] <= k).mean()) for k in steps])
        for name, rows in (("right labels", ~wrong), ("wrong labels", wrong))
    ]
    return Reading(found | {"spared": left_out(lab, real, order)}, curves, "forgetting events", "share with no more")


def mnist(lab: Lab) -> Task:
    """Three thousand pictures and a perceptron, at a constant rate."""
    size = lab.size(3_000, 100), lab.size(2_000, 60)
    return pictures(lab, "mnist", *size, epochs=lab.size(40, 3), lr=0.1, schedule="constant")


def of_run(run: Run) -> np.ndarray:
    """Forgetting events (n,); an example that was never learned counts as often as it was met."""
    return score(run, names="forgetting")["forgetting"]


def of_wrong(task: Task, run: Run) -> dict[str, float]:
    """Forgetting of wrong labels beside that of right ones."""
    events, wrong = of_run(run), task.truth["wrong"]
    never = events == 0
    return {
        "never": float(never[~wrong].mean() - never[wrong].mean()),
        "events": float(events[wrong].mean() - events[~wrong].mean()),
        "AUROC": auroc(events, wrong)[0],
    }


def left_out(lab: Lab, task: Task, order: np.ndarray) -> float:
    """What training without the first half of an order keeps, above training without random ones."""
    ids = task.train.ids[order[: round(LEFT_OUT * len(order))]].tolist()
    return -utility(task, ids, lab.size(PAIRS, 2), lab.folder / "without", seed=lab.seed, jobs=1).utility
