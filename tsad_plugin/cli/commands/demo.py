"""`tsad demo`: its options and its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from tsad_plugin.cli.app import app
from tsad_plugin.cli.options import option


@app.command()
def demo(
    out: Annotated[
        Path, option("Folder for the files; new, empty or of an earlier demo.", metavar="DIR")
    ] = Path("tsad-demo"),
    seed: Annotated[int, option("Other runs and faults for another number.", min=0)] = 0,
    no_serve: Annotated[
        bool,
        option("End without the dashboard, which opens in a terminal only.", "--no-serve"),
    ] = False,
) -> None:
    """Simulate fermentations with known faults, and find them. Takes less than a minute.

    Writes train.csv (good runs) and new.csv (other runs, some with a fault), fits on the first,
    scores the second, and sets the faults that were put in beside those that were found. The
    commands that do this are shown: they work on your own tables too. report.html shows the
    outliers in a browser; in a terminal the dashboard opens, in which they can be reviewed.

        tsad demo
        tsad demo --out /tmp/demo --seed 1
    """
    from tsad_plugin.cli import demo

    demo.demo(out, seed, serve=not no_serve)
