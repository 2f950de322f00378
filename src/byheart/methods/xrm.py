"""XRM: twins on random halves that relabel what the other half's twin got wrong, so that exceptions come to light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from byheart.base.errors import UsageError
from byheart.base.seeds import generator
from byheart.methods.method import method
from byheart.methods.second_network import classes_needed, descend, follow, second_network
from byheart.runs.events import State
from byheart.runs.loop import outputs

MEANS = ("class", "plain")


def in_and_held_out(
    first: Float[Tensor, "b classes"], second: Float[Tensor, "b classes"], member: Bool[Tensor, "b"]
) -> tuple[Float[Tensor, "b classes"], Float[Tensor, "b classes"]]:
    """Logits of the twin that trains on the example (the first where `member`), and of the one that does not."""
    mine = member[:, None]
    return torch.where(mine, first, second), torch.where(mine, second, first)


def class_balanced(losses: Float[Tensor, "b"], labels: Int[Tensor, "b"]) -> Float[Tensor, "b"]:
    """Losses (b,) scaled so that their mean is the sum, over the classes in the batch, of each class's mean loss."""
    counts = torch.bincount(labels)
    return losses * (len(labels) / counts[labels].to(losses))


def flip_probability(held_out: Float[Tensor, "b classes"]) -> Float[Tensor, "b"]:
    """How likely a label becomes the held-out prediction: (p - 1/K) K / (K - 1), p the largest probability; in [0, 1].

    A twin that does not know (p = 1/K) flips nothing, one that is sure flips always.
    """
    classes = held_out.shape[1]
    largest = held_out.softmax(1).amax(1)
    return ((largest - 1 / classes) * classes / (classes - 1)).clamp(0, 1)


def flipped(
    labels: Int[Tensor, "b"], held_out: Float[Tensor, "b classes"], draws: Float[Tensor, "b"]
) -> Int[Tensor, "b"]:
    """Labels after flipping; `draws` (b,) are uniform in [0, 1)."""
    return torch.where(draws < flip_probability(held_out), held_out.argmax(1), labels)


def cross_mistakes(
    first: Float[np.ndarray, "n classes"], second: Float[np.ndarray, "n classes"], targets: Int[np.ndarray, "n"]
) -> Bool[np.ndarray, "n"]:
    """Whether either twin answers wrongly, (n,): the inferred exceptions."""
    return (first.argmax(1) != targets) | (second.argmax(1) != targets)


def inferred_groups(targets: Int[np.ndarray, "n"], mistakes: np.ndarray) -> np.ndarray:
    """Group names (n,) of class and cross-mistake, such as "3 mistaken": for methods that need groups, and for choosing
    by the worst inferred group.
    """
    return np.array([f"{y} {'mistaken' if e else 'right'}" for y, e in zip(targets, mistakes, strict=True)])


@method("xrm", acts_on="loss", source="Pezeshki et al. 2024", trains_twice=True)
@dataclass(frozen=True)
class XRM:
    """Trains twins on random halves, and lets each relabel what the other fits, until the exceptions stand out.

    The network that is recorded is the first twin: this is a first phase, not a better classifier. `mean` is "class"
    (the sum of the classes' mean losses) or "plain". Kept in the run: "xrm_held_out_logits" (n, classes), of the twin
    that was not trained on the example (of both, averaged, where neither was); "xrm_cross_mistake" (n,) and
    "xrm_validation_cross_mistake"; "xrm_flip_rate" (epochs,), the share of labels that differ from the given ones: it
    chooses between settings (largest), and once it is level the logits may be taken.
    """

    mean: str = "class"

    def __post_init__(self) -> None:
        if self.mean not in MEANS:
            raise UsageError(f"There is no mean called {self.mean!r}.", do=f"choose one of: {', '.join(MEANS)}")

    def fit_start(self, state: State) -> None:
        classes_needed("XRM", state)
        train = state.task.train
        state.own["xrm"] = {
            "twin": second_network(state, "xrm"),
            "member": torch.from_numpy(generator(state.seed, "xrm").random(len(train)) < 0.5),
            "labels": torch.from_numpy(train.targets.copy()),
            "rows": state.rows.copy(),
            "flip_rate": np.full(state.task.recipe.epochs, np.nan, np.float32),
        }

    def epoch_start(self, state: State) -> None:
        follow(state.own["xrm"]["twin"], state)

    def batch(self, state: State) -> None:
        assert state.batch is not None
        labels = state.own["xrm"]["labels"][torch.from_numpy(state.batch.rows)]
        state.batch = state.batch._replace(targets=labels.to(state.device))

    def logits(self, state: State) -> None:
        assert state.batch is not None and state.logits is not None
        own = state.own["xrm"]
        own["twin"]["optimizer"].zero_grad(set_to_none=True)
        other = own["twin"]["network"](state.batch.inputs)
        member = own["member"][torch.from_numpy(state.batch.rows)].to(state.device)
        state.logits, held_out = in_and_held_out(state.logits, other, member)
        own["held_out"] = held_out.detach()

    def losses(self, state: State) -> None:
        assert state.batch is not None and state.losses is not None
        if self.mean == "class":
            state.losses = class_balanced(state.losses, state.batch.targets)

    def step(self, state: State) -> None:
        assert state.batch is not None
        own = state.own["xrm"]
        descend(own["twin"], state)
        rows, held_out = torch.from_numpy(state.batch.rows), own.pop("held_out").cpu()
        own["labels"][rows] = flipped(own["labels"][rows], held_out, torch.rand(len(rows)))

    def epoch_end(self, state: State) -> None:
        own = state.own["xrm"]
        labels, given = own["labels"].numpy()[own["rows"]], state.task.train.targets[own["rows"]]
        own["flip_rate"][state.epoch - 1] = (labels != given).mean()

    def fit_end(self, state: State) -> None:
        own, task = state.own["xrm"], state.task
        twins = state.network, own["twin"]["network"]
        first, second = (outputs(task, t, task.train, state.device) for t in twins)
        held_out = (first + second) / 2
        rows, member = own["rows"], own["member"].numpy()
        held_out[rows] = np.where(member[rows, None], second[rows], first[rows])
        seen = [outputs(task, t, task.validation, state.device) for t in twins]
        state.keep("xrm_held_out_logits", held_out)
        state.keep("xrm_cross_mistake", cross_mistakes(first, second, task.train.targets))
        state.keep("xrm_validation_cross_mistake", cross_mistakes(seen[0], seen[1], task.validation.targets))
        state.keep("xrm_flip_rate", own["flip_rate"])
