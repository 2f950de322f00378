from __future__ import annotations

import numpy as np

from byheart.reports import facts


def test_headline_names_data_network_and_seed(pictures) -> None:
    line = facts.headline(pictures)
    assert line.startswith("few · 200 train, 30 validation, 30 test, 10 classes · mlp, ")
    assert line.endswith("parameters · seed 0")


def test_performance_is_what_was_measured(pictures) -> None:
    numbers = {n.name: n for n in facts.performance(pictures)}
    right = (pictures.scores.run["final_test_logits"].argmax(1) == pictures.task.test.targets).mean()
    assert numbers["test accuracy"].text.startswith(f"{100 * right:.1f} ±")
    assert numbers["test accuracy"].rests_on == "30 examples"


def test_memorized_count_agrees_with_the_share(pictures) -> None:
    share = pictures.measures["share"]
    assert facts.memorized_count(pictures).text == f"{round(share.value * share.n)} of 200"


def test_regression_speaks_of_loss(regression) -> None:
    assert [n.name for n in facts.performance(regression)] == ["train loss", "test loss"]


def test_how_made_repeats_digests_recipe_and_command(pictures) -> None:
    made = dict(facts.how_made(pictures))
    assert made["data digest"] == pictures.task.digests["data"][:16]
    assert made["command"] == pictures.command
    assert "epochs 15" in made["recipe"] and "torch" in made["versions"]


def test_times_come_from_the_folder(pictures) -> None:
    said = dict(facts.times(pictures))
    assert said["subset models"].startswith("20 in ") and said["one training"].endswith("of CPU")


def test_split_cuts_after_the_first_sentence() -> None:
    text = "It memorized 9.6 ± 0.8 % of e.g. this (1.4 % by chance). Trained without them, better."
    assert facts.split(text) == (
        "It memorized 9.6 ± 0.8 % of e.g. this (1.4 % by chance).",
        "Trained without them, better.",
    )
    assert facts.split("One.") == ("One.", "")


def test_the_turning_epoch_is_where_validation_loss_is_least(pictures) -> None:
    turn = facts.turning_epoch(pictures)
    loss = np.asarray(pictures.scores.run["validation_loss"]).mean(1)
    assert turn is None or abs(turn - 1 - loss.argmin()) <= 5
