"""The rules of the verdict, in their order; each answers with a word, its kind and a sentence, or passes on.

Which evidence decides was measured on tasks of known kind: utility for ugly, the gap of a group of some size for bad,
utility on the whole or in that group for good. The fall from the peak and complexity support it; the share alone
decides nothing. Where the thresholds come from: docs/decisions/0006-the-verdict.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Literal

from byheart.diagnosis.idle import reached
from byheart.diagnosis.measure import Measure

Word = Literal["none", "good", "bad", "ugly", "undecided"]
Signs = Mapping[str, Measure]
Answer = tuple[Word, str, str] | None  # word, kind, sentence; None passes on to the next rule

HARM = -0.01  # utility: training without the memorized helps when it is below this, and below 0 by two standard errors
GAP, SURE = -0.28, -0.14  # held-out accuracy of the worst given group, against the average; and by its error
BEHIND, SURELY = -0.37, -0.20  # the same of a weak class, and of the group that a part of the input misleads
WORTH = 0.01  # utility: the memorized are worth keeping when it is at least this, and above 0 by two standard errors
WHOLE, NOISE = 0.02, -0.03  # utility that the exceptions to a shortcut, a small group, cannot add up to; and harm
FIT = 0.20  # training above held-out accuracy of a class that was memorized, and not just left unlearned
LITTLE, SOME = 0.10, 0.06  # memorized share beyond the null: below LITTLE is none; from SOME on it may be worth keeping
GROUP_WORTH = 0.05  # utility inside the worst group
TREE = -0.38  # the same of what a small decision tree gets wrong, where no groups are given
COMPLEX = 3.0  # complexity, as a multiple of the regularized twin's
BLUNT = 0.03  # two standard errors of a utility that could hide the smallest harm seen on noisy labels (.031)


def bad(s: Signs) -> Answer:
    """A given group of at least 2% of the test rows is far below average, and it is not that all would lose points
    without the memorized, as where groups are rare, or win them, as where labels are noise.
    """
    worth = s["utility"]
    whole = (worth.value >= WHOLE and worth.least > 0) or (worth.value <= NOISE and worth.most < 0)
    if not far_below(s["worst_group"], GAP, SURE) or whole:
        return None
    rule = f"The network answers from example-specific input instead of the rule: {s['worst_group'].text}."
    return "bad", "", f"{rule} {memorized(s)} Reweight that group; do not delete its examples."


def ugly(s: Signs) -> Answer:
    """Training without the memorized helps, and held-out accuracy fell from its peak, complexity is far above the
    regularized twin's, or the twin does better.
    """
    complexity = s["complexity"]
    if not helps_to_drop(s):
        return None
    if fell(s):
        why = f"held-out performance peaked and fell by {s['drop'].shown}"
    elif complexity.known and complexity.value > COMPLEX:
        why = f"complexity is {complexity.shown} times its regularized twin's"
    elif s["twin"].most < 0:
        why = f"against its regularized twin it is at {s['twin'].shown}"
    else:
        return None
    return "ugly", "", f"The network fits noise. {memorized(s)} {without(s)}, and {why}."


def misled(s: Signs) -> Answer:
    """A part of the input misleads a group, which is far behind the others: also where the test examples are mostly of
    that group, and the average is its own.
    """
    if not far_below(s["shortcut"], BEHIND, SURELY):
        return None
    rule = f"The network answers from a shortcut: {s['shortcut'].text}"
    return "bad", "", f"{rule} {memorized(s)} Reweight that group; do not delete its examples."


def answers_from_idle(s: Signs) -> Answer:
    """Training examples are answered from inputs that are idle at test time, and without these inputs the network does
    better.
    """
    if not reached(s["idle"]) or not s["idle_worth"].most < 0:
        return None
    rule = f"The network answers training examples from inputs that are idle at test time ({s['idle'].text})."
    return "bad", "", f"{rule} {memorized(s)} {without_idle(s)}. Leave these inputs out."


def unresolved_harm(s: Signs) -> Answer:
    """Training without the memorized helps, but nothing else says that noise is what was fitted."""
    if not helps_to_drop(s):
        return None
    if s["drop"].known:
        doubt, settle = f"no fall after a peak was resolved ({s['drop'].shown})", "more held-out examples or epochs"
    else:
        doubt, settle = "a fall after a peak was not measured", "a recorded trajectory with held-out examples"
    if not s["complexity"].known:
        settle += ", or its complexity beside a regularized twin's,"
    return "undecided", "", f"{memorized(s)} {without(s)}, but {doubt}; {settle} would settle whether it fits noise."


def suspected(s: Signs) -> Answer:
    """No groups were given, but what a small decision tree gets wrong, or a class that was learned on its training
    examples, is far below average.

    Where nothing is known of what was memorized, a network that has learned too little looks the same.
    """
    if not s["excess"].known:
        return None
    by_tree = not s["worst_group"].known and far_below(s["tree_group"], TREE, SURELY)
    by_class = far_below(s["worst_class"], BEHIND, SURELY) and s["class_fit"].least > FIT
    weak = s["tree_group"] if by_tree else s["worst_class"]
    if not by_tree and not by_class:
        return None
    if not s["utility"].known and fell(s):
        both = f"It is weak in {weak.text}, and held-out performance peaked and fell by {s['drop'].shown}"
        return (
            "undecided",
            "",
            f"{both}: noise or a shortcut. Training without the memorized (utility) would settle it.",
        )
    rare = "examples" if by_tree else "a class"
    guess = f"A shortcut, or {rare} too rare to be learned, is suspected: {weak.text}."
    return "bad", "suspected", f"{guess} {memorized(s)} Naming the groups in the data would settle which."


def idle_takes_up(s: Signs) -> Answer:
    """Training examples are answered from idle inputs, and that costs nothing, or it was not measured what it costs."""
    if not reached(s["idle"]):
        return None
    rule = f"Training examples are answered from inputs that are idle at test time ({s['idle'].text})."
    if not s["idle_worth"].known:
        settle = "Training without these inputs would settle it."
        return "undecided", "", f"{rule} {memorized(s)} Whether that does harm was not measured. {settle}"
    kind = "worth keeping" if s["idle_worth"].least > 0 else "harmless"
    return "good", kind, f"{rule} They take up what does not follow the rule. {memorized(s)} {without_idle(s)}."


def bends(s: Signs) -> Answer:
    """A regression whose utility was not measured: held-out loss rose from its least, and complexity is far above."""
    loss, complexity = s["drop"].kind == "loss", s["complexity"]
    if not loss or s["utility"].known or not fell(s) or not surely_above(complexity, COMPLEX):
        return None
    why = f"held-out loss rose by {s['drop'].shown} from its least, and complexity is {complexity.shown} times its"
    return "ugly", "", f"The network fits noise: {why} regularized twin's. {memorized(s)}"


def nothing_to_weigh(s: Signs) -> Answer:
    """Share or utility was not measured."""
    if not s["excess"].known:
        also = "" if s["utility"].known else " and training without the memorized (utility)"
        what = "How much is memorized beyond chance was not measured"
        return "undecided", "", f"{what}; at least 20 subset models{also} would settle it."
    if s["utility"].known:
        return None
    if s["excess"].most < SOME and not fell(s):
        rest = "What these examples are worth was not measured."
        return "none", "", f"Little is memorized beyond chance. {memorized(s)} {rest}"
    why = f", and held-out performance peaked and fell by {s['drop'].shown}" if fell(s) else ""
    settle = "Training without them, against as many at random (utility), would settle it."
    return "undecided", "", f"{memorized(s)} Whether that helps or harms was not measured{why}. {settle}"


def worth_keeping(s: Signs) -> Answer:
    """Points are lost without the memorized, on the whole or inside the weakest group."""
    if s["excess"].value >= SOME and s["utility"].value >= WORTH and s["utility"].least > 0:
        return "good", "worth keeping", f"{memorized(s)} {without(s)}: they are worth keeping."
    inside = s["group_utility"]
    if inside.known and inside.value >= GROUP_WORTH and inside.least > 0:
        lost = f"Trained without them, {inside.shown} are lost in the weakest group: they are worth keeping."
        return "good", "worth keeping", f"{memorized(s)} {lost}"
    return None


def open_question(s: Signs) -> Answer:
    """A sizeable share is memorized, and the measured utility could be harm or nothing."""
    excess, worth = s["excess"].value, s["utility"]
    if (excess >= SOME and worth.value < HARM) or (excess >= LITTLE and 2 * worth.se > BLUNT):
        settle = "more pairs of utility or more held-out examples would settle it"
        return "undecided", "", f"{memorized(s)} {without(s)}, which is not resolved; {settle}."
    return None


def little(s: Signs) -> Answer:
    """Little is memorized beyond the null."""
    if s["excess"].value < LITTLE:
        return "none", "", f"Little is memorized beyond chance. {memorized(s)} {without(s)}."
    return None


def harmless(s: Signs) -> Answer:
    """Much is memorized, and taking it out changes nothing."""
    return "good", "harmless", f"{memorized(s)} {without(s)}: memory is large, and nothing changes without it."


RULES: tuple[Callable[[Signs], Answer], ...] = (
    bad, ugly, misled, answers_from_idle, unresolved_harm, suspected, idle_takes_up, bends, nothing_to_weigh,
    worth_keeping, open_question, little, harmless,
)  # fmt: skip


def surely_above(ratio: Measure, line: float) -> bool:
    """Whether a ratio is above a line by two standard errors of its logarithm: few examples spread it upwards."""
    return ratio.known and ratio.value > 0 and ratio.value * math.exp(-2 * ratio.se / ratio.value) > line


def helps_to_drop(s: Signs) -> bool:
    """Whether training without the memorized helps, by a point and by more than its uncertainty."""
    return s["utility"].value < HARM and s["utility"].most < 0


def fell(s: Signs) -> bool:
    """Whether held-out performance peaked and fell, by more than its uncertainty."""
    return s["drop"].least > 0


def far_below(gap: Measure, line: float, sure: float) -> bool:
    """Whether a group is far below average and its gap is no accident of few rows."""
    return gap.known and gap.value <= line and gap.most < sure


def memorized(s: Signs) -> str:
    """The sentence that says how much was memorized."""
    share, null = s["share"], s["null"]
    if not share.known:
        return "How much was memorized was not measured."
    chance = f" ({null.value * 100:.1f} % would be by chance)" if null.known else ""
    return f"It memorized {share.shown} of its training examples{chance}."


def without(s: Signs) -> str:
    """The clause that says what training without the memorized did."""
    worth = s["utility"]
    if not worth.known:
        return "What training without them does was not measured"
    unit, scale = ("points", 100) if worth.kind == "points" else ("of the held-out loss", 1)
    digits = 1 if scale == 100 else 3
    amount = f"{abs(worth.value) * scale:.{digits}f} ± {2 * worth.se * scale:.{digits}f} {unit}"
    side = "worse" if worth.value > 0 else "better"
    return f"Trained without them it is {amount} {side} on new data than without as many at random"


def without_idle(s: Signs) -> str:
    """The clause that says what training without the idle inputs did."""
    worth = s["idle_worth"]
    if not worth.known:
        return "What training without them does was not measured"
    unit, scale, digits = ("points", 100, 1) if worth.kind == "points" else ("of the held-out loss", 1, 4)
    amount = f"{abs(worth.value) * scale:.{digits}f} ± {2 * worth.se * scale:.{digits}f} {unit}"
    side = "worse" if worth.value > 0 else "better"
    return f"Trained without these inputs it is {amount} {side} on new data"
