"""How sure an answer is, since the numbers are uncertain: distributions, draws, intervals, Sobol indices."""
