"""Write the generated half of docs/architecture.md, and the picture of the layers, from the docstrings and imports.

`python docs/make_architecture.py` writes them anew; a test holds the files against it.
"""

from __future__ import annotations

import ast
from html import escape
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent / "spasmnet"
MARK = "<!-- below this line: python docs/make_architecture.py -->\n"
LAYERS = (
    ("base", ("errors.py", "_immutable.py", "views.py")),
    ("kernels",), ("model",), ("parameters",), ("inference",), ("sensitivity",), ("uncertainty",), ("triage",),
    ("findings",), ("voi",), ("io",), ("api",), ("display",), ("drawing",), ("plots",), ("explorer",), ("validation",),
    ("cli",),
)  # fmt: skip


def sentence(path: Path) -> str:
    """The first paragraph of a module's docstring, on one line."""
    words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(words.split("\n\n")[0].split())


def generated() -> str:
    """The tables: the folders from the lowest to the highest, then each file with its sentence."""
    lines = ["## The folders", "", "A folder imports only those above it in this table.", ""]
    lines += ["| folder | what it is for |", "|---|---|"]
    folders = [layer[0] for layer in LAYERS[1:]]
    lines += [f"| `{folder}/` | {_cell(ROOT / folder / '__init__.py')} |" for folder in folders]
    lines += ["", "## One sentence per source file", "", "### The top of the package", ""]
    lines += _table(sorted(ROOT.glob("*.py")), ROOT)
    for folder in folders:
        lines += ["", f"### {folder}", "", *_table(sorted((ROOT / folder).rglob("*.py")), ROOT)]
    return "\n".join(lines) + "\n"


def _table(paths: list[Path], base: Path) -> list[str]:
    rows = [f"| `{path.relative_to(base).as_posix()}` | {_cell(path)} |" for path in paths]
    return ["| file | what it does |", "|---|---|", *rows]


def _cell(path: Path) -> str:
    return sentence(path).replace("|", "\\|")


def picture() -> str:
    """The layers as a staircase, the lowest at the bottom; what is imported lies further down."""
    layers = [layer[0] for layer in LAYERS]
    step, high, wide = 22, 30, 560
    height = high * len(layers) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide + step * len(layers)} {height}" '
        'font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="The folders of spasmnet, each above '
        'those that it imports"><style>text{fill:#222}rect{fill:#e8eef5;stroke:#7b94ad}'
        "@media (prefers-color-scheme:dark){text{fill:#eee}rect{fill:#26323e;stroke:#7b94ad}}</style>"
    ]
    for i, name in enumerate(layers):
        y = height - 10 - high * (i + 1)
        x = 10 + step * i
        parts.append(f'<rect x="{x}" y="{y}" width="{wide - 20}" height="{high - 6}" rx="4"/>')
        words = "errors, immutable values, the table of views"
        if name != "base":
            words = sentence(ROOT / name / "__init__.py")
        short = words if len(words) <= 72 else words[:71].rsplit(" ", 1)[0] + " …"
        parts.append(f'<text x="{x + 8}" y="{y + 17}"><tspan font-weight="600">{name}</tspan>  {escape(short)}</text>')
    return "".join(parts) + "</svg>\n"


def files() -> dict[Path, str]:
    """The generated files with their content."""
    page = DOCS / "architecture.md"
    head = page.read_text(encoding="utf-8").partition(MARK)[0]
    return {page: head + MARK + "\n" + generated(), DOCS / "pictures" / "layers.svg": picture()}


if __name__ == "__main__":
    for path, content in files().items():
        path.write_text(content, encoding="utf-8")
