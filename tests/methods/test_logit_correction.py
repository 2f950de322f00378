import dataclasses

import numpy as np
import pytest
import torch

from byheart.base.errors import UsageError
from byheart.methods.logit_correction import (
    LogitCorrection,
    LogitCorrectionMixup,
    correction,
    label_and_attribute,
    partners,
)
from byheart.runs.loop import begin, fit, one_thread


def test_the_table_of_labels_and_attributes():
    p, y = torch.rand(11, 3, dtype=torch.float64).softmax(1), torch.arange(11) % 2
    wanted = np.zeros((3, 3))
    for row, label in zip(p.numpy(), y.tolist(), strict=True):
        for z in range(3):
            wanted[label, z] += row[z] / 11
    assert np.allclose(label_and_attribute(p, y), wanted) and wanted.sum() == pytest.approx(1)


def test_the_corrected_loss_is_the_papers():
    pi, z, y = torch.rand(3, 3, dtype=torch.float64), torch.tensor([0, 2, 1, 2]), torch.tensor([1, 2, 0, 0])
    f = torch.randn(4, 3, dtype=torch.float64)
    found = torch.nn.functional.cross_entropy(f + correction(pi, z), y, reduction="none")
    for i in range(4):
        parts = [np.exp(f[i, c].item()) * pi[c, z[i]].item() for c in range(3)]
        assert found[i].item() == pytest.approx(-np.log(parts[y[i]] / sum(parts)), abs=1e-6)


def test_partners_have_the_same_label_and_come_from_the_other_side():
    random = torch.Generator().manual_seed(0)
    y, z = (torch.randint(0, 3, (60,), generator=random) for _ in "yz")
    z[y == 2] = 2  # no minority: nobody to mix with
    seen = set()
    for _ in range(20):
        other = partners(y, z, torch.rand(60, generator=random))
        mixed = other != torch.arange(60)
        assert torch.equal(y[other], y) and torch.equal(mixed, y != 2)
        assert ((z[other] == y)[mixed] != (z == y)[mixed]).all()
        seen |= set(other[(y == 0) & (z == 0)].tolist())
    assert seen == set(torch.nonzero((y == 0) & (z != 0))[:, 0].tolist())  # every one of them is met


@dataclasses.dataclass(frozen=True)
class Keep:
    what: list

    def batch(self, state):
        self.what.append(state.batch)

    def logits(self, state):
        self.what.append((state.logits.detach().clone(), dict(state.own["logit_correction"])))


def seen_in_training(few, event):
    before, after = Keep([]), Keep([])
    short = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=1))
    with one_thread():
        state = fit(begin(short, np.arange(200), 0), [before, event, after])
    return state, before.what, after.what


def test_in_training_it_adds_the_running_tables_correction(few):
    state, before, after = seen_in_training(few, LogitCorrection(decay=0.8, temperature=0.5))
    pi = torch.full((10, 10), 0.01)
    for i in range(0, len(before), 2):
        (raw, own), (moved, _) = before[i + 1], after[i + 1]
        assert torch.equal(before[i].inputs, after[i].inputs) and torch.equal(moved, raw + own["correction"])
        assert own["pi"].sum().item() == pytest.approx(1, abs=1e-5)
        share = own["pi"] - 0.8 * pi  # what the batch gave
        counts = torch.bincount(before[i].targets, minlength=10) / len(before[i].targets)
        assert torch.allclose(share.sum(1), 0.2 * counts, atol=1e-5)
        pi = own["pi"]
        columns = {tuple(c) for c in (pi.T + 1e-8).log().tolist()}
        assert all(tuple(row) in columns for row in own["correction"].tolist())
    assert set(state.own["logit_correction"]) == {"biased", "pi"}


def test_mixing_is_between_two_of_a_label_and_carries_the_corrections_along(few):
    _, before, after = seen_in_training(few, LogitCorrectionMixup())
    moved = 0
    for i in range(0, len(before), 2):
        plain, mixed = before[i], after[i]
        table = (after[i + 1][1]["pi"].T + 1e-8).log()
        given = after[i + 1][1]["correction"]
        assert torch.equal(plain.targets, mixed.targets)
        for k in range(len(plain.targets)):
            if torch.allclose(plain.inputs[k], mixed.inputs[k], atol=1e-6):
                continue
            moved += 1
            same = torch.nonzero(plain.targets == plain.targets[k])[:, 0]
            fits = []
            for j in same[same != k]:
                direction = (plain.inputs[k] - plain.inputs[j]).flatten()
                share = ((mixed.inputs[k] - plain.inputs[j]).flatten() @ direction / direction.square().sum()).item()
                back = share * plain.inputs[k] + (1 - share) * plain.inputs[j]
                if torch.allclose(back, mixed.inputs[k], atol=1e-4):
                    fits.append(share)
            assert len(fits) == 1 and -1e-5 <= fits[0] <= 1 + 1e-5
            both = [fits[0] * a + (1 - fits[0]) * b for a in table for b in table]
            assert any(torch.allclose(given[k], b, atol=1e-3) for b in both)
    assert moved > 20


def test_errors():
    with pytest.raises(UsageError, match="decay"):
        LogitCorrection(decay=1.5)
    with pytest.raises(UsageError, match="temperature"):
        LogitCorrection(temperature=0)
