import pytest

from byheart.base.errors import UsageError
from byheart.cli.budget import seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", 90),
        ("2min", 120),
        ("2 min", 120),
        ("1h", 3600),
        ("1h30min", 5400),
        ("0.5h", 1800),
        ("45", 45),
        (" 10S ", 10),
    ],
)
def test_times_as_people_write_them(text, expected):
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "0s", "-2min", "2 parsecs", "1 2", "min", "1e3s", "2min!", "nan", "inf"])
def test_what_is_no_time_is_refused_with_an_example(text):
    with pytest.raises(UsageError, match="2min"):
        seconds(text)
