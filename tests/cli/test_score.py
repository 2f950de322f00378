import json

import numpy as np
import pandas as pd
import pytest

import byheart
from byheart.cli.app import main


def test_the_table_names_every_score_once(recorded, capsys):
    assert main(["score", str(recorded)]) == 0
    said = capsys.readouterr()
    names = [line.split()[0] for line in said.out.splitlines()[1:]]
    scores = byheart.score(byheart.Run(recorded), byheart.SubsetRuns(recorded / "subsets"))
    assert names == list(scores.columns)
    assert all(name in said.err for name in scores.skipped)


def test_json_holds_every_value(recorded, capsys):
    assert main(["score", str(recorded), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    run = byheart.Run(recorded)
    assert found["examples"]["id"] == run.ids.tolist()
    np.testing.assert_allclose(found["examples"]["cumulative_loss"], byheart.score(run)["cumulative_loss"])


def test_only_the_scores_asked_for(recorded, capsys):
    assert main(["score", str(recorded), "--scores", "aum, forgetting", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["examples"]) == {"id", "aum", "forgetting"}


def test_with_the_task_the_network_is_scored_and_it_says_how(recorded, shared_file, capsys):
    words = ["score", str(recorded), "--task", f"{shared_file}:make_task", "--scores", "gradient_norm,self_influence"]
    assert main(words) == 0
    said = capsys.readouterr()
    assert [line.split()[0] for line in said.out.splitlines()[1:]] == ["gradient_norm", "self_influence"]
    assert (
        "how  self_influence: damping of 0.1 of the mean eigenvalue: " in said.err and "how  gradient" not in said.err
    )
    assert main([*words, "--json"]) == 0
    assert "damping" in json.loads(capsys.readouterr().out)["notes"]["self_influence"]
    assert main([*words, "--plant", "label-noise=0.1"]) == 2
    assert "another data" in capsys.readouterr().err


@pytest.mark.parametrize(("ending", "read"), [("csv", pd.read_csv), ("parquet", pd.read_parquet)])
def test_the_table_as_a_file(ending, read, recorded, tmp_path, capsys):
    path = tmp_path / f"scores.{ending}"
    assert main(["score", str(recorded), "--out", str(path)]) == 0
    assert len(read(path)) == 100


def test_what_cannot_be_scored(recorded, tmp_path, capsys):
    assert main(["score", str(tmp_path / "none")]) == 3
    assert main(["score", str(recorded / "subsets")]) == 3
    assert main(["score", str(recorded), "--scores", "amu"]) == 2
    assert main(["score", str(recorded), "--out", str(tmp_path / "scores.xls")]) == 2
    said = capsys.readouterr().err
    assert "did you mean 'aum'" in said
    assert "Traceback" not in said
