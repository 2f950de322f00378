import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from byheart.base.errors import NotApplicable
from byheart.diagnosis.loss_mixture import loss_mixture


def losses(seed=0, n=400, wrong=80, apart=3.0):
    random = np.random.default_rng(seed)
    x = np.abs(np.concatenate([random.normal(0.5, 0.3, n - wrong), random.normal(apart, 0.7, wrong)]))
    return x, np.arange(n) >= n - wrong


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_mixture_that_scikit_learn_fits(seed):
    x, wrong = losses(seed)
    found = loss_mixture(x)
    z = ((x - x.min()) / np.ptp(x))[:, None]
    peer = GaussianMixture(
        2, reg_covar=0, tol=1e-10, max_iter=500, means_init=[[z[~wrong].mean()], [z[wrong].mean()]]
    ).fit(z)
    assert np.allclose(found, peer.predict_proba(z)[:, 1], atol=1e-3)


def test_two_kinds_are_told_apart():
    x, wrong = losses(apart=4.0)
    assert ((loss_mixture(x) > 0.5) == wrong).mean() > 0.97


def test_scale_and_order_do_not_matter_and_a_missing_loss_stays_missing():
    x, _ = losses()
    order = np.random.default_rng(1).permutation(len(x))
    assert np.allclose(loss_mixture(7 * x + 3)[order], loss_mixture(x[order]), atol=1e-6)
    x[5] = np.nan
    found = loss_mixture(x)
    assert np.isnan(found[5])
    assert np.isfinite(np.delete(found, 5)).all()


def test_equal_losses_make_no_mixture():
    with pytest.raises(NotApplicable, match="differ"):
        loss_mixture(np.ones(10))
