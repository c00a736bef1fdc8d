"""The commands, one a file: what each is given, and its help.

What is heavy is imported inside them: `tsad --help` has to answer at once.
"""

from . import fit, score, review, dashboard, benchmark, demo  # noqa: I001  (in the order of the help)

__all__ = ["benchmark", "dashboard", "demo", "fit", "review", "score"]
