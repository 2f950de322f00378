"""How well it can be told what a network was trained on: by its loss, beside other networks, and beside few of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from byheart.privacy import pooled
from byheart.privacy.answers import Answers, answers_of
from byheart.privacy.attacks import Name
from byheart.privacy.leave_one_out import scores
from byheart.privacy.pairs import partners
from byheart.runs.subsets import record_subsets
from byheart.studies.criterion import above, at_most
from byheart.studies.study import Curve, Lab, Reading, Row, study
from byheart.studies.trained import pictures

MODELS, FEW = 40, 6  # models, each a target in turn; so many leave four references to each of a few
NAMES: tuple[Name, ...] = ("loss", "lira_online", "rmia_online")
ALARMS = 0.01


def never_trained_on(lab: Lab) -> Reading:
    """The same models, each said to have been trained on what another was: whole columns of membership dealt anew."""
    answers = answered(lab, lab.size(MODELS // 2, 8))
    order = np.random.default_rng([lab.seed, 11]).permutation(len(answers.ids))
    return measured(lab, replace(answers, member=answers.member[:, order]))


@study(
    Row("P04", (
        above("LiRA: hits", 0.0, "members found at 1 false alarm in 100 by LiRA, above those found by the loss"),
        above("LiRA: AUC", 0.0, "AUC of LiRA above that of the loss"),
    ), paper="carlini2022"),
    Row("P05", (
        above("few: RMIA ahead", 0.0, "AUC of RMIA above that of LiRA, four reference models"),
        at_most("many: RMIA behind", 0.02, "AUC of LiRA above that of RMIA, 38 reference models"),
    ), paper="zarifzadeh2024"),
    control=never_trained_on, cost=16, data=("fashion_mnist",),
)  # fmt: skip
def membership_attacks(lab: Lab) -> Reading:
    """Forty perceptrons on halves of 1,000 pictures of clothes, each attacked in turn with the others as references;
    and in groups of six.
    """
    return measured(lab, answered(lab, lab.size(MODELS, 12)))


def answered(lab: Lab, models: int) -> Answers:
    """What the models say of every example."""
    task = pictures(lab, "fashion_mnist", lab.size(1_000, 120), 40, (128,), epochs=lab.size(40, 2), lr=0.1)
    return answers_of(record_subsets(task, models, lab.folder / "subsets", lab.seed, share=0.5, jobs=1))


def measured(lab: Lab, answers: Answers) -> Reading:
    """All attacks with all models, and two of them in groups of few."""
    curves, hits, auc = [], {}, {}
    for name in NAMES:
        auc[name], curve = attacked(answers, name)
        fpr = np.geomspace(1e-3, 1, 40)
        tpr = curve.tpr[np.searchsorted(curve.fpr, fpr + 1e-12, side="right") - 1]
        hits[name] = float(tpr[np.searchsorted(fpr, ALARMS) - 1])
        curves.append(Curve(name.replace("_", " "), np.log10(fpr).tolist(), tpr.tolist()))
    groups = [range(k, k + FEW) for k in range(0, answers.models - FEW + 1, FEW)]
    few = {name: np.mean([attacked(part(answers, g), name)[0] for g in groups]) for name in NAMES[1:]}
    values = {
        "LiRA: hits": hits["lira_online"] - hits["loss"], "LiRA: AUC": auc["lira_online"] - auc["loss"],
        "few: RMIA ahead": float(few["rmia_online"] - few["lira_online"]),
        "many: RMIA behind": auc["lira_online"] - auc["rmia_online"],
    }  # fmt: skip
    return Reading(values, curves, "false alarms, log 10", "members found")


def attacked(answers: Answers, name: Name) -> tuple[float, pooled.Curve]:
    """AUC and curve of an attack, all targets pooled."""
    said = scores(answers, partners(answers.member, answers.ids), name)
    return pooled.auc(said, answers.member), pooled.curve(said, answers.member)


def part(answers: Answers, models: range) -> Answers:
    """The answers of some models alone."""
    rows = {name: getattr(answers, name)[list(models)] for name in ("member", "loss", "phi", "probability")}
    return replace(answers, **rows)
