"""The explorer as a Jupyter widget: findings are set by clicking and are shared with Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from spasmnet.explorer.content import engine_of, packed
from spasmnet.explorer.parts import read, script
from spasmnet.inference.engine import Engine
from spasmnet.inference.evidence import read_evidence
from spasmnet.model.network import Network
from spasmnet.triage.report import Report, report

if TYPE_CHECKING:
    from spasmnet.inference.posterior import Posterior


class Explorer(anywidget.AnyWidget):
    """A network with its beliefs, to click on; made by `explore`.

    `findings` is what has been clicked: a dict to read, to set, and to observe. Whatever is set from Python is checked
    first.
    """

    _esm = script("widget.js")
    _css = read("explorer.css")
    _content = traitlets.Bytes().tag(sync=True)
    findings = traitlets.Dict().tag(sync=True)

    def __init__(self, engine: Engine, findings: Mapping[str, Any] | None = None) -> None:
        self._engine = engine
        super().__init__(_content=packed(engine), findings=dict(findings or {}))

    @traitlets.validate("findings")
    def _checked(self, proposal: Any) -> dict[str, Any]:
        findings = read_evidence(self._engine.network, proposal.value)
        return {name: dict(f) if isinstance(f, Mapping) else f for name, f in findings.items()}

    @property
    def engine(self) -> Engine:
        """The engine that the widget was made from."""
        return self._engine

    @property
    def posterior(self) -> Posterior:
        """The engine's posterior given the present findings; raises ImpossibleEvidenceError."""
        return self._engine.posterior(self.findings)

    @property
    def report(self) -> Report:
        """Causes, care and red flags given the present findings; raises ImpossibleEvidenceError."""
        return report(self._engine, self.findings)


def explore(what: Network | Engine, findings: Mapping[str, Any] | None = None) -> Explorer:
    """A widget in which clicking a state sets or clears a finding, and beliefs, care and sensitivities follow at once.

    Works in JupyterLab, Notebook 7, VS Code and Colab; `findings` are those to begin with. What is shown is worked out
    in the browser, exactly but for rounding; `findings`, `posterior` and `report` are there in Python. For a page
    without a notebook see `explorer_page`.

    Raises EvidenceError for findings that are not understood, and SpasmnetError for what is neither network nor engine
    and for a network whose circuit is too large for a browser.

    >>> import spasmnet
    >>> widget = explore(spasmnet.load(), {"spasm": "painful"})
    >>> widget.findings = {**widget.findings, "heavy_sweating": "present"}
    >>> widget.posterior.evidence == widget.findings
    True
    """
    return Explorer(engine_of(what), findings)
