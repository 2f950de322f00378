from __future__ import annotations

import math

import pytest

from byheart.reports import words


@pytest.mark.parametrize(
    ("value", "se", "text"),
    [
        (0.0964, 0.004, "9.6 ± 0.8 %"),
        (1.0, None, "100.0 %"),
        (0.5, 0.0, "50.0 %"),
        (math.nan, 0.1, "not measured"),
        (None, None, "not measured"),
    ],
)
def test_percent(value, se, text) -> None:
    assert words.percent(value, se) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.99, ".99"),
        (-0.5, "-.50"),
        (1.0, "1.00"),
        (10.04, "10"),
        (123.4, "123"),
        (0.0, ".00"),
        (math.inf, "not measured"),
    ],
)
def test_short(value, text) -> None:
    assert words.short(value) == text


def test_between() -> None:
    assert words.between(0.991, 0.98, 1.0) == ".99 [.98, 1.00]"


@pytest.mark.parametrize(("value", "text"), [(0.84, "0.8 s"), (24, "24 s"), (185, "3 min 05 s")])
def test_seconds(value, text) -> None:
    assert words.seconds(value) == text


@pytest.mark.parametrize(("value", "text"), [(1_234_567, "1.2 MB"), (12_345, "12 kB")])
def test_size(value, text) -> None:
    assert words.size(value) == text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("look at them", "Look at them."),
        ("byheart control", "byheart control."),
        ("run f(x)", "Run f(x)"),
        ("Done.", "Done."),
        ("", ""),
    ],
)
def test_sentence(text, wanted) -> None:
    assert words.sentence(text) == wanted


def test_glued_numbers_cannot_be_torn() -> None:
    assert " " not in words.glued("9.6 ± 0.8 %")


def test_printable_leaves_no_control_character() -> None:
    assert words.printable("\x1b[31mred\x07 ±\n\u009b2J") == "[31mred ±\n2J"
