"""How objects show themselves: pages of words, tables, bars and pictures, as HTML for notebooks and as plain text."""
