"""Displays in a real browser: nothing that a network says is obeyed, and nothing of a display reaches its page."""

from __future__ import annotations

import re
from html import escape
from typing import Any

import pytest
from rich.cells import cell_len

import spasmnet
from spasmnet.drawing.draw import PRINT
from tests import hostile

LAB = """
.jp table{border-collapse:collapse;border:none;font-size:12px;table-layout:fixed;margin-left:auto;margin-right:auto}
.jp td,.jp th,.jp tr{vertical-align:middle;padding:.5em;line-height:normal;white-space:normal;max-width:none;text-align:right}
.jp tbody tr:nth-child(even){background:rgba(128,128,128,.3)} .jp tbody tr:hover{background:rgba(66,165,245,.2)}
"""  # what JupyterLab's sheets do to tables
ELEMENTS = {
    "div",
    "span",
    "table",
    "tbody",
    "tr",
    "td",
    "th",
    "br",
    "svg",
    "g",
    "rect",
    "path",
    "circle",
    "text",
    "title",
    "style",
}
MARKS = re.compile("[\u0000-\u0008\u000b-\u001f\u007f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
EVERY = """sections => sections.map(s => [s.dataset.name, s.children.length, s.querySelector('i.end') !== null])"""


@pytest.fixture(scope="module")
def bundles() -> list[tuple[str, dict[str, str]]]:
    """What every kind of object shows, of a network all of whose texts are hostile."""
    return [(name, found._repr_mimebundle_()) for name, found in hostile.shown()]


def page_of(bundles: list[tuple[str, dict[str, str]]], style: str = "") -> str:
    """A page like a notebook's, with a section for each display."""
    sections = "".join(
        f'<section data-name="{escape(name)}"><div class="jp">{bundle["text/html"]}</div><i class="end">.</i></section>'
        for name, bundle in bundles
    )
    return (
        f"<!DOCTYPE html><html><head><meta charset=utf-8><style>{LAB} body{{margin:8px;{style}}}</style></head>"
        f"<body>{sections}<p id=last>last</p></body></html>"
    )


@pytest.fixture(scope="module")
def opened(browser: Any, bundles: list[tuple[str, dict[str, str]]]) -> Any:
    """The page with all displays, and what happened on it."""
    page = browser.new_page(viewport={"width": 1000, "height": 800})
    happened: list[str] = []
    page.on("dialog", lambda dialog: (happened.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: happened.append(f"request {request.url}"))
    page.on("console", lambda message: happened.append(f"console {message.text}"))
    page.on("pageerror", lambda error: happened.append(f"error {error}"))
    page.set_content(page_of(bundles, "color:rgb(1,2,3);background:#fff"))
    page.wait_for_timeout(300)
    yield page, happened
    page.close()


def test_nothing_runs_and_nothing_is_fetched(opened: Any) -> None:
    """No script, no dialog, no request, no error, and no trace of an attempt."""
    page, happened = opened
    assert happened == []
    assert page.evaluate("window.hacked") is None


def test_only_expected_elements_are_made(opened: Any, bundles: list[tuple[str, dict[str, str]]]) -> None:
    """Every section ends where it should; no element, attribute, identifier or sheet but our own."""
    page, _ = opened
    assert page.eval_on_selector_all("section", EVERY) == [[name, 2, True] for name, _ in bundles]
    assert page.evaluate("document.body.lastElementChild.id") == "last"
    assert set(page.eval_on_selector_all(".jp *", "all => all.map(e => e.localName)")) <= ELEMENTS
    attributes = page.eval_on_selector_all(".jp *", "all => all.flatMap(e => e.getAttributeNames())")
    assert not {name for name in attributes if name.startswith("on") or name in ("id", "href", "src", "xlink:href")}
    sheets = page.eval_on_selector_all(".jp style", "all => all.map(e => e.textContent)")
    assert sheets == 4 * [PRINT]  # of the four pictures; its rules are for their class alone


def test_the_page_keeps_its_direction_colours_and_width(opened: Any) -> None:
    """No mark turns the page, text has the page's colour on the page's background, and nothing widens the page."""
    page, _ = opened
    assert page.evaluate("getComputedStyle(document.body).direction") == "ltr"
    assert page.evaluate("getComputedStyle(document.getElementById('last')).display") == "block"
    assert not MARKS.search(page.evaluate("document.body.textContent"))
    look = "all => all.map(e => getComputedStyle(e)).map(s => s.color + s.backgroundColor)"
    assert set(page.eval_on_selector_all(".jp :is(div,span,td,th,tr,table)", look)) == {"rgb(1, 2, 3)rgba(0, 0, 0, 0)"}
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_texts_are_shown_as_they_are(opened: Any) -> None:
    """What is markup elsewhere is read as text."""
    page, _ = opened
    shown = page.inner_text("section[data-name=posterior]")
    for words in ("<script>window.hacked=1;alert(1)</script>", "</svg></td></tr></table></div></body><h1>out</h1>",
                  r"$\frac{a}{b}_c^d$", "]]> -- --> <!-- --", "\u05e9\u05dc\u05d5\u05dd"):  # fmt: skip
        assert words in shown


def test_pictures_fit_a_sheet_of_paper(browser: Any, bundles: list[tuple[str, dict[str, str]]]) -> None:
    """Printed, no picture is wider than the page, and bars are pictures, which printers do not leave out."""
    page = browser.new_page(viewport={"width": 700, "height": 800})
    page.emulate_media(media="print")
    drawn = [spasmnet.load().draw()._repr_mimebundle_()["text/html"], *(b["text/html"] for _, b in bundles)]
    page.set_content(page_of([(str(i), {"text/html": html}) for i, html in enumerate(drawn)]))
    assert max(page.eval_on_selector_all("svg", "all => all.map(e => e.getBoundingClientRect().right)")) <= 700
    page.close()


@pytest.mark.parametrize("width", [80, 120])
def test_plain_text_is_plain(bundles: list[tuple[str, dict[str, str]]], width: int, monkeypatch: Any) -> None:
    """No control character and no mark of direction reaches a terminal, and no line is wider than it."""
    monkeypatch.setenv("COLUMNS", str(width))
    for name, found in hostile.shown():
        text = found._repr_mimebundle_()["text/plain"]
        assert not MARKS.search(text), name
        assert max(map(cell_len, text.splitlines())) <= width, name
        assert text.strip()
