"""Runs as a whole: how good ones go, what selected ones have in common, which are alike."""
