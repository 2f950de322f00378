"""The attacks by name: what each needs, where it is from, and which is trusted with how many reference models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Name = Literal[
    "loss", "attack_p", "calibrated", "attack_r", "lira_offline", "lira_online", "rmia_offline", "rmia_online"
]
MANY = 32  # references from which LiRA with shrunk variance is at least level with RMIA
FEW = 4  # references from which both sides can be counted on to have models


@dataclass(frozen=True)
class Attack:
    """`references`: how many other models it cannot do without."""

    name: Name
    title: str
    references: int
    source: str


ATTACKS: dict[Name, Attack] = {
    a.name: a
    for a in (
        Attack("loss", "loss", 0, "Yeom et al. 2018"),
        Attack("attack_p", "Attack-P", 0, "Ye et al. 2022"),
        Attack("calibrated", "calibrated loss", 1, "Watson et al. 2022"),
        Attack("attack_r", "Attack-R", 1, "Ye et al. 2022"),
        Attack("lira_offline", "LiRA, offline", 2, "Carlini et al. 2022"),
        Attack("lira_online", "LiRA, online", 2, "Carlini et al. 2022"),
        Attack("rmia_offline", "RMIA, offline", 1, "Zarifzadeh et al. 2024"),
        Attack("rmia_online", "RMIA, online", 2, "Zarifzadeh et al. 2024"),
    )
}


def trusted(references: int) -> Name:
    """The attack to read first with so many reference models: decided by their number, before any result is seen."""
    if references >= MANY:
        return "lira_online"
    if references >= FEW:
        return "rmia_online"
    return "rmia_offline" if references else "loss"


def possible(references: int) -> dict[Name, str]:
    """Every attack, with "" or the reason why it cannot be made with so many reference models."""
    return {
        name: "" if references >= a.references else f"needs {a.references} reference models or more, of {references}"
        for name, a in ATTACKS.items()
    }
