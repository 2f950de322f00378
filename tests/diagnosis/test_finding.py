import numpy as np
import pytest

from byheart.base.errors import UsageError
from byheart.diagnosis.finding import Finding


def test_its_share_has_an_interval():
    finding = Finding("MEM001", "mislabelled", "warn", np.arange(30), 300, "", "")
    share, low, high = finding.share
    assert share == 0.1
    assert 0.06 < low < 0.1 < high < 0.15
    assert repr(finding) == "Finding(MEM001 mislabelled, warn, 30 of 300)"


def test_what_does_not_fit_is_refused():
    with pytest.raises(UsageError, match="column 'given' has 2 rows"):
        Finding("MEM001", "mislabelled", "warn", np.arange(3), 300, "", "", {"given": np.arange(2)})
