import pytest

from byheart.base.errors import UsageError
from byheart.studies.claims import TEXTS, chosen, claims, known, measurable, state
from byheart.studies.papers import PAPERS, paper


def test_there_are_111_claims_of_five_texts_and_findings_of_papers():
    assert len([name for name in claims() if name[0] != "P"]) == 111
    assert {name[0] for name in claims()} == set(TEXTS)
    for claim in claims().values():
        assert claim.text.endswith(".")
        assert state(claim) == "runs" or state(claim).startswith("waits for ")


def test_what_cannot_be_measured_says_what_it_waits_for():
    waiting = [c for c in claims().values() if c.id not in measurable()]
    assert not [c.id for c in waiting if not c.waits_for]
    assert not [name for name in measurable() if claims()[name].waits_for]


def test_claims_are_chosen_by_id_text_paper_or_all():
    assert chosen(["b18", "A01"], None, None, False) == ["A01", "B18"]
    assert set(chosen([], "a", None, False)) <= {name for name in claims() if name.startswith("A")}
    assert "E01" in chosen([], None, "arpit2017", False)
    assert chosen([], None, None, True) == measurable()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((["Z99"], None, None, False), "no claim 'Z99'"),
        (([], "Z", None, False), "no text 'Z'"),
        (([], None, "arpit2016", False), "did you mean 'arpit2017'"),
        (([], None, None, False), "No claim is named"),
    ],
)
def test_what_is_not_there_is_refused(arguments, words):
    with pytest.raises(UsageError, match=words):
        chosen(*arguments)


def test_a_claim_that_waits_says_for_what():
    with pytest.raises(UsageError, match="waits for language models"):
        known("C30")


def test_papers_say_who_when_what_and_where():
    for key in PAPERS:
        assert str(PAPERS[key].year)[-2:] in key[-2:] or key in ("toneva2019",)
        assert str(paper(key)).endswith(".")
