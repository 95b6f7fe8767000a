"""A matplotlib figure that notebooks show, whether or not a backend has been chosen."""

from __future__ import annotations

from io import BytesIO

from matplotlib.figure import Figure


class ShownFigure(Figure):
    """A figure as any other; as the last line of a cell it shows itself, without `%matplotlib inline`."""

    def _repr_png_(self) -> bytes:
        content = BytesIO()
        self.savefig(content, format="png", dpi=self.dpi)
        return content.getvalue()
