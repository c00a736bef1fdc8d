"""A detector of timesteps, made from one of runs or of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from tsad_plugin.inputs import as_series, with_channels
from tsad_plugin.rules import PROPER_SHARE, THRESHOLD_OR_DEFAULT, Rule, check_parameters
from tsad_plugin.runs import Runs
from tsad_plugin.thresholds import KSigma

from .blocks import blocks_of, measured, no_window, windows_of
from .finding import SegmentFinder
from .inner import check_inner, fit_inner, gives_contributions, window_values
from .preparation import SeriesPreprocessor, check_despike
from .scan import Scan, Scanned
from .tables import cleaning_table, correlation_table

# The threshold without a `contamination`: robust standard deviations above the median of scores
# that were held out, among which the first rows of a fault may be; of their logarithms where they
# are mean squares. (docs/long_series.md measures.)
K, LOG_K = 8.0, 5.0
# How many times as abnormal as any timestep without a fault a failure is.
FAILED = 10.0


class WindowedDetector(SegmentFinder):
    """A detector of timesteps in long series: it scores overlapping windows of them.

    Inside is one of the six autoencoders or `PCAReconstruction`, whose contributions tell channels
    apart, or any detector of PyOD, whose score of a window counts for all of its timesteps. The
    score of a timestep is the mean over the windows that cover it, then a causal mean.

    A table X of shape (n_timesteps, n_channels) is **one** series, as in PyOD's `TimeSeriesOD`; a
    list, an array of three dimensions or `Runs` are several, of any lengths. A sample is a
    timestep: `decision_function` and `predict` answer with one vector, one series after another.
    NaN is a gap.

    Train it on normal rows. The last of each series (`validation_fraction`), a window apart from
    those before, are held out: they choose the epoch, level scores to a mean of about 1, and set
    the threshold. (With `score="mahalanobis"` half do the former and half the latter, as in [1]_:
    a Gaussian of many channels knows the rows that it was learned from.)

    Parameters
    ----------
    detector : detector or str, default="KNN"
        What scores windows; it is copied, not fitted itself. A string names one of PyOD's. Its
        own `contamination`, `n_channels`, `validation_fraction`, `scaling`, `length_sigma`,
        `reduction` and `use_duration` are not used: windows have one length and no phase, so each
        channel is scaled as a whole.
    window_size : int, default=32
        Timesteps of a window.
    stride : int, default=1
        Timesteps from one scored window to the next, at most `window_size`. It learns from all.
    contamination : float or thresholder, optional
        A thresholder, which learns from `calibration_scores_`, or, as in PyOD, the share of
        outliers among the training timesteps. By default `KSigma(5, robust=True, log=True)`, for
        detectors of PyOD `KSigma(8, robust=True)`.
    despike : {"auto"}, Despike or None, default="auto"
        What makes gaps of glitches before anything is learned: `Glitches`, a step of your own, or
        nothing. Spikes that come in a rhythm are kept.
    steps : sequence of transformers, default=()
        `MovingAverage`, `ChannelPCA` or others like them, applied next.
    smoothing : int, default=10
        Timesteps that a score is averaged over, itself and those before; 1 for none.
    validation_fraction : float, default=0.2
        Share of each training series that is held out, in (0, 1).
    max_windows : int, default=4000
        How many windows it learns from at most, evenly spread.
    min_duration : int, optional
        Timesteps that a faulty segment must last; by default 16, or half a window if that is less.
    merge_gap : int, optional
        Timesteps of lower scores that do not end a segment; by default `window_size`.
    release : float, default=0.5
        A segment begins above the threshold and lasts while scores stay above this share of the
        way from the usual score to it, in [0, 1].

    Attributes
    ----------
    detector_ : detector
        The fitted copy.
    calibration_scores_ : ndarray of shape (n_calibration_timesteps,)
        Scores of held-out timesteps.
    usual_score_ : float
        Their median. It stands in `decision_scores_` and in what `decision_function` returns for
        timesteps that have no score: where nothing was measured, or no window lies (in series
        shorter than a window, in gaps longer than one). `timestep_scores` has NaN there.
    failed_score_ : float
        Score of timesteps at which most channels are dead: ten times as far above `usual_score_` as
        the largest of `calibration_scores_` and the threshold that is the default.
    decision_scores_, labels_ : ndarray of shape (n_timesteps,)
        Scores and labels of all training timesteps, one series after another.
    threshold_ : float
        Scores above it are outliers. (With a PyThresh object it is in that object's units.)
    cleaning_ : DataFrame
        What `cleaning_summary` says of the training series.
    correlation_ : DataFrame of shape (n_channels, n_channels)
        Correlation of the cleaned training channels.
    n_channels_ : int
        Channels of the training series.
    channels_, units_ : tuple of str
        Their names and units.

    Notes
    -----
    Windows are views of the series. Training gathers them batch by batch, and scoring goes over
    the series in slices, so memory does not grow with `window_size` times the length.

    Rows in which more than half of the channels have frozen or collapsed (their range over 16
    timesteps, or their distance from zero, is below a tenth of the least in training) have
    `failed`. Windows do not reach over them, so that
    the collapse does not show in the scores of the rows before.

    References
    ----------
    .. [1] P. Malhotra et al., "LSTM-based Encoder-Decoder for Multi-sensor Anomaly Detection",
       2016, arXiv:1607.00148.
    """

    own_rules: ClassVar[dict[str, Rule]] = {
        "contamination": THRESHOLD_OR_DEFAULT,
        "validation_fraction": PROPER_SHARE,
    }

    def __init__(
        self,
        detector: Any = "KNN",
        window_size: int = 32,
        stride: int = 1,
        *,
        contamination: Any = None,
        despike: Any = "auto",
        steps: Sequence[Any] = (),
        smoothing: int = 10,
        validation_fraction: float = 0.2,
        max_windows: int = 4000,
        min_duration: int | None = None,
        merge_gap: int | None = None,
        release: float = 0.5,
    ) -> None:
        self.detector = detector
        self.window_size = window_size
        self.stride = stride
        self.contamination = contamination
        self.despike = despike
        self.steps = steps
        self.smoothing = smoothing
        self.validation_fraction = validation_fraction
        self.max_windows = max_windows
        self.min_duration = min_duration
        self.merge_gap = merge_gap
        self.release = release

    def _check_parameters(self) -> None:
        check_parameters(self)
        check_despike(self.despike)
        check_inner(self.detector, self.window_size)
        if self.stride > self.window_size:
            raise ValueError(
                f"stride={self.stride} would leave rows between windows of {self.window_size}: "
                "use at most window_size"
            )

    def _asked_contamination(self) -> Any:
        return self._usual_thresholder() if self.contamination is None else self.contamination

    def _usual_thresholder(self) -> KSigma:
        log = gives_contributions(self.detector_) and bool(self.calibration_scores_.min() > 0)
        return KSigma(LOG_K if log else K, robust=True, log=log)

    def _read_training(self, X: Any) -> Runs:
        return as_series(X)

    def _read(self, X: Any) -> Runs:
        check_is_fitted(self, "preprocessor_")
        return with_channels(as_series(X), self.channels_)

    def _fit_runs(self, runs: Runs) -> None:
        self.n_channels_, self.channels_, self.units_ = runs.n_channels, runs.channels, runs.units
        self.stride_, self.smoothing_ = self.stride, self.smoothing
        apart = getattr(self.detector, "score", None) == "mahalanobis"
        blocks = blocks_of(runs, self.window_size, self.validation_fraction, apart)
        pairs = list(zip(runs.arrays, blocks, strict=True))
        kept = measured(runs.with_arrays([rows[block.kept] for rows, block in pairs]))
        self.preprocessor_ = SeriesPreprocessor(self.window_size, self.despike, self.steps)
        self.preprocessor_.fit(kept)
        windows = windows_of(self.preprocessor_, runs, blocks, self.max_windows)
        self.detector_ = fit_inner(self.detector, self.preprocessor_, windows, runs)
        self._calibrate([rows[block.unseen] for rows, block in pairs])
        self.cleaning_ = cleaning_table(runs, self.preprocessor_)
        self.correlation_ = correlation_table(kept, self.preprocessor_)

    def _calibrate(self, unseen: list[NDArray[Any]]) -> None:
        """Learn what scores are usual from rows that were not learned from."""
        self.failed_score_ = np.nan
        found = np.concatenate([self._timestep_scores(rows) for rows in unseen if len(rows)])
        self.calibration_scores_ = scores = found[~np.isnan(found)]
        if not len(scores):
            raise no_window(self.window_size, "to set the threshold with")
        self.usual_score_ = float(np.median(scores))
        limit = max(float(scores.max()), self._usual_thresholder().fit(scores).thresh_)
        failed = self.usual_score_ + FAILED * (limit - self.usual_score_)
        self.failed_score_ = max(failed, float(np.nextafter(limit, np.inf)))  # scores may be equal

    def _scan(self, rows: NDArray[Any], by_channel: bool) -> Scanned:
        with window_values(self.detector_, by_channel) as values_of:
            return self._scanner().series(rows, values_of, by_channel)

    def _scanner(self) -> Scan:
        return Scan(self.preprocessor_, self.stride_, self.smoothing_, self.failed_score_)

    def _timestep_scores(self, rows: NDArray[Any]) -> NDArray[np.float64]:
        return self._scan(rows, by_channel=False).values[:, 0]

    def _scores(self, runs: Runs) -> NDArray[np.float64]:
        scores = np.concatenate([self._timestep_scores(rows) for rows in runs.arrays])
        scores[np.isnan(scores)] = self.usual_score_
        return scores

    def timestep_scores(self, X: Any, return_mask: bool = False) -> Any:
        """Score timesteps: higher is more abnormal, about 1 on normal rows of our detectors.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            One series or several, with the channels of the training series.
        return_mask : bool
            Whether to return where there is a score, too.

        Returns
        -------
        list of ndarray of shape (n_timesteps_i,), or a pair of lists
            Scores, NaN where a timestep has none; masks, True where it has one.
        """
        scores = [self._timestep_scores(rows) for rows in self._read(X).arrays]
        return (scores, [~np.isnan(s) for s in scores]) if return_mask else scores

    def contributions(self, X: Any) -> list[NDArray[np.float64]]:
        """Share of each channel in the timestep scores.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            One series or several, with the channels of the training series.

        Returns
        -------
        list of ndarray of shape (n_timesteps_i, n_channels)
            A row sums to the timestep score; NaN where there is none.

        Raises
        ------
        ValueError
            If the detector inside is one of PyOD's, which do not tell channels apart.
        """
        runs = self._read(X)
        if not gives_contributions(self.detector_):
            raise ValueError(
                f"{type(self.detector_).__name__} scores windows as a whole: for contributions "
                "take one of the autoencoders or PCAReconstruction"
            )
        return [self._scan(rows, by_channel=True).values for rows in runs.arrays]

    def cleaning_summary(self, X: Any) -> pd.DataFrame:
        """Count what is cleaned from series before they are scored.

        Parameters
        ----------
        X : array-like, list of arrays or Runs
            One series or several, with the channels of the training series.

        Returns
        -------
        DataFrame
            A row a series and channel: `series`, `channel`, `n_timesteps`, values that were
            `missing`, `glitches` among the others, and values `in_long_gaps`, longer than a window,
            which are not filled.
        """
        return cleaning_table(self._read(X), self.preprocessor_)
