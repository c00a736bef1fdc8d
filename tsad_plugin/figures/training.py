"""What a detector learned from: lengths of runs, and how training went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from .limits import add_limits
from .markers import counted
from .style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    MAX_MARKERS,
    OUTLIER,
    evenly,
    new_figure,
    plain,
    say_empty,
)


def run_lengths(
    training: ArrayLike,
    *,
    trained_on: ArrayLike | None = None,
    left_out: Sequence[str] | None = None,
    length_sigma: float | None = 2.0,
    new: ArrayLike | None = None,
    new_ids: Sequence[Any] | None = None,
    height: int = 320,
) -> go.Figure:
    """Lengths of the training runs, with the limits beyond which runs were left out.

    Parameters
    ----------
    training : array-like of shape (n_training_runs,)
        Timesteps of each run that was given to `fit`.
    trained_on : array-like of bool, shape (n_training_runs,), optional
        False for those that were left out; drawn as diamonds.
    left_out : sequence of str, optional
        Their ids, in their order.
    length_sigma : float or None
        Half width of the limits in standard deviations; None draws none.
    new : array-like of shape (n_runs,), optional
        Timesteps of other runs, drawn beside the first.
    new_ids : sequence, optional
        Their ids.
    height : int
        Height in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
    """
    lengths = np.asarray(training)
    figure = new_figure(height, "run (in the order of the data)", "length (timesteps)")
    if len(lengths) == 0:
        return say_empty(figure, "no training runs")
    kept = np.ones(len(lengths), bool) if trained_on is None else np.asarray(trained_on, bool)
    places = np.arange(1, len(lengths) + 1)
    trained, other = np.flatnonzero(kept), np.flatnonzero(~kept)
    _add_lengths(figure, places, lengths, trained, None, "trained on", _marker(BLUE, "circle"))
    names = dict(zip(other, left_out or (), strict=False))
    _add_lengths(figure, places, lengths, other, names, "left out of training", OUTLIER)
    end = len(lengths) + 1
    if new is not None and len(np.asarray(new)):
        end = _add_new(figure, np.asarray(new), new_ids, end)
    add_limits(figure, float(lengths.mean()), float(lengths.std()), length_sigma)
    return figure.update_xaxes(range=[0, end], showgrid=False, showticklabels=False, ticks="")


def _marker(color: str, symbol: str) -> dict[str, Any]:
    return {"color": color, "symbol": symbol, "size": 7}


def _add_new(figure: go.Figure, new: NDArray[Any], ids: Sequence[Any] | None, start: int) -> int:
    """New runs, on the right of the training runs; returns where they end."""
    gap = max(1, (start + len(new)) // 40)
    figure.add_vline(start + gap / 2 - 0.5, line={"color": GREY, "width": 1})
    places = start + gap + np.arange(len(new))
    names = dict(enumerate(ids)) if ids is not None else None
    marker = _marker(GREEN, "triangle-up")
    at = np.arange(len(new))
    _add_lengths(figure, places, new, at, names, "new runs", marker)
    return int(places[-1]) + 1


def _add_lengths(
    figure: go.Figure,
    places: NDArray[Any],
    lengths: NDArray[Any],
    at: NDArray[Any],
    names: Mapping[int, Any] | None,
    name: str,
    marker: dict[str, Any],
) -> None:
    if len(at) == 0:
        return
    shown = at[evenly(len(at), MAX_MARKERS)]
    texts = [f"<b>{plain(names[i])}</b>: " if names and i in names else "" for i in shown]
    figure.add_scatter(
        x=places[shown].astype(np.int32),
        y=lengths[shown].astype(np.int32),
        mode="markers",
        marker=marker,
        name=counted(name, len(shown), len(at)),
        text=texts,
        hovertemplate=f"%{{text}}%{{y}} timesteps<extra>{name}</extra>",
    )


def training_curve(history: Sequence[Mapping[str, float]], *, height: int = 300) -> go.Figure:
    """Loss by epoch, beside the validation loss and its best epoch where there is one.

    Parameters
    ----------
    history : sequence of mapping
        `epoch`, counted from 0, `loss` and `validation_loss` of each epoch; NaN or nothing where
        there was no validation.
    height : int
        Height in pixels.

    Returns
    -------
    plotly.graph_objects.Figure
        Epochs are counted from 1. The axis is logarithmic where all losses are above 0.
    """
    figure = new_figure(height, "epoch", "loss (mean squared error)")
    if len(history) == 0:
        return say_empty(figure, "no epochs")
    epochs = np.array([h["epoch"] for h in history], dtype=float) + 1
    loss = np.array([h["loss"] for h in history], dtype=float)
    checked = np.array([h.get("validation_loss", np.nan) for h in history], dtype=float)
    _add_losses(figure, epochs, loss, "training runs", BLUE, "solid")
    if np.isfinite(checked).any():
        _add_losses(figure, epochs, checked, "validation runs", BLACK, "dash")
        best = int(np.nanargmin(checked))
        figure.add_scatter(
            x=epochs[[best]],
            y=checked[[best]],
            mode="markers",
            marker=OUTLIER | {"symbol": "star", "color": GREEN},
            name=f"kept: epoch {epochs[best]:.0f}",
        )
    figure.update_xaxes(range=[0, epochs[-1] + 1], rangemode="tozero")
    return figure.update_yaxes(type="log", dtick="D2") if (loss > 0).all() else figure


def _add_losses(
    figure: go.Figure,
    epochs: NDArray[np.float64],
    losses: NDArray[np.float64],
    name: str,
    color: str,
    dash: str,
) -> None:
    kept = evenly(len(epochs), 400)
    figure.add_scatter(
        x=epochs[kept].astype(np.int32),
        y=losses[kept].astype(np.float32),
        mode="lines+markers" if len(kept) < 3 else "lines",
        line={"color": color, "width": 2, "dash": dash},
        name=name,
        hovertemplate="epoch %{x}: %{y:.3g}<extra></extra>",
    )
