"""The interactive explorer: a network, its circuit and a small exact evaluator, in a notebook widget or on a page."""
