"""The page in a headless Chromium without a network, used by mouse and by keyboard."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
pytestmark = pytest.mark.browser
SIZES = [(1400, 900), (400, 800)]


@pytest.fixture(scope="module")
def browser() -> Iterator:
    """One browser for all pages; skipped, with the reason, where there is none."""
    missing = "playwright is not installed: pip install byheart[dev]"
    playwright = pytest.importorskip("playwright.sync_api", reason=missing)
    if not Path(CHROMIUM).exists():
        pytest.skip("there is no Chromium on this machine: apt-get install chromium")
    with playwright.sync_playwright() as started:
        made = started.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield made
        made.close()


class Seen:
    """A page with everything it complained about or asked for."""

    def __init__(self, browser, path: Path, size=(1400, 900), scheme: str = "light") -> None:
        width, height = size
        self.context = browser.new_context(
            offline=True, viewport={"width": width, "height": height}, color_scheme=scheme, accept_downloads=True
        )
        self.page = self.context.new_page()
        self.trouble: list[str] = []
        self.page.on("console", lambda m: self.trouble.append(f"{m.type}: {m.text}"))
        self.page.on("pageerror", lambda e: self.trouble.append(f"error: {e}"))
        self.page.on("request", self.asked)
        self.page.on("dialog", lambda d: (self.trouble.append(f"dialog: {d.message}"), d.dismiss()))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-ready]", timeout=60_000)

    def asked(self, request) -> None:
        """Nothing but the file itself may be read."""
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.trouble.append(f"request: {request.url}")

    def __enter__(self):
        return self.page

    def __exit__(self, kind, *_) -> None:
        self.context.close()
        if kind is None:
            assert self.trouble == []


def drag(page, x0: float, y0: float, x1: float, y1: float) -> None:
    """Drag over the map, in shares of its size."""
    page.locator("#map").scroll_into_view_if_needed()
    page.evaluate("document.getElementById('map').scrollIntoView({block: 'center'})")
    box = page.locator("#map svg").bounding_box()
    at = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in ((x0, y0), (x1, y1))]
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move(*at[1], steps=6)
    page.mouse.up()
    page.wait_for_timeout(400)


def shown(page) -> int:
    """How many examples the table holds."""
    return int(page.inner_text("#page-at").split(" of ")[-1].replace(",", ""))


@pytest.mark.parametrize("size", SIZES, ids=["1400", "400"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_opens_without_a_complaint_and_fits_the_width(browser, pictures, written, size, scheme) -> None:
    with Seen(browser, written(pictures, "html"), size, scheme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        for chart in ("chart-accuracy", "chart-loss", "map", "tally"):
            box = page.locator(f"#{chart} svg").bounding_box()
            assert 0 < box["width"] <= size[0] and box["height"] > 60
        ink, paper = page.evaluate("['color', 'backgroundColor'].map((k) => getComputedStyle(document.body)[k])")
        dark = [sum(map(int, re.findall(r"\d+", c)[:3])) < 300 for c in (ink, paper)]
        assert dark == ([True, False] if scheme == "light" else [False, True])
        label = page.locator("#chart-accuracy svg text", has_text="accuracy").first
        assert label.evaluate("(e) => getComputedStyle(e).fill") == ink


@pytest.mark.parametrize("name", ["hostile", "regression", "alone"])
def test_other_audits_open_as_well(browser, request, written, name) -> None:
    audit = request.getfixturevalue(name)
    for size in SIZES:
        with Seen(browser, written(audit, "html"), size) as page:
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
            assert shown(page) == len(audit.scores.ids)
            page.locator("#table-body button").first.click()
            assert page.locator("dialog[open] h2").inner_text().startswith("Example ")


def test_hostile_text_stays_text(browser, hostile, written) -> None:
    with Seen(browser, written(hostile, "html")) as page:
        assert page.locator("img").count() == 0
        page.fill("#search", "onerror")
        assert shown(page) == 1
        page.locator("#table-body button").first.click()
        assert page.inner_text("dialog h2") == f"Example {hostile.task.class_names[0]}"
        assert page.locator("img").count() == 0


def test_the_table_sorts_filters_and_searches(browser, pictures, written) -> None:
    scores, task = pictures.scores, pictures.task
    with Seen(browser, written(pictures, "html")) as page:
        page.click("th[data-key=confidence] button")
        assert of_first(page, scores) == pytest.approx(scores["confidence"].max(), rel=6e-3)
        assert page.get_attribute("th[data-key=confidence]", "aria-sort") == "descending"
        page.click("th[data-key=confidence] button")
        assert of_first(page, scores) == pytest.approx(scores["confidence"].min(), rel=6e-3)

        finding = next(f for f in pictures.findings if f.count)
        page.select_option("#by-code", finding.code)
        assert shown(page) == finding.count
        page.select_option("#by-code", "")
        page.select_option("#by-class", "3")
        assert shown(page) == (task.train.targets == 3).sum()
        page.fill("#search", "confidence<0.5")
        wanted = ((task.train.targets == 3) & (scores["confidence"] < 0.5)).sum()
        assert abs(shown(page) - wanted) <= 1  # the page rounds to three digits
        page.fill("#search", "no such thing")
        assert "No example passes" in page.inner_text("#table-body")


def test_pages_turn(browser, pictures, written) -> None:
    with Seen(browser, written(pictures, "html")) as page:
        assert page.inner_text("#page-at") == "1 to 50 of 200" and page.is_disabled("#page-back")
        for _ in range(3):
            page.click("#page-on")
        assert page.inner_text("#page-at") == "151 to 200 of 200" and page.is_disabled("#page-on")


def test_the_brush_chooses_and_gallery_and_table_follow(browser, pictures, written) -> None:
    with Seen(browser, written(pictures, "html")) as page:
        tiles = page.locator("#gallery .tile").count()
        drag(page, 0.5, 0.4, 0.98, 0.85)
        chosen = int(page.inner_text("#map-status").split()[0])
        assert 0 < chosen < 200 and shown(page) == chosen
        assert page.locator("#gallery .tile").count() != tiles or page.locator("#gallery p").count() == 1
        page.click("#map-clear")
        page.wait_for_timeout(300)
        assert shown(page) == 200 and page.locator("#gallery .tile").count() == tiles


def test_the_brush_agrees_with_the_scores(browser, pictures, written) -> None:
    scores = pictures.scores
    with Seen(browser, written(pictures, "html")) as page:
        page.click("text=Choose by numbers")
        page.fill("#x-from", "0.2")
        page.fill("#y-to", "0.6")
        page.wait_for_timeout(400)
        inside = (compact(scores["variability"]) >= 0.2) & (compact(scores["confidence"]) <= 0.6)
        assert shown(page) == inside.sum() > 0
        page.select_option("#map-x", "aum")
        page.wait_for_timeout(300)
        assert page.locator("#map svg text", has_text="aum").count() == 1 and shown(page) == 200


def test_a_card_opens_walks_and_closes_by_keyboard(browser, pictures, written) -> None:
    with Seen(browser, written(pictures, "html")) as page:
        page.locator("#gallery .tile").first.focus()
        page.keyboard.press("Enter")
        title = page.inner_text("dialog[open] h2")
        page.wait_for_selector("#card-chart svg")
        assert page.locator("dialog .kin .tile").count() >= 6
        assert page.locator("dialog .ranks > div").count() == len(pictures.scores.columns)
        page.keyboard.press("ArrowRight")
        assert page.inner_text("dialog[open] h2") != title
        page.keyboard.press("ArrowLeft")
        assert page.inner_text("dialog[open] h2") == title
        page.keyboard.press("Escape")
        assert page.locator("dialog[open]").count() == 0
        assert page.evaluate("document.activeElement.className") == "tile"  # where one was before


def test_a_card_shows_who_helps_and_who_hurts(browser, pictures, written) -> None:
    from byheart.diagnosis.explain import explain

    for size in SIZES:
        with Seen(browser, written(pictures, "html"), size) as page:
            page.locator("#gallery .tile").first.click()
            told = explain(pictures, page.inner_text("dialog[open] h2").removeprefix("Example "))
            for word, wanted in (("help", told.helpful), ("hurt", told.harmful)):
                items = page.locator(f"dialog h3:has-text('most {word} its prediction') + ul .tile")
                assert [text.split("id ")[1] for text in items.all_inner_texts()] == [str(one) for one in wanted["id"]]
                assert items.locator(".thumb").count() == len(wanted["id"]) > 0
                assert ("+" if word == "help" else "−") in items.first.inner_text()
            assert page.locator("dialog[open]").evaluate("(e) => e.scrollWidth <= e.clientWidth")


@pytest.mark.parametrize("size", SIZES, ids=["1400", "400"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_layers_are_drawn_and_fit_the_width(browser, by_layer, written, size, scheme) -> None:
    with Seen(browser, written(by_layer, "html"), size, scheme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        box = page.locator("#chart-location svg").bounding_box()
        assert 0 < box["width"] <= size[0] and box["height"] > 100
        counts = [table.locator("tbody tr").count() for table in page.locator("#location table").all()]
        assert counts == [3, 3]  # the layers; the median and two activations
        assert page.locator("nav a[href='#location']").count() == 1


def test_a_card_shows_the_examples_percentile(browser, pictures, written) -> None:
    values = compact(pictures.scores["cumulative_loss"])
    with Seen(browser, written(pictures, "html")) as page:
        page.fill("#search", str(pictures.scores.ids[10]))
        page.locator("#table-body button", has_text=re.compile(f"^{pictures.scores.ids[10]}$")).click()
        line = page.locator("dialog .ranks > div", has_text=re.compile("^cumulative loss [^e]")).first
        wanted = 100 * ((values < values[10]).mean() + (values <= values[10]).mean()) / 2
        assert line.locator(".n").inner_text() == f"{wanted:.0f} %"


def test_every_control_is_reached_by_tab(browser, regression, written) -> None:
    with Seen(browser, written(regression, "html")) as page:
        reached = set()
        for _ in range(400):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
            if "download" in reached:
                break
        controls = {"map-x", "map-y", "search", "by-code", "page-on", "copy-ids", "download"}
        assert controls | {"Skip to the evidence", "memorization"} <= reached


def test_a_selection_is_downloaded_as_csv_and_copied(browser, hostile, written, tmp_path) -> None:
    with Seen(browser, written(hostile, "html")) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.click("th[data-key=id] button")
        page.locator("#table-body input").nth(0).check()
        page.locator("#table-body input").nth(1).check()
        assert "(2 ticked)" in page.inner_text("#copy-ids")
        with page.expect_download() as waiting:
            page.click("#download")
        waiting.value.save_as(tmp_path / "examples.csv")
        with open(tmp_path / "examples.csv", newline="") as file:
            lines = list(csv.DictReader(file))
        assert len(lines) == 2 and not any(line["id"].startswith("=") for line in lines)
        page.click("#copy-ids")
        page.wait_for_timeout(100)
        copied = page.evaluate("navigator.clipboard.readText()")
        assert len(copied.splitlines()) == 2


def test_findings_lead_to_the_table(browser, pictures, written) -> None:
    finding = next(f for f in pictures.findings if f.count)
    with Seen(browser, written(pictures, "html")) as page:
        assert page.locator(f"#{finding.code} .tile").count() == min(6, finding.count)
        page.click(f"#{finding.code} [data-code]")
        assert shown(page) == finding.count


def test_pairs_show_both_pictures_and_open_the_trained_one(browser, pictures, written) -> None:
    table = pictures.influence_pairs.table
    with Seen(browser, written(pictures, "html")) as page:
        assert page.locator("#pairs li").count() == min(12, len(table)) and page.locator("#pairs .thumb").count() == 24
        first = page.locator("#pairs li").first
        assert f"id {table['held_out_id'][0]}" in first.locator(".held-out").inner_text()
        first.locator(".tile").click()
        assert page.inner_text("dialog[open] h2") == f"Example {table['id'][0]}"


def test_redacted_pairs_keep_labels_and_lose_pictures(browser, pictures, written, tmp_path) -> None:
    path = shutil.copy(written(pictures, "html_redacted"), tmp_path / "audit.html")  # the ending tells what it is
    with Seen(browser, path) as page:
        assert page.locator("#pairs li").count() == 12 and page.locator("#pairs .thumb, #pairs .bars").count() == 0
        assert "trained" in page.locator("#pairs li").first.inner_text()


def test_paper_is_white_and_without_controls(browser, pictures, written) -> None:
    with Seen(browser, written(pictures, "html"), scheme="dark") as page:
        page.emulate_media(media="print", color_scheme="light")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        for hidden in ("nav", "#search", "#map-x", "#download"):
            assert not page.is_visible(hidden)
        assert len(page.pdf()) > 50_000


def test_charts_have_names_for_those_who_do_not_see_them(browser, pictures, written) -> None:
    with Seen(browser, written(pictures, "html")) as page:
        assert "map of 200 examples" in page.get_attribute("#map svg", "aria-label")
        names = page.locator("#gallery .thumb").evaluate_all("(all) => all.map((e) => e.getAttribute('aria-label'))")
        assert names and all(names)
        for name in ("accuracy", "loss"):
            page.locator(f"#chart-{name} + details summary").click()
            assert page.locator(f"#chart-{name} + details tbody tr").count() == pictures.scores.run.epochs


def of_first(page, scores) -> float:
    """Confidence of the example in the table's first row."""
    first = page.locator("#table-body tr").first.locator("td.id").inner_text()
    return float(scores["confidence"][scores.ids.astype(str) == first][0])


def compact(values: np.ndarray) -> np.ndarray:
    """Values as the page has them: three significant digits."""
    return np.array([float(f"{v:.3g}") for v in values])
