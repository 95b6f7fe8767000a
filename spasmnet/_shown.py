"""What can show itself in a notebook: how it does is imported when it is shown."""

from __future__ import annotations

from typing import Any


class Shown:
    """An object with a picture and words for notebooks."""

    __slots__ = ()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from spasmnet.drawing.notebook import bundle

        return bundle(self)
