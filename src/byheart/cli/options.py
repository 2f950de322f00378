"""The kinds of options that several commands share."""

from typing import Annotated, Any

from cyclopts import Parameter


def whole(kind: Any, tokens: Any) -> int:
    """A whole number as it is written; ValueError for 2.5, which would else be cut to 2."""
    text = tokens[0].value
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is no whole number") from None


Flag = Annotated[bool, Parameter(negative="", show_default=False)]
Whole = Annotated[int, Parameter(converter=whole)]
WholeOrNone = Annotated[int | None, Parameter(converter=whole)]
Verbose = Annotated[bool, Parameter(alias="-v", negative="", show_default=False)]
Methods = Annotated[list[str] | None, Parameter(name="--method", negative="", show_default=False)]
Queries = Annotated[list[str] | None, Parameter(name="--query", negative="", show_default=False)]
