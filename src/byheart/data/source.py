"""Where a task comes from: a registered name, a function in a file, a table; and the digest of its code."""

from __future__ import annotations

import ast
import difflib
import functools
import hashlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from byheart.base.errors import UsageError
from byheart.base.registry import find
from byheart.base.store import digest

if TYPE_CHECKING:
    from byheart.data.task import Task


@dataclass(frozen=True)
class Origin:
    """The file and the function in it that made a task; unpickling it imports the file."""

    path: str
    name: str

    def __reduce__(self) -> tuple[Any, ...]:
        return imported, (self.path, self.name)


def imported(path: str, name: str) -> Origin:
    """Import the file, then name it."""
    module_of(path)
    return Origin(path, name)


def module_of(path: str | Path) -> ModuleType:
    """The module in a file, imported once under its own name, its folder searched for what it imports."""
    path = Path(path).resolve()
    name = path.stem
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    if known is not None:
        raise UsageError(f"{path.name} has the name of the module {name!r}, which is in use.", do="rename the file")
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def load(source: str, **arguments: Any) -> Task:
    """The task that `source` names: a registered name, "file.py:function", or "table.csv:target".

    Errors: UsageError for what does not exist; what the user's own file raises passes through.
    """
    import dataclasses

    from byheart.data.task import Task

    path, _, name = source.rpartition(":")
    if not path:
        if source.endswith((".py", ".csv", ".parquet")):
            raise UsageError(
                f"{source} names a file but nothing in it.", do=f"{source}:make_task, or {source}:target for a table"
            )
        return find("task", source)(**arguments)
    if not os.path.isfile(path):  # false also for what no file system can hold; Path.is_file raises there
        raise UsageError(
            f"{path} does not exist.", do="give file.py:function, table.csv:target, or a name: byheart ls tasks"
        )
    if not path.endswith(".py"):
        from byheart.data.frames import task_of_file

        return task_of_file(path, name, **arguments)
    module = module_of(path)
    make = getattr(module, name, None)
    if not callable(make):
        near = [n for n, v in vars(module).items() if inspect.isfunction(v) and v.__module__ == module.__name__]
        alike = difflib.get_close_matches(name, near, n=1)
        hint = f"did you mean {alike[0]!r}?" if alike else f"name one of: {', '.join(near[:20]) or 'none is there'}"
        raise UsageError(f"{path} has no function {name!r}.", do=hint)
    task = make(**arguments)
    if not isinstance(task, Task):
        raise UsageError(f"{source} returned {type(task).__name__}, not a Task.", do="return byheart.Task(...)")
    named = task.name if task.name != "task" else Path(path).stem
    return dataclasses.replace(task, name=named, origin=Origin(str(Path(path).resolve()), name))


def code_of(factory: Any) -> list[Any]:
    """What decides a network factory: its name, its arguments, its file and the modules beside it that the file
    imports.
    """
    if isinstance(factory, str):
        return [factory, *code_of(find("network", factory))]
    if isinstance(factory, functools.partial):
        return [*code_of(factory.func), held(factory.args), held(factory.keywords)]
    factory = inspect.unwrap(factory)
    name = getattr(factory, "__qualname__", type(factory).__qualname__)
    try:
        file = inspect.getsourcefile(
            factory if inspect.isroutine(factory) or inspect.isclass(factory) else type(factory)
        )
    except TypeError:
        file = None
    carried = held(bound_to(factory))
    if file is None or not Path(file).is_file():
        return [name, carried, bytecode(getattr(factory, "__code__", None))]
    return [name, carried, *(hashlib.sha256(f.read_bytes()).hexdigest() for f in _with_neighbours(Path(file)))]


def bound_to(factory: Any) -> list[Any]:
    """What a factory carries beside its source: values of its closure, defaults, the object of a method, fields."""
    if inspect.isclass(factory):
        return []
    if inspect.ismethod(factory):
        return [vars(factory.__self__) if hasattr(factory.__self__, "__dict__") else None]
    if inspect.isfunction(factory):
        filled = inspect.getclosurevars(factory).nonlocals
        return [filled, factory.__defaults__, factory.__kwdefaults__]
    return [vars(factory)] if hasattr(factory, "__dict__") else []


def held(value: Any, above: tuple[int, ...] = ()) -> Any:
    """Anything as what `digest` can read; what has no content of its own stands by the name of its type."""
    if id(value) in above:
        return "itself"
    above = (*above, id(value))
    if isinstance(value, Mapping):
        return {str(k): held(v, above) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [held(v, above) for v in value]
    if hasattr(value, "state_dict") and not isinstance(value, type):
        return [type(value).__qualname__, held(dict(value.state_dict()), above)]
    if inspect.isfunction(value):
        return [value.__qualname__, bytecode(value.__code__), held(bound_to(value), above)]
    try:
        return digest(value)
    except TypeError:
        return getattr(value, "__qualname__", type(value).__qualname__)


def bytecode(code: CodeType | None) -> list[Any]:
    """What a function without a source file does: its instructions, the names they use and their constants."""
    if code is None:
        return []
    constants = [bytecode(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    return [code.co_code, list(code.co_names), constants]


def _with_neighbours(file: Path) -> list[Path]:
    found, waiting = [], [file]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        found.append(current)
        for node in _nodes(current):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module] if node.module else [a.name for a in node.names]
            waiting += [p for n in names if (p := current.parent / f"{n.split('.')[-1]}.py").is_file()]
    return sorted(found)


def _nodes(file: Path) -> Iterator[ast.AST]:
    """The parts of a file's source; none where it is no Python: it counts by its bytes, and imports nothing."""
    try:
        return ast.walk(ast.parse(file.read_bytes()))  # bytes: a file may declare an encoding of its own
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return iter(())
