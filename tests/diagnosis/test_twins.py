import dataclasses

import numpy as np
import pytest
import torch

import byheart as bh
from byheart.diagnosis.check import Evidence
from byheart.diagnosis.twins import chosen, compared, complexity, critical, performances
from byheart.runs.twin import regularized_twin


@pytest.fixture(scope="module")
def pair(few, tmp_path_factory):
    """A run, its regularized twin, and the evidence of both."""
    folder = tmp_path_factory.mktemp("pair")
    task = dataclasses.replace(few, recipe=dataclasses.replace(few.recipe, epochs=15))
    run = bh.record(task, folder / "run")
    twin = regularized_twin(run, task, folder / "twin")
    return Evidence(task, run, None, bh.score(run, names=["final_loss"]), {"twin": twin}), twin


def squared_slopes(run, task):
    """The slow way: one Jacobian an example, in float64."""
    network, rows = run.network(task).double(), np.arange(len(task.train))
    x = task.tensors(task.train, rows)[0].double()
    deviation = x.std(correction=0)  # of an image's only channel
    found = [torch.autograd.functional.jacobian(lambda v: network(v[None])[0], one) * deviation for one in x]
    return np.array([float(j.square().sum()) for j in found])


def test_complexity_is_the_ratio_of_mean_squared_slopes(pair):
    evidence, twin = pair
    found = complexity(evidence, twin)
    ours, theirs = squared_slopes(evidence.run, evidence.task), squared_slopes(twin.run, twin.task)
    assert found.value == pytest.approx(ours.mean() / theirs.mean(), rel=1e-6)
    assert found.value > 1 and found.low < found.value < found.high


def test_the_error_of_the_ratio_is_that_of_drawing_other_examples(pair):
    evidence, twin = pair
    ours, theirs = squared_slopes(evidence.run, evidence.task), squared_slopes(twin.run, twin.task)
    random = np.random.default_rng(0)
    drawn = [random.integers(0, len(ours), len(ours)) for _ in range(2000)]
    assert complexity(evidence, twin).se == pytest.approx(
        np.std([ours[d].mean() / theirs[d].mean() for d in drawn]), rel=0.15
    )


def test_performance_is_paired_by_row(pair):
    evidence, twin = pair
    right = [
        np.concatenate(
            [r[f"final_{p}_logits"].argmax(1) == getattr(evidence.task, p).targets for p in ("validation", "test")]
        )
        for r in (evidence.run, twin.run)
    ]
    found, gain = performances(evidence, twin, "twin"), right[0].astype(float) - right[1]
    assert (found.value, found.se) == pytest.approx((gain.mean(), gain.std(ddof=1) / len(gain) ** 0.5))


def test_a_run_is_no_better_than_itself(pair):
    evidence, twin = pair
    same = dataclasses.replace(twin, run=evidence.run, task=evidence.task)
    assert complexity(evidence, same).value == 1
    assert critical(evidence, same).value == 0 and performances(evidence, same, "twin").value == 0


def test_a_recipe_that_regularizes_like_its_twin_is_not_compared(pair):
    evidence, twin = pair
    found = compared(dataclasses.replace(evidence, task=twin.task))
    assert all(m.measured and not m.known and "not asked" in m.text for m in found.values())


def test_without_a_twin_it_is_said_what_buys_one(pair):
    evidence, _ = pair
    found = compared(dataclasses.replace(evidence, effects={}))
    assert set(found) == {"complexity", "critical", "twin"} and not any(m.measured for m in found.values())
    assert all("--budget" in m.buys for m in found.values())


def test_at_most_five_hundred_examples_are_asked():
    assert chosen(30, "x").tolist() == list(range(30))
    rows = chosen(9_000, "x")
    assert len(np.unique(rows)) == 500 and (np.diff(rows) > 0).all() and not np.array_equal(rows, chosen(9_000, "y"))


def test_regression_has_complexity_and_no_critical_samples(line, tmp_path):
    twin = regularized_twin(line.run, line.task, tmp_path)
    found = compared(dataclasses.replace(line.evidence, effects={"twin": twin}))
    assert found["complexity"].known and found["twin"].kind == "loss" and not found["critical"].measured
