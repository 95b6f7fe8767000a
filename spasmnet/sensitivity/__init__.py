"""Sensitivity analysis: how an answer depends on the numbers of the model (parameters)."""
