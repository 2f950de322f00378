"""Differentially private SGD: each example's gradient is bounded, and noise hides whether any of them was there."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from byheart.base.errors import UsageError
from byheart.methods.dp_accounting import noise_for, package, spent
from byheart.methods.method import MethodSpec, method, within
from byheart.runs.events import State
from byheart.runs.loop import events_of

OWN = "dp_sgd"
# beside these, each example's loss still depends on that example alone, and weights on noisy gradients alone
BESIDE = (
    "augment", "checkpoints", "decoupled_weight_decay", "dropout", "early_stopping", "generalized_cross_entropy",
    "hidden_noise", "input_dropout", "input_noise", "label_smoothing", "stop_at_epoch", "swa",
)  # fmt: skip
HARMLESS = ("Full backward hook is firing", "Secure RNG turned off")  # warnings of opacus and torch that are meant


def steps_an_epoch(n: int, size: int) -> int:
    """How many batches the loop makes of `n` rows: a last one of one row joins the one before."""
    count = -(-n // size)
    return count - (count > 1 and n - (count - 1) * size == 1)


@method("dp_sgd", acts_on="gradient", source="Abadi et al. 2016")
@dataclass(frozen=True)
class DPSGD:
    """Cuts each example's gradient to a norm of `bound` and adds noise: the network is (epsilon, delta)-private.

    The noise is the least that keeps all the recipe's steps within `epsilon`; inf is plain training. A step takes each
    example with chance batch / n (Poisson sampling: some steps take none), so that the loop's own batches only count
    the steps. A run keeps what was spent: dp_epsilon, dp_delta, dp_noise, dp_rate, dp_steps. `Recipe(clip=...)` does
    not act; normalization over the batch is refused, and so is every method beside it that mixes examples. Private are
    the weights, when one example is added or removed. Not accounted: the scale of the inputs, a learning rate that was
    tried (`Recipe(lr=None)`), and all that a run records of its own examples. The noise comes from an ordinary
    generator, with a seed: this is for audits and studies, not for a release.
    """

    epsilon: float = 8.0
    bound: float = 1.0
    delta: float = 1e-5

    clock = "eval"  # a step sees a random part of the examples, an epoch not all of them

    def __post_init__(self) -> None:
        within("epsilon", self.epsilon, 0.01, math.inf)
        within("bound", self.bound, 1e-6, 1e6)
        within("delta", self.delta, 1e-15, 0.5)

    def fit_start(self, state: State) -> None:
        if self.epsilon == math.inf:
            return
        alone(state)
        validated(state.network)
        recipe, n = state.task.recipe, len(state.rows)
        rate = min(1.0, recipe.batch / n)
        if OWN not in state.own:
            noise = noise_for(self.epsilon, rate, steps_an_epoch(n, recipe.batch) * recipe.epochs, self.delta)
            state.own[OWN] = {"noise": noise, "rate": rate, "steps": 0, "drawn": 0}
        state.hooks.append(PerExample(state.network))
        state.optimizer = package("optimizers").DPOptimizer(
            getattr(state.optimizer, "original_optimizer", state.optimizer),
            noise_multiplier=float(state.own[OWN]["noise"]),
            max_grad_norm=self.bound,
            expected_batch_size=rate * n,
        )

    def batch(self, state: State) -> None:
        if self.epsilon == math.inf:
            return
        own = state.own[OWN]
        chosen = state.rows[torch.rand(len(state.rows)).numpy() < own["rate"]]
        own["drawn"] = len(chosen)
        # where none was drawn, one goes through the network and its loss counts nothing: noise alone moves the weights
        batch = state.task.batch(chosen if len(chosen) else state.rows[:1], torch.default_generator)
        inputs, targets = batch.inputs.to(state.device), batch.targets.to(state.device)
        state.batch = batch._replace(inputs=inputs, targets=targets)

    def losses(self, state: State) -> None:
        if self.epsilon < math.inf:
            assert state.losses is not None
            state.loss = state.losses.sum() * float(state.own[OWN]["drawn"] > 0)

    def gradients(self, state: State) -> None:
        if self.epsilon < math.inf and (state.weights is not None or not isinstance(state.penalty, float)):
            raise UsageError(
                "dp_sgd stands beside a method that weights examples or adds a penalty.",
                "What that does to privacy is not accounted.",
                "leave it out",
            )

    def step(self, state: State) -> None:
        if self.epsilon < math.inf:
            state.own[OWN]["steps"] += 1

    def fit_end(self, state: State) -> None:
        if self.epsilon < math.inf:
            own = state.own[OWN]
            epsilon = spent(float(own["noise"]), float(own["rate"]), int(own["steps"]), self.delta)
            found = {"epsilon": epsilon, "delta": self.delta} | {k: own[k] for k in ("noise", "rate", "steps")}
            for name, value in found.items():
                state.keep(f"dp_{name}", np.asarray(value))


class PerExample:
    """opacus' hooks that take each example's gradient, and a handle that takes them off again with all they left."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self.warnings = warnings.catch_warnings()
        self.warnings.__enter__()
        for start in HARMLESS:
            warnings.filterwarnings("ignore", message=start)
        self.hooks: Any = package("grad_sample").GradSampleHooks(network, loss_reduction="sum")

    def remove(self) -> None:
        """Leave the network as it was, but for its weights; also after an error between forward and backward."""
        self.hooks.cleanup()
        for module in self.network.modules():
            _forget(module, "activations", "max_batch_len")
        for p in self.network.parameters():
            _forget(p, "summed_grad")
        self.warnings.__exit__(None, None, None)


def _forget(thing: Any, *names: str) -> None:
    for name in names:
        thing.__dict__.pop(name, None)


def validated(network: nn.Module) -> None:
    """UsageError, before training, for a network with layers whose gradients are not each example's own."""
    network.train()
    said = package("validators").ModuleValidator.validate(network)
    buffers = [type(m).__name__ for m in network.modules() if list(m.parameters(False)) and list(m.buffers(False))]
    if said or buffers:
        first = " ".join(str(said[0]).split())[:160] if said else f"{buffers[0]} keeps statistics of the batch."
        raise UsageError(
            f"dp_sgd cannot train this network: {len(said) or len(buffers)} of its layers mix examples or hide them.",
            f"({first})",
            "use nn.GroupNorm or nn.LayerNorm in place of batch normalization, and opacus' DPLSTM for nn.LSTM",
        )
    inplace = [name for name, m in network.named_modules() if getattr(m, "inplace", False)]
    if inplace:
        raise UsageError(
            f"dp_sgd cannot train this network: {inplace[0]} overwrites its inputs.",
            "Each example's gradient is taken from them.",
            "set inplace=False",
        )


def alone(state: State) -> None:
    """UsageError for methods beside it whose effect on privacy is not accounted, or that it would undo."""
    events = events_of(state.task)
    place = next((k for k, event in enumerate(events) if isinstance(event, DPSGD)), 0)
    names = {spec.event: name for name, spec in known().items()}
    for k, event in enumerate(events):
        name = names.get(type(event))
        if k != place and name is not None and name not in BESIDE:
            raise UsageError(
                f"dp_sgd does not go with {name}.", "What the two spend together is not accounted.",
                f"leave {name} out; beside dp_sgd may stand: {', '.join(BESIDE)}",
            )  # fmt: skip
        if k < place and hasattr(event, "batch"):
            raise UsageError(f"dp_sgd draws its own batches, which undoes {name}.", do="name dp_sgd first")


def known() -> dict[str, MethodSpec]:
    """Every registered method by name."""
    from byheart.base.registry import every

    return every("method")
