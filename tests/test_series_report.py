"""The report on long series: what stands in its page, how large it is, and that it draws."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from html_pages import OVERFLOW, SVG_COUNTS, WIDTHS, Page, opened
from pyod.models.knn import KNN
from pythresh.thresholds.iqr import IQR
from sklearn.exceptions import NotFittedError

from tsad_plugin import FixedThreshold, PCAReconstruction, Runs, WindowedDetector, report
from tsad_plugin.datasets import make_machines
from tsad_plugin.html_report.series import moment
from tsad_plugin.html_report.survey import LEAST_TAIL, Survey

EVIL = "</script><script>alert('id')</script><img src=x onerror=alert(1)> & \"co\""
HEALTHY = make_machines(3, 1000, n_healthy=3, random_state=5)
MACHINES = make_machines(5, 1500, random_state=1)


def fitted(inner: Any = None, series: Runs = HEALTHY, **more: Any) -> WindowedDetector:
    return WindowedDetector(inner or PCAReconstruction(), **more).fit(series)


def renamed(series: Runs, **more: Any) -> Runs:
    own = {"ids": series.ids, "channels": series.channels, "units": series.units}
    return Runs(series.arrays, **{**own, "times": series.times, **more})


@pytest.fixture(scope="module")
def detector() -> WindowedDetector:
    return fitted()


@pytest.fixture
def page_of(tmp_path: Path) -> Callable[..., Page]:
    def write(detector: Any, series: Any) -> Page:
        report(detector, series, tmp_path / "report.html")
        return Page(tmp_path / "report.html")

    return write


def traces(page: Page, chart: str, name: str) -> list[Any]:
    return [t for t in page.charts[chart]["data"] if t.get("name") == name]


# -- content ---------------------------------------------------------------------------------------


def test_the_numbers_are_those_of_the_detector(detector: Any, page_of: Any) -> None:
    segments, page = detector.segments(MACHINES), page_of(detector, MACHINES)
    n_abnormal = segments["series"].nunique()
    assert page.texts_in("h1") == [f"{n_abnormal} of 5 series have abnormal segments"]
    strong = page.texts_in("strong")
    for mode, place in (("faulty", 2), ("failed", 3)):
        n = int((segments["mode"] == mode).sum())
        assert strong[place] == f"{n} segment{'' if n == 1 else 's'}"
    assert strong[:2] == ["5", "7,500"]


def test_sections_stand_in_their_order_and_each_has_a_name(detector: Any, page_of: Any) -> None:
    page = page_of(detector, MACHINES)
    assert page.texts_in("h2") == [
        "All series over time", "Segments", "Series in detail, the longest abnormal first",
        "What was cleaned", "Correlation of the channels", "Model card", "How to read this",
    ]  # fmt: skip
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for part in page.all("section") + page.all("article"):
        assert part["aria-labelledby"] in ids
    links = [a["href"] for a in page.all("a")]
    assert all(link.startswith("#") and link[1:] in ids for link in links)


def test_every_segment_is_a_row_of_the_table(detector: Any, page_of: Any) -> None:
    segments = detector.segments(MACHINES)
    header, *rows = page_of(detector, MACHINES).rows_in("segments")
    assert header == "series mode from to duration peak score × threshold channels"
    assert len(rows) == len(segments) > 4
    for row, segment in zip(rows, segments.itertuples(index=False), strict=True):
        start, end = (f"{t:%Y-%m-%d %H:%M}" for t in (segment.start_time, segment.end_time))
        assert row.startswith(f"{segment.series} {segment.mode} {start} {end} ")
        days, hours = divmod(segment.n_timesteps, 24)
        lasts = [f"{days} d"] * bool(days) + [f"{hours} h"] * bool(hours)
        assert f" {' '.join(lasts)} " in row
        all_of_them = len(segment.channels) == 6
        assert row.endswith("all" if all_of_them else ", ".join(segment.channels))


def test_the_overview_says_when_each_series_became_faulty_and_failed(
    detector: Any, page_of: Any
) -> None:
    segments, page = detector.segments(MACHINES), page_of(detector, MACHINES)
    header, *rows = page.ranking
    assert header == (
        "series first fault strongest fault failure fault to failure peak score "
        "channels of that fault"
    )
    by_series = dict(iter(segments.groupby("series", sort=False)))
    assert [row.split()[0] for row in rows] == list(by_series)
    for row, found in zip(rows, by_series.values(), strict=True):
        faults, failures = (found[found["mode"] == mode] for mode in ("faulty", "failed"))
        strongest = faults.sort_values("peak_score").tail(1)
        shown = [
            f"{table['start_time'].iloc[0]:%Y-%m-%d %H:%M}" if len(table) else "–"
            for table in (faults, strongest, failures)
        ]
        assert row.split(" ", 1)[1].startswith(" ".join(shown))


def test_the_strongest_fault_is_told_where_it_is_not_the_first(detector: Any, page_of: Any) -> None:
    rows = HEALTHY.arrays[0].copy()
    rows[300:360, 1] *= 1.6
    rows[700:800, 1] *= 3
    first, strongest = (s.start for s in detector.segments(rows).itertuples())
    page = page_of(detector, rows)
    assert page.ranking[1].startswith(f"0 {first} {strongest} – –")
    assert f", the strongest from {strongest}" in page.text
    titles = [a["text"] for a in page.charts["chart-series-0-data"]["layout"]["annotations"]]
    assert any(f"<b>strongest fault</b> from {strongest}" in title for title in titles)


def test_strips_and_bands_are_the_segments(detector: Any, page_of: Any) -> None:
    segments, page = detector.segments(MACHINES), page_of(detector, MACHINES)
    for mode in ("faulty", "failed"):
        (strips,) = traces(page, "chart-fleet-data", mode)
        assert len(strips["y"]) == (segments["mode"] == mode).sum()
    survey = Survey.of(detector, MACHINES)
    first = survey.abnormal[0]
    shapes = page.charts["chart-series-0-data"]["layout"]["shapes"]
    starts = [s["x0"] for s in shapes if s.get("name") in ("faulty", "failed")]
    half = np.timedelta64(30, "m")
    assert starts == [str(t - half) for t in survey.found[first].segments["start_time"].to_numpy()]


def test_a_series_in_detail_says_when_and_in_which_channels(detector: Any, page_of: Any) -> None:
    page, survey = page_of(detector, MACHINES), Survey.of(detector, MACHINES)
    articles = page.source.split("<article")[1:]
    assert len(articles) == len(survey.abnormal)
    for position, article in zip(survey.abnormal, articles, strict=True):
        text = " ".join(re.sub(r"<script.*?</script>|<[^>]*>", " ", article, flags=re.S).split())
        segments = survey.found[position].segments
        assert str(MACHINES.ids[position]) in text
        for segment in segments.itertuples(index=False):
            assert f"{segment.mode} from {segment.start_time:%Y-%m-%d %H:%M}" in text
            if segment.mode == "faulty":
                assert f"shown by {', '.join(segment.channels)}" in text
        if (segments["mode"] == "faulty").sum() == 0:
            assert "never faulty" in text


def test_the_most_telling_channel_is_on_top(detector: Any, page_of: Any) -> None:
    survey = Survey.of(detector, MACHINES)
    number = next(
        i
        for i, p in enumerate(survey.abnormal)
        if "faulty" in set(survey.found[p].segments["mode"])
    )
    segments = survey.found[survey.abnormal[number]].segments
    first = segments[segments["mode"] == "faulty"]["channels"].iloc[0][0]
    layout = page_of(detector, MACHINES).charts[f"chart-series-{number}-data"]["layout"]
    assert layout["annotations"][0]["text"].startswith(f"<b>{first} (")


def test_a_failure_that_lasts_is_not_drawn_to_its_end(detector: Any) -> None:
    survey = Survey.of(detector, MACHINES)
    for found in survey.found:
        failed = found.segments[found.segments["mode"] == "failed"]
        n, start = found.n_worth_drawing, failed["start"].max()
        assert n == (min(start + max(start // 3, LEAST_TAIL), 1500) if len(failed) else 1500)


def test_each_series_is_scored_once(
    detector: Any, page_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, scan = [], WindowedDetector._scan

    def counted(self: Any, rows: Any, by_channel: bool) -> Any:
        seen.append(len(rows))
        return scan(self, rows, by_channel)

    monkeypatch.setattr(WindowedDetector, "_scan", counted)
    page_of(detector, MACHINES)
    assert seen == [1500] * 5


def test_what_was_cleaned_is_counted_over_all_series(detector: Any, page_of: Any) -> None:
    page, table = page_of(detector, MACHINES), detector.cleaning_summary(MACHINES)
    part = page.source.split('id="cleaning"')[1].split("</section>")[0]
    rows = [re.sub(r"<[^>]*>", " ", r).split() for r in part.split("<tr>")[2:]]
    for channel, row in zip(MACHINES.channels, rows, strict=True):
        own = table[table["channel"] == channel]
        assert row[:2] == [channel, f"{own['missing'].sum():,}"]
        assert f"{own['glitches'].sum():,}" in row


def test_the_correlation_is_that_of_the_training_series(detector: Any, page_of: Any) -> None:
    (heat,) = page_of(detector, MACHINES).charts["chart-correlation-data"]["data"]
    assert heat["x"] == heat["y"] == list(MACHINES.channels)
    one = fitted(series=HEALTHY.select(["vibration"]))
    assert "Correlation" not in page_of(one, MACHINES.select(["vibration"])).text


def test_the_model_card_says_what_was_learned_from(detector: Any, page_of: Any) -> None:
    card = page_of(detector, MACHINES).source.split('id="model"')[1].split('id="reading"')[0]
    facts = dict(re.findall(r"<th[^>]*>([^<]*)</th><td>([^<]*)", card))
    assert "<b>WindowedDetector of PCAReconstruction</b>: A detector of timesteps" in card
    assert facts["Series learned from"] == "3" and facts["Their timesteps"] == "3,000"
    assert facts["Threshold"].startswith(f"{detector.threshold_:.2f}: KSigma(k=5.0, log=True")
    assert facts["vibration"] == "mm/s" and facts["window_size"] == "32"
    assert "detector" not in facts and facts["score"] == "spe"


# -- other series, other detectors -----------------------------------------------------------------


def test_without_a_segment_the_highest_scores_are_shown(detector: Any, page_of: Any) -> None:
    healthy = make_machines(5, 400, n_healthy=5, n_sudden=0, random_state=9)
    page = page_of(fitted(contamination=FixedThreshold(1e9)), healthy)
    assert page.texts_in("h1") == ["No abnormal segment in 5 series"]
    assert len(page.all("article")) == 3 and "The highest scores" in page.texts_in("h2")
    assert "never faulty" in page.text and "Back to" not in page.text


def test_an_array_is_one_series_with_timesteps_for_times(page_of: Any) -> None:
    clf = fitted(series=HEALTHY.arrays[0])
    page = page_of(clf, MACHINES.arrays[0])
    assert page.texts_in("h1")[0].startswith("1 of 1 series has") and "channel_0" in page.text
    assert re.search(r"0 failed [\d,]+ [\d,]+ \d+ timesteps ", " ".join(page.rows_in("segments")))


def test_times_may_be_numbers_with_a_unit(detector: Any, page_of: Any) -> None:
    times = [0.5 * np.arange(len(a)) for a in MACHINES.arrays]
    numbered = renamed(MACHINES, times=times, time_unit="min")
    survey = Survey.of(detector, numbered)
    assert moment(survey, 0, 3) == "1.5 min"
    page = page_of(detector, numbered)
    assert page.charts["chart-fleet-data"]["layout"]["xaxis"]["title"]["text"] == "time (min)"
    assert any(
        re.search(r" [\d.,]+ min [\d.,]+ min [\d.]+ min ", row) for row in page.rows_in("segments")
    )


def test_a_detector_of_pyod_tells_no_channels_but_draws_those_that_differ(page_of: Any) -> None:
    page = page_of(fitted(KNN()), MACHINES)
    assert "WindowedDetector of KNN" in page.text
    assert "does not tell channels apart" in page.text
    assert "vibration" in json.dumps(page.charts["chart-series-0-data"]["layout"])


def test_labels_of_a_foreign_thresholder_have_no_threshold(page_of: Any) -> None:
    page = page_of(fitted(contamination=IQR()), MACHINES)
    assert "IQR gives the labels; its threshold is no score" in page.text
    assert "threshold" not in json.dumps(page.charts["chart-series-0-data"])


def test_series_that_cannot_be_scored_are_reported(detector: Any, page_of: Any) -> None:
    gap = HEALTHY.arrays[0][:200].copy()
    gap[1:-1] = np.nan
    page = page_of(detector, Runs([gap[:8], gap], channels=MACHINES.channels))
    assert page.texts_in("h1") == ["No abnormal segment in 2 series"]
    (strips,) = traces(page, "chart-fleet-data", "no score")
    assert strips["y"] == [1, 0]


def test_what_is_not_fitted_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFittedError):
        report(WindowedDetector(PCAReconstruction()), MACHINES, tmp_path / "report.html")
    assert not os.listdir(tmp_path)


# -- size and safety -------------------------------------------------------------------------------


def test_twenty_series_at_uneven_times_fit_into_8_megabytes(detector: Any, page_of: Any) -> None:
    many = make_machines(20, 3000, n_healthy=0, n_sudden=0)
    jumps = np.random.default_rng(0).exponential(3600, size=3000).astype("timedelta64[s]")
    times = [np.datetime64("2024-01-01T00:00:00") + np.cumsum(jumps)] * 20
    page = page_of(detector, renamed(many, times=times))
    assert len(page.all("article")) == 20 and len(page.source) < 8e6


def test_of_many_segments_and_series_the_page_says_what_is_left_out(
    detector: Any, page_of: Any
) -> None:
    sick = MACHINES.arrays[Survey.of(detector, MACHINES).abnormal[0]]
    page = page_of(detector, Runs([sick[-400:]] * 210, channels=MACHINES.channels))
    assert len(page.all("article")) == 20 and "190 more abnormal series are not drawn" in page.text
    assert len(page.rows_in("segments")) == 201 and "and 10 more segments" in page.text


def test_a_very_long_series_makes_no_larger_report(page_of: Any) -> None:
    rng = np.random.default_rng(0)
    long = np.sin(np.arange(60_000)[:, None] / 20 + np.arange(4)) + rng.normal(0, 0.1, (60_000, 4))
    long[30_000:30_400, 2] *= 4
    page = page_of(fitted(series=long[:4000]), long)
    assert len(page.source) < 6e6
    assert all(len(t.get("x", [])) <= 4000 for t in page.charts["chart-series-0-data"]["data"])


def test_names_are_text_wherever_they_stand(page_of: Any) -> None:
    names = {"channels": [f"{EVIL} {c}" for c in range(6)], "units": [EVIL] * 6}
    clf = fitted(series=renamed(HEALTHY, **names))
    page = page_of(clf, renamed(MACHINES, ids=[f"{EVIL} {i}" for i in range(5)], **names))
    assert [a for a, _ in page.scripts if a.get("type") != "application/json"] == [{}, {}]
    assert not page.all("img") and "alert('id')" in page.text
    held = [s for a, s in page.scripts if a.get("type") == "application/json"]
    assert all("<" not in s and ">" not in s and "&" not in s for s in held)


# -- in a browser ----------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize("width", [900, 1600])
def test_a_report_draws_all_its_charts_and_asks_nobody(
    width: int, detector: Any, tmp_path: Path
) -> None:
    report(detector, MACHINES, tmp_path / "report.html")
    n_charts = len(Page(tmp_path / "report.html").charts)
    with opened(tmp_path / "report.html", width) as (page, wrong):
        counts = page.evaluate(SVG_COUNTS)
        assert len(counts) == n_charts and min(counts) >= 2
        assert page.evaluate(OVERFLOW) == 0 and max(page.evaluate(WIDTHS)) <= width
        assert page.locator("#chart-fleet g.bars").count() > 0
        page.locator(".ranking a").first.click()
        assert "#series-" in page.url
    assert wrong == []
