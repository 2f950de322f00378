"""The kinds of options that several commands share."""

from typing import Annotated

from cyclopts import Parameter

Flag = Annotated[bool, Parameter(negative="", show_default=False)]
Verbose = Annotated[bool, Parameter(alias="-v", negative="", show_default=False)]
