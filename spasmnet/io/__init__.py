"""Networks from files and other libraries, and back: model files, the formats of other tools, pgmpy and pyAgrum.

One module a format holds its reading and its writing. Whatever is not understood is refused with its place, so nothing
is dropped, replaced or guessed. Layout, labels and properties are the only things left out.
"""
