"""Decisions, the leading cause and the level of care, for many posteriors at once, and how robust they are."""
