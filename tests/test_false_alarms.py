"""Good batches raise few alarms, and the pulses that belong to their recipe none."""

import numpy as np
import pytest

from tsad_plugin import FCAutoEncoder, KSigma, Runs
from tsad_plugin.datasets import make_fermentation

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def detector() -> FCAutoEncoder:
    return FCAutoEncoder(contamination=KSigma(3)).fit(make_fermentation(100, random_state=0))


@pytest.fixture(scope="module")
def fresh() -> Runs:
    return make_fermentation(500, random_state=1000)


def test_of_fresh_good_batches_of_usual_length_at_most_two_percent_are_flagged(
    detector: FCAutoEncoder, fresh: Runs
) -> None:
    lengths = detector.training_lengths_[detector.trained_on_]
    usual = (fresh.lengths >= lengths.min()) & (fresh.lengths <= lengths.max())
    assert usual.mean() > 0.9
    assert detector.predict(fresh[usual]).mean() <= 0.02


def test_hardly_a_good_batch_is_flagged_for_its_pulses(
    detector: FCAutoEncoder, fresh: Runs
) -> None:
    scores, timesteps = detector.decision_function(fresh), detector.timestep_scores(fresh)
    without = np.array(
        [
            np.sqrt(t[~pulses(run, fresh)].mean())
            for run, t in zip(fresh.arrays, timesteps, strict=True)
        ]
    )
    # Usual runs score a little less without their pulses, and so must the threshold.
    threshold = detector.threshold_ * np.median(without) / np.median(scores)
    owed_to_pulses = (scores > detector.threshold_) & (without <= threshold)
    assert owed_to_pulses.sum() <= len(fresh) / 250


def pulses(run: np.ndarray, runs: Runs) -> np.ndarray:
    """Timesteps of feed pulses (twice the usual rate) and of antifoam."""
    feed = run[:, runs.channels.index("feed_rate")]
    foam = run[:, runs.channels.index("antifoam_rate")]
    return (feed > 2 * np.median(feed[feed > 0.01])) | (foam > 3)


def test_faulty_batches_are_flagged_by_the_same_threshold(detector: FCAutoEncoder) -> None:
    runs = make_fermentation(70, faults=70, strength=2.0, random_state=2000)
    assert detector.predict(runs).mean() >= 0.7
