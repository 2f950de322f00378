import numpy as np
import pytest

import byheart
from byheart.base.errors import UsageError
from byheart.diagnosis.explain import explain
from byheart.diagnosis.gradient_influence import gradient_influence
from byheart.scores.gradients import ekfac, ekfac_pairs


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
    nothing = explain(byheart.diagnose(byheart.score(None, noisy.many), noisy.task), noisy.task.train.ids[0])
    assert nothing.helpful == nothing.harmful == nothing.trajectory == {} and nothing.space == "inputs"


@pytest.mark.parametrize(("part", "row"), [("train", 7), ("test", 3), ("validation", 0)])
def test_help_and_harm_are_the_influences_of_the_whole_matrix(part, row, audit, noisy):
    task, examples = noisy.task, getattr(noisy.task, part)
    network, train = noisy.run.network(task), task.tensors(task.train, np.arange(len(task.train)))
    asked = task.tensors(examples, np.array([row]))
    fitted = ekfac.fit(network, train[0], train[1], task.loss)
    value = ekfac_pairs.ekfac_dots(network, train, asked, task.loss, fitted).numpy()[:, 0] / len(task.train)
    if part == "train":
        value[row] = 0.0  # its own influence is no news
    seen, order = explain(audit, examples.ids[row], k=5, part=part), np.argsort(value)
    np.testing.assert_allclose(seen.helpful["value"], value[order[::-1][:5]], rtol=1e-3)
    np.testing.assert_allclose(seen.harmful["value"], value[order[:5]], rtol=1e-3)
    assert seen.helpful["id"].tolist() == task.train.ids[order[::-1][:5]].tolist()
    assert seen.harmful["label"].tolist() == task.train.targets[order[:5]].tolist()
    assert (seen.helpful["value"] > 0).all() and (seen.harmful["value"] < 0).all()
    assert len(seen.notes) == 1 and seen.notes[0].startswith("damping of 0.1")


def test_a_copy_helps_and_a_copy_with_another_label_hurts(noisy):
    train, ranks = noisy.task.train, {True: [], False: []}
    flat = train.inputs.reshape(len(train), -1)
    for row in np.flatnonzero(noisy.task.truth["duplicate"]).tolist():
        value = gradient_influence(noisy.evidence, "train", row)
        for twin in np.flatnonzero((flat == flat[row]).all(1) & (np.arange(len(flat)) != row)):
            ranks[train.targets[twin] == train.targets[row]].append((value <= value[twin]).mean())
    assert min(len(r) for r in ranks.values()) >= 4
    assert np.median(ranks[True]) > 0.95 and np.median(ranks[False]) < 0.05


def test_a_test_example_is_explained_from_all_models(audit, noisy):
    task, many, row = noisy.task, noisy.many, 5
    seen = explain(audit, task.test.ids[row], k=4, part="test")
    column = len(task.train) + len(task.validation) + row
    assert (seen.id, seen.label) == (task.test.ids[row], task.test.targets[row])
    assert seen.findings == () and seen.scores == {}
    np.testing.assert_array_equal(seen.trajectory["loss"], noisy.run["test_loss"][:, row])
    said = many["predicted"][:, column]
    assert seen.others["votes"] == (said == seen.others["suggested"]).sum() and seen.others["voters"] == 20
    right = many["correct"][:, column].astype(float)
    for id, value in zip(seen.influential["id"], seen.influential["influence"], strict=True):
        inside = many["member"][:, int(np.flatnonzero(task.train.ids == id)[0])]
        assert value == pytest.approx(right[inside].mean() - right[~inside].mean())
    x, here = noisy.run["features"].astype(float), noisy.run["test_features"][row].astype(float)
    np.testing.assert_allclose(seen.neighbours["distance"], np.sort(np.sqrt(((x - here) ** 2).sum(1)))[:4], rtol=1e-4)


def test_without_a_network_a_test_example_has_neighbours_among_inputs(noisy):
    audit = byheart.diagnose(byheart.score(None, noisy.many), noisy.task)
    seen = explain(audit, noisy.task.test.ids[2], part="test")
    assert seen.space == "inputs" and len(seen.neighbours["id"]) == 6 and seen.helpful == {}


def test_regression_is_explained_too(line):
    seen = explain(byheart.diagnose(line.scores, line.task), 3)
    assert isinstance(seen.label, float)
    assert seen.others == {}
    assert len(seen.trajectory["loss"]) == 20
    assert len(seen.helpful["id"]) == 6 and isinstance(seen.helpful["label"][0].item(), float)


def test_an_unknown_id_is_refused(audit):
    with pytest.raises(UsageError, match="no training example"):
        explain(audit, 987654)
    with pytest.raises(UsageError, match="no test example"):
        explain(audit, 987654, part="test")
    with pytest.raises(UsageError, match="no part"):
        explain(audit, 987654, part="tests")
