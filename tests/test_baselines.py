"""The golden-batch band against loops, and what it refuses."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from waves import CHANNELS, as_named, mirrored, waves

from tsad_plugin import ChannelPCA, KSigma, PopulationBand
from tsad_plugin.baselines import BAND_WIDENING

RNG = np.random.default_rng(0)
GOOD, NEW = RNG.normal(size=(20, 12, 2)), 2 * RNG.normal(size=(5, 12, 2))
SPREAD = GOOD.std(axis=(0, 1))


def naive_score(run: NDArray[Any], learned: NDArray[Any], k: float) -> float:
    """Root mean square of the distance outside the band, in standard deviations."""
    squares = []
    for t, c in np.ndindex(*run.shape):
        width = np.hypot(learned[:, t, c].std(), BAND_WIDENING * SPREAD[c])
        distance = abs(run[t, c] - learned[:, t, c].mean()) / width
        squares.append(max(distance - k, 0) ** 2)
    return float(np.sqrt(np.mean(squares)))


@pytest.mark.parametrize("k", [1, 2.5])
def test_the_score_is_the_root_mean_square_of_the_distance_outside_the_band(k: float) -> None:
    found = PopulationBand(k).fit(GOOD).decision_function(NEW)
    np.testing.assert_allclose(found, [naive_score(run, GOOD, k) for run in NEW], rtol=1e-4)


def test_each_calibration_run_is_scored_by_the_band_of_the_others() -> None:
    expected = [naive_score(GOOD[i], np.delete(GOOD, i, 0), 1) for i in range(len(GOOD))]
    found = PopulationBand(1).fit(GOOD).calibration_scores_
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_the_reconstruction_is_the_nearest_course_inside_the_band() -> None:
    band = PopulationBand(2).fit(GOOD)
    drawn, found = band.population_band(2), np.stack(band.reconstruct(NEW))
    np.testing.assert_allclose(found, np.clip(NEW, drawn.lower, drawn.upper), atol=1e-3)


def test_a_run_that_never_leaves_the_band_is_explained() -> None:
    band = PopulationBand(3).fit(GOOD)
    found = band.explain(np.repeat(GOOD.mean(axis=0)[None], 2, axis=0))
    assert (found.score, found.latent, found.is_outlier) == (0, None, False)
    assert found.text.endswith("no error at any timestep")


def test_the_channel_and_the_timesteps_outside_the_band_are_named() -> None:
    band = PopulationBand(contamination=KSigma(3)).fit(as_named(waves(80)))
    good = np.stack(waves(10, seed=1))
    for channel, name in enumerate(CHANNELS):
        faulty = mirrored(good, channel)
        found = band.explain_all(as_named(list(faulty)))
        assert np.mean([next(iter(f.channels)) == name for f in found]) >= 0.8


def test_every_parameter_takes_effect() -> None:
    uneven = [*waves(20, lengths=(20, 24)), *waves(1, seed=3, lengths=(60,))]
    usual = PopulationBand().fit(uneven).decision_scores_
    for name, value in {
        "k": 1.0,
        "n_timesteps": 10,
        "length_sigma": None,
        "reduction": "max",
        "use_duration": True,
    }.items():
        scores = PopulationBand(**{name: value}).fit(uneven).decision_scores_
        assert not np.allclose(scores, usual), name


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"k": 0}, "k must be a positive number, got 0"),
        ({"k": float("nan")}, "k must be a positive number, got nan"),
        ({"steps": [ChannelPCA(1)]}, "steps hold ChannelPCA, which changes the channels"),
    ],
)
def test_what_no_band_can_have_is_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PopulationBand(**parameters).fit(GOOD)
