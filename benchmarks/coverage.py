"""How often the intervals of a privacy audit hold the truth, by simulation: exact ones, and those over few targets.

Claim:    where membership is independent of the scores, exact intervals hold the rate at their threshold in at least 95% of 2,000 simulations,
          less Monte-Carlo error, and those over 16 targets or more hold the AUC in 92 to 98%; rows that say otherwise say so.
Command:  python benchmarks/coverage.py            (writes benchmarks/results/coverage.md)
Hardware: any; about 3 minutes on one core.
n:        exact: one target; over targets: 40 examples, half of them members of each target, at random; attacks: 40 examples with random levels and spreads,
          every model on 14 of 20 of them, every model in turn the target. The truth is .5 and the false-alarm rate itself; with a leak, the mean over all
          simulations, which draw models and examples anew.
Spread:   a coverage of .95 has a standard error of .005 in 2,000 simulations and of .011 in 400.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.stats import norm

from byheart.base.provenance import machine
from byheart.data.subsets import masks
from byheart.privacy import pooled
from byheart.privacy.answers import Answers
from byheart.privacy.leave_one_out import scores
from byheart.privacy.pairs import partners
from byheart.privacy.roc import roc, tpr_at

RESULT = Path(__file__).parent / "results" / "coverage.md"
MANY, SOME, N, FPR = 2000, 400, 40, 0.05
Draw = Callable[[int], tuple[np.ndarray, np.ndarray]]


def exact(n: int, fpr: float) -> tuple[float, float, float]:
    """Coverage by one target of n members and n others, on normal scores: of the hit rate and of the false-alarm rate that the chosen threshold truly has,
    and of the hit rate at the false-alarm rate that was asked for.
    """
    held, member = np.zeros(3), np.arange(2 * n) < n
    for seed in range(MANY):
        rate = tpr_at(roc(np.random.default_rng([seed, n]).normal(size=2 * n), member), fpr)
        truth = norm.sf(rate.threshold)
        held += [rate.low <= truth <= rate.high, rate.fpr_low <= truth <= rate.fpr_high, rate.low <= fpr <= rate.high]
    return tuple((held / MANY).tolist())


def over_targets(draw: Draw, simulations: int, leak: bool) -> tuple[float, float, float]:
    """Coverage of the AUC by the bootstrap over targets alone and by the interval that is printed, and that of the hit rate at 5% false alarms."""
    found = []
    for seed in range(simulations):
        said, member = draw(seed)
        curve, value = pooled.curve(said, member), pooled.auc(said, member)
        tpr, fpr = pooled._resampled(curve)
        alone = pooled.interval(np.trapezoid(tpr, fpr, axis=1), len(said))
        at = pooled.at(curve, said, member, FPR)
        found.append([*alone, *pooled.auc_interval(curve, value, said, member), at.low, at.high, value, at.rate.value])
    a, b, c, d, e, f, auc, rate = np.array(found).T
    truth, hits = (auc.mean(), rate.mean()) if leak else (0.5, FPR)
    return tuple(
        float(np.mean((low <= x) & (x <= high))) for low, high, x in ((a, b, truth), (c, d, truth), (e, f, hits))
    )


def independent(targets: int, spread: float) -> Draw:
    """Scores of so many targets that share nothing; `spread` is how much the level of all scores of a target differs."""

    def draw(seed: int) -> tuple[np.ndarray, np.ndarray]:
        g = np.random.default_rng([seed, targets])
        member = g.permuted(np.tile(np.arange(N) < N // 2, (targets, 1)), axis=1)
        return g.normal(size=(targets, N)) + spread * g.normal(size=(targets, 1)), member

    return draw


def attacked(models: int, attack: str, shift: float) -> Draw:
    """What an attack says of so many models, each a target in turn; members' signals are higher by `shift` on average."""

    def draw(seed: int) -> tuple[np.ndarray, np.ndarray]:
        g = np.random.default_rng([seed, models])
        member = masks(N, models, seed)
        phi = (
            g.normal(2, 2, N)
            + shift * g.gamma(0.3, 1 / 0.3, N) * member
            + g.uniform(0.5, 1.5, N) * g.normal(size=member.shape)
        )
        kinds = (x.astype(np.float32) for x in (np.logaddexp(0, -phi), phi, 1 / (1 + np.exp(-phi / 2))))
        answers = Answers(member, *kinds, np.arange(N))
        return scores(answers, partners(member, answers.ids), attack, a=0.3), member

    return draw


ROWS = (
    *((f"{t} targets that share nothing", independent(t, 0.0), MANY if t == 16 else SOME, False) for t in (4, 8, 12, 16, 32)),
    ("16 targets that share nothing, each at its own level", independent(16, 0.5), SOME, False),
    ("16 models, loss, no leak", attacked(16, "loss", 0.0), SOME, False),
    ("16 models, RMIA online, no leak", attacked(16, "rmia_online", 0.0), MANY, False),
    ("16 models, LiRA online, no leak", attacked(16, "lira_online", 0.0), SOME, False),
    ("16 models, RMIA online, a leak", attacked(16, "rmia_online", 1.5), SOME, True),
    ("16 models, LiRA online, a leak", attacked(16, "lira_online", 1.5), SOME, True),
    ("8 models, RMIA online, no leak", attacked(8, "rmia_online", 0.0), SOME, False),
)  # fmt: skip


def main() -> None:
    begun = time.process_time()
    rows = [(title, n, over_targets(draw, n, leak)) for title, draw, n, leak in ROWS]
    lines = [
        "# Coverage of the intervals of a privacy audit",
        "",
        "Written by `python benchmarks/coverage.py`. Share of simulations whose 95% interval holds the truth.",
        "",
        f"Exact intervals, one target, {MANY:,} simulations without a leak (+-.005): the rates that the chosen threshold truly has are held; the rate at the "
        "false-alarm rate that was asked for is not, since the threshold is an estimate as well. So pooled rates are printed with the wider of this interval and "
        "one over targets.",
        "",
        "| members and others, each | at | hit rate there | false alarms there | hit rate at the rate asked for |",
        "|---|---|---|---|---|",
    ]
    for n, fpr in ((200, 0.05), (1000, 0.01), (2500, 0.01)):
        lines.append(f"| {n:,} | {fpr:.0%} | " + " | ".join(f"{x:.3f}" for x in exact(n, fpr)) + " |")
    lines += [
        "",
        f"Pooled over targets. `alone` is the bootstrap over targets; what is printed adds what pairs of one example have in common. Hit rates at {FPR:.0%} false alarms.",
        "",
        "| | simulations | AUC, bootstrap alone | AUC, as printed | hit rate, as printed |",
        "|---|---|---|---|---|",
        *(f"| {title} | {n:,} | " + " | ".join(f"{x:.3f}" for x in held) + " |" for title, n, held in rows),
        "",
        f"{machine().get('cores', '?')} cores, one used; {(time.process_time() - begun) / 60:.1f} CPU-minutes.",
    ]
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
