"""How often the intervals and bounds of a privacy audit hold the truth, by simulation: exact ones, over few targets, and lower bounds on epsilon.

Claim:    exact intervals hold the hit rate at the false-alarm rate that was asked for, and both rates of their threshold, in at least 95% of 2,000
          simulations, less Monte-Carlo error; those over 16 targets or more hold the AUC in 92 to 98%; every lower bound on epsilon is above the truth in at
          most 67 of 1,000 audits of a Gaussian mechanism; what is outside of these is named, row by row and for hit rates as well, by the numbers.
Command:  python benchmarks/coverage.py            (writes benchmarks/results/coverage.md)
Hardware: any; about 5 minutes on one core.
n:        exact: one target; over targets: 40 examples, half of them members of each target, at random; attacks: 40 examples with random levels and spreads,
          every model on 14 of 20 of them, every model in turn the target. The truth is .5 and the false-alarm rate itself; with a leak, the mean over all
          simulations, which draw models and examples anew. Bounds from one run: 1,000 canaries, each its coin times mu plus a normal number; from many: 60
          trials of one canary.
Spread:   a coverage of .95 has a standard error of .005 in 2,000 simulations and of .011 in 400; 50 of 1,000 have one of 7.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.stats import norm

from byheart.base.provenance import machine
from byheart.data.subsets import masks
from byheart.privacy import dp_audit, dp_bound, many_runs, pooled
from byheart.privacy.answers import Answers
from byheart.privacy.leave_one_out import scores
from byheart.privacy.pairs import partners
from byheart.privacy.roc import exact, roc, tpr_at

LEAST, MOST_HELD = 0.92, 0.98
RESULT = Path(__file__).parent / "results" / "coverage.md"
MANY, SOME, AUDITS, N, FPR = 2000, 400, 1000, 40, 0.05
ONE_RUN = {
    "one run, any mechanism (Steinke et al. 2023)": "one_run",
    "one run, any mechanism, by f-DP (Mahloujifar et al. 2025)": "f_dp",
    "one run, Gaussian mechanisms, by f-DP (Mahloujifar et al. 2025)": "f_dp_gaussian",
}
MANY_RUNS = {
    "60 runs, any mechanism (Clopper-Pearson)": "clopper_pearson",
    "60 runs, Gaussian mechanisms (GDP)": "gaussian",
}
Draw = Callable[[int], tuple[np.ndarray, np.ndarray]]


def one_target(n: int, fpr: float, shift: float, jump: bool = False) -> tuple[float, ...]:
    """Coverage by one target of n members and n others, on normal scores, members `shift` higher: of the hit rate and of the false-alarm rate that the chosen
    threshold truly has, of the hit rate at the false-alarm rate that was asked for by the first of these intervals, and by the one that is printed; how much
    wider this is. With a `jump` four in five members score just below the threshold that was asked for, the worst case.
    """
    held, wider, member = np.zeros(4), 0.0, np.arange(2 * n) < n
    asked = norm.isf(fpr)
    for seed in range(MANY):
        g = np.random.default_rng([seed, n])
        scores = g.normal(size=2 * n) + shift * member
        if jump:
            scores[:n] = np.where(g.random(n) < 0.2, 9.0, asked - 1e-9)
        rate = tpr_at(roc(scores, member), fpr)
        low, high = exact(round(rate.value * n), n)
        there, alarms = norm.sf(rate.threshold - shift), norm.sf(rate.threshold)
        truth = norm.sf(asked - shift)
        if jump:
            there, truth = (0.2 if rate.threshold >= asked - 1e-9 else 1.0), 0.2
        held += [
            low <= there <= high,
            rate.fpr_low <= alarms <= rate.fpr_high,
            low <= truth <= high,
            rate.low <= truth <= rate.high,
        ]
        wider += (rate.high - rate.low) / (high - low) / MANY
    return (*(held / MANY).tolist(), wider)


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


def audits(mu: float, size: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """1,000 audits of the Gaussian mechanism: each answer (size,) is its coin times mu plus noise."""
    g = np.random.default_rng(seed)
    inside = g.random((AUDITS, size)) < 0.5
    return list(zip(inside * mu + g.normal(size=inside.shape), inside, strict=True))


def bound_rows() -> list[str]:
    """A line for every bound and policy: how often it is above the truth at mu 0.3 and 1, and its mean at 1."""
    one = {
        "fixed": lambda s, c, d, b: dp_audit.fixed(s, c, 0.3, d, bound=b),
        "Bonferroni": lambda s, c, d, b: dp_audit.bonferroni(s, c, delta=d, bound=b),
        "split": lambda s, c, d, b: dp_audit.split(s, c, delta=d, bound=b),
    }
    many = {
        "fixed": lambda s, c, d, b: many_runs.fixed(s, c, 1.0, b, d),
        "Bonferroni": lambda s, c, d, b: many_runs.bonferroni(s, c, (0.0, 0.5, 1.0, 1.5, 2.0), b, d),
        "split": lambda s, c, d, b: many_runs.split(s, c, b, d),
    }
    lines = []
    for titles, policies, size, delta in ((ONE_RUN, one, 1000, 1e-5), (MANY_RUNS, many, 60, 1e-2)):
        drawn = {mu: audits(mu, size, seed) for seed, mu in enumerate((0.3, 1.0))}
        truth = {mu: dp_bound.epsilon_of(mu, delta) for mu in drawn}
        for title, bound in titles.items():
            for name, policy in policies.items():
                found = {
                    mu: np.array([policy(s, c, delta, bound).epsilon for s, c in pairs]) for mu, pairs in drawn.items()
                }
                over = [f"{(found[mu] > truth[mu]).sum()}" for mu in drawn]
                lines.append(f"| {title} | {name} | {' | '.join(over)} | {found[1.0].mean():.2f} of {truth[1.0]:.2f} |")
    return lines


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


def outside(area: float, hits: float, simulations: int) -> str:
    """Which of the printed intervals hold the truth in less than 92 or more than 98%, "-" for none; with a ~ where that is within 2.6 standard errors."""
    found = []
    for name, held in (("AUC", area), ("hits", hits)):
        for bound, beyond, word in ((LEAST, held < LEAST, "too rarely"), (MOST_HELD, held > MOST_HELD, "too often")):
            if beyond:
                near = abs(held - bound) <= 2.6 * np.sqrt(bound * (1 - bound) / simulations)
                found.append(f"{'~' if near else ''}{name} {word}")
    return ", ".join(found) or "-"


ROWS = (
    *((f"{t} targets that share nothing", independent(t, 0.0), MANY if t == 16 else SOME, False) for t in (4, 8, 12, 16, 32)),
    ("16 targets that share nothing, each at its own level", independent(16, 0.5), SOME, False),
    ("16 models, loss, no leak", attacked(16, "loss", 0.0), MANY, False),
    ("16 models, RMIA online, no leak", attacked(16, "rmia_online", 0.0), MANY, False),
    ("16 models, LiRA online, no leak", attacked(16, "lira_online", 0.0), MANY, False),
    ("16 models, RMIA online, a leak", attacked(16, "rmia_online", 1.5), MANY, True),
    ("16 models, LiRA online, a leak", attacked(16, "lira_online", 1.5), MANY, True),
    ("8 models, RMIA online, no leak", attacked(8, "rmia_online", 0.0), SOME, False),
)  # fmt: skip
EXACT = (
    (200, 0.05, 0, False),
    (1000, 0.01, 0, False),
    (2500, 0.01, 0, False),
    (2500, 0.01, 2, False),
    (1000, 0.05, 0, True),
)


def summary(rows: list[tuple[str, int, tuple[float, float, float]]]) -> str:
    """What becomes of the claim, in words."""
    enough = [(title, outside(*held[1:], n)) for title, n, held in rows if not title.startswith(("4 ", "8 ", "12 "))]
    named = [f"{title} ({what})" for title, what in enough if what != "-"]
    rarely = [name for name in named if "too rarely" in name]
    return (
        f"The last column counts what is printed, as it is read; ~ is within 2.6 standard errors of the limit. Of {len(enough)} rows with 16 targets or more "
        f"{len(named)} are outside somewhere: {'; '.join(named) or 'none'}. {'Too rarely: ' + '; '.join(rarely) if rarely else 'None of them holds too rarely'}. "
        "Why the loss alone covers nearly always in a bootstrap: an audit's pairs have every example as often on one side as on the other, so that what examples "
        "differ in, nearly all of the loss, cancels in the pooled AUC; sums by example know it. Hit rates cover more than the AUC because their interval is never "
        "narrower than an exact one at the threshold."
    )


def main() -> None:
    begun = time.process_time()
    rows = [(title, n, over_targets(draw, n, leak)) for title, draw, n, leak in ROWS]
    lines = [
        "# Coverage of the intervals of a privacy audit",
        "",
        "Written by `python benchmarks/coverage.py`. Share of simulations whose 95% interval holds the truth.",
        "",
        f"Exact intervals, one target, {MANY:,} simulations (+-.005). The first of them hold the rates that the chosen threshold truly has, and not the hit rate at "
        "the false-alarm rate that was asked for, since the threshold is an estimate as well. What is printed holds that: it leaves half of the error to the "
        "threshold (its place among the others is a beta variable), half to the members. Where the hit rate jumps at the true threshold an end fails as often as it "
        "may, in .025; on smooth curves the two errors seldom come together, and it covers more.",
        "",
        "| members and others, each | at | scores | hit rate there | false alarms there | hit rate at the rate asked for, by the first | as printed | times as wide |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for n, fpr, shift, jump in EXACT:
        scores = "a jump" if jump else f"members {shift:g} higher" if shift else "no leak"
        *held, wider = one_target(n, fpr, shift, jump)
        lines.append(f"| {n:,} | {fpr:.0%} | {scores} | " + " | ".join(f"{x:.3f}" for x in held) + f" | {wider:.1f} |")
    lines += [
        "",
        f"Pooled over targets. `alone` is the bootstrap over targets; what is printed adds what pairs of one example have in common. Hit rates at {FPR:.0%} false alarms.",
        "",
        f"| | simulations | AUC, bootstrap alone | AUC, as printed | hit rate, as printed | outside {LEAST:.2f} to {MOST_HELD:.2f} |",
        "|---|---|---|---|---|---|",
        *(
            f"| {title} | {n:,} | " + " | ".join(f"{x:.3f}" for x in held) + f" | {outside(*held[1:], n)} |"
            for title, n, held in rows
        ),
        "",
        summary(rows),
        "",
        f"Lower bounds on epsilon with 95% confidence, {AUDITS:,} audits of a Gaussian mechanism (50 above the truth are allowed, and 67 within its error); the mean "
        "bound at mu = 1, of the true epsilon. One run: 1,000 canaries, delta 1e-5. Many runs: 60 trials of one canary, delta 1e-2. Which bound it is must be chosen "
        "before looking; those for Gaussian mechanisms hold for no others.",
        "",
        "| bound | guesses or threshold | above the truth, mu 0.3 | above the truth, mu 1 | mean at mu 1 |",
        "|---|---|---|---|---|",
        *bound_rows(),
        "",
        f"{machine().get('cores', '?')} cores, one used; {(time.process_time() - begun) / 60:.1f} CPU-minutes.",
    ]
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
