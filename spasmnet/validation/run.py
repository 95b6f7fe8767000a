"""The whole validation of a model, and its pages."""

from __future__ import annotations

from pathlib import Path

from spasmnet.inference.engine import Engine
from spasmnet.model.inventory import inventory
from spasmnet.parameters.assignment import has_ranges
from spasmnet.validation import model_pages, result_pages
from spasmnet.validation.calibration import calibrate
from spasmnet.validation.files import Collection
from spasmnet.validation.result_pages import Validation
from spasmnet.validation.robustness import Flips, drawn_flips, flips, rounded
from spasmnet.validation.vignettes import run_vignettes, summarise

DRAWS = 2000
SEED = 20260101


def validate(engine: Engine, vignettes: Collection, targets: Collection, *, draws: int = 0) -> Validation:
    """Calibration and vignettes; with `draws`, robustness too if the numbers have ranges."""
    network = engine.network
    outcomes = run_vignettes(engine, vignettes.items)
    return Validation(
        inventory(network),
        calibrate(engine, targets.items),
        targets,
        outcomes,
        vignettes,
        summarise(engine, outcomes),
        robustness(engine, vignettes, draws) if draws and has_ranges(network) else (),
    )


def robustness(engine: Engine, vignettes: Collection, draws: int) -> tuple[Flips, ...]:
    """What flips with all numbers drawn from their ranges, and rounded to two and to one significant digit."""
    network, items = engine.network, vignettes.items
    return (
        drawn_flips(engine, items, draws, SEED),
        flips(engine, items, "two significant digits", rounded(network, 2)),
        flips(engine, items, "one significant digit", rounded(network, 1)),
    )


def pages(engine: Engine, found: Validation) -> dict[str, str]:
    """The pages about a model by file name; those that need robustness only if it was measured."""
    network = engine.network
    made = {
        "claims.md": model_pages.claims_page(network),
        "variables.md": model_pages.variables_page(engine),
        "numbers.md": model_pages.numbers_page(network),
        "flags.md": model_pages.flags_page(network),
        "calibration.md": result_pages.calibration_page(network, found),
        "vignettes.md": result_pages.vignettes_page(network, found),
    }
    if found.flips:
        made |= {
            "robustness.md": result_pages.robustness_page(network, found),
            "README.md": result_pages.card_page(network, found),
        }
    return made


def write_pages(folder: Path, made: dict[str, str]) -> None:
    """Write the pages into a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")
