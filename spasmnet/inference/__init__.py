"""From evidence to an answer: factors, orders, the circuit, direct elimination, contraction, and the engine.

The engine chooses among three exact ways: a circuit compiled once for all questions, elimination of what a case does
not observe, and contraction of what one question needs.
"""
