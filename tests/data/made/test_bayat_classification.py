import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.base.seeds import generator
from byheart.data.made.bayat_classification import bayat_classification, drawn


def near(found, share, n):
    """Whether a share of `n` draws is within five standard errors of what it should be."""
    return abs(found - share) < 5 * np.sqrt(share * (1 - share) / n)


@pytest.fixture(scope="module")
def large():
    return bayat_classification(3, train=20_000, test=20_000, features=20, noise=0.5)


def test_the_shares_are_those_of_the_law(large):
    for part, share in ((large.train, 0.1), (large.validation, 0.5), (large.test, 0.5)):
        assert near(np.mean(part.groups == "minority"), share, 20_000)
        assert near(part.targets.mean(), 0.5, 20_000)
        both = np.mean(part.targets[part.groups == "minority"])  # the exceptions are of both classes
        assert near(both, 0.5, np.sum(part.groups == "minority"))


def test_the_misleading_share_is_that_of_the_training_part_alone():
    task, usual = (bayat_classification(3, 20_000, 500, 5, **given) for given in ({"misleading": 0.5}, {}))
    assert near(np.mean(task.train.groups == "minority"), 0.5, 20_000)
    assert np.array_equal(task.test.inputs, usual.test.inputs)
    assert np.array_equal(task.train.inputs[:, 0], usual.train.inputs[:, 0])


def test_the_features_have_the_moments_of_the_law(large):
    for part in (large.train, large.validation, large.test):
        sign = 1 - 2 * part.targets
        agrees = np.where(part.groups == "minority", -1, 1)
        core, spurious = part.inputs[:, 0] * sign, part.inputs[:, 1] * sign * agrees
        for values, mean, deviation in ((core, 1, 0.12), (spurious, 5, 0.6), (part.inputs[:, 7], 0, 0.5)):
            assert abs(values.mean() - mean) < 5 * deviation / np.sqrt(20_000)
            assert abs(values.std() / deviation - 1) < 5 / np.sqrt(2 * 20_000)
        together = np.corrcoef(np.column_stack([core, spurious, part.inputs[:, 2:]]).T) - np.eye(20)
        assert np.abs(together).max() < 6 / np.sqrt(20_000)  # all features are drawn apart


def test_groups_are_agreement_in_sign_and_truth_is_the_training_minority():
    task = bayat_classification()
    for part in (task.train, task.validation, task.test):
        agrees = np.sign(part.inputs[:, 0]) == np.sign(part.inputs[:, 1])
        assert np.array_equal(part.groups == "majority", agrees)
        assert np.array_equal(np.sign(part.inputs[:, 0]), 1 - 2 * part.targets)
    assert np.array_equal(task.truth["minority"], task.train.groups == "minority")


def test_equals_the_formula_row_by_row():
    found, minority = drawn(50, 6, 0.3, 0.4, generator(1, "x"))
    random = generator(1, "x")
    labels, turned = random.integers(0, 2, 50), random.random(50) < 0.4
    core, spurious = random.standard_normal(50), random.standard_normal(50)
    rest = random.standard_normal((50, 4), np.float32)
    for i in range(50):
        s = -(2 * labels[i] - 1)
        row = [s * (1 + 0.12 * core[i]), 5 * s * ((-1 if turned[i] else 1) + 0.12 * spurious[i]), *(0.3 * rest[i])]
        assert np.allclose(found.inputs[i], row, atol=1e-6)
    assert np.array_equal(found.targets, labels)
    assert np.array_equal(minority, turned)


def test_sizes_and_recipe_are_the_papers():
    task = bayat_classification()
    assert task.train.inputs.shape == task.validation.inputs.shape == task.test.inputs.shape == (1000, 1800)
    r = task.recipe
    assert (r.epochs, r.batch, r.lr, r.momentum, r.clip, r.schedule, r.optimizer) == (
        1000, 1000, 0.01, 0, 0, "constant", "sgd",
    )  # fmt: skip
    assert bayat_classification(noise=0.0).recipe.lr == 0.03
    assert not bayat_classification(noise=0.0).train.inputs[:, 2:].any()
    assert (task.scaling, len(task.feature_names)) == ("none", 1800)
    shapes = [tuple(p.shape) for p in task.build().parameters()]
    assert shapes == [(2, 1800)]  # no bias


def test_what_makes_no_task_is_refused():
    for wrong in ({"features": 1}, {"noise": -0.1}, {"misleading": 1.5}):
        with pytest.raises(UsageError, match="make no such task"):
            bayat_classification(**wrong)


@pytest.mark.slow
def test_without_noise_the_rule_is_learned_and_with_noise_the_shortcut():
    from byheart.runs.learner import Network

    right = {}
    for noise in (0.0, 0.5):
        task = bayat_classification(0, noise=noise)
        predict = Network().fit(task, np.arange(1000), 0)
        right[noise] = [np.mean(predict(part).argmax(1) == part.targets) for part in
                        (task.train, task.test.take(np.flatnonzero(task.test.groups == "minority")))]  # fmt: skip
    assert right[0.0] == [1, 1]
    assert right[0.5][0] == 1
    assert right[0.5][1] < 0.5  # worse than a coin: what is not memorized follows the shortcut
