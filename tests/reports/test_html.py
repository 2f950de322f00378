from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest

from byheart.reports import facts, html, rows


class Reader(HTMLParser):
    """Elements with their attributes, the text outside of scripts, and the scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self.scripts, self.inside = "", [], ""

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag) -> None:
        self.inside = ""

    def handle_data(self, data) -> None:
        if self.inside == "script":
            self.scripts[-1] += data
        elif self.inside != "style":
            self.text += data


def read(path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader


def data_of(path) -> dict:
    return json.loads(
        re.search(r'<script type="application/json" id="page">(.*?)</script>', path.read_text(), re.S).group(1)
    )


def test_the_verdict_comes_first_and_every_section_follows(pictures, written) -> None:
    path = written(pictures, "html")
    text = " ".join(read(path).text.split()).replace("\u00a0", " ")
    first, _ = facts.split(pictures.verdict.sentence)
    assert text.index(facts.headline(pictures)) < text.index(first) < text.index("train accuracy")
    assert re.findall(r"<h[12]>(.*?)</h[12]>", path.read_text().partition("<script")[0])[1:] == [
        "Did it learn or memorize?", "What was memorized", "Map of all examples", "Findings", "Classes and groups",
        "Which training example helps which new one?", "What the verdict rests on", "All examples", "How this was made",
    ]  # fmt: skip
    for finding in pictures.findings:
        assert f"{finding.code} {finding.title}" in text
    for measure in pictures.verdict.evidence:
        assert measure.shown.replace("-", "−") in text


def test_nothing_is_fetched(pictures, written) -> None:
    page = read(written(pictures, "html"))
    for tag, attrs in page.tags:
        for name in ("src", "href", "action", "srcset"):
            address = attrs.get(name) or ""
            assert address.startswith(("#", "data:", "")) and "//" not in address, (tag, address)
    policy = next(a["content"] for t, a in page.tags if t == "meta" and a.get("http-equiv"))
    assert policy.startswith("default-src 'none'")


def test_data_cannot_become_markup(hostile, written) -> None:
    path = written(hostile, "html")
    page = read(path)
    assert not any(tag == "img" or any(name.startswith("on") for name in attrs) for tag, attrs in page.tags)
    assert len(page.scripts) == 4  # data, rows, charts, ours: none was cut in two
    assert data_of(path)["classes"] == list(hostile.task.class_names)
    assert "</script><img src=x onerror=alert(1)>" in page.text


@pytest.mark.parametrize("text", ["</script>", "<!--", "&amp;", "\u2028", '"\\'])
def test_embedded_json_reads_back_and_ends_no_element(text) -> None:
    made = html.embedded({"name": text})
    assert json.loads(made) == {"name": text}
    assert not set(made) & set("<>&\u2028\u2029")


def test_coded_sets_code_and_escapes_the_rest() -> None:
    assert str(html.coded("a <b> `c < d`")) == "a &lt;b&gt; <code>c &lt; d</code>"
    assert str(html.coded("one ` alone")) == "one ` alone"


def test_pictures_travel_once_and_redaction_leaves_them_out(pictures, written) -> None:
    whole, redacted = written(pictures, "html"), written(pictures, "html_redacted")
    assert whole.read_text().count("data:image/png") == 1 and data_of(whole)["pictures"]["rows"]
    assert "data:image/png" not in redacted.read_text()
    assert data_of(redacted)["pictures"] is None and data_of(redacted)["bars"] is None
    assert data_of(redacted)["cards"].keys() == data_of(whole)["cards"].keys()


def test_redaction_leaves_the_values_of_table_rows_out(hostile, written) -> None:
    shown = {str(name) for bars in data_of(written(hostile, "html"))["bars"].values() for name, _, _ in bars}
    assert shown & set(hostile.task.feature_names)
    text = written(hostile, "html_redacted").read_text()
    assert not any(name in text for name in hostile.task.feature_names if len(name) > 8)


def test_regression_speaks_of_targets(regression, written) -> None:
    data = data_of(written(regression, "html"))
    assert data["regression"] and data["classes"] == [] and data["specs"]["accuracy"] is None
    targets = regression.task.train.targets
    assert len(data["tally"]) == 10 and data["edges"][0] == targets.min() and data["edges"][-1] == targets.max()


def test_without_subset_models_the_page_says_what_would_measure_them(alone, written) -> None:
    text = " ".join(read(written(alone, "html")).text.split())
    assert "not measured" in text and "byheart.record_subsets" in text


def test_the_page_needs_no_run(few, written) -> None:
    from byheart.diagnosis.audit import diagnose
    from byheart.scores.table import Scores

    audit = diagnose(Scores(few.train.ids, {"aum": np.arange(200.0)}), few)
    text = " ".join(read(written(audit, "html")).text.split())
    assert "No trajectory was recorded" in text and "No run was recorded" in text


@pytest.mark.parametrize(("n", "limit"), [(10_000, 3_000_000), pytest.param(60_000, 8_000_000, marks=pytest.mark.slow)])
def test_size(n, limit, pictures, tmp_path, monkeypatch) -> None:
    """Random scores, the worst case for the CSV, and random pictures, the worst case for the sheet."""
    from byheart.reports import page

    random = np.random.default_rng(0)
    scores = {name: random.normal(size=n) for name in pictures.scores.columns}
    audit = stretched(pictures, n, scores, random)
    made = page.gather(audit)
    assert len(made.data["notable"]) > 500 and made.data["pictures"]["rows"] and len(made.data["cards"]) == 200
    assert made.data["cards"][made.data["pictures"]["rows"][0]]["loss"]
    assert sum("harmful" in card for card in made.data["cards"].values()) == 40
    text = html.rendered(audit, made)
    assert len(text.encode()) <= limit
    assert len(rows.frame(audit)) == n


def stretched(audit, n: int, columns: dict[str, np.ndarray], random: np.random.Generator):
    """The audit with n random examples in the place of its own."""
    import dataclasses

    from byheart.data.examples import Examples

    inputs = random.integers(0, 256, (n, 1, 28, 28), np.uint8)
    task = dataclasses.replace(
        audit.task, train=Examples(inputs, random.integers(0, 10, n)), truth={},
        test=Examples(inputs[:50], np.arange(50) % 10), validation=Examples(inputs[:50], np.arange(50) % 10),
    )  # fmt: skip
    loss = random.exponential(size=(60, n)).astype(np.float32)
    held_out = {f"{p}_{w}": random.random((60, 50)) for p in ("validation", "test") for w in ("loss", "correct")}
    arrays = {"loss": loss, "correct": loss < 1, "features": random.normal(size=(n, 64)).astype(np.float32), **held_out}
    origin = audit.scores.run
    run = SimpleNamespace(epochs=60, record=origin.record, timing={}, folder=origin.folder, shortfall="")
    run = type(
        "Made",
        (),
        {
            "__getitem__": lambda s, k: arrays[k],
            "__contains__": lambda s, k: k in arrays,
            "network": lambda s, task, weights=None: task.build().eval(),
            **vars(run),
        },
    )()
    scores = dataclasses.replace(
        audit.scores, ids=task.train.ids, columns=columns, errors={"memorization": random.random(n)}, run=run, many=None
    )
    findings = tuple(
        dataclasses.replace(f, ids=random.choice(n, n // 10, replace=False), total=n, table={})
        for f in audit.findings
        if f.count
    )
    return dataclasses.replace(audit, task=task, scores=scores, findings=findings)
