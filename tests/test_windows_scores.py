"""Scores of timesteps are what loops over windows give."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pyod.models.knn import KNN
from series import (
    WINDOW,
    contributions_by_hand,
    named,
    normal,
    prepared_by_hand,
    smoothed_by_hand,
    windowed,
)

import tsad_plugin
from tsad_plugin import ChannelPCA, FCAutoEncoder, MovingAverage, PCAReconstruction
from tsad_plugin.detectors import ALL
from tsad_plugin.windows import scan
from tsad_plugin.windows.overlap import Overlap, pieces, window_starts, window_view
from tsad_plugin.windows.scan import smoothed


def close(found: Any, expected: Any, rtol: float = 1e-4) -> None:
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=1e-6)


def gappy(n_timesteps: int = 200, seed: int = 1) -> NDArray[Any]:
    """Rows with gaps that are filled: single values, a few in one channel, whole rows."""
    rows = normal(n_timesteps, seed)
    rows[np.random.default_rng(seed).random(rows.shape) < 0.05] = np.nan
    rows[60:67, 1] = rows[90:93] = np.nan
    rows[[0, -1]] = normal(n_timesteps, seed)[[0, -1]]
    return rows


# --- against loops ------------------------------------------------------------------------------


@pytest.mark.parametrize("stride", [1, 3, 5, WINDOW])
@pytest.mark.parametrize("smoothing", [1, 4])
def test_contributions_are_means_over_all_windows_that_cover_a_timestep(
    stride: int, smoothing: int
) -> None:
    detector = windowed(stride=stride, smoothing=smoothing).fit(normal())
    for rows in (normal(203, seed=1), gappy()):
        expected = contributions_by_hand(detector, rows)
        close(detector.contributions(rows)[0], expected)
        close(detector.timestep_scores(rows)[0], expected.sum(axis=1))


@pytest.mark.parametrize(
    "inside",
    [
        PCAReconstruction(score="mahalanobis"),
        PCAReconstruction(error_scale="channel"),
        *(cls(n_epochs=2, hidden_dims=(8,)) for cls in ALL),
    ],
    ids=lambda inside: f"{type(inside).__name__}-{inside.score}",
)
def test_contributions_are_those_of_the_detector_inside(inside: Any) -> None:
    detector = windowed(inside).fit(normal())
    rows = gappy(120)
    expected = contributions_by_hand(detector, rows)
    close(detector.contributions(rows)[0], expected, rtol=2e-3)
    close(detector.timestep_scores(rows)[0], expected.sum(axis=1), rtol=2e-3)


@pytest.mark.parametrize("stride", [1, 5, WINDOW])
@pytest.mark.parametrize("inside", ["KNN", "IForest"])
def test_a_window_score_of_pyods_counts_for_all_of_its_timesteps(inside: str, stride: int) -> None:
    detector = windowed(inside, stride=stride, smoothing=3).fit(normal())
    rows = gappy()
    close(detector.timestep_scores(rows)[0], contributions_by_hand(detector, rows)[:, 0])


def test_the_detector_inside_learns_from_all_windows_of_rows_that_are_not_held_out() -> None:
    rows = normal()
    detector = windowed("KNN", stride=5).fit(rows)
    kept = prepared_by_hand(detector, rows)[: 600 - 120 - WINDOW]
    windows = [kept[s : s + WINDOW].ravel() for s in range(len(kept) - WINDOW + 1)]
    expected = KNN().fit(np.stack(windows).astype(np.float64))
    close(detector.detector_.decision_scores_, expected.decision_scores_)


def test_contributions_sum_to_the_scores() -> None:
    detector = windowed().fit(normal())
    for rows in (normal(150, seed=3), gappy()):
        close(detector.contributions(rows)[0].sum(axis=1), detector.timestep_scores(rows)[0], 1e-5)


def test_a_channel_step_has_contributions_in_the_measured_channels() -> None:
    detector = windowed(steps=[ChannelPCA(2)], smoothing=1).fit(normal())
    assert detector.preprocessor_.input_shape_ == (WINDOW, 2)
    rows = normal(200, seed=1)
    rows[100:110, 2] += 3e3
    found = detector.contributions(rows)[0]
    assert found.shape == (200, 3)
    close(found.sum(axis=1), detector.timestep_scores(rows)[0], 1e-5)
    assert found[100:110].sum() > 10 * found[:80].sum() / 8


def test_steps_come_before_windows() -> None:
    rows, average = normal(200, seed=1), MovingAverage(3)
    inside = windowed(steps=[average], smoothing=1, despike=None).fit(normal())
    ready = average.fit_transform([normal(), rows]).arrays
    outside = windowed(smoothing=1, despike=None).fit(ready[0])
    # The last rows that are learned from are averaged with those after them in one of the two.
    close(inside.timestep_scores(rows)[0], outside.timestep_scores(ready[1])[0], rtol=0.05)


def test_scores_of_normal_rows_are_about_one() -> None:
    for inside in (PCAReconstruction(), FCAutoEncoder(n_epochs=5)):
        detector = windowed(inside).fit(normal(2000))
        assert 0.8 < detector.timestep_scores(normal(2000, seed=1))[0].mean() < 1.25


# --- where there is no score --------------------------------------------------------------------


@pytest.mark.parametrize("inside", [None, "KNN"])
@pytest.mark.parametrize("n_timesteps", [1, 2, WINDOW - 1])
def test_a_series_shorter_than_a_window_has_no_scores(inside: Any, n_timesteps: int) -> None:
    detector = windowed(inside).fit(normal())
    rows = normal(n_timesteps, seed=1)
    scores, masks = detector.timestep_scores(rows, return_mask=True)
    assert np.isnan(scores[0]).all() and not masks[0].any()
    assert (detector.decision_function(rows) == detector.usual_score_).all()
    assert detector.predict(rows).tolist() == [0] * n_timesteps
    assert detector.fault_time(rows) == detector.failure_time(rows) == [None]
    assert len(detector.segments(rows)) == 0


def test_a_series_as_long_as_a_window_has_scores() -> None:
    assert np.isfinite(windowed().fit(normal()).timestep_scores(normal(WINDOW, seed=1))[0]).all()


@pytest.mark.parametrize("stride", [1, 7])
@pytest.mark.parametrize("inside", [None, "KNN"])
def test_in_a_gap_longer_than_a_window_there_is_no_score_and_only_there(
    inside: Any, stride: int
) -> None:
    detector = windowed(inside, stride=stride).fit(normal())
    for length in (WINDOW, WINDOW + 1, 80):
        rows = normal(300, seed=1)
        rows[100 : 100 + length] = np.nan
        expected = np.isnan(rows).all(axis=1)
        assert np.isnan(detector.timestep_scores(rows)[0]).tolist() == expected.tolist()


def test_rows_beside_a_long_gap_are_scored_as_if_there_were_an_end() -> None:
    detector = windowed(smoothing=1).fit(normal())
    rows = normal(300, seed=1)
    rows[100:150] = np.nan
    whole, parts = detector.timestep_scores(rows)[0], (rows[:100], rows[150:])
    close(whole[:100], detector.timestep_scores(parts[0])[0])
    close(whole[150:], detector.timestep_scores(parts[1])[0])


def test_rows_between_long_gaps_that_no_window_fits_between_have_no_score() -> None:
    detector = windowed().fit(normal())
    rows = normal(300, seed=1)
    rows[100:120] = rows[120 + WINDOW - 1 : 150] = np.nan
    assert np.isnan(detector.timestep_scores(rows)[0][100:150]).all()


def test_a_short_gap_is_filled_and_rows_without_any_value_have_no_score() -> None:
    detector = windowed().fit(normal())
    rows = normal(300, seed=1)
    rows[100:106] = np.nan
    rows[200:206, 1] = np.nan
    scores, contributions = detector.timestep_scores(rows)[0], detector.contributions(rows)[0]
    assert np.flatnonzero(np.isnan(scores)).tolist() == list(range(100, 106))
    assert np.isnan(contributions[100:106]).all()
    assert contributions[215:].min() > 0


def test_a_channel_that_is_missing_for_long_has_no_share_and_the_others_are_scored() -> None:
    detector = windowed(smoothing=1).fit(normal())
    rows = normal(300, seed=1)
    rows[100:160, 1] = np.nan
    found = detector.contributions(rows)[0]
    assert np.isfinite(found).all()
    assert (found[100:160, 1] == 0).all() and (found[100:160, [0, 2]] > 0).all()
    assert (found[:100] > 0).all() and (found[160:] > 0).all()


def test_gaps_at_both_ends_are_filled_with_the_nearest_value() -> None:
    detector = windowed(smoothing=1).fit(normal())
    rows = normal(100, seed=1)
    rows[:5] = rows[-5:] = np.nan
    expected = contributions_by_hand(detector, rows).sum(axis=1)
    close(detector.timestep_scores(rows)[0], expected)
    assert np.flatnonzero(~np.isnan(expected)).tolist() == list(range(5, 95))


# --- parts of it --------------------------------------------------------------------------------


@pytest.mark.parametrize("stride", [1, 5, WINDOW])
@pytest.mark.parametrize("inside", [None, "KNN"])
def test_scores_do_not_depend_on_how_series_are_sliced(
    monkeypatch: pytest.MonkeyPatch, inside: Any, stride: int
) -> None:
    detector = windowed(inside, stride=stride, steps=[MovingAverage(3)]).fit(normal())
    rows = gappy(700)
    rows[300:340] = np.nan
    rows[500:560] = 0.0  # it has failed
    whole = detector.timestep_scores(rows)[0]
    for slice_rows in (1000, 50, 13):
        monkeypatch.setattr(scan, "SLICE_ROWS", slice_rows)
        close(detector.timestep_scores(rows)[0], whole, 1e-5)


@pytest.mark.parametrize("n_rows", [1, 11, 12, 13, 40])
@pytest.mark.parametrize("stride", [1, 4, 12])
@pytest.mark.parametrize("offset", [0, 3])
def test_windows_of_live_rows_cover_all_rows_that_a_window_can(
    n_rows: int, stride: int, offset: int
) -> None:
    rng = np.random.default_rng(n_rows)
    for live in (np.ones(n_rows, dtype=bool), rng.random(n_rows) < 0.95):
        possible = [s for s in range(n_rows - 11) if live[s : s + 12].all()]
        regular, filling = window_starts(live, 12, stride, offset)
        assert regular.tolist() == [s for s in possible if (s + offset) % stride == 0]
        assert set(filling.tolist()) <= set(possible) - set(regular.tolist())
        covered = {row for s in (*regular, *filling) for row in range(s, s + 12)}
        assert covered == {row for s in possible for row in range(s, s + 12)}


def test_pieces_are_evenly_spaced_and_not_too_long() -> None:
    starts = np.array([0, 3, 6, 9, 20, 23, 40])
    found = [piece.tolist() for piece in pieces(starts, 3, 3)]
    assert found == [[0, 3, 6], [9], [20, 23], [40]]
    assert not [piece for piece in pieces(starts[:0], 3, 3) if len(piece)]


def test_an_overlap_is_the_mean_of_what_was_added() -> None:
    overlap = Overlap(7, 2)
    values = np.arange(24.0).reshape(3, 4, 2)
    overlap.add(np.array([0, 2]), values[:2], 2)
    overlap.add(np.array([2]), values[2:], 2)
    means = overlap.means()
    assert np.isnan(means[6]).all()
    close(means[0], values[0, 0])
    close(means[3], (values[0, 3] + values[1, 1] + values[2, 1]) / 3)


def test_a_window_view_shares_the_memory_of_its_rows() -> None:
    rows = normal(50)
    view = window_view(rows, 12)
    assert view.shape == (39, 12, 3) and np.shares_memory(view, rows)
    np.testing.assert_array_equal(view[7], rows[7:19])


@pytest.mark.parametrize("smoothing", [1, 2, 5, 300])
def test_smoothing_is_the_mean_of_the_last_values(smoothing: int) -> None:
    values = np.random.default_rng(0).normal(size=(60, 2))
    values[10:14] = values[30] = values[0] = np.nan
    close(smoothed(values, smoothing), smoothed_by_hand(values, smoothing))


def test_scores_look_at_no_row_but_those_that_windows_reach() -> None:
    detector = windowed(smoothing=4).fit(normal())
    rows = normal(300, seed=1)
    changed = rows.copy()
    changed[150] += 0.5 * np.array([1.0, 5.0, 1e3])
    before, after = detector.timestep_scores(rows)[0], detector.timestep_scores(changed)[0]
    moved = np.flatnonzero(~np.isclose(before, after, rtol=1e-6))
    assert moved.min() == 150 - WINDOW + 1 and moved.max() == 150 + WINDOW - 1 + 3


def test_series_are_scored_one_by_one() -> None:
    detector = windowed().fit(normal())
    one, other = normal(100, seed=1), normal(180, seed=2)
    together = detector.timestep_scores(named([one, other]))
    for found, alone in zip(together, (one, other), strict=True):
        np.testing.assert_array_equal(found, detector.timestep_scores(alone)[0])


def test_the_detectors_are_the_six_and_the_baseline() -> None:
    assert {cls.__name__ for cls in ALL} < set(tsad_plugin.__all__)
