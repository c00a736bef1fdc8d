"""A table of numbers as a map: each is written in its cell, whose colour shows it, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import sample_colorscale

from .maps import distinct
from .style import (
    BLACK_ON_COLOUR,
    GREY,
    LETTER,
    NAME,
    WHITE_ON_COLOUR,
    new_figure,
    plain,
    say_empty,
)

MOST_WIDE = 16  # detectors whose cells have room for letters of usual size
SLOPE = 40  # degrees, of the detectors' names
# Pixels of a data set, of what is above the names, and of what is below the map.
ROW, ABOVE, BELOW = 26, 44, 10


def set_heatmap(
    table: pd.DataFrame,
    *,
    title: str = "ROC-AUC",
    failed: pd.DataFrame | None = None,
    limits: tuple[float, float] | None = None,
) -> go.Figure:
    """Data set × detector map of a measure, with its value written in each cell.

    Parameters
    ----------
    table : DataFrame of shape (n_sets, n_detectors)
        The measure; NaN where there is none.
    title : str
        What the measure is called under the pointer.
    failed : DataFrame of bool, of the same shape, optional
        Where there is no value because the detector failed: these cells say so, others are "–".
    limits : (float, float), optional
        Values with the colours at both ends; by default the least and the greatest.

    Returns
    -------
    plotly.graph_objects.Figure
        Detectors in the order of the columns, data sets from the top in that of the rows.
    """
    values = table.to_numpy(dtype=np.float64)
    names = distinct([plain(name, 24) for name in table.columns])
    above = ABOVE + int(LETTER * max(map(len, names)) * np.sin(np.radians(SLOPE)))
    figure = new_figure(ROW * len(table) + above + BELOW, "detector")
    if not np.isfinite(values).any():
        return say_empty(figure, "nothing could be measured")
    low, high = limits or (float(np.nanmin(values)), float(np.nanmax(values)))
    _add_cells(figure, table, values, title, low, high)
    colours = text_colours(values, low, high)
    for colour in (BLACK_ON_COLOUR, WHITE_ON_COLOUR):
        _write(figure, values, np.isfinite(values) & (colours == colour), colour)
    _say_missing(figure, np.isnan(values), None if failed is None else failed.to_numpy(dtype=bool))
    _name_cells(figure, names, distinct([plain(name, NAME) for name in table.index]))
    size = 11 if len(names) <= MOST_WIDE else 9
    figure.update_traces(textfont_size=size, selector={"type": "scatter"})
    return figure.update_layout(margin={"t": above, "b": BELOW})


def _add_cells(
    figure: go.Figure,
    table: pd.DataFrame,
    values: NDArray[np.float64],
    title: str,
    low: float,
    high: float,
) -> None:
    sets, detectors = [[plain(name) for name in axis] for axis in (table.index, table.columns)]
    figure.add_heatmap(
        z=values,
        zmin=low,
        zmax=high,
        colorscale="Cividis",
        xgap=1,
        ygap=1,
        showscale=False,  # the cells say their values themselves
        customdata=[[f"<b>{d}</b> on {s}" for d in detectors] for s in sets],
        hovertemplate=f"%{{customdata}}: {plain(title)} %{{z:.3f}}<extra></extra>",
        hoverongaps=False,
    )


def text_colours(values: NDArray[np.float64], low: float, high: float) -> NDArray[Any]:
    """Black or white for each cell, whichever stands out more (WCAG's contrast)."""
    shares = np.clip((np.nan_to_num(values, nan=low) - low) / ((high - low) or 1.0), 0, 1)
    colours = sample_colorscale("Cividis", shares.ravel().tolist(), colortype="tuple")
    channels = np.array(colours)
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = (linear @ [0.2126, 0.7152, 0.0722]).reshape(values.shape)
    is_light = (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05)
    return np.where(is_light, BLACK_ON_COLOUR, WHITE_ON_COLOUR)


def _write(
    figure: go.Figure, values: NDArray[np.float64], where: NDArray[np.bool_], colour: str
) -> None:
    rows, columns = np.nonzero(where)
    texts = [f"{value:.2f}" for value in values[where]]
    _add_texts(figure, rows, columns, texts, colour)


def _say_missing(
    figure: go.Figure, missing: NDArray[np.bool_], failed: NDArray[np.bool_] | None
) -> None:
    rows, columns = np.nonzero(missing)
    broken = np.zeros_like(missing) if failed is None else failed
    texts = ["failed" if broken[at] else "–" for at in zip(rows, columns, strict=True)]
    _add_texts(figure, rows, columns, texts, GREY)


def _add_texts(
    figure: go.Figure, rows: NDArray[Any], columns: NDArray[Any], texts: list[str], colour: str
) -> None:
    if texts:
        figure.add_scatter(
            x=columns,
            y=rows,
            text=texts,
            mode="text",
            textfont={"color": colour},
            hoverinfo="skip",
            showlegend=False,
        )


def _name_cells(figure: go.Figure, detectors: list[str], sets: list[str]) -> None:
    bare = {"showgrid": False, "showline": False, "ticks": "", "ticklabeloverflow": "allow"}
    for axis, names in (("xaxis", detectors), ("yaxis", sets)):
        figure.update_layout(
            {axis: {**bare, "tickvals": list(range(len(names))), "ticktext": names}}
        )
    figure.update_xaxes(side="top", tickangle=-SLOPE, range=[-0.5, len(detectors) - 0.5])
    figure.update_yaxes(ticklabelstandoff=4, range=[len(sets) - 0.5, -0.5])
