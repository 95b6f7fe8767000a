"""Draw the pictures of README and docs: `python docs/pictures/make.py`. A test holds the files against these."""

from __future__ import annotations

from pathlib import Path

import spasmnet

CASE = {"vomiting_diarrhoea": "present", "heavy_sweating": "present", "spasm": "painful"}
MORE = ("low_fluid_intake", "dehydration", "muscle_fatigue", "thirst_dry_mouth", "dark_urine")


def pictures() -> dict[str, str]:
    """The pictures by file name."""
    post = spasmnet.compile(spasmnet.load("muscle_spasm")).posterior(CASE, interval=0.9)
    return {"dehydration.svg": spasmnet.draw(post, around=[*CASE, *MORE], steps=0).svg + "\n"}


if __name__ == "__main__":
    for name, svg in pictures().items():
        Path(__file__).with_name(name).write_text(svg, encoding="utf-8")
