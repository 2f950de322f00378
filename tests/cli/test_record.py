import json

import numpy as np
import pytest

import byheart
from byheart.cli.app import main


def test_a_recording_is_a_run_that_can_be_opened(recorded):
    assert byheart.Run(recorded)["loss"].shape == (8, 100)
    assert byheart.SubsetRuns(recorded / "subsets").models == 8


def test_the_folder_is_the_result_and_the_rest_is_talk(shared_file, recorded, capsys):
    """The same command again reads what is there."""
    before = (recorded / "trajectory.safetensors").stat().st_mtime_ns
    assert main(["record", f"{shared_file}:make_task", "--out", str(recorded), "--models", "8"]) == 0
    said = capsys.readouterr()
    assert said.out == f"{recorded}\n"
    assert "100 examples, 8 epochs, 8 models on random subsets" in said.err
    assert f"byheart score {recorded}" in said.err
    assert (recorded / "trajectory.safetensors").stat().st_mtime_ns == before


def test_options_reach_the_task(file, capsys):
    words = ["record", f"{file}:make_task", "--out", str(file.parent / "run"), "--epochs", "2", "--seed", "5"]
    assert main([*words, "--plant", "label-noise=0.2"]) == 0
    run = byheart.Run(file.parent / "run")
    assert (run.epochs, run.record.seed) == (2, 5)
    clean = byheart.load(f"{file}:make_task").train.targets
    assert np.count_nonzero(run.targets != clean) == 20


def test_a_folder_of_another_seed_is_refused(shared_file, recorded, capsys):
    assert main(["record", f"{shared_file}:make_task", "--out", str(recorded), "--seed", "1"]) == 3
    said = capsys.readouterr().err
    assert "seed" in said
    assert json.loads((recorded / "run.json").read_text())["seed"] == 0


def test_trainings_beside_the_run_add_columns_to_its_scores(file, capsys):
    out = file.parent / "run"
    words = ["record", f"{file}:make_task", "--out", str(out), "--epochs", "3"]
    assert main(words) == 0
    capsys.readouterr()
    assert main(["score", str(out)]) == 0
    said = capsys.readouterr()
    for name in ("second-split", "threshold-samples"):
        assert f"byheart record --{name}" in said.err
    assert main([*words, "--second-split", "--threshold-samples"]) == 0
    assert "3 epochs, second split, threshold samples" in capsys.readouterr().err
    assert main(["score", str(out)]) == 0
    said = capsys.readouterr()
    for name in ("second_split_forgetting", "aum_over_threshold"):
        assert f"{name} " in said.out and name not in said.err


def test_trainings_that_need_classes_are_refused_beforehand(tmp_path, capsys):
    assert main(["record", "diabetes", "--out", str(tmp_path / "run"), "--second-split"]) == 2
    assert "diabetes is a regression task" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_mirror_is_filled_and_ray_and_mirror_need_models(file, tmp_path, capsys):
    words = ["record", f"{file}:make_task", "--out", str(tmp_path / "run"), "--epochs", "1"]
    for option in (["--mirror", f"file://{tmp_path}/far"], ["--ray", "auto"]):
        assert main([*words, *option]) == 2
        assert "--models 64" in capsys.readouterr().err
    assert main([*words, "--models", "2", "--mirror", f"file://{tmp_path}/far"]) == 0
    assert (tmp_path / "far" / "model-0001.safetensors").exists()


def test_a_cluster_that_does_not_answer_is_told_before_anything_is_lost(file, tmp_path, capsys):
    words = ["record", f"{file}:make_task", "--out", str(tmp_path / "run"), "--epochs", "1", "--models", "2"]
    pytest.importorskip("ray")
    assert main([*words, "--ray", "127.0.0.1:1"]) == 3
    assert "No Ray cluster answers at 127.0.0.1:1" in capsys.readouterr().err
    assert main(words) == 0
