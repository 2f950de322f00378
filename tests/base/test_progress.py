import io

from byheart.base.progress import Lines, Silent, visible


def test_a_log_gets_plain_lines_with_what_is_left():
    out = io.StringIO()
    stage = Lines(out, every=0.0).start("record", 4)
    stage.advance(2, "accuracy .5")
    stage.done()
    first, last = out.getvalue().splitlines()
    assert first.startswith("record") and "2/4" in first and "left" in first and "accuracy .5" in first
    assert "\x1b" not in out.getvalue() and last.endswith("s")


def test_pipes_get_lines_and_zero_silences(monkeypatch):
    monkeypatch.delenv("BYHEART_PROGRESS")
    assert isinstance(visible(io.StringIO()), Lines)
    monkeypatch.setenv("BYHEART_PROGRESS", "0")
    assert isinstance(visible(io.StringIO()), Silent)
