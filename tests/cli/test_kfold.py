"""byheart kfold, as the command line calls it."""

import json

from byheart.cli.app import main


def test_a_summary_json_and_instant_again(shared_file, tmp_path, capsys):
    words = ["kfold", f"{shared_file}:make_task", "--folds", "3", "--plant", "label-noise=0.1", "--out", str(tmp_path)]
    assert main(words) == 0
    said = capsys.readouterr()
    assert said.out.strip() == str(tmp_path) and "each answered once out of fold" in said.err
    before = (tmp_path / "fold-00.safetensors").stat().st_mtime_ns
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["folds"] == 3 and found["examples"] == 100 and len(found["by_fold"]) == 3
    assert found["low"] < found["value"] < found["high"] and found["doubted"]
    assert (tmp_path / "fold-00.safetensors").stat().st_mtime_ns == before


def test_another_seed_in_the_same_folder_is_refused(shared_file, tmp_path, capsys):
    words = ["kfold", f"{shared_file}:make_task", "--folds", "2", "--out", str(tmp_path)]
    assert main(words) == 0
    assert main([*words, "--seed", "1"]) == 3
    assert "do " in capsys.readouterr().err
    assert main([*words[:3], "0", *words[4:]]) in (2, 3)
