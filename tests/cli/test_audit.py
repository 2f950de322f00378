"""The main job through its words: what a person and a machine get. What an audit finds is tested where it is found."""

import json
import shlex
from types import SimpleNamespace

import pytest

from byheart.cli.app import main
from byheart.cli.audit import again, measured
from byheart.cli.gate import COLUMNS, MEASURES
from byheart.diagnosis.verdict import Measure, missing


def same_again(shared_file, audited, *words: str) -> int:
    """The command of the fixture once more: it reads what is there."""
    source = f"{shared_file}:make_task"
    options = ["--plant", "label-noise=0.1", "--models", "8", "--out", str(audited)]
    return main(["audit", source, *options, *words])


def test_the_folder_holds_report_and_twins(audited):
    assert (audited / "audit.html").read_text().startswith("<!doctype html>")
    assert {"audit.json", "scores.parquet", "run", "subsets"} <= {p.name for p in audited.iterdir()}


def test_the_screen_begins_with_the_verdict_and_ends_with_the_command(shared_file, audited, capsys):
    assert same_again(shared_file, audited) == 0
    said = capsys.readouterr()
    verdict = json.loads((audited / "audit.json").read_text())["verdict"]
    assert said.out.split()[0] == verdict["word"].upper()
    assert str(audited / "audit.html") in said.out
    command = " ".join(said.out[said.out.index("\nagain ") :].split()[1:])
    assert command == json.loads((audited / "audit.json").read_text())["command"]
    assert shlex.split(command)[:3] == ["byheart", "audit", f"{shared_file}:make_task"]
    assert len(said.out.splitlines()) <= 40
    assert "\033" not in said.out
    assert "100 train, 30 validation, 30 test, 2 classes" in said.err
    assert "8 subset models" in said.err


def test_json_is_the_twin_and_nothing_else(shared_file, audited, capsys):
    assert same_again(shared_file, audited, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said == json.loads((audited / "audit.json").read_text())


def test_fail_on(shared_file, audited, capsys):
    assert same_again(shared_file, audited, "--fail-on", "test_accuracy<0") == 0
    assert same_again(shared_file, audited, "--fail-on", "test_accuracy>=0%, MEM001") == 1
    assert "fail-on  test_accuracy is" in capsys.readouterr().err
    assert same_again(shared_file, audited, "--fail-on", "tpr@1%>2%") == 1
    assert "fail-on  tpr@1% was not measured: --privacy measures it" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        ["--budget", "soon"],
        ["--fail-on", "bad"],
        ["--network", "mpl"],
        ["--plant", "label-nose=0.1"],
        ["--plant", "label-noise=2"],
        ["--models", "1"],
        ["--epochs", "0"],
    ],
)
def test_what_is_wrong_is_said_before_anything_is_trained(wrong, shared_file, tmp_path, capsys):
    assert main(["audit", f"{shared_file}:make_task", "--out", str(tmp_path / "new"), *wrong]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not list(tmp_path.rglob("trajectory.safetensors"))


def test_every_measure_of_an_audit_can_be_a_gate(audited):
    names = set(json.loads((audited / "audit.json").read_text())["measures"])
    assert names <= {COLUMNS.get(name, name) for name in MEASURES}


def test_the_command_that_is_printed_is_understood():
    from byheart.cli.app import app

    command = again("a b.py:f", plant="label-noise=0.1", models=None, out="x y", seed=3, redact=True)
    assert command == "byheart audit 'a b.py:f' --plant label-noise=0.1 --out 'x y' --seed 3 --redact"
    _, bound, _ = app.parse_args(shlex.split(command)[1:], exit_on_error=False)
    assert bound.arguments["seed"] == 3


def test_report_writes_it_again_without_training(audited, capsys):
    (audited / "audit.html").unlink()
    before = {p: p.stat().st_mtime_ns for p in audited.rglob("*.safetensors")}
    assert main(["report", str(audited)]) == 0
    assert (audited / "audit.html").exists()
    assert {p: p.stat().st_mtime_ns for p in audited.rglob("*.safetensors")} == before
    assert main(["report", str(audited / "run")]) == 3


def test_ls_finds_the_runs_of_an_audit(audited, capsys):
    assert main(["ls", "runs", str(audited), "--json"]) == 0
    kinds = {row["name"]: row["kind"] for row in json.loads(capsys.readouterr().out)}
    assert kinds["run"] == "run"
    assert kinds["subsets"] == "subsets"


def test_measures_that_were_not_measured_are_left_out():
    found = SimpleNamespace(measures={"a": Measure("a", 1.0), "b": missing("b", "more budget")})
    assert measured(found) == {"a": 1.0}


def test_a_redacted_report_holds_no_contents(shared_file, audited, tmp_path, capsys):
    """The unusual features of table rows are in the report, unless it is redacted; the judgement is the same."""
    open_page = (audited / "audit.html").read_text()
    assert same_again(shared_file, audited, "--redact") == 0
    closed_page = (audited / "audit.html").read_text()
    assert same_again(shared_file, audited) == 0
    assert '"bars":null' in closed_page
    assert '"bars":null' not in open_page
    assert len(closed_page) < len(open_page)


def test_fresh_forgets_the_audit_and_nothing_else(file, capsys):
    """Even in a folder that somebody keeps other things in."""
    words = ["audit", f"{file}:make_task", "--models", "0", "--epochs", "2", "--out", str(file.parent)]
    assert main(words) == 0
    mine = [file, file.parent / "precious.txt"]
    mine[1].write_text("keep")
    first = (file.parent / "run" / "trajectory.safetensors").stat().st_mtime_ns
    assert main([*words, "--seed", "1"]) == 3  # another seed does not go on here
    assert main([*words, "--seed", "1", "--fresh"]) == 0
    assert (file.parent / "run" / "trajectory.safetensors").stat().st_mtime_ns > first
    assert all(path.exists() for path in mine)


def test_privacy_is_measured_on_the_models_that_are_there(shared_file, audited, tmp_path, capsys):
    import shutil

    out = tmp_path / "private"
    shutil.copytree(audited, out)
    before = {p.name: p.stat().st_mtime_ns for p in (out / "subsets").glob("model-*")}
    words = ["audit", f"{shared_file}:make_task", "--plant", "label-noise=0.1", "--models", "8", "--out", str(out)]
    assert main([*words, "--privacy", "--fail-on", "attack_auc>=0.01, tpr@0.1%>2%"]) == 1
    said = capsys.readouterr()
    assert "fail-on  attack_auc is" in said.err and "--privacy" in said.out
    assert "tpr@0.1% is not resolvable with 227 non-members, needs at least 10,000" in said.err
    assert "\nprivacy  How many records" in said.out and "Self-check:" in said.out
    assert before == {p.name: p.stat().st_mtime_ns for p in (out / "subsets").glob("model-*")}
    told = json.loads((out / "audit.json").read_text())
    assert told["privacy"]["models"] == 8 and told["privacy"]["few_clusters"]
    assert 'id="chart-roc"' in (out / "audit.html").read_text()


def test_a_checkpoint_is_attacked_with_models_of_the_same_task(shared_file, recorded, tmp_path, capsys):
    weights, out = recorded / "network.safetensors", tmp_path / "given"
    words = ["audit", f"{shared_file}:make_task", "--checkpoint", str(weights), "--privacy", "--out", str(out)]
    assert main([*words, "--models", "4", "--fail-on", "tpr@1%>5%"]) == 1
    said = capsys.readouterr()
    assert "compared with 4 subset models" in said.err and "--privacy" in said.out and "\nprivacy  " in said.out
    assert "tpr@1% is not resolvable with 60 non-members, needs at least 1,000" in said.err
    told = json.loads((out / "audit.json").read_text())
    assert told["privacy"]["target"] == "checkpoint" and told["privacy"]["members"] == 100
    assert 'id="chart-roc"' in (out / "audit.html").read_text()
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*.safetensors")}
    assert main(["report", str(out)]) == 0
    assert before == {p: p.stat().st_mtime_ns for p in out.rglob("*.safetensors")}


def test_a_budget_decides_how_many_models_a_checkpoint_is_compared_with(shared_file, recorded, tmp_path, capsys):
    weights, out = recorded / "network.safetensors", tmp_path / "given"
    words = ["audit", f"{shared_file}:make_task", "--checkpoint", str(weights), "--privacy", "--out", str(out)]
    assert main([*words, "--budget", "1s"]) == 2
    assert "buys no models to compare the network with" in capsys.readouterr().err
    assert main([*words, "--models", "0"]) == 2
    assert "without models to compare it with" in capsys.readouterr().err
    out.mkdir()
    (out / "plan.json").write_text(json.dumps({"budget": 120.0, "models": 4, "pairs": 0}))
    assert main(words) == 0
    assert "compared with 4 subset models" in capsys.readouterr().err


def test_layers_are_located_and_the_report_is_written_again_with_them(shared_file, tmp_path, capsys):
    out = tmp_path / "located"
    words = ["audit", f"{shared_file}:make_task", "--plant", "label-noise=0.1", "--models", "8", "--out", str(out)]
    assert main([*words, "--epochs", "30", "--locate"]) == 0
    said = capsys.readouterr()
    assert "--locate" in said.out and "located" in said.out and "located by layer" in said.err
    told = json.loads((out / "audit.json").read_text())
    assert told["location"]["whose"] and told["location"]["retrained_epochs"] == 10
    (out / "audit.html").unlink()
    before = {p: p.stat().st_mtime_ns for p in (*out.rglob("*.safetensors"), out / "located.json")}
    assert main(["report", str(out)]) == 0
    assert 'id="chart-location"' in (out / "audit.html").read_text()
    assert before == {p: p.stat().st_mtime_ns for p in (*out.rglob("*.safetensors"), out / "located.json")}


def test_a_checkpoint_says_why_no_layer_is_asked(shared_file, recorded, tmp_path, capsys):
    weights, out = recorded / "network.safetensors", tmp_path / "given"
    words = ["audit", f"{shared_file}:make_task", "--checkpoint", str(weights), "--locate", "--out", str(out)]
    assert main(words) == 0
    said = capsys.readouterr()
    assert "--locate" in said.out and "no checkpoints that layers could be rewound to" in " ".join(said.out.split())
    assert "nothing was trained here" in (out / "audit.html").read_text()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_an_audit_on_a_cluster_is_that_of_one_process(cluster, shared_file, tmp_path):
    words = ["audit", f"{shared_file}:make_task", "--models", "6", "--privacy"]
    assert main([*words, "--out", str(tmp_path / "here")]) == 0
    assert main([*words, "--out", str(tmp_path / "far"), "--ray", cluster.address]) == 0
    here, far = (
        {p.name: p.read_bytes() for p in (tmp_path / place / "subsets").iterdir() if p.name != "timing.json"}
        for place in ("here", "far")
    )
    assert here == far and len([name for name in far if name.startswith("model-")]) == 6
    told = [json.loads((tmp_path / place / "audit.json").read_text()) for place in ("here", "far")]
    assert told[0]["privacy"] == told[1]["privacy"] and told[0]["findings"] == told[1]["findings"]


@pytest.mark.parametrize("words", [["--query", "mirror"], ["--query", "mirror", "--privacy", "--checkpoint", "a.pt"]])
def test_queries_are_about_attacks_on_subset_models(shared_file, words, capsys):
    assert main(["audit", f"{shared_file}:make_task", *words]) == 2
    assert "give --privacy, without --checkpoint" in capsys.readouterr().err


def test_queries_about_a_table_are_refused_before_training(shared_file, tmp_path, capsys):
    words = ["audit", f"{shared_file}:make_task", "--privacy", "--query", "mirror", "--out", str(tmp_path / "new")]
    assert main(words) == 2
    assert "The query mirror changes images" in capsys.readouterr().err and not list(tmp_path.rglob("*.safetensors"))


def test_a_cluster_needs_a_number_of_models_and_has_to_answer(shared_file, tmp_path, capsys):
    words = ["audit", f"{shared_file}:make_task", "--out", str(tmp_path / "audit"), "--ray", "127.0.0.1:1"]
    assert main(words) == 2
    assert "say how many: --models 64" in capsys.readouterr().err
    pytest.importorskip("ray")
    assert main([*words, "--models", "2"]) == 3
    assert "No Ray cluster answers at 127.0.0.1:1" in capsys.readouterr().err
    assert not (tmp_path / "audit" / "audit.html").exists()
