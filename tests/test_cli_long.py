"""The `tsad` command on long series: a score for each row, segments, times of fault and failure."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from commands import done, named, refusal, waves

from tsad_plugin import KSigma, detectors, html_report, load, read_runs, save
from tsad_plugin.cli.output import long_frame
from tsad_plugin.datasets import make_machines

COLUMNS = "--run machine --time time"
PCA = "--detector PCAReconstruction"
FIT = f"fit normal.csv --long {COLUMNS} {PCA}"
SCORE = "score machines.csv --model model"


pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with normal.csv, machines.csv, and a model of the first."""
    folder = tmp_path_factory.mktemp("long")
    machines = make_machines(4, 1200, n_healthy=1, n_sudden=1, n_faulty_at_start=0, random_state=1)
    long = long_frame(machines, "machine", "time")
    long.to_csv(folder / "machines.csv", index=False)
    long.groupby("machine").head(300).to_csv(folder / "normal.csv", index=False)
    done(f"{FIT.replace('normal', f'{folder}/normal')} --model {folder}/model")
    return folder


def machines() -> Any:
    return read_runs("machines.csv", "machine", "time", units="header")


def one_machine(name: str = "M-01") -> pd.DataFrame:
    """A series whose file has neither a column of ids nor of times."""
    long = pd.read_csv("machines.csv")
    return long[long["machine"] == name].drop(columns=["machine", "time"])


def plain(text: str) -> str:
    """Help without its frame."""
    return " ".join(text.replace("│", " ").split())


# -- fit and score ---------------------------------------------------------------------------------


def test_fit_says_what_it_learned_from() -> None:
    lines = done(f"{FIT} --model m").splitlines()
    clf = load("m")
    glitches, missing = clf.cleaning_["glitches"].sum(), clf.cleaning_["missing"].sum()
    assert lines[0] == "normal.csv: 4 series of 300 timesteps, 6 channels"
    assert lines[1].startswith("channels: speed, vibration, ")
    assert re.fullmatch(
        r"PCAReconstruction: learned from windows of 32 timesteps in [0-9.]+ s", lines[2]
    )
    assert glitches > 0
    assert lines[3].startswith(f"glitches made gaps: {glitches} (speed ")
    assert lines[3].endswith(f"; values missing: {missing}")
    assert lines[4] == (
        f"threshold: {clf.threshold_:.2f} (by default KSigma(k=5.0, log=True, robust=True), from "
        f"the scores of {len(clf.calibration_scores_)} timesteps held out of training)"
    )
    assert lines[5] == f"{clf.labels_.sum()} of 1,200 training timesteps are above it"
    assert lines[6] == "model: m (score other series: tsad score FILE --model m)"


def test_score_shows_when_a_fault_began_and_when_a_machine_failed() -> None:
    lines = done(f"{SCORE} --long").splitlines()
    clf, series = load("model"), machines()
    faults, failures = clf.fault_time(series), clf.failure_time(series)
    by_peak = clf.segments(series).query("mode == 'faulty'").sort_values("peak_score")
    strongest = by_peak.groupby("series")["start"].last()
    assert sum(t is not None for t in failures) == 3 and any(t is not None for t in faults)
    n_abnormal = clf.segments(series)["series"].nunique()
    assert lines[0] == "machines.csv: 4 series of 1,200 timesteps, 6 channels"
    assert lines[1].startswith(f"{n_abnormal} of 4 series have abnormal segments; threshold ")
    rows = [re.split(r"  +", line.strip()) for line in lines if line.strip().startswith("M-")]
    shown = {row[0]: row[-3:] for row in rows}
    for i, name in enumerate(series.ids.tolist()):
        starts = (faults[i], strongest.get(name), failures[i])
        for start, cell in zip(starts, shown[name], strict=True):
            when = None if start is None else np.datetime_as_string(series.times[i][start], "s")
            assert cell == ("–" if start is None else f"{start}, {when}")


def test_scores_written_are_those_of_the_library() -> None:
    assert done(f"{SCORE} --out s.csv").endswith("written: s.csv\n")
    written, source = pd.read_csv("s.csv", keep_default_na=False), pd.read_csv("machines.csv")
    assert written.columns.tolist() == ["series", "timestep", "time", "score", "label", "mode"]
    clf, series = load("model"), machines()
    scores = np.concatenate(clf.timestep_scores(series))
    np.testing.assert_allclose(pd.to_numeric(written["score"]), scores)
    np.testing.assert_array_equal(written["label"], clf.predict(series))
    assert written["series"].tolist() == source["machine"].tolist()
    assert written["time"].tolist() == source["time"].tolist()
    assert written["timestep"].tolist() == source.groupby("machine").cumcount().tolist()
    modes = np.where(np.isnan(scores), "", "normal").astype(object)
    for segment in clf.segments(series).itertuples():
        start = 1200 * series.ids.tolist().index(segment.series)
        modes[start + segment.start : start + segment.end] = segment.mode
    assert written["mode"].tolist() == modes.tolist()
    assert {"normal", "faulty", "failed"} <= set(modes)


@pytest.mark.parametrize("name", ["segments.csv", "segments.csv.gz", "segments.parquet"])
def test_segments_written_are_those_of_the_library(name: str) -> None:
    done(f"{SCORE} --segments {name}")
    written = pd.read_parquet(name) if name.endswith("parquet") else pd.read_csv(name)
    found = load("model").segments(machines())
    assert written.columns.tolist() == found.columns.tolist()
    assert written["channels"].tolist() == [", ".join(names) for names in found["channels"]]
    for column in ("series", "start", "end", "n_timesteps", "mode"):
        assert written[column].tolist() == found[column].tolist()
    for column in ("start_time", "end_time"):
        assert pd.to_datetime(written[column]).tolist() == found[column].tolist()


@pytest.mark.parametrize("ending", ["csv.gz", "parquet"])
def test_tables_of_other_forms_give_the_same_scores(ending: str) -> None:
    done(f"{SCORE} --out a.csv")
    table = pd.read_csv("machines.csv", float_precision="round_trip")
    if ending == "parquet":
        table.to_parquet("other.parquet", index=False)
    else:
        table.to_csv(f"other.{ending}", index=False)
    done(f"score other.{ending} --model model --out b.{ending}")
    other = pd.read_parquet(f"b.{ending}") if ending == "parquet" else pd.read_csv(f"b.{ending}")
    same = ["series", "timestep", "score", "label"]
    pd.testing.assert_frame_equal(other[same], pd.read_csv("a.csv")[same])


def test_a_table_without_ids_and_times_is_one_series() -> None:
    one_machine().head(300).to_csv("normal.csv", index=False)
    one_machine().to_csv("new.csv", index=False)
    assert "1 series of 300 timesteps" in done(f"fit normal.csv --long {PCA} --model m")
    text = done("score new.csv --model m --out s.csv --segments g.csv")
    assert "failure" in text and "(timestep)" in text
    assert pd.read_csv("s.csv").columns.tolist() == ["series", "timestep", "score", "label", "mode"]
    segments = pd.read_csv("g.csv")
    assert set(segments["series"]) == {0} and "start_time" not in segments
    (series,) = load("m").failure_time(one_machine().to_numpy())
    assert segments.loc[segments["mode"] == "failed", "start"].iloc[0] == series


def test_rows_without_a_score_are_counted_and_left_empty() -> None:
    table = pd.read_csv("machines.csv")
    channels = table.columns[2:]
    table.loc[100:199, channels] = np.nan
    table.to_csv("machines.csv", index=False)
    text = done(f"{SCORE} --out s.csv")
    unscored = int(sum(np.isnan(s).sum() for s in load("model").timestep_scores(machines())))
    assert f"timesteps without a score, in long gaps or short series: {unscored}" in text
    written = pd.read_csv("s.csv").iloc[110:190]
    assert written["score"].isna().all() and (written["label"] == 0).all()


def test_columns_of_other_names_are_named_in_score() -> None:
    table = pd.read_csv("machines.csv").rename(columns={"machine": "unit", "time": "clock"})
    table.to_csv("renamed.csv", index=False)
    done(f"{SCORE} --out a.csv")
    done("score renamed.csv --model model --run unit --time clock --layout long --out b.csv")
    assert Path("a.csv").read_text() == Path("b.csv").read_text()


def test_the_worst_series_come_first() -> None:
    text = done(f"{SCORE} --top 2")
    assert text.count("M-0") == 2 and "… and 2 more" in text
    assert len(done(f"{SCORE} --top 0").splitlines()) == 2


def test_a_report_is_written_of_the_series(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[Any] = []
    monkeypatch.setattr(html_report, "report", lambda *given: called.extend(given))
    assert done(f"{SCORE} --html r.html").endswith("written: r.html (open it in a browser)\n")
    clf, series, path = called
    assert (type(clf).__name__, len(series), path) == ("WindowedDetector", 4, Path("r.html"))


def test_a_model_that_the_library_saved_is_told_the_columns() -> None:
    save(load("model"), "saved")
    done(f"score machines.csv --model saved {COLUMNS} --out a.csv")
    done(f"{SCORE} --out b.csv")
    assert Path("a.csv").read_text() == Path("b.csv").read_text()


# -- parameters ------------------------------------------------------------------------------------


def test_options_and_settings_reach_the_model() -> None:
    text = done(
        f"{FIT} --window-size 20 --stride 2 --smoothing 1 --threshold ksigma:4 --channels "
        "'flow [m³/h],pressure [bar]' --set latent_dim=3 --set min_duration=5 --set despike=null "
        "--set validation_fraction=0.3 --model m"
    )
    clf = load("m")
    assert (clf.window_size, clf.stride, clf.smoothing) == (20, 2, 1)
    assert (clf.detector.latent_dim, clf.min_duration, clf.despike) == (3, 5, None)
    assert (clf.channels_, clf.validation_fraction) == (("flow", "pressure"), 0.3)
    assert isinstance(clf.contamination, KSigma) and clf.contamination.k == 4
    assert "(ksigma:4, from the scores of" in text and "glitches made gaps: 0;" in text


def test_a_share_of_outliers_is_of_training_timesteps() -> None:
    text = done(f"{FIT} --threshold contamination:0.1 --model m")
    assert "(contamination:0.1, from the scores of training timesteps)" in text
    assert "120 of 1,200 training timesteps are above it" in text


def test_an_autoencoder_shows_no_progress_in_what_is_saved() -> None:
    done(f"fit normal.csv --long {COLUMNS} --set n_epochs=1 --set hidden_dims=[8] --model m")
    clf = load("m")
    assert type(clf.detector_).__name__ == "FCAutoEncoder"
    assert (clf.detector.verbose, clf.detector_.verbose) == (0, 0)


def test_help_names_the_options_of_long_series() -> None:
    text = plain(done("fit --help"))
    assert all(name in text for name in ("--long", "--window-size", "--stride", "--smoothing"))
    text = plain(done("score --help"))
    assert "--segments" in text and "mode: faulty or failed in a segment" in text


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ("--good fine", "--good is for runs: leave it out with --long"),
        ("--label kind", "--label is for runs: leave it out with --long"),
        ("--layout wide", "--layout wide is for runs: leave it out with --long"),
        (
            "--detector PopulationBand",
            "PopulationBand compares runs phase by phase, which long series do not have: leave out "
            "--long, or take another --detector",
        ),
        (
            "--detector knn",
            "knn is a detector of PyOD, which a model folder cannot hold: take one of "
            f"{', '.join(cls.__name__ for cls in detectors.ALL)}, PCAReconstruction, or "
            "WindowedDetector in Python",
        ),
        (
            "--set window_size=9",
            "--set 'window_size=9': that has an option of its own, --window-size",
        ),
        (
            "--set scaling=phase",
            "--set 'scaling=phase': scaling is for runs, with --long it has no effect",
        ),
        (
            "--window-size 8 --stride 9",
            "--stride 9 would leave rows between windows of 8: use at most --window-size",
        ),
        ("--set release=2", "release must be a share in [0, 1], got 2"),
        (
            "--window-size 200",
            "normal.csv: the longest series has 300 rows: to learn from windows of 200 and to hold "
            "out 20% of the rows it needs about 1000; pass longer series, or lower --window-size",
        ),
        (
            "--channels speed",
            "normal.csv: no column 'speed'; columns here: machine, time, speed [rpm], vibration "
            "[mm/s], bearing_temperature [°C], motor_current [A], … (8 in all); did you mean "
            "'speed [rpm]'?",
        ),
    ],
)  # fmt: skip
def test_fit_refuses_what_does_not_fit(options: str, line: str) -> None:
    assert refusal(f"{FIT} {options} --model m") == f"error: {line}"
    assert not Path("m").exists()


@pytest.mark.parametrize("option", ["--window-size", "--stride", "--smoothing"])
def test_options_of_long_series_need_long(option: str) -> None:
    assert refusal(f"fit normal.csv {COLUMNS} {option} 5 --model m") == (
        f"error: {option} is for long series: add --long, or leave it out"
    )


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ("--timesteps t.csv", "--timesteps is for runs"),
        ("--label kind", "--label is for runs"),
        ("--layout wide", "--layout wide is for runs"),
    ],
)
def test_score_refuses_what_is_for_runs(options: str, line: str) -> None:
    assert refusal(f"{SCORE} {options}") == (
        f"error: {line}, and 'model' scores long series: leave it out"
    )


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            "--out none/s.csv",
            "cannot write 'none/s.csv': there is no folder 'none', make it first",
        ),
        (
            "--out s.csv --segments s.csv",
            "cannot write 's.csv': that is named twice, choose another name",
        ),
        (
            "--segments s.xlsx",
            "cannot write 's.xlsx': its name must end in .csv or .parquet",
        ),
    ],
)
def test_score_refuses_files_it_cannot_write(options: str, line: str) -> None:
    assert refusal(f"{SCORE} {options}") == f"error: {line}"


@pytest.mark.parametrize("option", ["--long", "--segments s.csv"])
def test_a_model_of_runs_does_not_score_long_series(option: str) -> None:
    named(waves(12)).to_csv("runs.csv", index=False)
    done(f"fit runs.csv --run batch --time hours {PCA} --model runs")
    assert refusal(f"score runs.csv --model runs {option}") == (
        f"error: {option.split()[0]} is for long series, and 'runs' scores runs: leave it out, or "
        "pass a model of tsad fit --long"
    )


def test_a_table_without_a_channel_of_the_model_is_refused() -> None:
    pd.read_csv("machines.csv").drop(columns="flow [m³/h]").to_csv("machines.csv", index=False)
    assert refusal(SCORE).startswith("error: machines.csv: no column 'flow [m³/h]'; columns here: ")


def test_series_shorter_than_a_window_are_refused() -> None:
    pd.read_csv("machines.csv").head(31).to_csv("machines.csv", index=False)
    assert refusal(SCORE) == (
        "error: machines.csv: the longest series has 31 rows, and the model scores windows of 32: "
        "pass longer series, or fit with a lower --window-size"
    )


@pytest.mark.parametrize(
    ("text", "options", "line"),
    [
        (
            "m,t,x\nA,0,1\nA,1,one\n",
            "--run m --time t",
            "bad.csv: column 'x' holds 'one' (line 3), which is no number: write numbers with a "
            "decimal point, empty the cell where nothing was measured, or leave the column out",
        ),
        (
            "m,t,x\nA,0,1\nA,2,1\nA,1,1\n",
            "--run m --time t",
            "bad.csv: series 'A': column 't' holds 1 (line 4; rows like it: 1) after 2: sort the "
            "rows by time",
        ),
        (
            "m,t,x\nA,0,1\nB,0,1\nB,1,1\nB,1,1\n",
            "--run m --time t",
            "bad.csv: series 'B': column 't' holds 1 (line 5; rows like it: 1) as the row before: "
            "keep one row per time",
        ),
        (
            "t,x\n2024-01-02,1\n2024-01-03,1\n2024-01-02,1\n2024-01-03,1\n",
            "--time t",
            "bad.csv: column 't' holds 2024-01-02 (line 4; rows like it: 1) after 2024-01-03: sort "
            "the rows by time, or name the column that tells series apart with --run COL",
        ),
        (
            "t,x\n0,1\nsoon,1\n",
            "--time t",
            "bad.csv: column 't' holds 'soon' (line 3): a time is a number or a date such as "
            "2024-01-31 08:30",
        ),
        (
            "m,x\nA,1\n,1\n",
            "--run m",
            "bad.csv: column 'm' has no run id (line 3; rows like it: 1): fill it in or leave the "
            "row out",
        ),
        ("t,x\n0,1\n", "--time when", "bad.csv: no column 'when'; columns here: t, x"),
        ("x\n", "", "'bad.csv' has no rows: it needs at least one"),
    ],
)  # fmt: skip
def test_a_table_that_makes_no_sense_is_refused(text: str, options: str, line: str) -> None:
    Path("bad.csv").write_text(text, "utf-8")
    assert refusal(f"fit bad.csv --long {options} {PCA} --model m") == f"error: {line}"
