import dataclasses
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from byheart.base.errors import DataError, UsageError
from byheart.data.examples import Examples
from byheart.data.recipe import Recipe
from byheart.data.task import Task
from byheart.methods.group_dro import GroupDRO, group_losses, raised, shares
from byheart.runs.loop import begin, fit, one_thread
from byheart.runs.single import record

GROUPS = np.array(["a", "b", "c"])


@given(st.integers(0, 10_000), st.integers(2, 12), st.floats(0, 2), st.floats(0, 3))
def test_one_batch_against_a_loop(seed, size, step_size, adjustment):
    random = np.random.default_rng(seed)
    losses, codes = random.exponential(size=size), random.integers(0, 3, size)
    q, n = random.dirichlet([1, 1, 1]), np.array([50, 7, 2])
    means, grown = [], []
    for g in range(3):
        inside = [losses[i] for i in range(size) if codes[i] == g]
        means.append(sum(inside) / len(inside) if inside else 0.0)
        grown.append(q[g] * (math.exp(step_size * (means[g] + adjustment / math.sqrt(n[g]))) if inside else 1.0))
    wanted = np.array(grown) / sum(grown)
    t = torch.from_numpy
    found, counts = group_losses(t(losses), t(codes), 3)
    after = raised(t(q), found, counts, step_size, t(adjustment / np.sqrt(n)))
    assert np.allclose(found, means) and np.allclose(after, wanted)
    total = sum(after[g].item() * means[g] for g in range(3))
    assert float((t(losses) * shares(after, counts, t(codes))).mean()) == pytest.approx(total)


def test_large_losses_do_not_overflow():
    q = torch.full((2,), 0.5, dtype=torch.float64)
    after = raised(q, torch.tensor([1e6, 0.0]).double(), torch.tensor([1, 1]), 1.0, torch.zeros(2).double())
    assert after.tolist() == [1.0, 0.0]


@dataclasses.dataclass(frozen=True)
class Before:
    """Ahead of group DRO: rows and losses of each batch."""

    seen: list

    def losses(self, state):
        self.seen.append((state.batch.rows, state.losses.detach().numpy().copy()))


@dataclasses.dataclass(frozen=True)
class After:
    """The loss that was trained on."""

    found: list

    def gradients(self, state):
        self.found.append(float(state.loss.detach()))


def grouped(few):
    groups = GROUPS[np.arange(len(few.train)) % 10 // 4]  # 40%, 40%, 20%
    return dataclasses.replace(few, train=dataclasses.replace(few.train, groups=groups), truth={})


def test_a_whole_training_against_a_loop(few):
    task, before, after = grouped(few), Before([]), After([])
    with one_thread():
        state = fit(begin(task, np.arange(180), 0), [before, GroupDRO(step_size=0.5, adjustment=2.0), after])
    names, q = task.train.groups, dict.fromkeys(GROUPS, 1 / 3)
    n = {g: (names[:180] == g).sum() for g in GROUPS}
    for (rows, losses), found in zip(before.seen, after.found, strict=True):
        means = {g: np.mean(losses[names[rows] == g]) for g in GROUPS if (names[rows] == g).any()}
        q = {g: q[g] * (math.exp(0.5 * (means[g] + 2 / math.sqrt(n[g]))) if g in means else 1) for g in GROUPS}
        q = {g: v / sum(q.values()) for g, v in q.items()}
        assert found == pytest.approx(sum(q[g] * m for g, m in means.items()), rel=1e-5)
    history = state.kept["group_dro_weights"]
    assert history.shape == (6, 3) and np.allclose(history[-1], [q[g] for g in GROUPS])
    assert np.allclose(history.sum(1), 1)


def test_strength_0_changes_no_byte_and_one_half_is_half(few, tmp_path):
    task = grouped(few)
    for name, events in {"plain": (), "none": (GroupDRO(0.0),), "full": (GroupDRO(),)}.items():
        record(task, tmp_path / name, events=events)
    plain, none, full = ((tmp_path / k / "network.safetensors").read_bytes() for k in ("plain", "none", "full"))
    assert plain == none != full
    firsts = []
    for strength in (0.0, 0.5, 1.0):
        after = After([])
        with one_thread():
            fit(begin(task, np.arange(200), 0), [GroupDRO(strength, step_size=1.0), after])
        firsts.append(after.found[0])
    assert firsts[1] == pytest.approx((firsts[0] + firsts[2]) / 2, rel=1e-5)


def test_names_of_the_groups_do_not_matter(few):
    task = grouped(few)
    renamed = {"a": "z", "b": "y", "c": "x"}
    other = np.array([renamed[g] for g in task.train.groups])
    turned = dataclasses.replace(task, train=dataclasses.replace(task.train, groups=other))
    with one_thread():
        one, two = (fit(begin(t, np.arange(200), 0), [GroupDRO(step_size=0.5)]) for t in (task, turned))
    assert np.allclose(one.kept["group_dro_weights"], two.kept["group_dro_weights"][:, ::-1], rtol=1e-4)


def test_looking_at_the_loss_twice_raises_the_weights_once(few):
    @dataclasses.dataclass(frozen=True)
    class Twice:
        def gradients(self, state):
            state.closure()

    with one_thread():
        one, two = (
            fit(begin(grouped(few), np.arange(200), 0), [GroupDRO(step_size=0.5), *more]) for more in ([], [Twice()])
        )
    assert np.array_equal(one.kept["group_dro_weights"], two.kept["group_dro_weights"])


def test_a_linear_shortcut_loses_its_hold_on_the_worst_group():
    """Core and shortcut are both linear; 5% of the examples are exceptions to the shortcut, which is easier."""
    random = np.random.default_rng(0)

    def part(n: int, rare: float) -> Examples:
        y, exception = random.integers(0, 2, n), random.random(n) < rare
        sign = 2 * y - 1
        x = np.c_[sign + 0.8 * random.normal(size=n), 3 * np.where(exception, -sign, sign) + random.normal(size=n)]
        return Examples(x, y, groups=np.where(exception, "rare", "usual"))

    task = Task(part(1000, 0.05), part(2000, 0.5), scaling="none", network=_linear,
                recipe=Recipe(epochs=15, batch=50, lr=0.05, schedule="constant"))  # fmt: skip
    from byheart.runs.loop import outputs

    worst = {}
    for name, events in {"plain": (), "dro": (GroupDRO(step_size=0.05),)}.items():
        with one_thread():
            state = fit(begin(task, np.arange(1000), 0), events)
            right = outputs(task, state.network, task.test).argmax(1) == task.test.targets
        worst[name] = min(right[task.test.groups == g].mean() for g in ("rare", "usual"))
    assert worst["dro"] > worst["plain"] + 0.2


def _linear(input_shape, outputs):
    return torch.nn.Linear(input_shape[0], outputs)


def test_errors(few):
    for wrong in ({"strength": 2}, {"step_size": -1}, {"adjustment": -1}):
        with pytest.raises(UsageError, match="out of range"):
            GroupDRO(**wrong)
    with pytest.raises(DataError, match="needs groups"):
        fit(begin(few, np.arange(200), 0), [GroupDRO()])
