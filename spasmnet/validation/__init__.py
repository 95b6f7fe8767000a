"""How well a model does its work: calibration against figures, vignettes, robustness, and the pages that say so."""
