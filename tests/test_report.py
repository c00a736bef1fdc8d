"""The report: what stands in its page, that names are harmless there, and that it draws."""

import base64
import hashlib
import json
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from html_pages import BUTTONS, OVERFLOW, SVG_COUNTS, WIDTHS, Page, opened
from pyod.models.knn import KNN
from pythresh.thresholds.iqr import IQR
from sklearn.exceptions import NotFittedError
from waves import CHANNELS, LENGTHS, QUICK, as_matrix, as_named, mirrored, waves

from tsad_plugin import FCAutoEncoder, KSigma, PopulationBand, Runs, html_report, report
from tsad_plugin.html_report.card import parameters
from tsad_plugin.html_report.charts import axis, leading
from tsad_plugin.html_report.rendering import embedded

UNITS = ("°C", "Pa", "")
FAULTY = (2, 5, 6)
EVIL = "</script><script>alert('id')</script><img src=x onerror=alert(1)> & \"co\""


def faulty(n_runs: int = 12, at: tuple[int, ...] = FAULTY) -> Runs:
    """Runs of which some have a mirrored channel; the first of them most."""
    arrays = waves(n_runs, seed=3)
    for position in at:
        arrays[position] = mirrored(arrays[position], channel=1)
    if at:
        arrays[at[0]][10:14, 0] += 30
    return as_named(arrays)


def with_names(runs: Runs, **more: Any) -> Runs:
    """The same runs with units, and labels or others."""
    own = {"ids": runs.ids, "channels": runs.channels, "units": UNITS, "times": runs.times}
    return Runs(runs.arrays, **{**own, "time_unit": "h", **more})


@pytest.fixture(scope="module")
def detector() -> FCAutoEncoder:
    """A detector that knows the waves, some of whose training runs were left out."""
    arrays = [*waves(50, lengths=LENGTHS), *(np.tile(w, (3, 1)) for w in waves(2, seed=9))]
    more = {"n_epochs": 60, "lr": 1e-2, "batch_size": 8}
    clf = FCAutoEncoder(contamination=KSigma(4), **{**QUICK, **more, "hidden_dims": (32,)})
    return clf.fit(with_names(as_named(arrays)))


@pytest.fixture
def page_of(tmp_path: Path) -> Callable[..., Page]:
    def write(detector: Any, runs: Any) -> Page:
        report(detector, runs, tmp_path / "report.html")
        return Page(tmp_path / "report.html")

    return write


# -- content ---------------------------------------------------------------------------------------


def test_the_headline_counts_the_outliers(detector: Any, page_of: Any) -> None:
    runs = faulty()
    n_outliers = int(detector.predict(runs).sum())
    assert n_outliers >= len(FAULTY)
    page = page_of(detector, runs)
    assert page.texts_in("h1") == [f"{n_outliers} of 12 runs are outliers"]
    assert page.texts_in("title")[0].startswith(f"{n_outliers} of 12 runs are outliers – ")
    assert "FCAutoEncoder" in page.texts_in("strong")


def test_sections_stand_in_their_order_and_each_has_a_name(detector: Any, page_of: Any) -> None:
    page = page_of(detector, faulty())
    assert page.texts_in("h2") == [
        "Scores", "Outliers, the worst first", "Runs in detail", "Run lengths", "Training",
        "Model card", "How to read this",
    ]  # fmt: skip
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for part in page.all("section") + page.all("article"):
        assert part["aria-labelledby"] in ids


def test_outliers_are_ranked_with_what_is_known_of_them(detector: Any, page_of: Any) -> None:
    runs = with_names(faulty(), labels=[f"kind {i}" for i in range(12)])
    header, *rows = page_of(detector, runs).ranking
    assert header == (
        "rank run score × threshold worst stretch (h) channels, share of the error there length "
        "label"
    )
    scores, labels = detector.decision_function(runs), detector.predict(runs)
    ranked = [i for i in np.argsort(-scores) if labels[i]]
    assert len(rows) == len(ranked)
    for rank, (i, row) in enumerate(zip(ranked, rows, strict=True), start=1):
        found = detector.explain(runs, runs.ids[i])
        assert row.startswith(f"{rank} B-{i} {scores[i]:.2f}")
        assert f" {scores[i] / detector.threshold_:.2f} " in row
        assert f"{found.start_time:g}–{found.end_time:g}" in row
        channel, share = next(iter(found.channels.items()))
        assert f"{channel}&nbsp; {share:.0%}" in row
        assert row.endswith(f"σ kind {i}")


def test_the_ranking_links_to_the_runs_in_detail(detector: Any, page_of: Any) -> None:
    page = page_of(detector, faulty())
    targets = {attributes.get("id") for _, attributes in page.tags}
    links = [a["href"] for a in page.all("a")]
    assert "#run-1" in links and "#reading" in links
    assert all(link.startswith("#") and link[1:] in targets for link in links)


def test_a_run_in_detail_has_its_explanation_and_its_chart(detector: Any, page_of: Any) -> None:
    runs = with_names(faulty())
    page = page_of(detector, runs)
    found = detector.explain(runs)
    assert found.text in page.texts_in("p")
    chart = page.charts["chart-run-0-data"]
    titles = [a["text"] for a in chart["layout"]["annotations"]]
    channel, share = next(iter(found.channels.items()))
    unit = dict(zip(CHANNELS, UNITS, strict=True))[channel]
    name = f"{channel} ({unit})" if unit else channel
    assert titles[0] == f"<b>{name}</b> · {share:.0%} of the error in the worst stretch"
    assert len(titles) == len(leading(found)) + 1
    assert chart["layout"][f"xaxis{len(titles)}"]["title"]["text"] == "time (h)"
    (heat,) = [t for t in chart["data"] if t["type"] == "heatmap"]
    assert set(heat["y"]) == set(CHANNELS)


def test_without_outliers_the_highest_scores_are_shown(detector: Any, page_of: Any) -> None:
    page = page_of(detector, faulty(at=()))
    assert page.texts_in("h1") == ["No outlier among 12 runs"]
    assert "The highest scores" in page.texts_in("h2")
    assert len(page.ranking) == 1 + 3 == 1 + len(page.all("article"))
    assert page.texts_in("span").count("no outlier") == 3


def test_of_many_outliers_ten_are_drawn_and_a_hundred_listed(detector: Any, page_of: Any) -> None:
    many = as_named([mirrored(run, channel=1) for run in waves(120)])
    n_outliers = int(detector.predict(many).sum())
    assert n_outliers > 100
    page = page_of(detector, many)
    assert (len(page.all("article")), len(page.ranking)) == (10, 101)
    assert f"and {n_outliers - 100} more outliers" in page.text
    assert sum(a["href"].startswith("#run-") for a in page.all("a")) == 10


def test_only_runs_that_are_shown_are_explained(
    detector: Any, page_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, list[int]] = {}
    for name in ("decision_function", "predict", "explain_all", "reconstruct", "contributions"):
        method = getattr(FCAutoEncoder, name)

        def counted(self: Any, X: Any, *, name: str = name, method: Any = method) -> Any:
            seen.setdefault(name, []).append(len(X))
            return method(self, X)

        monkeypatch.setattr(FCAutoEncoder, name, counted)
    page_of(detector, faulty(at=()))
    assert seen == {
        "decision_function": [12], "explain_all": [3], "reconstruct": [3], "contributions": [3],
    }  # fmt: skip


def test_the_model_card_says_what_was_learned_from(detector: Any, page_of: Any) -> None:
    page = page_of(detector, faulty())
    card = page.source.split('id="model"')[1].split('id="reading"')[0]
    cells = re.findall(r"<th[^>]*>([^<]*)</th><td>([^<]*)", card)
    facts = dict(cells)
    assert facts["Runs given to fit"] == "52" and facts["Runs learned from"] == "50"
    assert facts["Runs left out for their length"] == "B-50, B-51"
    assert facts["Timesteps of a run"].startswith("22 to 26")
    assert facts["T"] == "°C" and facts["feed"] == "–"
    assert facts["Threshold"].startswith(
        f"{detector.threshold_:.2f}: KSigma(k=4, log=False, robust=False)"
    )
    assert facts["python"].count(".") == 2 and facts["numpy"] == version("numpy")
    assert facts["lr"].strip() == "0.01" and "(default None)" in card
    assert "verbose" not in facts and "kl_weight" not in facts  # of a VAE


def test_parameters_that_were_set_come_first() -> None:
    rows = parameters(FCAutoEncoder(n_epochs=3, latent_dim=2, steps=[]))
    assert [row for row in rows if row[2]] == rows[:2] == [
        ("latent_dim", "2", "None"), ("n_epochs", "3", "200"),
    ]  # fmt: skip


def test_the_glossary_explains_every_number(detector: Any, page_of: Any) -> None:
    terms = " ".join(page_of(detector, faulty()).texts_in("dt"))
    for word in ("Score", "Threshold", "σ", "mean ± 3σ", "Worst stretch", "Contribution", "Length"):
        assert word in terms


# -- other detectors, other forms of X -------------------------------------------------------------


def test_a_band_has_no_training_and_a_score_of_its_own_kind(page_of: Any) -> None:
    band = PopulationBand(k=2, contamination=KSigma(3)).fit(as_named(waves(40, lengths=LENGTHS)))
    page = page_of(band, faulty())
    assert "Training" not in page.texts_in("h2") and "chart-training" not in page.source
    assert "mean ± 2 σ of the good runs" in page.text and "has a score of 0" in page.text
    names = [t.get("name") for t in page.charts["chart-run-0-data"]["data"]]
    assert "good runs, mean ± 2σ" in names and "latent" not in page.texts_in("li")


def test_labels_of_a_foreign_thresholder_have_no_threshold(page_of: Any) -> None:
    clf = FCAutoEncoder(contamination=IQR(), **QUICK).fit(as_named(waves(40)))
    page = page_of(clf, faulty())
    n_outliers = int(clf.predict(faulty()).sum())
    assert page.texts_in("h1")[0].startswith(f"{n_outliers} of" if n_outliers else "No outlier")
    assert "IQR gives the labels; its threshold is no score" in page.text
    assert "threshold" not in json.dumps(page.charts["chart-scores-data"])


def test_a_share_of_outliers_is_explained_as_one(page_of: Any) -> None:
    clf = FCAutoEncoder(contamination=0.05, **QUICK).fit(as_named(waves(40)))
    assert "5.0% of the training runs lie above it" in page_of(clf, faulty()).text


def test_folds_have_no_validation_curve_and_the_report_says_why(page_of: Any) -> None:
    clf = FCAutoEncoder(**{**QUICK, "validation_fraction": 0.1}).fit(as_named(waves(12)))
    page = page_of(clf, faulty())
    assert "chosen on the first of the folds" in page.text
    assert [t["name"] for t in page.charts["chart-training-data"]["data"]] == ["training runs"]


@pytest.mark.parametrize("runs", [waves(8), as_matrix(8), as_matrix(1)], ids=["list", "3-D", "one"])
def test_runs_without_names_are_reported(runs: Any, page_of: Any) -> None:
    clf = FCAutoEncoder(contamination=KSigma(3), **QUICK).fit(as_matrix(40))
    page = page_of(clf, runs)
    assert "worst stretch (timesteps)" in page.ranking[0] and "label" not in page.ranking[0]
    assert "All runs, those of training too, have 24 timesteps." in page.text
    assert "channel_1" in page.text


def test_names_of_the_detector_count_where_the_runs_have_others_or_none(
    detector: Any, page_of: Any
) -> None:
    page = page_of(detector, faulty().arrays)
    assert "feed" in page.text and "channel_0" not in page.text
    unnamed = FCAutoEncoder(contamination=KSigma(3), **QUICK).fit(as_matrix(40))
    renamed = Runs(as_matrix(5), channels=["T", "p", "feed"])
    assert "channel_0" in page_of(unnamed, renamed).text


def test_whatever_a_label_or_an_id_is_the_report_is_written(detector: Any, page_of: Any) -> None:
    runs = with_names(faulty())
    n_runs = len(runs)
    for labels in ([pd.NA] * n_runs, [None] * n_runs, [float("nan")] * n_runs):
        page = page_of(detector, with_names(faulty(), labels=labels))
        assert page.ranking[-1].endswith(" –")
    ids = [f"\udce9 {i}" for i in range(n_runs)]  # as of a file name that is not UTF-8
    assert "? 2" in page_of(detector, with_names(faulty(), ids=ids)).text


def test_runs_with_datetimes_of_python_say_when(detector: Any, page_of: Any) -> None:
    runs = faulty()
    start = datetime(2024, 3, 1, 8, tzinfo=UTC)
    times = [[start + timedelta(hours=i) for i in range(n)] for n in runs.lengths.tolist()]
    page = page_of(detector, with_names(runs, times=times))
    assert "worst in 2024-03-0" in page.text
    elapsed = [np.arange(n) * np.timedelta64(30, "m") for n in runs.lengths.tolist()]
    assert "0 days 0" in page_of(detector, with_names(runs, times=elapsed)).text


def test_rows_of_one_timestep_are_reported(page_of: Any) -> None:
    rng = np.random.default_rng(0)
    clf = FCAutoEncoder(n_channels="all", **QUICK).fit(rng.normal(size=(50, 4)))
    new = rng.normal(size=(5, 4))
    new[2, 3] = 20
    chart = page_of(clf, new).charts["chart-run-0-data"]
    assert "channel_3" in chart["layout"]["annotations"][0]["text"]


def test_gaps_are_blank_and_samples_are_marks(detector: Any, page_of: Any) -> None:
    runs = faulty(at=(2,))
    for array in runs.arrays:
        array[np.arange(len(array)) % 4 != 2, 0] = np.nan
    chart = page_of(detector, runs).charts["chart-run-0-data"]
    (heat,) = [t for t in chart["data"] if t["type"] == "heatmap"]
    values = np.frombuffer(base64.b64decode(heat["z"]["bdata"]), heat["z"]["dtype"])
    row = values.reshape(3, -1)[heat["y"].index("T")]
    assert np.isnan(row).sum() == 18
    assert any(t.get("mode") == "markers" and t["name"] == "measured" for t in chart["data"])


def test_times_that_go_back_are_no_axis() -> None:
    arrays = waves(2)
    times = [np.arange(24.0), np.arange(24.0)[::-1]]
    runs = Runs(arrays, times=times, time_unit="h")
    assert axis(runs, 0)[1] == "time (h)" and axis(runs, 1) == (None, "timestep")
    lapse = [np.arange(24) * np.timedelta64(1, "s")] * 2
    assert axis(Runs(arrays, times=lapse), 0) == (None, "timestep")
    missing = np.array(["2024-01-01", "NaT"], dtype="datetime64[s]")[np.arange(24) // 23]
    assert axis(Runs(arrays, times=[missing] * 2), 0) == (None, "timestep")


# -- harmless --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def evil() -> tuple[FCAutoEncoder, Runs]:
    """A detector and runs whose every name is markup."""
    names: dict[str, Any] = {
        "channels": [f"{EVIL} {c}" for c in range(3)],
        "units": [f"{EVIL} unit"] * 3,
    }
    arrays = [*waves(40), np.tile(waves(1)[0], (2, 1))]  # the last is left out of training
    train = Runs(arrays, ids=[f"{EVIL} {i}" for i in range(41)], **names)
    clf = FCAutoEncoder(contamination=KSigma(3), **QUICK).fit(train)
    new = with_names(
        faulty(),
        ids=[f"{EVIL} {i}" for i in range(12)],
        labels=[f"{EVIL} label"] * 12,
        time_unit=EVIL,
        **names,
    )
    return clf, new


def test_names_are_text_wherever_they_stand(evil: Any, page_of: Any) -> None:
    page = page_of(*evil)
    assert [a for a, _ in page.scripts if a.get("type") != "application/json"] == [{}, {}]
    assert not page.all("img") and "alert('id')" in page.text
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert f"{EVIL} 40" in page.text  # left out of training


def test_data_cannot_end_the_script_they_stand_in(evil: Any, page_of: Any) -> None:
    page = page_of(*evil)
    held = [s for a, s in page.scripts if a.get("type") == "application/json"]
    assert len(held) >= 6
    assert all("<" not in s and ">" not in s and "&" not in s for s in held)
    assert json.loads(embedded(json.dumps(EVIL))) == EVIL


def test_nothing_is_loaded_from_anywhere(detector: Any, page_of: Any) -> None:
    page = page_of(detector, faulty())
    for _, attributes in page.tags:
        for name in ("src", "href", "action", "data", "srcset", "poster"):
            assert attributes.get(name, "#").startswith(("#", "data:"))
    assert "url(" not in page.source.split("<style>")[1].split("</style>")[0]
    policy = page.all("meta")[1]["content"]
    assert "default-src 'none'" in policy and "http" not in policy


def test_the_browser_is_told_to_run_these_scripts_alone(detector: Any, page_of: Any) -> None:
    page = page_of(detector, faulty())
    code = [s for a, s in page.scripts if not a]
    hashes = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in code]
    policy = page.all("meta")[1]["content"].split("script-src ")[1]
    assert policy == " ".join(f"'sha256-{digest}'" for digest in hashes)


def test_readers_of_screens_are_told_what_charts_and_tables_are(
    detector: Any, page_of: Any
) -> None:
    page = page_of(detector, faulty())
    assert page.all("html") == [{"lang": "en"}]
    charts = [a for a in page.all("div") if a.get("class") == "chart"]
    assert len(charts) >= 7 and all(a["role"] == "img" and a["aria-label"] for a in charts)
    assert {f"{a['id']}-data" for a in charts} == set(page.charts)
    assert all(a["scope"] in ("row", "col") for a in page.all("th"))


def test_a_thousand_runs_fit_into_8_megabytes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(1000, 120, 10))
    arrays[::50, 40:60, :5] += 9
    start = np.datetime64("2024-01-01T00:00:00.123")
    names = {"ids": [f"batch {i} " + "of a long name " * 12 for i in range(1000)]}
    times = [start + np.arange(120) * np.timedelta64(90_001, "ms")] * 1000
    clf = FCAutoEncoder(contamination=KSigma(3), **QUICK).fit(arrays[1:50])
    runs = Runs(arrays, times=times, labels=["label " * 20] * 1000, **names)
    report(clf, runs, tmp_path / "report.html")
    assert 4.5e6 < os.path.getsize(tmp_path / "report.html") < 8e6
    assert len(Page(tmp_path / "report.html").all("article")) == 10


def test_very_long_runs_make_no_larger_report(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    short = FCAutoEncoder(contamination=KSigma(3), n_timesteps=50, **QUICK)
    short.fit(rng.normal(size=(40, 20_000, 2)))
    report(short, rng.normal(size=(20, 20_000, 2)), tmp_path / "report.html")
    assert os.path.getsize(tmp_path / "report.html") < 6e6


# -- the file --------------------------------------------------------------------------------------


def test_a_report_is_written_whole_or_not_at_all(
    detector: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    path.write_text("old", "utf-8")

    def fail(self: Path, *_: Any, **__: Any) -> None:
        self.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", fail)
        with pytest.raises(OSError, match="No space left on device") as error:
            report(detector, faulty(), path)
    assert error.value.filename == str(path)
    assert path.read_text("utf-8") == "old" and os.listdir(tmp_path) == ["report.html"]
    report(detector, faulty(), str(path))
    assert path.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert os.listdir(tmp_path) == ["report.html"]


def test_two_reports_at_once_do_not_meet(detector: Any, tmp_path: Path) -> None:
    path, runs = tmp_path / f"{'r' * 250}.html", faulty()  # as long as a name can be
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(report, detector, runs, path) for _ in range(8)]:
            done.result()
    assert path.read_text("utf-8").rstrip().endswith("</html>")
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("report.pdf", "its name must end in .html"),
        ("none/report.html", "there is no folder '.*none', make it first"),
        ("folder.html", "that is a folder, choose another name"),
    ],
)
def test_a_path_that_cannot_be_written_is_refused(
    name: str, message: str, detector: Any, tmp_path: Path
) -> None:
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(ValueError, match=f"^cannot write '.*{name}': {message}$"):
        report(detector, faulty(), tmp_path / name)


def test_what_is_no_fitted_detector_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    with pytest.raises(ValueError, match="takes a detector that reconstructs runs, got KNN"):
        report(KNN(), faulty(), path)  # type: ignore[arg-type]
    with pytest.raises(NotFittedError):
        report(FCAutoEncoder(), faulty(), path)
    assert not path.exists()


def test_other_channels_are_refused(detector: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="channel"):
        report(detector, faulty().select(["T", "p"]), tmp_path / "report.html")


def test_channels_in_another_order_are_brought_into_order(detector: Any, page_of: Any) -> None:
    runs = with_names(faulty())
    moved = runs.select(["feed", "p", "T"])
    first, second = page_of(detector, runs), page_of(detector, moved)
    assert first.ranking == second.ranking
    assert first.charts["chart-run-0-data"] == second.charts["chart-run-0-data"]


@pytest.mark.parametrize("library", ["plotly", "jinja2"])
def test_a_missing_library_is_named_with_what_to_install(
    library: str, detector: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html_report, "find_spec", lambda name: None if name == library else name)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "\.\[dashboard\]"$') as error:
        report(detector, faulty(), tmp_path / "report.html")
    assert library in str(error.value).lower()


# -- in a browser ----------------------------------------------------------------------------------


@pytest.mark.browser
def test_a_report_draws_all_its_charts_and_asks_nobody(detector: Any, tmp_path: Path) -> None:
    report(detector, with_names(faulty()), tmp_path / "report.html")
    n_charts = len(Page(tmp_path / "report.html").charts)
    with opened(tmp_path / "report.html") as (page, wrong):
        counts = page.evaluate(SVG_COUNTS)
        assert len(counts) == n_charts and min(counts) >= 3
        assert page.locator("g.heatmaplayer image").count() == page.locator("article").count()
        buttons = page.evaluate(BUTTONS)
        assert any("PNG" in title for title in buttons)
        assert not any(re.search("share|cloud|plotly", title, re.I) for title in buttons)
        page.locator(".ranking a").first.click()
        assert page.url.endswith("#run-1")
        assert page.locator("#run-1").evaluate("e => e.getBoundingClientRect().top") < 400
    assert wrong == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [900, 1600])
def test_a_report_fits_its_window(width: int, evil: Any, tmp_path: Path) -> None:
    report(*evil, tmp_path / "report.html")
    with opened(tmp_path / "report.html", width) as (page, wrong):
        assert page.evaluate(OVERFLOW) == 0
        assert max(page.evaluate(WIDTHS)) <= width
    assert wrong == []  # no dialog, too: no name has run


@pytest.mark.browser
def test_a_report_prints_on_a4_and_comes_back(detector: Any, tmp_path: Path) -> None:
    report(detector, with_names(faulty()), tmp_path / "report.html")
    with opened(tmp_path / "report.html") as (page, wrong):
        before = page.evaluate(WIDTHS)
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        assert set(page.evaluate(WIDTHS)) == {700}
        assert not page.locator("nav").is_visible()
        page.emulate_media(media="screen")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        page.wait_for_function(f"({WIDTHS})[0] > 700")
        assert page.evaluate(WIDTHS) == before
        assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    assert wrong == []
