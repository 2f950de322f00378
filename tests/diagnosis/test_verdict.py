import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.diagnosis.measure import Measure, missing
from byheart.diagnosis.rules import RULES
from byheart.diagnosis.verdict import EVIDENCE, decide


def known(name: str, value: float, se: float = 0.002, **rest) -> Measure:
    return Measure(name, float(value), float(se), value - 2 * se, value + 2 * se, 100, rest.pop("text", name), **rest)


def signs(**values) -> dict[str, Measure]:
    """Measures from name=value or name=(value, se)."""
    return {name: known(name, *(v if isinstance(v, tuple) else (v,))) for name, v in values.items()}


# Eight measured cases: share beyond the null, utility, fall, gap of the worst true group, complexity, worth in it.
CASES = [
    (
        "none",
        signs(
            excess=0.032,
            utility=(0.008, 0.003),
            drop=(0, 0.001),
            worst_group=-0.05,
            complexity=(1.0, 0.1),
            group_utility=0.02,
        ),
    ),
    (
        "none",
        signs(
            excess=0.074,
            utility=(0.003, 0.007),
            drop=(0.008, 0.002),
            worst_group=-0.21,
            complexity=(1.0, 0.1),
            group_utility=-0.01,
        ),
    ),
    (
        "good",
        signs(excess=0.073, utility=(0.090, 0.014), drop=(-0.004, 0.001), worst_group=-0.21, complexity=(2.6, 0.1)),
    ),
    (
        "good",
        signs(excess=0.062, utility=(0.041, 0.007), drop=(-0.002, 0.002), worst_group=-0.22, complexity=(4.7, 0.1)),
    ),
    (
        "bad",
        signs(excess=0.055, utility=(-0.002, 0.002), drop=(-0.002, 0.002), worst_group=-0.76, complexity=(4.6, 0.1)),
    ),
    ("bad", signs(excess=0.038, utility=(0.005, 0.002), drop=(0, 0.001), worst_group=-0.54, complexity=(17.6, 0.1))),
    (
        "ugly",
        signs(excess=0.326, utility=(-0.085, 0.009), drop=(0.058, 0.008), worst_group=-0.10, complexity=(14, 0.1)),
    ),
    (
        "ugly",
        signs(excess=0.446, utility=(-0.074, 0.005), drop=(0.065, 0.004), worst_group=-0.56, complexity=(218, 0.1)),
    ),
]


@pytest.mark.parametrize(("word", "measures"), CASES)
def test_measured_cases_get_their_word_with_and_without_complexity(word, measures):
    assert decide(measures).word == word
    assert decide({k: v for k, v in measures.items() if k != "complexity"}).word == word


NOISE = signs(share=0.1, excess=0.09, utility=(-0.036, 0.007), drop=(0.03, 0.005))
BRANCHES = [
    ("ugly", "ugly", NOISE),
    ("ugly", "ugly", signs(excess=0.2, utility=(-0.05, 0.005), drop=(0.001, 0.005), complexity=(9, 0.5))),
    ("bad", "bad", signs(excess=0.05, utility=0.0, worst_group=-0.5)),
    ("bad", "bad", signs(worst_group=-0.5)),
    ("unresolved_harm", "undecided", signs(excess=0.2, utility=(-0.05, 0.005), drop=(0.001, 0.005))),
    (
        "unresolved_harm",
        "undecided",
        signs(excess=0.2, utility=(-0.05, 0.005), drop=(0.001, 0.005), complexity=(1, 0.1)),
    ),
    ("unresolved_harm", "undecided", signs(excess=0.2, utility=(-0.05, 0.005))),
    ("suspected", "bad, suspected", signs(excess=0.05, utility=0.0, worst_class=-0.5, class_fit=0.5)),
    ("suspected", "undecided", signs(excess=0.05, drop=(0.03, 0.005), worst_class=-0.5, class_fit=0.5)),
    ("little", "none", signs(excess=0.05, utility=0.0, worst_class=-0.5, class_fit=0.1)),
    ("little", "none", signs(excess=0.05, utility=0.0, worst_class=-0.5)),
    ("bad", "bad", signs(excess=0.11, utility=(-0.018, 0.005), worst_group=-0.54, twin=(-0.012, 0.004))),
    ("ugly", "ugly", signs(excess=0.3, utility=(-0.05, 0.005), worst_group=-0.54, twin=(-0.05, 0.004))),
    ("worth_keeping", "good, worth keeping", signs(excess=0.1, utility=(0.035, 0.009), worst_group=-0.54)),
    ("suspected", "bad, suspected", signs(excess=0.05, utility=0.0, tree_group=-0.45)),
    ("misled", "bad", signs(excess=0.02, utility=0.0, worst_group=-0.06, shortcut=-0.6)),
    ("answers_from_idle", "bad", signs(idle=(0.9, 0.05), idle_worth=(-0.1, 0.02))),
    ("idle_takes_up", "good, harmless", signs(idle=(0.9, 0.05), idle_worth=(0.0, 0.02))),
    ("idle_takes_up", "good, worth keeping", signs(idle=(0.9, 0.05), idle_worth=(0.1, 0.02))),
    ("idle_takes_up", "undecided", signs(idle=(0.9, 0.05))),
    ("bends", "ugly", signs(complexity=(5.0, 0.2)) | {"drop": known("drop", 0.03, 0.005, kind="loss")}),
    ("bends", "ugly", signs(complexity=(33.0, 18.0)) | {"drop": known("drop", 0.03, 0.005, kind="loss")}),
    ("nothing_to_weigh", "undecided", {}),
    ("nothing_to_weigh", "undecided", signs(worst_class=-0.6, tree_group=-0.6)),
    ("nothing_to_weigh", "undecided", signs(utility=0.03)),
    ("nothing_to_weigh", "none", signs(excess=0.02)),
    ("nothing_to_weigh", "undecided", signs(excess=0.02, drop=(0.03, 0.005))),
    ("nothing_to_weigh", "undecided", signs(excess=0.2)),
    ("worth_keeping", "good, worth keeping", signs(excess=0.07, utility=(0.04, 0.007))),
    ("worth_keeping", "good, worth keeping", signs(excess=0.02, utility=0.0, group_utility=(0.1, 0.01))),
    ("open_question", "undecided", signs(excess=0.08, utility=(-0.02, 0.02))),
    ("open_question", "undecided", signs(excess=0.2, utility=(0.0, 0.04))),
    ("little", "none", signs(excess=0.04, utility=0.0)),
    ("harmless", "good, harmless", signs(excess=0.19, utility=(-0.005, 0.004))),
]


@pytest.mark.parametrize(("rule", "title", "measures"), BRANCHES)
def test_every_branch_says_its_word(rule, title, measures):
    verdict = decide(measures)
    assert verdict.title == title
    full = {name: measures.get(name) or missing(name, "") for name in EVIDENCE}
    first = next(r for r in RULES if r(full) is not None)
    assert first.__name__ == rule
    assert verdict.sentence.endswith(".")
    assert "nan" not in verdict.sentence
    if verdict.word == "undecided":
        assert "settle" in verdict.sentence


def test_branches_cover_every_rule():
    assert {rule for rule, _, _ in BRANCHES} == {rule.__name__ for rule in RULES}


def test_the_design_notes_clean_fashion_is_harmless_and_never_worth_keeping():
    assert decide(signs(excess=0.19, utility=(-0.005, 0.004))).title == "good, harmless"


def test_ten_percent_noise_is_ugly_with_the_small_falls_that_were_measured():
    assert decide(signs(excess=0.1, utility=(-0.036, 0.007), drop=(0.011, 0.005))).word == "ugly"
    assert decide(signs(excess=0.2, utility=(-0.031, 0.004), drop=(0.011, 0.003))).word == "ugly"


def test_sentences_carry_the_numbers_with_two_standard_errors():
    said = decide(NOISE | {"share": known("share", 0.096, 0.004, kind="share")}).sentence
    assert "9.6 ± 0.8 %" in said
    assert "3.6 ± 1.4 points better" in said


def test_regression_reads_in_units_of_the_loss():
    loss = {
        "utility": known("utility", -0.05, 0.005, kind="loss"),
        "drop": known("drop", 0.03, 0.005, kind="loss"),
        "excess": known("excess", 0.2),
    }
    verdict = decide(loss)
    assert verdict.word == "ugly"
    assert "0.050 ± 0.010 of the held-out loss better" in verdict.sentence


def test_what_was_not_measured_says_so_and_what_buys_it():
    measures = NOISE | {"twin": missing("twin", "a twin")}
    twin = {m.name: m for m in decide(measures).evidence}["twin"]
    assert not twin.measured
    assert twin.shown == "not measured"
    assert twin.buys == "a twin"


number = st.floats(-2, 2) | st.sampled_from([math.nan, math.inf, -math.inf])
any_measure = st.builds(
    lambda v, se, m: Measure("x", v, se, v, v, 10, "x", m), number, st.floats(0, 1) | st.just(math.nan), st.booleans()
)
any_signs = st.dictionaries(st.sampled_from(EVIDENCE), any_measure)


@given(any_signs)
def test_some_word_with_a_sentence_for_every_input(measures):
    verdict = decide(measures)
    assert verdict.word in {"none", "good", "bad", "ugly", "undecided"}
    assert verdict.sentence.endswith(".")
    assert len(verdict.evidence) == len(EVIDENCE)
    assert verdict == decide(measures) or any(math.isnan(m.value) for m in measures.values())


@given(any_signs, st.floats(0, 1))
def test_more_harm_never_takes_ugly_back(measures, more):
    worth = measures.get("utility")
    if decide(measures).word == "ugly" and worth is not None:
        worse = known("utility", worth.value - more, worth.se)
        assert decide(measures | {"utility": worse}).word == "ugly"


@given(any_signs, st.floats(0, 1))
def test_a_weaker_group_never_takes_bad_back(measures, more):
    gap = measures.get("worst_group")
    if decide(measures).title == "bad" and gap is not None:
        assert decide(measures | {"worst_group": known("worst_group", gap.value - more, gap.se)}).word == "bad"


def test_given_groups_overrule_what_a_tree_gets_wrong():
    given_groups = signs(excess=0.05, utility=0.0, tree_group=-0.45, worst_group=-0.1)
    assert decide(given_groups).word == "none"


@given(any_signs, st.floats(0, 1))
def test_less_memorized_never_takes_none_back(measures, less):
    excess = measures.get("excess")
    if decide(measures).word == "none" and excess is not None:
        assert decide(measures | {"excess": known("excess", excess.value - less, excess.se)}).word == "none"


@given(any_signs)
def test_unmeasured_evidence_alone_never_convicts(measures):
    nothing = {name: Measure(name, m.value, m.se, measured=False) for name, m in measures.items()}
    assert decide(nothing).word == "undecided"
