"""Two things side by side: two runs of a scoring, or two scorings of the same runs."""
