"""Files of other tools, read strictly and written with all digits: BIF, XMLBIF, XDSL, Hugin NET, UAI, and R's bnlearn.

One module a format holds its reading and its writing. Whatever is not understood is refused with its place, so nothing
is dropped, replaced or guessed. Layout, labels and properties are the only things left out.
"""

from spasmnet.foreign.declared import Declared
from spasmnet.foreign.formats import scan

__all__ = ["Declared", "scan"]
