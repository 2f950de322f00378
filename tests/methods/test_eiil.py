import dataclasses
import itertools

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from byheart.base.errors import DataError, UsageError
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.methods.eiil import EIIL, environments, factors, scale_gradient, within_environments
from byheart.runs.loop import begin, fit, one_thread, outputs
from byheart.runs.single import record


def test_the_scale_gradient_is_autograds():
    logits, y = torch.randn(7, 4, dtype=torch.float64), torch.arange(7) % 4
    for i in range(7):
        w = torch.ones(1, dtype=torch.float64, requires_grad=True)
        (slow,) = torch.autograd.grad(F.cross_entropy(w * logits[i : i + 1], y[i : i + 1]), w)
        assert scale_gradient(logits, y)[i].item() == pytest.approx(slow.item())


def objective(q: np.ndarray, g: np.ndarray) -> float:
    """What environments are to maximize: the mean over q and 1 - q of (mean of q_i g_i) squared."""
    return ((q * g).mean() ** 2 + ((1 - q) * g).mean() ** 2) / 2


@pytest.mark.parametrize("seed", range(6))
def test_environments_against_every_split_and_soft_ones(seed):
    random = np.random.default_rng(seed)
    g = random.normal(0.3 * seed - 1, 1, 9)
    best = objective(environments(g).astype(float), g)
    assert best == pytest.approx(max(objective(np.array(q), g) for q in itertools.product([0.0, 1.0], repeat=9)))
    assert all(objective(random.random(9), g) <= best + 1e-12 for _ in range(500))


def test_climbing_as_published_arrives_at_the_same_environments():
    random = np.random.default_rng(1)
    g = torch.from_numpy(random.normal(-0.4, 1, 200))
    omega = torch.from_numpy(random.normal(size=200)).requires_grad_()
    climb = torch.optim.Adam([omega], lr=1e-2)  # ten times the published rate, a tenth of its 10,000 steps
    for _ in range(1500):
        q = omega.sigmoid()
        climb.zero_grad()
        (-((q * g).mean() ** 2 + ((1 - q) * g).mean() ** 2) / 2).backward()
        climb.step()
    found, exact = (omega > 0).numpy(), environments(g.numpy())
    assert max((found == exact).mean(), (found != exact).mean()) == 1.0  # the environments have no order


def test_risk_and_penalty_against_a_loop():
    values, first = torch.randn(8, dtype=torch.float64), torch.tensor([1, 0, 0, 1, 1, 1, 0, 1], dtype=torch.bool)
    inside, outside = values[first].mean(), values[~first].mean()
    assert torch.allclose((values * factors(first)).mean(), (inside + outside) / 2)
    assert torch.allclose(within_environments(values, first), torch.stack([inside, outside]))
    everyone = torch.ones(8, dtype=torch.bool)
    for one in (everyone, ~everyone):
        assert torch.allclose(factors(one), torch.ones(8)) and len(within_environments(values, one)) == 1


@dataclasses.dataclass(frozen=True)
class Spy:
    """Logits, environments and the loss that was trained on."""

    seen: list

    def gradients(self, state):
        environment = torch.as_tensor(state.own["eiil"]["environment"])[torch.from_numpy(state.batch.rows)]
        self.seen.append(
            (state.epoch, state.logits.detach(), state.batch.targets, environment, float(state.loss.detach()))
        )


def test_the_loss_in_training_is_irms_with_the_dummy_scale(few):
    spy = Spy([])
    with one_thread():
        fit(begin(few, np.arange(200), 0), [EIIL(penalty=50.0, warmup=2, epochs=2), spy])
    for epoch, logits, y, environment, loss in spy.seen:
        weight, total, present = 1.0 if epoch < 2 else 50.0, 0.0, 0
        for e in (0, 1):
            inside = environment == e
            if not inside.any():
                continue
            w = torch.ones(1, requires_grad=True)
            risk = F.cross_entropy(w * logits[inside], y[inside])
            (slope,) = torch.autograd.grad(risk, w)
            total, present = total + risk.item() + weight * slope.item() ** 2, present + 1
        assert loss == pytest.approx(total / present / max(weight, 1), rel=1e-4)


def test_environments_are_the_signs_of_a_reference_that_is_trained_first(few):
    from byheart.base.seeds import spawn

    rows = np.arange(150)
    with one_thread():
        state = fit(begin(few, rows, 4), [EIIL(epochs=2)])
        short = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=2))
        plain = fit(begin(short, rows, spawn(4, "eiil")))
        z = outputs(few, plain.network, few.train)
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    slope = (p * z).sum(1) - z[np.arange(200), few.train.targets]
    kept = state.kept["eiil_environment"]
    assert np.array_equal(kept[:150], (slope[:150] > 0).astype(int)) and (kept[150:] == -1).all()


def test_penalty_0_changes_no_byte(few, tmp_path):
    for name, events in {"plain": (), "none": (EIIL(0),), "full": (EIIL(),)}.items():
        record(few, tmp_path / name, events=events)
    plain, none, full = ((tmp_path / k / "network.safetensors").read_bytes() for k in ("plain", "none", "full"))
    assert plain == none != full


def test_exceptions_to_a_shortcut_are_an_environment():
    random = np.random.default_rng(0)
    y, n = random.integers(0, 2, 400), 400
    exception, sign = random.random(n) < 0.2, 2 * y - 1
    x = np.c_[sign, 5 * np.where(exception, -sign, sign), 0.3 * random.normal(size=(n, 20))]
    task = Task((x, y), (x[:50], y[:50]), scaling="none", recipe=Recipe(epochs=1, batch=100, lr=0.01))
    with one_thread():
        found = fit(begin(task, np.arange(n), 0), [EIIL()]).kept["eiil_environment"]
    assert ((found == 1) == exception).mean() > 0.98


def test_errors():
    with pytest.raises(UsageError, match="penalty"):
        EIIL(-1.0)
    y = np.linspace(0.1, 1, 9)
    regression = Task((np.zeros((9, 2)), y), (np.zeros((9, 2)), y), recipe=Recipe(lr=0.1))
    with pytest.raises(DataError, match="regression"):
        fit(begin(regression, np.arange(9), 0), [EIIL()])
