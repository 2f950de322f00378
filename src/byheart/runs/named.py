"""Events by name: "dropout", "dropout=0.5", "jtt(epochs=5, weight=20)"."""

from __future__ import annotations

import ast
from typing import Any

from byheart.base.errors import UsageError
from byheart.base.registry import find


def named_event(text: str) -> Any:
    """The event that a text names, made with the arguments it gives; UsageError for what cannot be read.

    Values are Python literals (numbers, quoted texts, tuples, True, None); a bare word is a text. Nothing is run.
    """
    name, values, named = call_of(text)
    return find("method", name)(*values, **named)


def call_of(text: str) -> tuple[str, list[Any], dict[str, Any]]:
    """Name, values and named values of "name", "name=value" or "name(value, key=value)"."""
    head, opened, rest = text.strip().partition("(")
    if not opened:
        name, equals, value = head.partition("=")
        return name.strip(), [literal(value.strip())] if equals else [], {}
    try:
        made = ast.parse(f"f({rest}", mode="eval").body
        if not isinstance(made, ast.Call) or any(k.arg is None for k in made.keywords):
            raise ValueError("no call")
        values = [value_of(a) for a in made.args]
        return head.strip(), values, {str(k.arg): value_of(k.value) for k in made.keywords}
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise UsageError(f"{text!r} cannot be read.", do='write, for example, "jtt(epochs=5, weight=20)"') from error


def literal(text: str) -> Any:
    """A Python literal, or the text itself."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return text


def value_of(node: ast.expr) -> Any:
    """The value of a literal, or the name of a bare word."""
    return node.id if isinstance(node, ast.Name) else ast.literal_eval(node)
