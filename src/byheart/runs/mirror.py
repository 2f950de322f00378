"""A copy of a folder of subset models at any fsspec URL, so that another machine goes on with what is there."""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from byheart.base.errors import ByheartError, MissingExtra, StorageError, UsageError, where
from byheart.base.store import HERE, TEMPORARY, atomically
from byheart.runs.schema import RECORD, Record, read_record

T = TypeVar("T")


def package() -> Any:
    """The package fsspec; MissingExtra where it is not installed."""
    try:
        return importlib.import_module("fsspec")
    except ImportError as error:
        do = "pip install 'byheart[scale]'"
        raise MissingExtra("The package fsspec is not installed.", "It reaches URLs.", do) from error


@dataclass(frozen=True)
class Mirror:
    """The files at `url`: s3://bucket/folder, file:///shared/folder, whatever fsspec reaches.

    A file there is whole or absent, like those of a folder. Errors: MissingExtra, UsageError for an URL that nobody
    can read, StorageError.
    """

    url: str

    def names(self) -> set[str]:
        """What is there."""

        def listed(system: Any, root: str) -> set[str]:
            system.invalidate_cache()
            try:
                found = system.ls(root, detail=False)
            except FileNotFoundError:
                return set()
            return {name for path in found if not (name := path.rstrip("/").rpartition("/")[2]).endswith(TEMPORARY)}

        return self._reached(listed, "could not be listed")

    def record(self) -> Record | None:
        """The record there; None where there is none. Errors: RunError for a damaged one."""
        if RECORD not in self.names():
            return None
        with tempfile.TemporaryDirectory() as place:
            self.get(RECORD, Path(place))
            return read_record(place)

    def put(self, path: Path) -> None:
        """Copy a file there, under its own name."""
        partial = f"{path.name}.{HERE}-{os.getpid()}{TEMPORARY}"

        def sent(system: Any, root: str) -> None:
            system.makedirs(root, exist_ok=True)
            system.put_file(str(path), f"{root}/{partial}")
            system.mv(f"{root}/{partial}", f"{root}/{path.name}")

        self._reached(sent, "could not be written")

    def get(self, name: str, folder: Path) -> None:
        """Copy a file from there into the folder."""
        self._reached(
            lambda system, root: atomically(folder / name, lambda p: system.get_file(f"{root}/{name}", str(p))),
            "could not be read",
        )

    def fetch(self, names: Iterable[str], folder: Path) -> None:
        """Copy those into the folder that are there and not here."""
        there = self.names()
        for name in names:
            if name in there and not (folder / name).exists():
                self.get(name, folder)

    def send(self, names: Iterable[str], folder: Path) -> None:
        """Copy those there that are here and not there."""
        there = self.names()
        for name in names:
            if name not in there and (folder / name).exists():
                self.put(folder / name)

    def _reached(self, act: Callable[[Any, str], T], failed: str) -> T:
        fsspec = package()
        try:
            system, root = fsspec.core.url_to_fs(self.url)
        except ImportError as error:
            raise MissingExtra(f"{self.url} needs another package.", f"({error})", "install it") from error
        except ValueError as error:
            raise UsageError(
                f"{self.url} is no place that fsspec knows.", f"({error})", "s3://..., file:///..."
            ) from error
        try:
            return act(system, root.rstrip("/"))
        except ByheartError:
            raise
        except Exception as error:  # every storage has its own zoo of errors
            raise StorageError(
                f"{self.url} {failed}.", f"({where(error)})",
                "repair the connection and give the same command again: what is finished is kept",
            ) from error  # fmt: skip
