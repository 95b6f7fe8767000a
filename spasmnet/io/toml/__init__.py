"""The library's model file format: every number with its range and source, every problem reported at once."""

from spasmnet.io.toml.reader import parse_model, read_model

__all__ = ["parse_model", "read_model"]
