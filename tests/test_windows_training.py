"""What a detector of timesteps learns from: rows held out, windows as views, bounded memory."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from series import WINDOW, normal, windowed
from test_memory import highest

from tsad_plugin import FCAutoEncoder, PCAReconstruction, Runs, calibration
from tsad_plugin.batches import Examples
from tsad_plugin.windows.blocks import Block, blocks_of, windows_of
from tsad_plugin.windows.preparation import SeriesPreprocessor

equal = np.testing.assert_array_equal
HELD_OUT = 120  # a fifth of 600
KEPT = 600 - HELD_OUT - WINDOW


def series(*lengths: int) -> Runs:
    return Runs([normal(length, seed=i) for i, length in enumerate(lengths)])


def network(**options: Any) -> FCAutoEncoder:
    return FCAutoEncoder(**{"n_epochs": 1, "hidden_dims": (8,), **options})


# --- held out -----------------------------------------------------------------------------------


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.5])
def test_the_last_rows_of_each_series_are_held_out_a_window_apart(fraction: float) -> None:
    for (kept, held_out, unseen), n_rows in zip(
        blocks_of(series(600, 400), 12, fraction, apart=False), (600, 400), strict=True
    ):
        assert held_out == unseen == slice(n_rows - round(fraction * n_rows), n_rows)
        assert kept == slice(0, held_out.start - 12)


def test_a_gaussian_and_its_threshold_have_halves_a_window_apart() -> None:
    [(kept, levels, unseen)] = blocks_of(series(600), 12, 0.2, apart=True)
    assert (kept, levels, unseen) == (slice(0, 468), slice(480, 534), slice(546, 600))


def test_a_series_too_short_to_hold_out_of_is_learned_from_as_a_whole() -> None:
    _, short = blocks_of(series(600, 50), 12, 0.2, apart=False)
    assert short == Block(slice(0, 50), slice(50, 50), slice(50, 50))


@pytest.mark.parametrize("fraction", [0.05, 0.2, 1 / 3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("score", ["spe", "mahalanobis"])
@pytest.mark.parametrize("window_size", [2, 7, 20])
def test_the_rows_that_a_message_asks_for_are_enough_and_no_more_than_a_few(
    fraction: float, score: str, window_size: int
) -> None:
    detector = windowed(PCAReconstruction(score=score), window_size, validation_fraction=fraction)
    with pytest.raises(ValueError, match="the longest series has 5 rows: ") as refused:
        detector.fit(normal(5))
    needed = int(str(refused.value).split("it needs about ")[1].split(";")[0])
    detector.fit(normal(needed))
    fewer = needed - 2 - round(0.5 / min(fraction, 1 - fraction))  # shares of rows are rounded
    with pytest.raises(ValueError, match=f"the longest series has {fewer} rows"):
        detector.fit(normal(fewer))


@pytest.mark.parametrize("inside", [PCAReconstruction(), network(), "KNN"])
def test_calibration_scores_are_those_of_the_held_out_rows_alone(inside: Any) -> None:
    arrays = series(600, 400, 50).arrays
    detector = windowed(inside).fit(arrays)
    alone = detector.timestep_scores([arrays[0][480:], arrays[1][320:]])
    equal(detector.calibration_scores_, np.concatenate(alone))
    assert detector.usual_score_ == np.median(detector.calibration_scores_)


def test_with_a_gaussian_calibration_scores_are_those_of_the_second_half() -> None:
    detector = windowed(PCAReconstruction(score="mahalanobis")).fit(normal())
    equal(detector.calibration_scores_, detector.timestep_scores(normal()[546:])[0])


def learned(inside: Any, rows: NDArray[Any]) -> tuple[list[Any], NDArray[Any]]:
    """What is reconstructed with, and what sets the threshold."""
    detector = windowed(inside, despike=None).fit(rows)
    found = detector.detector_
    scaler = detector.preprocessor_.target_scaler_
    weights = (
        [found.pca_.components_, found.pca_.mean_]
        if hasattr(found, "pca_")
        else [v.numpy() for v in found.network_.state_dict().values()]
    )
    return [scaler.center_, scaler.scale_, *weights], detector.calibration_scores_


@pytest.mark.parametrize("inside", [PCAReconstruction(), network()])
def test_neither_scaling_nor_weights_know_the_held_out_rows(inside: Any) -> None:
    rows, other = normal(), normal()
    other[KEPT:] = 3 * normal(seed=9)[KEPT:]
    for one, changed in zip(learned(inside, rows)[0], learned(inside, other)[0], strict=True):
        equal(one, changed)


@pytest.mark.parametrize("score", ["spe", "mahalanobis"])
def test_rows_between_teach_nothing_at_all(score: str) -> None:
    rows, other = normal(), normal()
    other[KEPT : 600 - HELD_OUT] = 3 * normal(seed=9)[KEPT : 600 - HELD_OUT]
    if score == "mahalanobis":
        other[534:546] = 3 * normal(seed=9)[534:546]
    inside = PCAReconstruction(score=score)
    (one, scores), (changed, others) = learned(inside, rows), learned(inside, other)
    for first, second in zip([*one, scores], [*changed, others], strict=True):
        equal(first, second)


def test_a_network_is_shown_windows_of_kept_rows_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[NDArray[Any]] = []

    class Watched(Examples):
        def __init__(self, prepared: Any, device: Any, rows: Any) -> None:
            shown.append(rows)
            super().__init__(prepared, device, rows)

    monkeypatch.setattr(calibration, "Examples", Watched)
    windowed(network()).fit(series(600, 50, 400))
    kept, held_out = shown
    second, third = 600, 650
    starts = [range(469 - 12), range(second, second + 39), range(third, third + 309 - 12)]
    assert kept.tolist() == [start for part in starts for start in part]
    assert held_out.tolist() == [*range(480, 589), *range(third + 320, third + 389)]


# --- windows ------------------------------------------------------------------------------------


def prepared(arrays: list[NDArray[Any]], most: int = 4000) -> Any:
    preprocessor = SeriesPreprocessor(WINDOW, None, []).fit(series(600, 400))
    blocks = blocks_of(Runs(arrays), WINDOW, 0.2, apart=False)
    return windows_of(preprocessor, Runs(arrays), blocks, most)


def test_windows_are_views_of_one_array() -> None:
    found = prepared(series(600, 400).arrays)
    assert found.targets is found.inputs and found.observed is None
    assert found.inputs.shape == (1000 - WINDOW + 1, WINDOW, 3)
    assert np.shares_memory(found.inputs[0], found.inputs[1])
    assert found.inputs.strides[0] == found.inputs.strides[1] == 3 * 4


def test_windows_never_cross_series_nor_long_gaps_nor_failures() -> None:
    arrays = series(600, 400).arrays
    arrays[0][100:150] = np.nan
    arrays[1][200:260] = 0.0
    found = prepared(arrays)
    starts = np.concatenate(found.fold)
    series_of_row = np.repeat([0, 1], [600, 400])
    live = np.ones(1000, dtype=bool)
    live[100:150] = live[800:860] = False
    for start in starts:
        assert live[start : start + WINDOW].all()
        assert len(set(series_of_row[start : start + WINDOW].tolist())) == 1
    assert {99 - WINDOW + 1, 150, 800 - WINDOW, 860} <= set(starts.tolist())


def test_where_something_is_missing_is_known_of_each_window() -> None:
    arrays = series(600).arrays
    arrays[0][50:55, 1] = np.nan
    found = prepared(arrays)
    equal(found.observed[45], ~np.isnan(arrays[0][45 : 45 + WINDOW]))


@pytest.mark.parametrize("most", [10, 100, 4000])
def test_no_more_windows_than_asked_for_are_learned_from_and_they_are_spread(most: int) -> None:
    kept, held_out = prepared(series(3000).arrays, most).fold
    assert len(kept) == min(most, 2400 - 2 * WINDOW + 1)
    assert len(held_out) == min(max(most // 4, 1), 600 - WINDOW + 1)
    assert kept[0] == 0 and kept[-1] == 2400 - 2 * WINDOW
    assert np.ptp(np.diff(kept)) <= 1


@pytest.mark.parametrize("inside", [PCAReconstruction(), network()])
def test_memory_does_not_grow_with_the_size_of_windows_times_the_length(inside: Any) -> None:
    rows, size = normal(20_000, n_channels=5), 100
    all_windows = len(rows) * size * 5 * 4
    detector = windowed(inside, size, max_windows=400)
    detector.fit(rows[:2000])
    assert highest(lambda: detector.fit(rows)) < 0.4 * all_windows
    assert highest(lambda: detector.decision_function(rows)) < 0.4 * all_windows


def test_scoring_holds_a_slice_of_the_series() -> None:
    detector = windowed(window_size=50).fit(normal(2000))
    short, long = normal(20_000), normal(80_000)
    more = highest(lambda: detector.decision_function(long)) - highest(
        lambda: detector.decision_function(short)
    )
    assert more < 2 * (long.nbytes - short.nbytes)
