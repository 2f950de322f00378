"""Where a task comes from: names and files of any kind give a task, or an error that a person can act on."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from byheart.base.errors import ByheartError, DataError, UsageError
from byheart.cli.source import task_of
from byheart.data.source import code_of, load

here = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
PATH = st.text(max_size=10) | st.sampled_from(["x" * 300, "a/" * 3000, "/", ".", " ", "\0", "~", "C:\\x", "", "\udcff"])


@pytest.fixture
def module(tmp_path) -> Iterator[Path]:
    """A file that is imported anew each time, forgotten afterwards."""
    before = [*sys.path]
    yield tmp_path / "of_any_content.py"
    sys.modules.pop("of_any_content", None)
    sys.path[:] = before


@given(PATH, st.text(max_size=5))
def test_any_name_is_refused_with_what_to_do(path, name):
    for source in (path, f"{path}:{name}"):
        with pytest.raises((UsageError, DataError)) as caught:
            load(source)
        assert caught.value.do


CONTENT = st.one_of(
    st.binary(max_size=60), st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace")),
    st.sampled_from(
        [b"make = 3", b"def make():\n  return 5", b"\0", b"# coding: nonsense", b"(" * 300, b"make = print",
         b"class make: pass", b"def make(x): pass", b"raise SystemExit(3)", b"import byheart\nbyheart.load('x')"]
    ),
)  # fmt: skip


@here
@given(content=CONTENT, name=st.sampled_from(["make", "", "__name__", "x y", "__builtins__"]))
def test_a_task_file_of_any_content_is_an_error_of_its_own_or_ours(module, capsys, content, name):
    module.write_bytes(content)
    sys.modules.pop(module.stem, None)
    with pytest.raises(ByheartError) as caught:
        task_of(f"{module}:{name}")
    assert caught.value.exit_code in (2, 3) and caught.value.do
    shown = capsys.readouterr().err
    assert "byheart/data/source.py" not in shown, "whose traceback it is"


def test_what_the_file_raises_passes_through(module):
    module.write_text("def make():\n    raise LookupError('mine')\n")
    with pytest.raises(LookupError, match="mine") as caught:
        load(f"{module}:make")
    assert traceback.extract_tb(caught.value.__traceback__)[-1].filename == str(module)


def test_code_is_told_apart_whatever_lies_beside_it(module):
    """Files beside it count by their bytes: one with an encoding of its own, one that is no Python at all."""
    (module.parent / "beside_latin.py").write_bytes(b"# coding: latin-1\nNAME = '\xe9'\n")
    (module.parent / "beside_broken.py").write_bytes(b"def (\0\xff")
    module.write_bytes(
        b"# coding: latin-1\n# \xe9\nimport beside_latin\ndef network(shape, outputs): return None\n"
        b"def never():\n    import beside_broken\ndef make():\n    return network\n"
    )
    sys.modules.pop(module.stem, None)
    from byheart.data.source import module_of

    network = module_of(module).network
    before = code_of(network)
    assert len(before) == 2 + 3
    (module.parent / "beside_broken.py").write_bytes(b"def (\0\xfe")
    assert code_of(network) != before
