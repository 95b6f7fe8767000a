"""Foreign model files, read strictly from their text: BIF, XMLBIF, XDSL, Hugin NET and UAI.

Whatever is not understood is refused with its place, so nothing is dropped, replaced or guessed. Layout, labels and
properties are the only things left out. No layer above `errors` is used here.
"""

from spasmnet.foreign.declared import Declared
from spasmnet.foreign.formats import scan

__all__ = ["Declared", "scan"]
