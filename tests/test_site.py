"""The site builds without a warning, leads nowhere that is not there, and fetches nothing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import spasmnet

ROOT = Path(__file__).parent.parent
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data", "image": "href"}
TERMS = (
    "variable", "state", "CPD", "leak", "link", "finding", "hard evidence", "likelihood evidence", "posterior", "do", "circuit", "width",
    "weight of evidence", "sensitivity function", "co-variation", "credible interval", "care level", "red flag", "elimination order",
    "evidence sensitivity", "parameter sensitivity", "digest", "noisy-MAX", "engine", "value of information", "same-decision probability",
)  # fmt: skip


@dataclass
class Page(HTMLParser):
    """What a page loads, where it leads, what can be led to, and its words outside code."""

    html: str
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    within: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        had = {name: value or "" for name, value in attrs}
        self.ids |= {had[name] for name in ("id", "name") if name in had and tag != "meta"}
        if tag in ("a", "area") and "href" in had:
            self.links.append(had["href"])
        if tag == "link" and had.get("rel") not in ("index", "search", "next", "prev"):
            self.loads.append(had["href"])
        if had.get(LOADED.get(tag, "")):
            self.loads.append(had[LOADED[tag]])
        self.loads += re.findall(r"url\(['\"]?([^)'\"]+)", had.get("style", ""))
        if tag in ("pre", "code", "script", "style", "svg"):
            self.within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.within and self.within[-1] == tag:
            self.within.pop()

    def handle_data(self, data: str) -> None:
        if not self.within:
            self.words.append(data)


@dataclass(frozen=True)
class Site:
    """The folder, its pages by path, and what the builder said."""

    folder: Path
    pages: Mapping[Path, Page]
    status: int
    said: str

    def page(self, name: str) -> Page:
        return self.pages[self.folder / f"{name}.html"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The site, built once, with all code run, warnings as errors, and every reference looked up."""
    folder = tmp_path_factory.mktemp("site")
    run = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", "-j", "auto"]
    run += ["-d", str(folder / "doctrees"), str(ROOT / "docs"), str(folder / "html")]
    done = subprocess.run(run, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted((folder / "html").rglob("*.html"))}
    return Site(folder / "html", pages, done.returncode, done.stdout + done.stderr)


def local(address: str) -> bool:
    return not (urlsplit(address).scheme or urlsplit(address).netloc)


def test_it_builds_without_a_warning(site: Site) -> None:
    """Sphinx finds nothing to complain about: no unknown reference, no page outside the contents, no cell that fails."""
    assert site.status == 0, site.said
    assert "WARNING:" not in site.said
    assert len(site.pages) > 40


def dead(site: Site) -> Iterator[str]:
    for path, page in site.pages.items():
        for address in (*page.links, *page.loads):
            if not local(address):
                continue
            parts = urlsplit(address)
            place = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not place.is_file():
                yield f"{path.name} -> {address}: no such file"
            elif parts.fragment and place in site.pages and unquote(parts.fragment) not in site.pages[place].ids:
                yield f"{path.name} -> {address}: no such place"


def test_no_link_is_dead(site: Site) -> None:
    """Every file and every place that a page leads to or loads is in the built site."""
    assert list(dead(site)) == []
    assert sum(local(address) for page in site.pages.values() for address in page.links) > 1000


def test_nothing_comes_from_elsewhere(site: Site) -> None:
    """No page and no style sheet loads anything from another host."""
    for path, page in site.pages.items():
        assert [a for a in page.loads if not local(a) and not a.startswith("data:")] == [], path.name
    for sheet in site.folder.rglob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not re.findall(r"(?:url\(|@import)\s*['\"]?(?:https?:)?//[^)'\"]+", text), sheet.name


def test_links_to_elsewhere_are_well_formed(site: Site) -> None:
    """Links to other sites are https addresses with a host; whether it answers is not asked."""
    found = {a for page in site.pages.values() for a in page.links if not local(a)}
    assert found
    for address in found:
        assert re.fullmatch(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(/[^\s\"<>]*)?", address), address


def test_the_glossary_has_the_words(site: Site) -> None:
    """The words that are used in a special sense can be looked up, and linked to."""
    ids = site.page("glossary").ids
    assert [term for term in TERMS if f"term-{term.replace(' ', '-')}" not in ids] == []


def test_every_public_name_is_documented(site: Site) -> None:
    """Everything in `spasmnet.__all__` stands on a page of the API reference."""
    ids = {name for path, page in site.pages.items() if path.parent.name == "api" for name in page.ids}
    assert [name for name in spasmnet.__all__ if f"spasmnet.{name}" not in ids and name != "__version__"] == []
    assert "spasmnet.__version__" in site.page("api/index").html
    for name in ("Engine.posterior", "Engine.posteriors", "Network.digest", "Posterior.to_frame", "report"):
        assert f"spasmnet.{name}" in ids


def test_the_tutorial_was_run(site: Site) -> None:
    """Its cells show answers, pictures, plots, and what is said to findings that make no sense."""
    html = site.page("tutorial").html
    assert "spasm = none and spasm_frequency = occasional" in html
    assert "did you mean &#39;dehydration&#39;?" in html or "did you mean 'dehydration'?" in html
    assert html.count('class="spasmnet-drawing"') == 2
    assert len(re.findall(r'<img [^>]*src="_images/[0-9a-f]{20,}\.png"', html)) == 3
    assert "Traceback" not in html


def test_markup_is_not_shown(site: Site) -> None:
    """No page shows the marks of rst or Markdown instead of what they mean."""
    for path, page in site.pages.items():
        marks = re.findall(r".{0,20}(?::py:\w+:|\{term\}|\{eval-rst\}|`|\]\()", " ".join(page.words))
        assert marks == [], path.name


def test_notebooks_are_pages(site: Site) -> None:
    """Every notebook of the repository is a page, which the page about notebooks leads to."""
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        assert f"notebooks/{notebook.stem}.html" in site.page("notebooks").links


def test_the_explorer_can_be_tried(site: Site) -> None:
    """The page about the explorer leads to one that stands alone."""
    assert "explorer-muscle-spasm.html" in site.page("explorer").links
    live = site.page("explorer-muscle-spasm")
    assert "Content-Security-Policy" in live.html and "default-src 'none'" in live.html
