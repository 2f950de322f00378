"""One contract for every registered score, on networks that were really trained."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import byheart as bh
from byheart.base.errors import NotApplicable
from byheart.base.registry import every, find
from byheart.runs.second_split import second_split
from byheart.runs.threshold_samples import threshold_samples
from byheart.scores import score as contract
from byheart.scores.score import BESIDE, TRAJECTORY, Estimate, Noted, ScoreSpec, bound
from byheart.scores.trained import CHECKPOINT

NAMES = list(every("score"))
TRAINED = {name for name in NAMES if find("score", name).needs == "checkpoint"}
POINTING = [name for name, spec in every("score").items() if spec.direction]
EXAMPLES, MODELS = 300, 20
SUBSET = ("member", "correct", "margin", "loss", "predicted", "logits")
UNSEEN = 7  # the example that nothing is known of
PRIOR = {"memorization", "memorization_shrunk"}  # these estimate it all the same, and widen the interval
MARK = "memorization_marked"  # this one says so
OF_LOSSES = {
    "banzhaf", "cumulative_loss", "cumulative_loss_early", "curvature", "final_loss", "geometric_complexity",
    "gradient_norm", "input_gradient", "loss_sensitivity", "mean_curvature", "memorization", "memorization_raw",
    "self_influence", "tracin", "vog", "vog_early", "vog_late",
}  # fmt: skip
OF_PLACES = {column: place.replace("_", " ") for column, place in BESIDE.items()}
OF_TRAININGS = set(OF_PLACES.values())
OF_MEMBERS = {MARK}  # who was in which training set is known whatever the targets are


@dataclass(frozen=True, eq=False)
class Held:
    """The arrays of a run or of subset models, so that a test can reorder, blank or lock them."""

    ids: np.ndarray
    targets: np.ndarray
    arrays: dict[str, np.ndarray]
    test_targets: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    task: bh.Task | None = None
    trained: bh.Run | None = None

    def network(self, task: bh.Task, weights=None):
        assert self.trained is not None
        return self.trained.network(task, weights)

    @property
    def checkpoints(self):
        return {} if self.trained is None else self.trained.checkpoints

    @property
    def learning_rates(self):
        return {} if self.trained is None else self.trained.learning_rates

    @property
    def n(self) -> int:
        return len(self.ids)

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    def taken(self, order: np.ndarray) -> Held:
        """Training examples in another order, held-out ones where they were."""
        moved = {}
        for name, array in self.arrays.items():
            columns = np.concatenate([order, np.arange(self.n, array.shape[1])])
            moved[name] = np.ascontiguousarray(array[:, columns])
        return dataclasses.replace(self, ids=self.ids[order], targets=self.targets[order], arrays=moved)


@dataclass(frozen=True, eq=False)
class Evidence:
    run: Held
    many: Held
    wrong: np.ndarray

    def __iter__(self):
        return iter((self.run, self.many))


def locked(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.setflags(write=False)
    return array


def kept(task: bh.Task, run: bh.Run, many: bh.SubsetRuns, wrong: np.ndarray) -> Evidence:
    trajectory = {name: locked(run[name]) for name in (*TRAJECTORY, *BESIDE) if name in run}
    matrix = {name: locked(many[name]) for name in SUBSET}
    here = Held(run.ids, locked(run.targets), trajectory, task=task, trained=run)
    return Evidence(here, Held(many.ids, locked(many.targets), matrix, many.test_targets), wrong)


@pytest.fixture(scope="module")
def noisy(digits, tmp_path_factory) -> Evidence:
    """300 digits, 30 of them with wrong labels, 30 epochs; a second split, threshold samples, 20 subset models."""
    clean = dataclasses.replace(
        digits,
        train=digits.train.take(np.arange(EXAMPLES)),
        validation=digits.validation.take(np.arange(30)),
        test=digits.test.take(np.arange(30)),
        recipe=bh.Recipe(epochs=30, batch=32, lr=0.05, methods=("checkpoints=10",)),
    )
    task = bh.plant(clean, "label-noise=0.1", seed=0)
    folder = tmp_path_factory.mktemp("noisy")
    for beside in (second_split, threshold_samples):
        beside(task, folder / "run" / beside.__name__)
    run, many = bh.record(task, folder / "run"), bh.record_subsets(task, MODELS, folder / "many", jobs=1)
    return kept(task, run, many, task.truth["wrong"])


@pytest.fixture(scope="module")
def regression(tmp_path_factory) -> Evidence:
    """120 examples of diabetes, 6 epochs, 8 subset models."""
    task, folder = find("task", "diabetes")(), tmp_path_factory.mktemp("regression")
    recipe = dataclasses.replace(task.recipe, epochs=6, lr=0.01, methods=("checkpoints=2",))
    task = dataclasses.replace(task, train=task.train.take(np.arange(120)), recipe=recipe, truth={})
    run, many = bh.record(task, folder / "run"), bh.record_subsets(task, 8, folder / "many", jobs=1)
    return kept(task, run, many, np.zeros(120, bool))


def scored(name: str, run: Held | None, many: Held | None) -> np.ndarray | Estimate | Noted:
    return find("score", name)(run, many, None if run is None else run.task)


def value(found: np.ndarray | Estimate | Noted) -> np.ndarray:
    return found if isinstance(found, np.ndarray) else found.value


def parts(found: np.ndarray | Estimate | Noted) -> list[np.ndarray]:
    return [found.value, found.se, found.low, found.high] if isinstance(found, Estimate) else [value(found)]


def blanked(evidence: Evidence, row: int = UNSEEN) -> tuple[Held, Held]:
    """One example that the run never saw and that every subset model trained on, so that none speaks without it."""
    arrays = {name: array.copy() for name, array in evidence.run.arrays.items()}
    for name, array in arrays.items():
        array[:, row] = -1 if name == "predicted" else False if array.dtype == bool else np.nan
    member = evidence.many["member"].copy()
    member[:, row] = True
    run = dataclasses.replace(evidence.run, arrays=arrays)
    return run, dataclasses.replace(evidence.many, arrays=evidence.many.arrays | {"member": member})


def test_the_noise_was_memorized_or_the_rest_says_nothing(noisy):
    assert noisy.run["correct"][-1].mean() >= 0.95
    assert noisy.wrong.sum() == 30


@pytest.mark.parametrize("name", NAMES)
def test_a_reader_is_told_everything(name):
    spec = find("score", name)
    assert isinstance(spec, ScoreSpec) and spec.name == name
    assert spec.needs in ("trajectory", "subset", "both", "checkpoint", *OF_TRAININGS) and spec.direction in (-1, 0, 1)
    assert all((spec.higher, spec.unit, spec.cost, spec.finds, spec.source))
    assert spec.range[0] < spec.range[1]
    assert spec.direction == 1 or not spec.higher.startswith("more memorized")
    assert "(n,)" in (spec.compute.__doc__ or "")
    about = sys.modules[spec.compute.__module__].__doc__ or ""
    assert name in about and "\n\n" in about, "the file names its scores, then explains them"


@pytest.mark.parametrize("name", NAMES)
def test_what_it_reads_is_what_it_says_it_needs(name, noisy):
    spec = find("score", name)
    needed = {column for column, optional in spec.reads.items() if not optional} - {"targets"}
    if name in TRAINED:
        assert "inputs" in needed <= set(CHECKPOINT) and len({"network", "trained"} & needed) == 1
        return
    assert all(bound(column, *noisy) is not None for column in needed)
    kinds = {"trajectory" if column in TRAJECTORY else OF_PLACES.get(column, "subset") for column in needed}
    assert kinds == ({"trajectory", "subset"} if spec.needs == "both" else {spec.needs})


@pytest.mark.parametrize("name", NAMES)
def test_one_value_an_example_within_the_range(name, noisy):
    spec, run, many = find("score", name), *blanked(noisy)
    for found in (scored(name, run, many), *([] if name == MARK else [scored(name, *noisy)])):
        assert all(part.shape == (EXAMPLES,) and part.dtype == np.float64 for part in parts(found))
        known = value(found)[~np.isnan(value(found))]
        assert len(known) >= EXAMPLES - 1
        assert known.min() >= spec.range[0] - 1e-9 and known.max() <= spec.range[1] + 1e-9
        if isinstance(found, Estimate):
            there = ~np.isnan(found.low)
            assert there.mean() > 0.9 and (found.se[~np.isnan(found.se)] >= 0).all()
            assert (found.low[there] <= found.value[there]).all() and (found.value[there] <= found.high[there]).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_value_belongs_to_its_id_whatever_the_order(name, noisy):
    run, many = blanked(noisy)
    here, order = scored(name, run, many), np.random.default_rng(0).permutation(EXAMPLES)
    there = scored(name, run.taken(order), many.taken(order))
    for a, b in zip(parts(here), parts(there), strict=True):
        if name in TRAINED:  # a row's last digits depend on which rows it is multiplied with
            exact = "network" in find("score", name).reads  # in double precision
            np.testing.assert_allclose(a[order], b, rtol=1e-9 if exact else 1e-3, atol=0 if exact else 1e-6)
        else:
            np.testing.assert_array_equal(a[order], b)


@pytest.mark.parametrize("name", NAMES)
def test_what_was_never_seen_has_no_value(name, noisy):
    found = scored(name, *blanked(noisy))
    others = np.delete(value(found), UNSEEN)
    assert np.isfinite(others).all()
    if name == MARK:
        assert value(found)[UNSEEN] == 1 and not others.any()
    elif name in TRAINED:
        assert np.isfinite(value(found)[UNSEEN]), "a network answers what it has not seen, too"
    elif name in PRIOR:
        assert isinstance(found, Estimate)
        assert found.se[UNSEEN] > np.median(found.se) and np.isfinite(value(found)[UNSEEN])
    else:
        assert all(np.isnan(part[UNSEEN]) for part in parts(found))


@pytest.mark.parametrize("name", [name for name in NAMES if find("score", name).by_column])
def test_chunks_equal_the_whole(name, noisy, monkeypatch):
    run, many = blanked(noisy)
    whole, cuts = scored(name, run, many), [0, 1, 60, 137, EXAMPLES]
    chunks = []
    for start, end in pairwise(cuts):
        try:
            rows = np.arange(start, end)
            chunks.append(scored(name, run.taken(rows), many.taken(rows)))
        except NotApplicable:  # of these examples alone there is nothing to tell
            assert name == MARK and not value(whole)[start:end].any()
            chunks.append(np.zeros(end - start))
    for k, part in enumerate(parts(whole)):
        np.testing.assert_allclose(np.concatenate([parts(c)[k] for c in chunks]), part, rtol=1e-5, atol=1e-6)
    monkeypatch.setattr(contract, "CELLS", 30 * 7)
    monkeypatch.setattr(contract, "CHUNK", 37)
    for a, b in zip(parts(scored(name, run, many)), parts(whole), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", POINTING)
def test_planted_noise_lies_where_the_direction_points(name, noisy):
    found = value(scored(name, *noisy))
    assert roc_auc_score(noisy.wrong, find("score", name).direction * found) > 0.8


@pytest.mark.parametrize("name", NAMES)
def test_missing_evidence_is_a_reason_that_says_what_to_do(name, noisy):
    spec = find("score", name)
    for run, many, told in ((None, noisy.many, r"record\(task\)"), (noisy.run, None, "record_subsets")):
        if spec.needs == "both" or (spec.needs != "subset") == (run is None):
            with pytest.raises(NotApplicable, match=told):
                spec(run, many)


@pytest.mark.parametrize("name", sorted(TRAINED))
def test_a_score_of_the_network_asks_for_the_task(name, noisy):
    with pytest.raises(NotApplicable, match="task=task"):
        find("score", name)(noisy.run, None)


@pytest.mark.parametrize("name", [name for name in NAMES if find("score", name).needs in OF_TRAININGS])
def test_a_training_that_was_not_made_is_a_reason_with_the_command(name, noisy):
    place, run = find("score", name).needs, noisy.run
    without = dataclasses.replace(run, arrays={k: a for k, a in run.arrays.items() if OF_PLACES.get(k) != place})
    with pytest.raises(NotApplicable, match=f"byheart record --{place.replace(' ', '-')}"):
        scored(name, without, None)


@pytest.mark.parametrize("name", sorted(OF_LOSSES))
def test_regression_is_scored_in_units_of_the_loss(name, regression):
    spec, found = find("score", name), value(scored(name, *regression))
    assert found.shape == (120,) and np.isfinite(found).mean() > 0.9
    assert "regression" in spec.unit, "a reader is told that the unit is another one"


@pytest.mark.parametrize("name", sorted(set(NAMES) - OF_LOSSES - OF_MEMBERS))
def test_what_needs_classes_declines_regression_with_the_reason(name, regression):
    with pytest.raises(NotApplicable, match=r"class|right and wrong|regression"):
        scored(name, *regression)
