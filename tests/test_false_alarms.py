"""Good batches raise few alarms, and the spikes that belong to their recipe none."""

import numpy as np
import pytest

from tsad_plugin import FCAutoEncoder, KSigma
from tsad_plugin.datasets import make_fermentation

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def detector() -> FCAutoEncoder:
    return FCAutoEncoder(contamination=KSigma(3)).fit(make_fermentation(100, random_state=0))


def test_of_fresh_good_batches_at_most_two_percent_are_flagged_and_none_for_its_spikes(
    detector: FCAutoEncoder,
) -> None:
    fresh = make_fermentation(500, random_state=1000)
    flagged = fresh[np.flatnonzero(detector.predict(fresh))]
    assert len(flagged) <= 10
    for run, scores in zip(flagged.arrays, detector.timestep_scores(flagged), strict=True):
        spike = spikes(run[:, fresh.channels.index("feed_rate")])
        assert spike.any()
        assert np.sqrt(scores[~spike].mean()) > detector.threshold_, "flagged without them, too"


def spikes(feed: np.ndarray) -> np.ndarray:
    """The feed's pulses: twice the usual rate."""
    return feed > 2 * np.median(feed[feed > 0.01])


def test_faulty_batches_are_flagged_by_the_same_threshold(detector: FCAutoEncoder) -> None:
    runs = make_fermentation(60, faults=60, strength=2.0, random_state=2000)
    assert detector.predict(runs).mean() >= 0.7
