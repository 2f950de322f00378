"""What each action takes from an audit: which examples, with what, and why."""

import dataclasses

import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.controls.from_audit import (
    HAND,
    deduplicating,
    dropping,
    generating,
    out_of_sample,
    relabelling,
    reweighting,
    stopping,
)


@pytest.fixture(scope="session")
def alone(judged):
    """The same audit without subset models: nobody left an example out."""
    return dataclasses.replace(judged, scores=dataclasses.replace(judged.scores, many=None))


def place(audit) -> dict:
    return {i: k for k, i in enumerate(audit.task.train.ids.tolist())}


def believed(audit) -> np.ndarray:
    """Out-of-sample probabilities by a slow loop over the models that left an example out."""
    many, found = audit.scores.many, []
    for row in range(len(audit.task.train)):
        logits = many["logits"][~many["member"][:, row], row].astype(float)
        p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        found.append(p.mean(0) if len(p) else np.full(audit.task.classes, np.nan))
    return np.array(found)


def test_out_of_sample_is_the_loop(judged, alone):
    np.testing.assert_allclose(out_of_sample(judged, None), believed(judged), atol=1e-6)
    given = np.full((len(judged.task.train), 10), 0.1)
    assert out_of_sample(judged, given) is not None and out_of_sample(alone, None) is None
    np.testing.assert_array_equal(out_of_sample(judged, given), given)
    with pytest.raises(UsageError, match="shape"):
        out_of_sample(judged, given[:-1])


def test_dropping(judged):
    finding = judged["MEM001"]
    action = dropping(judged, "MEM001")
    assert action.ids == tuple(finding.ids.tolist()) and action.reason == f"MEM001 mislabelled: {finding.evidence}"
    both = dropping(judged, ["MEM001", "MEM002"])
    union = dict.fromkeys([*finding.ids.tolist(), *judged["MEM002"].ids.tolist()])
    assert both.ids == tuple(union) and "MEM001" in both.reason and "MEM002" in both.reason
    learned = judged.scores["memorization"] >= 0.25
    assert set(dropping(judged, "memorized").ids) == set(judged.task.train.ids[learned].tolist())
    by_hand = dropping(judged, judged.task.train.ids[[7, 3]])
    assert by_hand.ids == tuple(judged.task.train.ids[[7, 3]].tolist()) and by_hand.reason == HAND


def test_relabelling_takes_the_likeliest_class_out_of_sample(judged):
    action, p, y, at = relabelling(judged, "MEM001"), believed(judged), judged.task.train.targets, place(judged)
    wanted = {}
    for i in judged["MEM001"].ids.tolist():
        row = at[i]
        if not np.isnan(p[row]).any() and p[row].argmax() != y[row]:
            wanted[i] = (str(y[row]), str(p[row].argmax()))
    assert {i: pair for i, *pair in zip(action.ids, action.given, action.to, strict=True)} == {
        i: [*pair] for i, pair in wanted.items()
    }
    kept = judged["MEM001"].count - len(wanted)
    assert (f"{kept} example" in action.reason) == (kept > 0)
    one_hot = np.eye(10)[(y + 3) % 10]  # other probabilities, other labels
    assert relabelling(judged, "MEM001", one_hot).to == tuple(
        str((y[at[i]] + 3) % 10) for i in judged["MEM001"].ids.tolist()
    )
    with pytest.raises(UsageError, match="agree with their labels"):
        relabelling(judged, "MEM001", np.eye(10)[y])


def test_labels_of_ones_own(judged, alone):
    i = judged.task.train.ids[4].item()
    action = relabelling(alone, {i: "7"})
    assert (action.ids, action.to, action.reason) == ((i,), ("7",), HAND)
    assert action.given == (str(judged.task.train.targets[4]),)
    with pytest.raises(UsageError, match="Nobody says"):
        relabelling(alone, "MEM001")


def test_weights_that_fit_the_finding(judged, alone):
    p, y, at = believed(judged), judged.task.train.targets, place(judged)
    doubted = reweighting(judged, "MEM001")
    for i, weight in zip(doubted.ids, doubted.weights, strict=True):
        assert weight == pytest.approx(1.0 if np.isnan(p[at[i], y[at[i]]]) else p[at[i], y[at[i]]], abs=1e-4)
    rare, k, n = reweighting(judged, "MEM003"), judged["MEM003"].count, len(y)
    assert set(rare.weights) == {round((n - k) / k, 4)} and len(rare.ids) == k
    finding, copies = judged["MEM002"], reweighting(judged, "MEM002")
    sets = finding.table["group"].tolist()
    assert dict(zip(copies.ids, copies.weights, strict=True)) == {
        i: pytest.approx(1 / sets.count(group), abs=1e-4) for i, group in zip(finding.ids.tolist(), sets, strict=True)
    }
    half = reweighting(judged, "MEM001=0.5")
    assert half.ids == doubted.ids and set(half.weights) == {0.5} and half.reason.startswith("MEM001")
    own = reweighting(judged, {3: 2, 2: "0.25"})
    assert (own.ids, own.weights, own.reason) == ((3, 2), (2.0, 0.25), HAND)
    for audit, what in ((alone, "MEM001"), (judged, "memorized"), (judged, [2, 3]), (judged, "MEM001=much")):
        with pytest.raises(UsageError):
            reweighting(audit, what)


def test_deduplicating_by_the_majority_and_by_belief_where_labels_tie(judged, alone):
    task, p, at = judged.task, believed(judged), place(judged)
    finding = judged["MEM002"]
    sets = {g: sorted(at[i] for i, h in zip(finding.ids.tolist(), finding.table["group"], strict=True) if h == g)
            for g in set(finding.table["group"].tolist())}  # fmt: skip
    wanted, without = {}, {}
    for members in sets.values():
        y = task.train.targets[members].tolist()
        counts = [y.count(label) for label in y]
        believes = [np.nanmean(p[members], axis=0)[label] for label in y]
        best = max(range(len(y)), key=lambda k: (counts[k], believes[k], -k))
        tie = len({label for label, c in zip(y, counts, strict=True) if c == max(counts)}) > 1
        ids = task.train.ids[members].tolist()
        wanted[ids[best]] = {*ids} - {ids[best]}
        without[None if tie else ids[best], ids[0]] = {*ids} if tie else {*ids} - {ids[best]}
    action = deduplicating(judged, "MEM002")
    assert {k: {*d} for k, d in zip(action.keep, action.drop, strict=True)} == wanted
    action = deduplicating(alone, "MEM002")
    assert sum(k is None for k in action.keep) == judged["MEM002"].table["conflict"].sum() / 2 == 3
    assert sorted(map(sorted, action.drop)) == sorted(map(sorted, without.values()))
    with pytest.raises(UsageError, match="copy of what"):
        deduplicating(judged, "MEM001")


@pytest.mark.parametrize(
    ("text", "kind", "count", "of"),
    [
        ("smote=MEM003", "smote", None, "MEM003"), ("smote(MEM003, count=4)", "smote", 4, "MEM003"),
        ("noise(MEM001, 30)", "noise", 30, "MEM001"), ("mixup=memorized", "mixup", None, "memorized"),
        ("mixup=25", "mixup", 25, None), ("noise=3", "noise", 3, None),
    ],
)  # fmt: skip
def test_generating_reads_its_text(judged, text, kind, count, of):
    action = generating(judged, text, 0)
    sources = judged.task.train.ids.tolist() if of is None else list(dropping(judged, of).ids)
    wanted = len(sources) if count is None else count
    assert action.kind == kind and len(action.ids) == wanted
    assert len(set(action.sources)) == min(wanted, len(sources)) and set(action.sources) <= set(sources)
    assert action == generating(judged, text, 0) != generating(judged, text, 1)


@pytest.mark.parametrize(
    "text",
    ["smote", "smote=MEM099", "mixup=2.5", "mixup=-3", "mixup=0", "mixup=True", "mixup(200, 5)", "mixup(200, count=5)",
     "mixup(MEM003, 5, 6)", "mixup(MEM003, many=5)", "mixup(MEM003, count=x)", "mixup(", "magic=5"],
)  # fmt: skip
def test_generating_refuses(judged, text):
    with pytest.raises(UsageError):
        generating(judged, text, 0)


def test_stopping_at_the_best_epoch_or_at_a_named_one(judged):
    run = judged.scores.run
    assert stopping(judged, 4).epochs == stopping(judged, "4").epochs == 4 and stopping(judged, 4).reason == HAND
    best = stopping(judged, "best")
    right = run["validation_correct"].astype(float).mean(1)  # below 30 epochs nothing is averaged
    assert best.epochs == int(np.argmax(right)) + 1 < run.epochs and f"epoch {best.epochs} of 15" in best.reason
    unwatched = dataclasses.replace(judged, scores=dataclasses.replace(judged.scores, run=None))
    for audit, at in ((judged, "soon"), (judged, 0), (judged, "²"), (judged, "-1"), (unwatched, "best")):
        with pytest.raises(UsageError):
            stopping(audit, at)
    assert stopping(unwatched, 3).epochs == 3


def test_what_is_named_wrongly(judged):
    for what in ([], "MEM007", "MEM099", "mem001", [10**6], ["MEM001", 3], ["MEM0O1"]):
        with pytest.raises(UsageError) as error:
            dropping(judged, what)
        assert error.value.what
