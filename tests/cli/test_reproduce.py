import json

import pytest

from byheart.cli.app import main
from byheart.cli.reproduce import said
from byheart.studies.claims import claims


def test_claims_are_listed_with_their_state(capsys):
    assert main(["ls", "claims", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == len(claims())
    assert {row["state"] for row in rows} >= {"runs", "waits for language models"}


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["reproduce"], "No claim is named"),
        (["reproduce", "Q01"], "no claim 'Q01'"),
        (["reproduce", "C30"], "cannot be measured yet"),
        (["reproduce", "A01", "--seeds", "1"], "no spread"),
        (["reproduce", "A01", "--budget", "soon"], "is not a time"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_runs(words, what, capsys, tmp_path):
    assert main([*words, "--out", str(tmp_path / "claims")]) == 2
    assert what in capsys.readouterr().err
    assert not (tmp_path / "claims").exists()


def test_a_budget_that_fits_nothing_says_so(capsys, tmp_path):
    assert main(["reproduce", "A01", "--budget", "1s", "--out", str(tmp_path)]) == 2
    assert "fits" in capsys.readouterr().err


def test_the_command_that_measures_it_again():
    assert said(("A01",), None, None, False, None, 3, 0) == "byheart reproduce A01"
    assert said((), "C", None, False, "10min", 5, 2) == "byheart reproduce --text C --budget 10min --seeds 5 --seed 2"
    assert said((), None, None, True, None, 3, 0) == "byheart reproduce --all"
