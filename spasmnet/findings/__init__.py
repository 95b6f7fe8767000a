"""Findings: what they say, what others could say, why an answer is what it is, and what acting would change."""
