from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from byheart.base.errors import UsageError
from byheart.methods.dropout import Dropout
from byheart.runs.named import call_of, named_event


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("dropout", Dropout()),
        ("dropout=0.2", Dropout(0.2)),
        (" dropout ( p = 0.3 ) ", Dropout(0.3)),
        ("dropout(0.1)", Dropout(0.1)),
    ],
)
def test_the_ways_to_write_an_event(text, event):
    assert named_event(text) == event


def test_values_are_literals_and_bare_words():
    assert call_of("f(1, a=2.5, b='x', c=(1, 2), d=twins, e=True)") == (
        "f", [1], {"a": 2.5, "b": "x", "c": (1, 2), "d": "twins", "e": True},
    )  # fmt: skip


@pytest.mark.parametrize(
    "text", ["dropout(", "dropout(0.1))", "dropout(p=__import__('os'))", "dropout(**{})", "f(lambda: 0)"]
)
def test_what_cannot_be_read_is_refused(text):
    with pytest.raises(UsageError):
        named_event(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        call_of(text)
    except UsageError:
        pass
