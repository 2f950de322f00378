import numpy as np
import pytest

import byheart
from byheart.base.errors import UsageError
from byheart.diagnosis.explain import explain


@pytest.fixture(scope="module")
def audit(noisy):
    return byheart.diagnose(noisy.scores, noisy.task)


def test_one_example_is_explained_from_its_evidence(audit, noisy):
    finding = audit["MEM001"]
    seen = explain(audit, finding.ids[0])
    row = int(np.flatnonzero(noisy.task.train.ids == finding.ids[0])[0])
    assert seen.label == finding.table["given"][0]
    assert "MEM001" in seen.findings
    np.testing.assert_array_equal(seen.trajectory["loss"], noisy.run["loss"][:, row])
    assert seen.others["suggested"] == finding.table["suggested"][0]
    value, percentile = seen.scores["cumulative_loss"]
    assert value == noisy.scores["cumulative_loss"][row]
    assert 50 < percentile <= 100


def test_neighbours_are_the_nearest_in_feature_space(audit, noisy):
    seen = explain(audit, noisy.task.train.ids[7], k=5)
    x = noisy.run["features"].astype(float)
    distance = np.sqrt(((x - x[7]) ** 2).sum(1))
    distance[7] = np.inf
    assert seen.space == "features"
    np.testing.assert_allclose(seen.neighbours["distance"], np.sort(distance)[:5], rtol=1e-4, atol=1e-4)
    assert noisy.task.train.ids[7] not in seen.neighbours["id"]


def test_influence_is_the_difference_it_makes_to_models_without_the_example(audit, noisy):
    row = 11
    seen = explain(audit, noisy.task.train.ids[row], k=4)
    member, right = noisy.many["member"], noisy.many["correct"][:, row].astype(float)
    out = ~member[:, row]
    for id, value in zip(seen.influential["id"], seen.influential["influence"], strict=True):
        other = int(np.flatnonzero(noisy.task.train.ids == id)[0])
        inside = out & member[:, other]
        assert value == pytest.approx(right[inside].mean() - right[out & ~inside].mean())
        assert id != noisy.task.train.ids[row]


def test_less_evidence_is_explained_with_less(noisy):
    scores = byheart.score(noisy.run)
    seen = explain(byheart.diagnose(scores, noisy.task), noisy.task.train.ids[0])
    assert seen.influential == {} and seen.others == {}
    assert len(seen.neighbours["id"]) == 6


def test_regression_is_explained_too(line):
    seen = explain(byheart.diagnose(line.scores, line.task), 3)
    assert isinstance(seen.label, float)
    assert seen.others == {}
    assert len(seen.trajectory["loss"]) == 20


def test_an_unknown_id_is_refused(audit):
    with pytest.raises(UsageError, match="no training example"):
        explain(audit, 987654)
