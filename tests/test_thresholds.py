"""Thresholders against naive oracles, on known tails, and in PyOD's `contamination` slot."""

import ast
import math
import pickle
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pyod.models.base import BaseDetector
from pyod.models.ecod import ECOD
from pyod.models.hbos import HBOS
from pyod.models.iforest import IForest
from pyod.models.knn import KNN
from pyod.utils import persistence
from scipy import stats
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from tsad_plugin import thresholds
from tsad_plugin.cli.threshold import from_text
from tsad_plugin.thresholds import (
    ConformalThreshold,
    KSigma,
    PeaksOverThreshold,
    Thresholder,
)

LARGEST = sys.float_info.max
FORMS = "use ksigma:3, contamination:0.05, pot:1e-3 or conformal:0.01"

every_thresholder = pytest.mark.parametrize(
    "thresholder",
    [KSigma(), KSigma(robust=True), PeaksOverThreshold(), ConformalThreshold()],
    ids=["ksigma", "robust", "pot", "conformal"],
)
every_detector = pytest.mark.parametrize("detector", [KNN, ECOD, HBOS])


def name_of(tail: Any) -> str:
    return str(tail.dist.name)


def good_scores(n_runs: int = 200, seed: int = 0) -> NDArray[Any]:
    return np.random.default_rng(seed).exponential(size=n_runs)


def message_of(call: Callable[[], object], error: type[Exception] = ValueError) -> str:
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


# ---- what all of them do


@every_thresholder
def test_labels_are_scores_above_the_threshold(thresholder: Thresholder) -> None:
    scores = [*good_scores(), 1e3]
    fitted = clone(thresholder).fit(scores)
    assert fitted.labels_.tolist() == [int(score > fitted.thresh_) for score in scores]
    assert fitted.labels_.dtype == np.int64
    assert 1 <= fitted.labels_.sum() < 20


@every_thresholder
def test_a_score_equal_to_the_threshold_is_normal(thresholder: Thresholder) -> None:
    fitted = clone(thresholder).fit(good_scores())
    above = math.nextafter(fitted.thresh_, math.inf)
    assert fitted.predict([fitted.thresh_, above]).tolist() == [0, 1]


@every_thresholder
def test_fit_returns_self_and_a_python_float(thresholder: Thresholder) -> None:
    fitted = clone(thresholder)
    assert fitted.fit(good_scores()) is fitted
    assert type(fitted.thresh_) is float


@every_thresholder
def test_eval_fits_and_returns_the_labels(thresholder: Thresholder) -> None:
    scores = good_scores()
    fitted, evaluated = clone(thresholder).fit(scores), clone(thresholder)
    assert np.array_equal(evaluated.eval(scores), fitted.labels_)
    assert evaluated.thresh_ == fitted.thresh_


@every_thresholder
def test_predict_takes_one_score_in_any_form(thresholder: Thresholder) -> None:
    fitted = clone(thresholder).fit(good_scores())
    high = fitted.thresh_ + 1
    for score in (high, np.float32(high), np.array(high), [high], np.array([[high]])):
        assert fitted.predict(score).tolist() == [1]
    assert fitted.predict(-high).tolist() == [0]


@every_thresholder
def test_lists_columns_and_single_precision_give_the_same_threshold(
    thresholder: Thresholder,
) -> None:
    scores = good_scores().astype(np.float32)
    expected = clone(thresholder).fit(scores.astype(float)).thresh_
    for form in (scores, scores.tolist(), scores[:, None]):
        assert clone(thresholder).fit(form).thresh_ == expected


@every_thresholder
def test_fit_forgets_the_past_and_leaves_the_scores_alone(thresholder: Thresholder) -> None:
    scores = good_scores()
    before = scores.copy()
    refitted = clone(thresholder).fit(1e6 * good_scores(250, seed=1)).fit(scores)
    assert refitted.thresh_ == clone(thresholder).fit(scores).thresh_
    assert np.array_equal(scores, before)


@every_thresholder
def test_the_threshold_is_in_score_units(thresholder: Thresholder) -> None:
    scores = good_scores()
    threshold = clone(thresholder).fit(scores).thresh_
    scaled = clone(thresholder).fit(1000 * scores + 5000).thresh_
    assert scaled == pytest.approx(1000 * threshold + 5000, rel=1e-3)


@every_thresholder
def test_the_order_of_the_scores_does_not_matter(thresholder: Thresholder) -> None:
    scores = good_scores()
    threshold = clone(thresholder).fit(scores).thresh_
    assert clone(thresholder).fit(scores[::-1]).thresh_ == pytest.approx(threshold, rel=1e-12)


EXTREMES = {
    "one": [3.0],
    "equal": [0.1] * 10,
    "zeros": [0.0] * 20,
    "two": [1.0, 2.0],
    "ties": [0.0] * 1000 + [1.0] * 5,
    "many ties": [0.0] * 1000 + [1.0] * 50,
    "largest floats": [LARGEST, -LARGEST] * 10,
    "smallest floats": [5e-324 * i for i in range(40)],
    "rounding": [1 + i * 2.3e-16 for i in range(40)],
    "all magnitudes": [10.0**i for i in range(-307, 309)],
    "below zero": [-(10.0**i) for i in range(-307, 309)],
    "one giant": [*range(100), 1e308],
}


@pytest.mark.parametrize("scores", EXTREMES.values(), ids=EXTREMES)
@pytest.mark.filterwarnings("ignore:alpha=:UserWarning")
def test_finite_scores_give_a_finite_threshold_that_is_not_zero(scores: list[float]) -> None:
    for k in (1e-300, 3, 1e300):
        assert math.isfinite(KSigma(k).fit(scores).thresh_)
        assert math.isfinite(KSigma(k, robust=True).fit(scores).thresh_)
    for q in (1e-320, 1e-3, 0.999):
        assert math.isfinite(PeaksOverThreshold(q).fit(scores).thresh_)
    for alpha in (1e-320, 0.01, 0.5):
        threshold = ConformalThreshold(alpha).fit(scores).thresh_
        assert threshold in scores or threshold == sys.float_info.min


@every_thresholder
@pytest.mark.parametrize("scores", [[0.1] * 10, [-3.0] * 150, [7.0]])
@pytest.mark.filterwarnings("ignore:alpha=:UserWarning")
def test_equal_scores_are_their_own_threshold(
    thresholder: Thresholder, scores: list[float]
) -> None:
    fitted = clone(thresholder).fit(scores)
    assert fitted.thresh_ == scores[0]
    assert not fitted.labels_.any()


def test_equal_scores_are_normal_for_a_small_k() -> None:
    for n_runs in range(1, 50):  # the mean of n equal numbers may be off by a rounding error
        assert not KSigma(1e-3).fit([0.1] * n_runs).labels_.any()


def test_a_custom_thresholder_needs_one_method() -> None:
    class Half(Thresholder):
        def _threshold(self, scores: NDArray[np.float64]) -> float:
            return float(scores.max()) / 2

    assert Half().eval([1.0, 2.0, 1e3]).tolist() == [0, 0, 1]
    assert Half().fit([1.0, 2.0, 1e3]).thresh_ == 500


# ---- the zero that PyOD takes for no threshold


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_a_threshold_of_zero_is_stored_as_the_smallest_normal_float(zero: float) -> None:
    fitted = KSigma().fit([zero] * 20)
    assert fitted.thresh_ == sys.float_info.min > 0
    assert fitted.predict([-1.0, -0.0, 0.0, 1e-300]).tolist() == [0, 0, 0, 1]


def test_pyod_keeps_a_threshold_at_zero() -> None:
    rows = np.repeat(np.arange(10.0), 20)[:, None]  # 20 of each: every distance is 0
    detector = KNN(contamination=KSigma()).fit(rows)
    assert not detector.decision_scores_.any()
    assert detector.threshold_ == detector.contamination.thresh_ == sys.float_info.min
    assert detector.predict([[3.0], [3.5]]).tolist() == [0, 1]


# ---- what they refuse


@pytest.mark.parametrize(
    ("scores", "error"),
    [
        ([], "scores must hold at least one score, got none"),
        (np.empty((0, 1)), "scores must hold at least one score, got none"),
        ([1, math.nan, 2, math.inf], "2 of 4 scores are not finite, first at 1"),
        (-math.inf, "1 of 1 scores are not finite, first at 0"),
        (
            np.ones((5, 3)),
            "scores must be one per run, got shape (5, 3): combine the scores of several "
            "detectors first (pyod.models.combination)",
        ),
        (
            np.ones((1, 2)),
            "scores must be one per run, got shape (1, 2): combine the scores of several "
            "detectors first (pyod.models.combination)",
        ),
        (
            np.ones((2, 1, 1)),
            "scores must be one per run, got shape (2, 1, 1): combine the scores of several "
            "detectors first (pyod.models.combination)",
        ),
    ],
)
@every_thresholder
def test_fit_eval_and_predict_refuse_bad_scores(
    thresholder: Thresholder, scores: Any, error: str
) -> None:
    fitted = clone(thresholder).fit(good_scores())
    for method in (clone(thresholder).fit, clone(thresholder).eval, fitted.predict):
        assert message_of(lambda method=method: method(scores)) == error


@pytest.mark.parametrize(
    ("thresholder", "error"),
    [
        (KSigma(-1), "k must be a positive number, got -1"),
        (KSigma(0), "k must be a positive number, got 0"),
        (KSigma(math.inf), "k must be a positive number, got inf"),
        (KSigma(math.nan), "k must be a positive number, got nan"),
        (KSigma(True), "k must be a positive number, got True"),
        (KSigma("3"), "k must be a positive number, got '3'"),
        (KSigma(robust="no"), "robust must be True or False, got 'no'"),
        (PeaksOverThreshold(0), "q must be a number between 0 and 1, got 0"),
        (PeaksOverThreshold(1.0), "q must be a number between 0 and 1, got 1.0"),
        (PeaksOverThreshold(None), "q must be a number between 0 and 1, got None"),
        (PeaksOverThreshold(level=98), "level must be a number between 0 and 1, got 98"),
        (ConformalThreshold(1), "alpha must be a number between 0 and 1, got 1"),
        (ConformalThreshold(-0.1), "alpha must be a number between 0 and 1, got -0.1"),
    ],
)
def test_fit_refuses_a_parameter_out_of_range(thresholder: Thresholder, error: str) -> None:
    assert message_of(lambda: thresholder.fit(good_scores())) == error
    assert message_of(lambda: thresholder.fit([])) == error, "checked before the scores"


@pytest.mark.parametrize("number", [3, np.float64(3), np.float32(3), np.int64(3), Fraction(3)])
def test_any_real_number_will_do(number: Any) -> None:
    assert KSigma(number).fit([1.0, 2.0, 3.0]).thresh_ == 5.0


@every_thresholder
def test_predict_before_fit_says_so(thresholder: Thresholder) -> None:
    text = f"This {type(thresholder).__name__} has no threshold yet: call fit first."
    assert message_of(lambda: clone(thresholder).predict([1.0]), NotFittedError) == text


# ---- scikit-learn


@every_thresholder
def test_init_only_stores(thresholder: Thresholder) -> None:
    new = clone(thresholder)
    assert vars(new) == new.get_params() == thresholder.get_params()


def test_the_first_argument_may_be_positional() -> None:
    assert KSigma(2).get_params() == {"k": 2, "robust": False, "log": False}
    assert PeaksOverThreshold(0.01).get_params() == {"q": 0.01, "level": 0.98}
    assert ConformalThreshold(0.2).get_params() == {"alpha": 0.2}


def test_set_params_takes_effect_at_the_next_fit() -> None:
    fitted = KSigma(1).fit([1.0, 2.0, 3.0]).set_params(k=2)
    assert fitted.thresh_ == 3.0
    assert fitted.fit([1.0, 2.0, 3.0]).thresh_ == 4.0


@every_thresholder
def test_a_pickled_thresholder_predicts_the_same(thresholder: Thresholder) -> None:
    fitted = clone(thresholder).fit(good_scores())
    loaded = pickle.loads(pickle.dumps(fitted))
    assert loaded.thresh_ == fitted.thresh_
    assert np.array_equal(loaded.labels_, fitted.labels_)
    assert loaded.predict([0.0, 1e3]).tolist() == [0, 1]


def test_the_module_imports_numpy_scipy_and_sklearn_alone() -> None:
    tree = ast.parse(Path(thresholds.__file__).read_text("utf-8"))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {getattr(node, "module", None) or node.names[0].name for node in nodes}
    foreign = {name.split(".")[0] for name in names} - sys.stdlib_module_names
    assert foreign == {"numpy", "scipy", "sklearn"}


# ---- KSigma


def naive_k_sigma(scores: list[float], k: float) -> float:
    mean = sum(scores) / len(scores)
    squares = sum((score - mean) ** 2 for score in scores)
    return mean + k * math.sqrt(squares / (len(scores) - 1))


def naive_median(values: list[float]) -> float:
    ordered, half = sorted(values), len(values) // 2
    return (ordered[half] + ordered[~half]) / 2


def naive_robust(scores: list[float], k: float) -> float:
    median = naive_median(scores)
    return median + k * 1.4826 * naive_median([abs(score - median) for score in scores])


@pytest.mark.parametrize("k", [0.5, 3, 7.25])
@pytest.mark.parametrize("n_runs", [2, 3, 10, 101])
def test_k_sigma_agrees_with_the_naive_one(n_runs: int, k: float) -> None:
    scores = good_scores(n_runs).tolist()
    assert KSigma(k).fit(scores).thresh_ == pytest.approx(naive_k_sigma(scores, k), rel=1e-12)
    robust = KSigma(k, robust=True).fit(scores).thresh_
    assert robust == pytest.approx(naive_robust(scores, k), rel=1e-12)


def test_scores_whose_squares_overflow_have_a_standard_deviation() -> None:
    scores = good_scores()
    assert KSigma().fit(scores * 2.0**900).thresh_ == KSigma().fit(scores).thresh_ * 2.0**900


def test_robust_k_sigma_ignores_five_percent_of_gross_outliers() -> None:
    scores = np.random.default_rng(0).normal(10, 1, 1000)
    spoilt = scores.copy()
    spoilt[:50] = 1e4
    clean = KSigma().fit(scores).thresh_
    robust = KSigma(robust=True).fit(spoilt)
    assert robust.thresh_ == pytest.approx(clean, abs=0.5)  # half a standard deviation
    assert robust.labels_[:50].all()
    assert robust.labels_[50:].sum() <= 5
    assert KSigma().fit(spoilt).thresh_ > 1000, "the outliers carry the plain one away"


def test_robust_k_sigma_of_mostly_equal_scores_is_their_median() -> None:
    fitted = KSigma(robust=True).fit([2.0] * 11 + list(range(10)))
    assert fitted.thresh_ == 2.0


# ---- PeaksOverThreshold


def exponential_threshold(scores: NDArray[Any], level: float, q: float) -> float:
    """What the formula of z_q comes to for a shape of 0."""
    excesses = [score - level for score in scores if score > level]
    mean = sum(excesses) / len(excesses)
    return level + mean * math.log(len(excesses) / (q * len(scores)))


def naive_peaks_over_threshold(scores: NDArray[Any], level: float, q: float) -> float:
    """Threshold of the most likely of a grid of generalised Pareto distributions."""
    excesses = scores[scores > level] - level
    best, threshold = -math.inf, math.nan
    for shape in np.linspace(-0.45, 0.95, 140):  # 0 is not among them
        for scale in np.geomspace(0.2, 5, 200):
            inner = 1 + shape * excesses / scale
            if inner.min() <= 0:
                continue
            likelihood = -excesses.size * math.log(scale) - (1 + 1 / shape) * np.log(inner).sum()
            if likelihood > best:
                share = q * scores.size / excesses.size
                best, threshold = likelihood, level + scale / shape * (share**-shape - 1)
    return threshold


@pytest.mark.parametrize("tail", [stats.expon(), stats.t(4), stats.norm()], ids=name_of)
def test_peaks_over_threshold_agrees_with_the_best_of_a_grid(tail: Any) -> None:
    scores = tail.rvs(4000, random_state=0)
    level = np.quantile(scores, 0.95)
    for q in (1e-2, 1e-3, 1e-4):
        expected = naive_peaks_over_threshold(scores, level, q)
        assert PeaksOverThreshold(q, level=0.95).fit(scores).thresh_ == pytest.approx(
            expected, rel=0.02
        )


@pytest.mark.parametrize(
    "tail", [stats.expon(), stats.norm(), stats.t(3)], ids=lambda t: t.dist.name
)
@pytest.mark.parametrize("q", [1e-2, 1e-3])
def test_a_good_run_exceeds_the_threshold_with_probability_q(tail: Any, q: float) -> None:
    rates = [
        tail.sf(PeaksOverThreshold(q).fit(tail.rvs(2000, random_state=seed)).thresh_)
        for seed in range(30)
    ]
    assert 0.8 * q < np.mean(rates) < 1.6 * q
    assert max(rates) < 6 * q


def test_the_threshold_reaches_beyond_the_scores() -> None:
    scores = good_scores(2000)
    fitted = PeaksOverThreshold(1e-6).fit(scores)
    assert fitted.thresh_ > scores.max()
    assert stats.expon.sf(fitted.thresh_) < 1e-4


@pytest.mark.parametrize("scores", EXTREMES.values(), ids=EXTREMES)
def test_a_smaller_q_never_lowers_the_threshold(scores: list[float]) -> None:
    probabilities = [1e-320, 1e-300, 1e-12, 1e-6, 1e-3, 0.01, 0.02, 0.05, 0.2, 0.5, 0.999]
    found = [PeaksOverThreshold(q).fit(scores).thresh_ for q in probabilities]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("q", [0.02, 0.1, 0.9])
def test_the_threshold_is_never_below_the_level(q: float) -> None:
    scores = good_scores(1000)
    assert PeaksOverThreshold(q).fit(scores).thresh_ == pytest.approx(np.quantile(scores, 0.98))


def test_the_level_is_lowered_until_ten_scores_lie_above_it() -> None:
    level = PeaksOverThreshold(0.999).fit(range(100)).thresh_  # q > N_t / n: the level itself
    assert level == 89
    ties = [*range(80), *[85] * 6, *range(92, 99)]  # 7 lie above 85
    assert PeaksOverThreshold(0.999).fit(ties).thresh_ == 79
    assert PeaksOverThreshold(0.999).fit([3.0, 1.0, 2.0]).thresh_ == 1
    assert PeaksOverThreshold(0.999, level=0.5).fit(range(101)).thresh_ == 50


@pytest.mark.parametrize(
    ("scores", "level"),
    [
        (np.array([1.0, 2.0, 4.0, 8.0]), 1.0),  # few scores
        (np.append(np.zeros(100), stats.expon.isf(np.arange(1, 18, 2) / 18)), 0.0),  # 9 excesses
        (np.array([0.0] * 100 + [1.0] * 12), 0.0),  # equal excesses
        (np.linspace(0, 1, 1001), 0.98),  # fitted shape about -1
        (np.array([0.0] * 10 + [1e-7] * 1000), 0.0),  # many equal excesses
        (stats.genpareto.isf((np.arange(1000) + 0.5) / 1000, 2), None),  # fitted shape about 2
    ],
    ids=["few scores", "few excesses", "equal", "bounded", "many equal", "heavy"],
)
def test_the_tail_is_exponential_where_its_shape_cannot_be_told(
    scores: NDArray[Any], level: float | None
) -> None:
    level = np.quantile(scores, 0.98) if level is None else level
    threshold = PeaksOverThreshold().fit(scores).thresh_
    assert threshold == pytest.approx(exponential_threshold(scores, level, 1e-3), rel=1e-9)


def test_the_tail_is_exponential_where_the_fit_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise stats.FitError("no fit")

    scores = good_scores(1000)
    level = float(np.quantile(scores, 0.98))
    expected = exponential_threshold(scores, level, 1e-3)
    assert PeaksOverThreshold().fit(scores).thresh_ != pytest.approx(expected, rel=1e-6)
    monkeypatch.setattr(thresholds.genpareto, "fit", fail)
    assert PeaksOverThreshold().fit(scores).thresh_ == pytest.approx(expected, rel=1e-9)


# ---- ConformalThreshold


def naive_conformal(scores: list[float], alpha: str) -> float:
    """Smallest score with at least ceil((n + 1)(1 - alpha)) scores at or below it."""
    rank = math.ceil((len(scores) + 1) * (1 - Fraction(alpha)))
    return min(score for score in scores if sum(other <= score for other in scores) >= rank)


@pytest.mark.parametrize("alpha", ["0.01", "0.05", "0.07", "0.29", "0.3", "0.9"])
@pytest.mark.parametrize("n_runs", [99, 100, 199])
def test_conformal_agrees_with_the_naive_one(n_runs: int, alpha: str) -> None:
    for scores in (good_scores(n_runs).tolist(), good_scores(n_runs).round(1).tolist()):
        fitted = ConformalThreshold(float(alpha)).fit(scores)
        assert fitted.thresh_ == naive_conformal(scores, alpha)


@pytest.mark.parametrize("tail", [stats.uniform(), stats.lognorm(2), stats.cauchy()], ids=name_of)
@pytest.mark.parametrize(("n_runs", "alpha"), [(99, 0.05), (50, 0.1), (150, 0.01)])
def test_false_alarms_are_as_many_as_alpha_allows(tail: Any, n_runs: int, alpha: float) -> None:
    samples = tail.rvs((3000, n_runs), random_state=0)
    rates = tail.sf([ConformalThreshold(alpha).fit(scores).thresh_ for scores in samples])
    expected = math.floor(alpha * (n_runs + 1) + 1e-9) / (n_runs + 1)  # <= alpha
    assert np.mean(rates) == pytest.approx(expected, abs=5 * np.std(rates) / math.sqrt(3000))
    assert np.mean(rates) < alpha * 1.05


def test_too_few_runs_for_alpha_warn_and_take_the_largest_score() -> None:
    text = (
        "alpha=0.01 needs at least 99 runs, got 20, which allow alpha=0.04762 at the smallest: "
        "the threshold is the largest score"
    )
    with pytest.warns(UserWarning, match="largest score") as caught:
        fitted = ConformalThreshold().fit(range(20))
    assert [str(warning.message) for warning in caught] == [text]
    assert caught[0].filename == __file__, "it points to whoever called fit"
    assert fitted.thresh_ == 19
    assert not fitted.labels_.any()


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.07, 1 / 21, 1e-3, 0.29])
def test_the_runs_that_the_warning_asks_for_suffice(alpha: float) -> None:
    with pytest.warns(UserWarning, match="largest score") as caught:
        ConformalThreshold(alpha).fit([0.0])
    needed = int(str(caught[0].message).split(" runs")[0].split()[-1])
    ConformalThreshold(alpha).fit(range(needed))
    with pytest.warns(UserWarning, match=f"needs at least {needed} runs"):
        ConformalThreshold(alpha).fit(range(needed - 1))


@pytest.mark.parametrize("n_runs", [*range(1, 60), 999, 12345])
def test_the_alpha_that_the_warning_offers_will_do(n_runs: int) -> None:
    scores = np.arange(1, n_runs + 1)
    with pytest.warns(UserWarning, match="largest score") as caught:
        ConformalThreshold(1e-9).fit(scores)
    offered = float(str(caught[0].message).split("alpha=")[2].split()[0])
    assert ConformalThreshold(offered).fit(scores).thresh_ == n_runs
    with pytest.warns(UserWarning, match="largest score"):
        ConformalThreshold(0.97 * offered).fit(scores)


# ---- in PyOD


def rows(n_rows: int = 200, seed: int = 0) -> NDArray[Any]:
    return np.random.default_rng(seed).normal(size=(n_rows, 3))


NEW = np.vstack([rows(30, seed=1), np.zeros((1, 3)), np.full((1, 3), 9.0)])  # last: an outlier


def fitted_detector(detector: type[BaseDetector], thresholder: Thresholder) -> Any:
    return detector(contamination=clone(thresholder)).fit(rows())


@every_detector
@every_thresholder
def test_pyod_fits_the_thresholder_on_its_scores(
    detector: type[BaseDetector], thresholder: Thresholder
) -> None:
    fitted = fitted_detector(detector, thresholder)
    alone = clone(thresholder).fit(fitted.decision_scores_)
    assert fitted.threshold_ == fitted.contamination.thresh_ == alone.thresh_
    assert np.array_equal(fitted.labels_, fitted.decision_scores_ > fitted.threshold_)
    assert fitted.labels_.sum() < 40


@every_detector
@every_thresholder
def test_pyod_predicts_with_the_thresholder(
    detector: type[BaseDetector], thresholder: Thresholder
) -> None:
    fitted = fitted_detector(detector, thresholder)
    labels = fitted.predict(NEW)
    assert np.array_equal(labels, fitted.decision_function(NEW) > fitted.threshold_)
    assert labels[-2:].tolist() == [0, 1]
    assert fitted.predict(NEW[-1:]).tolist() == [1]
    assert fitted.predict(NEW[-2:-1]).tolist() == [0]


def naive_confidence(fitted: Any, new: NDArray[Any]) -> list[float]:
    """Perini et al. (2020), for the share of outliers that the thresholder found."""
    n_rows = len(fitted.decision_scores_)
    n_normal = n_rows - int(n_rows * (fitted.labels_.sum() / n_rows))
    confidence = []
    for score in fitted.decision_function(new):
        p = (1 + sum(fitted.decision_scores_ <= score)) / (2 + n_rows)
        outlier = 1 - stats.binom.cdf(n_normal, n_rows, p)
        confidence.append(outlier if score > fitted.threshold_ else 1 - outlier)
    return confidence


@every_detector
@every_thresholder
def test_pyod_gives_probabilities_and_confidence(
    detector: type[BaseDetector], thresholder: Thresholder
) -> None:
    fitted = fitted_detector(detector, thresholder)
    for method in ("linear", "unify"):
        probability = fitted.predict_proba(NEW, method=method)
        assert probability.shape == (32, 2)
        assert probability[-1, 1] > 0.8 > probability[-2, 1]
    labels, confidence = fitted.predict(NEW, return_confidence=True)
    assert np.array_equal(labels, fitted.predict(NEW))
    assert np.array_equal(confidence, fitted.predict_confidence(NEW))
    assert confidence == pytest.approx(naive_confidence(fitted, NEW), abs=1e-12)


@every_thresholder
def test_pyod_predicts_with_rejection(thresholder: Thresholder) -> None:
    fitted = fitted_detector(KNN, thresholder)
    with pytest.warns(UserWarning, match="cost of rejection"):
        labels = fitted.predict_with_rejection(NEW, T=3)
    kept = labels != -2
    assert kept.sum() > 20
    assert np.array_equal(labels[kept], fitted.predict(NEW)[kept])


@every_detector
@every_thresholder
def test_a_cloned_detector_has_an_unfitted_thresholder_of_its_own(
    detector: type[BaseDetector], thresholder: Thresholder
) -> None:
    fitted = fitted_detector(detector, thresholder)
    copy = clone(fitted)
    assert copy.contamination.get_params() == thresholder.get_params()
    message_of(lambda: copy.contamination.predict([1.0]), NotFittedError)
    assert clone(fitted).fit(rows()).threshold_ == fitted.threshold_
    copy.fit(np.exp(rows(seed=3)))
    assert copy.threshold_ != fitted.threshold_
    assert fitted.contamination.thresh_ == fitted.threshold_, "the clone's fit left it alone"


@every_detector
@every_thresholder
def test_a_saved_detector_predicts_the_same(
    detector: type[BaseDetector], thresholder: Thresholder, tmp_path: Path
) -> None:
    fitted = fitted_detector(detector, thresholder)
    persistence.save(fitted, tmp_path / "detector.joblib")
    loaded = [
        pickle.loads(pickle.dumps(fitted)),
        persistence.load(tmp_path / "detector.joblib", trusted=True),
    ]
    for copy in loaded:
        assert copy.threshold_ == fitted.threshold_
        assert np.array_equal(copy.predict(NEW), fitted.predict(NEW))
        assert np.array_equal(copy.predict_confidence(NEW), fitted.predict_confidence(NEW))


@every_detector
def test_nested_parameters_reach_the_thresholder(detector: type[BaseDetector]) -> None:
    model = detector(contamination=KSigma(1)).set_params(contamination__k=4)
    assert model.get_params()["contamination__k"] == 4
    assert model.fit(rows()).threshold_ == KSigma(4).fit(model.decision_scores_).thresh_


@every_thresholder
def test_the_documented_way_around_iforest_works(thresholder: Thresholder) -> None:
    refused = IForest(contamination=clone(thresholder), random_state=0)
    assert "'contamination' parameter of IsolationForest" in message_of(lambda: refused.fit(rows()))
    forest = IForest(random_state=0).fit(rows())
    threshold = clone(thresholder).fit(forest.decision_scores_)
    assert np.array_equal(threshold.labels_, forest.decision_scores_ > threshold.thresh_)
    scores = forest.decision_function(NEW)
    assert np.array_equal(threshold.predict(scores), scores > threshold.thresh_)


# ---- from_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ksigma:3", KSigma(3.0)),
        ("ksigma:2.5", KSigma(2.5)),
        ("ksigma", KSigma()),
        (" KSigma : 4 ", KSigma(4.0)),
        ("pot:1e-4", PeaksOverThreshold(1e-4)),
        ("POT:1E-2", PeaksOverThreshold(0.01)),
        ("pot", PeaksOverThreshold()),
        ("conformal:0.05", ConformalThreshold(0.05)),
        ("Conformal", ConformalThreshold()),
    ],
)
def test_text_becomes_a_thresholder(text: str, expected: Thresholder) -> None:
    made = from_text(text)
    assert type(made) is type(expected)
    assert made.get_params() == expected.get_params()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("contamination:0.05", 0.05), ("CONTAMINATION:.5", 0.5), ("contamination", 0.1)],
)
def test_text_becomes_a_share_that_pyod_takes(text: str, expected: float) -> None:
    share = from_text(text)
    assert type(share) is float
    assert share == expected == KNN(contamination=share).contamination


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there is no ''"),
        ("3", "there is no '3'"),
        ("iqr:1.5", "there is no 'iqr'"),
        ("ksigma3", "there is no 'ksigma3'"),
        ("ksigma:", "could not convert string to float: ''"),
        ("ksigma:three", "could not convert string to float: 'three'"),
        ("ksigma:3:4", "could not convert string to float: '3:4'"),
        ("ksigma:-1", "k must be a positive number, got -1.0"),
        ("ksigma:nan", "k must be a positive number, got nan"),
        ("pot:2", "q must be a number between 0 and 1, got 2.0"),
        ("conformal:0", "alpha must be a number between 0 and 1, got 0.0"),
        ("contamination:0.6", "contamination must be above 0 and at most 0.5, got 0.6"),
        ("contamination:0", "contamination must be above 0 and at most 0.5, got 0.0"),
    ],
)
def test_any_other_text_is_refused_with_the_four_forms(text: str, reason: str) -> None:
    error = message_of(lambda: from_text(text))
    assert error == f"cannot read the threshold {text!r}: {reason}; {FORMS}"
