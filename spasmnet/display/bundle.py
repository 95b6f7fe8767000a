"""An object as what a notebook, a terminal or rich shows: its page, rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spasmnet.display.html import html
from spasmnet.display.page import Page
from spasmnet.display.text import rich, text
from spasmnet.views import resolve, view_of

if TYPE_CHECKING:
    from rich.console import RenderableType


def page_of(shown: Any) -> Page:
    """The page of an object, by the table of views; of one without a view its repr."""
    view = view_of(type(shown))
    page: Page = resolve(view.page)(shown) if view else Page(repr(shown))
    return page


def bundle(shown: Any) -> dict[str, str]:
    """An object by media type, for IPython."""
    page = page_of(shown)
    return {"text/plain": text(page), "text/html": html(page)}


def in_words(shown: Any) -> str:
    """An object as plain text."""
    return text(page_of(shown))


def for_rich(shown: Any, width: int) -> RenderableType:
    """An object for rich's console of that width."""
    return rich(page_of(shown), width)
