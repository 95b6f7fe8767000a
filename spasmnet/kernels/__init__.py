"""The compiled loops. Only native.py is imported in everyday use; the others are its source."""
