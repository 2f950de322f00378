"""Where a task comes from: a registered name, a function in a file, a table; and the digest of its code."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import inspect
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from byheart.base.errors import UsageError
from byheart.base.registry import find

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
    if not Path(path).is_file():
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
        raise UsageError(f"{path} has no function {name!r}.", do=f"name one of: {', '.join(near) or 'none is there'}")
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
        return [
            *code_of(factory.func),
            [repr(a) for a in factory.args],
            {k: repr(v) for k, v in factory.keywords.items()},
        ]
    name = getattr(factory, "__qualname__", type(factory).__qualname__)
    try:
        file = inspect.getsourcefile(
            factory if inspect.isroutine(factory) or inspect.isclass(factory) else type(factory)
        )
    except TypeError:
        file = None
    if file is None or not Path(file).is_file():
        code = getattr(factory, "__code__", None)
        return [name, code.co_code if code else b"", repr(code.co_consts) if code else ""]
    return [name, *(hashlib.sha256(f.read_bytes()).hexdigest() for f in _with_neighbours(Path(file)))]


def _with_neighbours(file: Path) -> list[Path]:
    found, waiting = [], [file]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        found.append(current)
        for node in ast.walk(ast.parse(current.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module] if node.module else [a.name for a in node.names]
            waiting += [p for n in names if (p := current.parent / f"{n.split('.')[-1]}.py").is_file()]
    return sorted(found)
