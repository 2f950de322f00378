"""The probability that models without an example give to its label."""

import numpy as np
import pytest

from byheart.base.errors import NotApplicable
from byheart.runs.left_out import class_probabilities
from byheart.scores.subset.held_out_probability import held_out_label_probability


def test_the_labels_probability_is_the_mean_softmax_without_the_example(evidence):
    found = held_out_label_probability(evidence["member"], evidence["many_loss"], evidence["targets"])
    out = ~evidence["member"][:, 3]
    expected = evidence["p"][out, 3, evidence["targets"][3]]
    assert found.value[3] == pytest.approx(expected.mean())
    assert found.se[3] == pytest.approx(expected.std(ddof=1) / out.sum() ** 0.5)
    assert np.isnan(found.value[0])


def test_the_mean_probabilities_sum_to_one_and_hold_the_labels(evidence):
    p = class_probabilities(evidence["member"], evidence["many_logits"])
    assert np.isnan(p[0]).all()
    np.testing.assert_allclose(p[1:].sum(1), 1.0)
    label = held_out_label_probability(evidence["member"], evidence["many_loss"], evidence["targets"]).value
    np.testing.assert_allclose(p[np.arange(30), evidence["targets"]][1:], label[1:], atol=1e-9)


def test_regression_does_not_apply(evidence):
    with pytest.raises(NotApplicable):
        held_out_label_probability(evidence["member"], evidence["many_loss"], evidence["targets"].astype(np.float32))
