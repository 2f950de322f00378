import pytest

from byheart.base.errors import UsageError
from byheart.base.registry import every, find, register


def test_unknown_names_get_the_nearest_one():
    with pytest.raises(UsageError, match="did you mean 'digits'"):
        find("task", "digit")
    with pytest.raises(UsageError, match="choose one of"):
        find("task", "zzzzzz")


def test_names_come_in_order_and_twice_is_refused():
    assert list(every("task")) == sorted(every("task")) and "digits" in every("task")

    @register("toy", "a")
    def one(): ...

    def two(): ...

    assert find("toy", "a") is one
    with pytest.raises(UsageError, match="Two toys"):
        register("toy", "a")(two)
