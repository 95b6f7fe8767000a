"""The numbers of a network: their names and sources, all of them as one vector, rows that co-vary, other values."""
