"""What can show itself, in a notebook and in a terminal: how it does is imported when it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, ConsoleOptions, RenderableType


class Shown:
    """An object with a page of words, tables and pictures: HTML in notebooks, plain text when it is printed."""

    __slots__ = ()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from spasmnet.showing.pages import bundle

        return bundle(self)

    def __str__(self) -> str:
        from spasmnet.showing.pages import in_words

        return in_words(self)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        from spasmnet.showing.pages import for_rich

        yield for_rich(self, options.max_width)
