"""Reading the cells of a table."""

from __future__ import annotations


def encode_cells(cells, begin, n_cells, known, codes, n_known, out, reached):
    """Codes for cells whose addresses are known, until one is not; `reached` receives where that is, or n_cells."""
    i = begin
    while i < n_cells:
        cell = cells[i]
        k = 0
        while k < n_known and known[k] != cell:
            k += 1
        if k == n_known:
            break
        out[i] = codes[k]
        i += 1
    reached[0] = i


SIGNATURES = {encode_cells: "i8* i8 i8 i8* i2* i8 i2* i8*"}
