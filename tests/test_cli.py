"""The `tsad` command: from a table to a model and to ranked outliers, with plain errors."""

import os
import re
import shlex
import subprocess
import sysconfig
import termios
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from commands import done, faulty, named, refusal, tsad, waves
from sklearn.metrics import roc_auc_score

from tsad_plugin import KSigma, html_report, load, read_runs, save
from tsad_plugin.cli import demo, inputs
from tsad_plugin.cli.inputs import Columns, make_detector, read_table
from tsad_plugin.cli.threshold import from_text
from tsad_plugin.encoding import CLASSES
from tsad_plugin.reconstruction import ReconstructionDetector
from tsad_plugin.sources import load_table

DETECTORS = [n for n, cls in CLASSES.items() if issubclass(cls, ReconstructionDetector)]
QUICK = "--set n_epochs=2 --set hidden_dims=[8] --set latent_dim=2 --set validation_fraction=0.5"
COLUMNS = "--run batch --time hours"


pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train.csv, new.csv, and a model of the first."""
    folder = tmp_path_factory.mktemp("tsad")
    named(waves(40)).to_csv(folder / "train.csv", index=False)
    named(faulty()).to_csv(folder / "new.csv", index=False)
    done(f"fit {folder}/train.csv {COLUMNS} {QUICK} --model {folder}/model")
    return folder


def table(text: str) -> list[list[str]]:
    """Rows of the first printed table, cells apart."""
    lines = [line for line in text.splitlines() if re.match(r" +[0-9]+  ", line)]
    return [re.split(r"  +", line.strip()) for line in lines]


# -- help ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", ["", "fit", "score", "review", "dashboard", "benchmark", "demo"]
)
def test_help_says_what_a_command_does_and_gives_examples(command: str) -> None:
    text = done(f"{command} --help")
    assert f"tsad {command}".strip() in text
    example = (
        r"(fit|review) \S+ --run|score \S+ --model|dashboard --workspace|benchmark \S+ --out|demo"
    )
    assert re.search(rf"\n +tsad ({example})", text)


def test_help_of_fit_names_every_detector() -> None:
    help_text = " ".join(done("fit --help").replace("│", " ").split())
    assert all(name in help_text for name in DETECTORS)
    assert "FCAutoEncoder (the quickest)" in help_text


def test_help_of_fit_explains_every_threshold() -> None:
    forms = set(
        re.findall(r"(?:ksigma|pot|conformal|contamination):[0-9.e-]*[0-9]", done("fit --help"))
    )
    assert {type(from_text(form)).__name__ for form in forms} == {
        "KSigma", "PeaksOverThreshold", "ConformalThreshold", "float",
    }  # fmt: skip


def test_help_of_demo_says_when_something_is_served() -> None:
    text = " ".join(done("demo --help").replace("│", " ").split())
    assert "in a terminal the dashboard opens" in text


def test_version_is_that_of_the_package() -> None:
    assert done("--version") == f"tsad {version('tsad_plugin')}\n"


# -- fit and score ---------------------------------------------------------------------------------


def test_fit_says_what_it_read_learned_and_found() -> None:
    train = named([*waves(40), np.tile(waves(1)[0], (3, 1))])
    train.to_csv("train.csv", index=False)
    lines = done(f"fit train.csv {COLUMNS} {QUICK} --model m").splitlines()
    assert lines[0] == "train.csv: 41 runs of 16 to 60 timesteps, 2 channels (long table)"
    assert lines[1] == "channels: T, p"
    assert re.fullmatch(r"FCAutoEncoder: learned from 40 runs in [0-9.]+ s", lines[2])
    assert lines[3].startswith("1 run of unusual length (outside 6 to 32 timesteps, mean ± 2σ) not")
    clf = load("m")
    assert lines[4] == (
        f"threshold: {clf.threshold_:.2f} (ksigma:3, from the scores of 20 runs held out of "
        "training)"
    )
    assert lines[5] == f"1 of 41 training runs is above the threshold of {clf.threshold_:.2f}"
    assert table("\n".join(lines))[0][:2] == ["1", "B-40"]
    assert lines[-1] == "model: m (score other tables: tsad score FILE --model m)"


def test_score_ranks_the_faulty_run_first_and_says_when_and_where() -> None:
    text = done("score new.csv --model model")
    lines, clf = text.splitlines(), load("model")
    scores = clf.decision_function(read_runs("new.csv", "batch", "hours"))
    n_outliers = int((scores > clf.threshold_).sum())
    assert lines[0] == "new.csv: 10 runs of 16 to 20 timesteps, 2 channels"
    assert f"of 10 runs {'is' if n_outliers == 1 else 'are'} above the threshold of" in lines[1]
    assert len(table(text)) == n_outliers
    rank, run, score, times, _, stretch, channels = table(text)[0]
    found = clf.explain(read_runs("new.csv", "batch", "hours"), "B-3")
    assert (rank, run, stretch) == ("1", "B-3", f"{found.start_time:g}–{found.end_time:g}")
    assert found.start_time <= 3 <= found.end_time
    assert float(score) == pytest.approx(scores[3], rel=0.01)
    assert float(times) == pytest.approx(scores[3] / clf.threshold_, rel=0.01)
    assert re.fullmatch(r"p [0-9]+%", channels)


def test_scores_written_are_those_of_the_library() -> None:
    done("score new.csv --model model --out scores.csv")
    clf, runs = load("model"), read_runs("new.csv", "batch", "hours")
    written = pd.read_csv("scores.csv", float_precision="round_trip").set_index("run")
    scores = clf.decision_function(runs)
    assert written["rank"].tolist() == list(range(1, 11))
    assert written.index.tolist() == runs.ids[np.argsort(-scores)].tolist()
    written = written.loc[runs.ids.tolist()]
    np.testing.assert_array_equal(written["score"], scores)
    np.testing.assert_array_equal(written["outlier"], clf.predict(runs))
    np.testing.assert_array_equal(written["n_timesteps"], runs.lengths)
    assert set(written["threshold"]) == {clf.threshold_}
    for run, row in written.iterrows():
        found = clf.explain(runs, run)
        assert (row["start"], row["end"]) == (found.start, found.end)
        assert (row["start_time"], row["end_time"]) == (found.start_time, found.end_time)
        channel, share = next(iter(found.channels.items()))
        assert row["channel"] == channel
        assert (row["share"], row["duration"]) == pytest.approx((share, found.duration), rel=1e-5)


@pytest.mark.parametrize("name", ["steps.csv", "steps.csv.gz", "steps.parquet"])
def test_timesteps_written_are_those_of_the_library(name: str) -> None:
    assert done(f"score new.csv --model model --timesteps {name}").endswith(f"written: {name}\n")
    read = pd.read_parquet if name.endswith(".parquet") else pd.read_csv
    written, source = read(name), pd.read_csv("new.csv")
    assert written.columns.tolist() == [
        "run", "timestep", "time", "score", "contribution_T", "contribution_p",
    ]  # fmt: skip
    assert written["run"].tolist() == source["batch"].tolist()
    assert written["time"].tolist() == source["hours"].tolist()
    assert written["timestep"].tolist() == source.groupby("batch").cumcount().tolist()
    contributions = np.concatenate(
        load("model").contributions(read_runs("new.csv", "batch", "hours"))
    )
    np.testing.assert_allclose(written[["contribution_T", "contribution_p"]], contributions)
    np.testing.assert_allclose(written["score"], contributions.sum(axis=1))


def test_a_table_is_read_as_the_table_of_fit_was() -> None:
    new = pd.read_csv("new.csv")
    new.assign(extra=1.0)[["p", "extra", "T", "hours", "batch"]].to_csv("moved.csv", index=False)
    done("score new.csv --model model --out a.csv")
    done("score moved.csv --model model --out b.csv")
    assert Path("a.csv").read_text() == Path("b.csv").read_text()


def test_columns_of_other_names_are_named_in_score() -> None:
    new = pd.read_csv("new.csv").rename(columns={"batch": "lot", "hours": "clock"})
    new.assign(grade="unknown").to_csv("renamed.csv", index=False)
    done("score new.csv --model model --out a.csv")
    options = "--run lot --time clock --label grade --layout long"
    text = done(f"score renamed.csv --model model {options} --out b.csv")
    assert Path("a.csv").read_text() == Path("b.csv").read_text()
    assert "(clock)" in text and "grade" in text and table(text)[0][-1] == "unknown"


def test_a_wide_table_gives_the_scores_of_the_long_one() -> None:
    for name in ("train", "new"):
        long = pd.read_csv(f"{name}.csv").drop(columns=["hours", "T"])
        long["step"] = long.groupby("batch").cumcount()
        long[["batch", "p"]].to_csv(f"{name}_long.csv", index=False)
        wide = long.pivot(index="batch", columns="step", values="p").loc[long["batch"].unique()]
        wide.to_csv(f"{name}_wide.csv")
    for form in ("long", "wide"):
        text = done(f"fit train_{form}.csv --run batch {QUICK} --model {form}")
        assert f"({form} table)" in text
        text = done(f"score new_{form}.csv --model {form} --out {form}.csv")
        assert "(timesteps)" in text and "error" not in text
    assert pd.read_csv("long.csv")["score"].tolist() == pd.read_csv("wide.csv")["score"].tolist()


def test_a_wide_table_needs_no_ids() -> None:
    arrays = np.stack([run[:16, 0] for run in waves(12)])
    pd.DataFrame(arrays).to_csv("wide.csv", index=False)
    assert "12 runs of 16 timesteps, 1 channel (wide table)" in done(
        f"fit wide.csv --layout wide {QUICK} --model m"
    )
    done("score wide.csv --model m --out s.csv")
    assert sorted(pd.read_csv("s.csv")["run"]) == list(range(12))


def test_what_is_known_of_runs_is_shown_and_never_a_channel() -> None:
    labels = {"label": 7, "fine": "yes"}
    named(waves(12), **labels).to_csv("train.csv", index=False)
    done(f"fit train.csv {COLUMNS} {QUICK} --label label --good fine --model m")
    assert load("m").channels_ == ("T", "p")
    done("score new.csv --model m")  # it need not be there
    named(faulty(), **labels).to_csv("known.csv", index=False)
    assert table(done("score known.csv --model m"))[0][-1] == "7"


def test_a_wide_table_can_have_the_columns_of_labels_and_good_runs_or_not() -> None:
    arrays = np.stack([run[:16, 0] for run in waves(12)])
    plain = pd.DataFrame(arrays).add_prefix("t")
    plain.to_csv("plain.csv", index=False)
    plain.assign(kind=3, good=1).to_csv("known.csv", index=False)
    done(f"fit known.csv --layout wide --label kind --good good {QUICK} --model m")
    done("score known.csv --model m --out a.csv")
    done("score plain.csv --model m --out b.csv")
    assert Path("a.csv").read_text() == Path("b.csv").read_text()


def test_dates_are_shown_and_written() -> None:
    for name in ("train", "new"):
        frame = pd.read_csv(f"{name}.csv")
        frame["hours"] = pd.Timestamp("2024-01-31") + pd.to_timedelta(frame["hours"], unit="h")
        frame.to_csv(f"{name}.csv", index=False)
    done(f"fit train.csv {COLUMNS} {QUICK} --model m")
    text = done("score new.csv --model m --out s.csv --timesteps t.parquet")
    worst = pd.read_csv("s.csv").iloc[0]
    start, end = (pd.Timestamp(worst[name]) for name in ("start_time", "end_time"))
    assert start <= pd.Timestamp("2024-01-31 03:00") <= end
    assert f"{start.isoformat()} – {end.isoformat()}" in text
    assert pd.read_parquet("t.parquet")["time"].iloc[1] == pd.Timestamp("2024-01-31 00:30")


def test_a_report_is_written_beside_the_tables() -> None:
    text = done("score new.csv --model model --out scores.csv --html report.html")
    assert text.endswith("written: scores.csv\nwritten: report.html (open it in a browser)\n")
    page = Path("report.html").read_text("utf-8")
    n_outliers = int(pd.read_csv("scores.csv")["outlier"].sum())
    assert f"<h1>{n_outliers} of 10 runs " in page and 'href="#run-1">B-3</a>' in page


def test_a_report_shows_the_labels_of_the_table() -> None:
    named(faulty(), grade="odd").to_csv("known.csv", index=False)
    done("score known.csv --model model --channels T,p --label grade --html report.html")
    assert "<td>odd</td>" in Path("report.html").read_text("utf-8")


def test_a_report_without_its_libraries_is_refused_before_anything_is_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(html_report, "missing_library", lambda: "plotly")
    assert refusal("score none.csv --model none --html report.html") == (
        'error: a report needs plotly, which is not installed: pip install ".[dashboard]"'
    )


def test_only_the_worst_runs_are_shown() -> None:
    named([run + 9 for run in waves(10)]).to_csv("new.csv", index=False)
    text = done("score new.csv --model model --top 3")
    assert "10 of 10 runs are above the threshold" in text
    assert [row[0] for row in table(text)] == ["1", "2", "3"]
    assert "… and 7 more" in text
    assert len(done("score new.csv --model model --top 0").splitlines()) == 2


def test_without_outliers_the_highest_score_is_told() -> None:
    clf = load("model")
    scores = clf.decision_function(read_runs("train.csv", "batch", "hours"))
    clf.threshold_ = 2 * scores.max()
    save(clf, "lenient")
    text = done(f"score train.csv {COLUMNS} --model lenient")
    worst = f"{scores.max():.2f}, run B-{scores.argmax()}"
    expected = (
        f"none of 40 runs is above the threshold of {clf.threshold_:.2f}; the highest score is"
    )
    assert text.splitlines()[1] == f"{expected} {worst}"


def test_ids_and_channels_are_no_markup() -> None:
    new = pd.read_csv("new.csv").replace({"batch": {"B-3": "[red]B-3[/red] :smile:"}})
    new.to_csv("new.csv", index=False)
    assert "[red]B-3[/red] :smile:" in done("score new.csv --model model")


def test_output_in_a_pipe_has_no_colours_and_whole_lines() -> None:
    names = {"T": "T" * 40, "p": "p" * 40}
    for name in ("train", "new"):
        pd.read_csv(f"{name}.csv").rename(columns=names).to_csv(f"{name}.csv", index=False)
    done(f"fit train.csv {COLUMNS} {QUICK} --model m")
    text = done("score new.csv --model m")
    assert "\x1b" not in text
    assert re.search(r"B-3 .* [0-9.]+–[0-9.]+ +p{40} [0-9]+%", text)


# -- good runs, detectors, parameters --------------------------------------------------------------


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        (1, 0),
        (1.0, 0.0),
        (True, False),
        ("yes", "No"),
        ("Good", "bad"),
        ("ok ", " faulty"),
        ("y", "n"),
    ],
)
def test_fit_learns_from_the_runs_that_a_column_calls_good(yes: Any, no: Any) -> None:
    train = pd.read_csv("train.csv")
    is_good = train["batch"].isin([f"B-{i}" for i in range(0, 40, 2)])
    train.assign(fine=np.where(is_good, yes, no)).to_csv("marked.csv", index=False)
    text = done(f"fit marked.csv {COLUMNS} {QUICK} --good fine --model m")
    assert "good runs, by 'fine': 20 of 40; the others are left out" in text
    good = read_runs(train[is_good], "batch", "hours")
    np.testing.assert_array_equal(load("m").decision_scores_, load("m").decision_function(good))


def test_fit_learns_from_the_runs_that_a_file_names() -> None:
    Path("ids.txt").write_text("\ufeffB-1\n\n  B-12 \nB-1\r\nB-30\nB-7", "utf-8")
    text = done(f"fit train.csv {COLUMNS} {QUICK} --good ids.txt --model m")
    assert "good runs, by 'ids.txt': 4 of 40; the others are left out" in text
    assert len(load("m").decision_scores_) == 4


def test_ids_that_are_numbers_are_named_as_they_stand_in_the_table() -> None:
    train = pd.read_csv("train.csv")
    train["batch"] = train["batch"].str.removeprefix("B-")
    train.to_csv("train.csv", index=False)
    Path("ids.txt").write_text("1\n2\n10\n", "utf-8")
    assert "3 of 40" in done(f"fit train.csv {COLUMNS} {QUICK} --good ids.txt --model m")


@pytest.mark.parametrize("name", [*DETECTORS, "lstmvae", "FCAUTOENCODER"])
def test_a_detector_is_named_in_any_case(name: str) -> None:
    made = make_detector(name, [], "ksigma", verbose=0)
    assert type(made).__name__.lower() == name.lower()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("n_epochs=7", 7),
        ("lr = 1e-2", 0.01),
        ("hidden_dims=[64,32]", (64, 32)),
        ("hidden_dims=(64, 32)", (64, 32)),
        ("patience=null", None),
        ("patience=None", None),
        ("linear_path=true", True),
        ("linear_path=True", True),
        ("error_scale=channel", "channel"),
        ('reduction="max"', "max"),
        ("device=cuda:0", "cuda:0"),
    ],
)
def test_a_setting_is_read_as_json_or_text(setting: str, value: Any) -> None:
    made = make_detector("FCAutoEncoder", [setting], "ksigma", verbose=0)
    assert getattr(made, setting.partition("=")[0].strip()) == value


def test_settings_and_threshold_reach_the_model() -> None:
    done(
        f"fit train.csv {COLUMNS} {QUICK} --detector fcvae --set kl_weight=0.5 --channels 'p, T' "
        "--threshold ksigma:2 --model m"
    )
    clf = load("m")
    assert (type(clf).__name__, clf.kl_weight, clf.hidden_dims) == ("FCVAE", 0.5, (8,))
    assert (clf.channels_, clf.contamination.k) == (("p", "T"), 2.0)


def test_a_share_of_outliers_is_no_threshold_of_held_out_runs() -> None:
    text = done(f"fit train.csv {COLUMNS} {QUICK} --threshold contamination:0.1 --model m")
    assert "(contamination:0.1, from the scores of training runs)" in text
    assert "4 of 40 training runs are above the threshold" in text


def test_progress_is_shown_on_a_terminal_and_is_no_part_of_the_model() -> None:
    ours, terminal = os.openpty()
    termios.tcsetwinsize(ours, (24, 80))
    command = shlex.split(f"{SCRIPT} fit train.csv {COLUMNS} {QUICK} --model m")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=terminal):
        os.close(terminal)
        shown = b""
        with suppress(OSError):  # Linux's way to say that the other end is closed
            while part := os.read(ours, 10_000):
                shown += part
    os.close(ours)
    assert b"epochs: 100%" in shown
    assert load("m").verbose == 0


# -- refusals --------------------------------------------------------------------------------------

SCRIPT = Path(sysconfig.get_path("scripts")) / "tsad"
FIT = f"fit train.csv {COLUMNS} {QUICK} --model m"


def test_the_installed_command_says_errors_in_a_line_on_stderr() -> None:
    command = [SCRIPT, "fit", "none.csv", "--run", "batch", "--model", "m"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    line = "error: cannot read 'none.csv': there is no such file: check the name and the folder\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", line)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            "--run batches",
            "no column 'batches'; columns here: batch, hours, T, p; did you mean 'batch'?",
        ),
        ("--channels T,q", "no column 'q'; columns here: batch, hours, T, p"),
        (
            "--layout wide",
            "a wide table has no column of times, got --time hours: leave it out, or pass --layout "
            "long for one row per run and timestep",
        ),
        (
            "--detector LSTM",
            f"no detector 'LSTM'; detectors: {', '.join(DETECTORS)}; did you mean 'LSTMVAE'?",
        ),
        ("--set epochs", "--set 'epochs': write NAME=VALUE, for example n_epochs=50"),
        ("--set n_epochs=0", "n_epochs must be an integer of at least 1, got 0"),
        (
            "--set cell=gru",
            "cell is a parameter of LSTM detectors, FCAutoEncoder does not use it: leave it at "
            "'lstm'",
        ),
        (
            "--set contamination=0.1",
            "--set 'contamination=0.1': the threshold has an option of its own, --threshold",
        ),
        (
            "--threshold sigma:3",
            "cannot read the threshold 'sigma:3': there is no 'sigma'; use ksigma:3, "
            "contamination:0.05, pot:1e-3 or conformal:0.01",
        ),
        (
            "--good goods",
            "--good 'goods' is neither a file nor a column; columns here: batch, hours, T, p",
        ),
        (
            "--good batch",
            "column 'batch' is named twice: --good takes a column of its own, or a file",
        ),
        ("--model train.csv", "'train.csv' is a file: pass a folder for the model"),
        ("--model .", "'.' holds other things and no model: pass a new or an empty folder"),
    ],
)  # fmt: skip
def test_fit_refuses_what_it_cannot_use(options: str, line: str) -> None:
    assert refusal(f"{FIT} {options}") == f"error: {line}"
    assert not Path("m").exists()


def test_an_unknown_parameter_is_refused_with_those_there_are() -> None:
    line = refusal(f"{FIT} --set n_epoch=3")
    assert line.startswith("error: --set 'n_epoch=3': no parameter 'n_epoch'; parameters: ")
    assert "hidden_dims, " in line and line.endswith("; did you mean 'n_epochs'?")


def test_a_table_whose_run_column_is_not_named_is_refused() -> None:
    assert refusal("fit train.csv --model m") == (
        "error: which column has the id of the run? name it with --run COL, or pass --layout wide "
        "if every row is a run"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "batch,hours,T\nA,0,1\nA,1,2\nA,1,3\n",
            "run 'A' has a second row with 'hours' 1 (line 4; rows like it: 1): keep one row per "
            "run and time",
        ),
        ("batch,hours,T\n", "'bad.csv' has no rows: it needs at least one"),
        ("", "cannot read 'bad.csv': it is empty: it needs a header and rows"),
        (
            "batch,hours\nA,0\nA,1\n",
            "no channels: name at least one column of numbers in --channels",
        ),
        (
            "batch,hours,T\nA,0,1\nA,1,one\n",
            "column 'T' holds 'one' (line 3), which is no number: write numbers with a decimal "
            "point, empty the cell where nothing was measured, or leave the column out",
        ),
        ("batch,hours,T\nA,0,1\nA,1,2\n", "FCAutoEncoder needs at least 2 runs to fit, got 1"),
        (
            "batch,hours,T\nA,0,1\nA,1,inf\nB,0,1\nB,1,1\n",
            "run 'A', channel 'T' is infinite at timestep 1: replace it by NaN (a gap) or leave "
            "the run out",
        ),
    ],
)  # fmt: skip
def test_a_table_that_makes_no_sense_is_refused(text: str, line: str) -> None:
    Path("bad.csv").write_text(text, "utf-8")
    assert refusal(f"fit bad.csv {COLUMNS} --model m") == f"error: {line}"


def test_a_file_of_another_kind_is_refused() -> None:
    Path("train.csv").rename("train.xlsx")
    assert refusal(f"fit train.xlsx {COLUMNS} --model m") == (
        "error: cannot read 'train.xlsx': its name ends in '.xlsx': pass .csv, .tsv or .txt (also "
        "with .gz), .parquet, or a DataFrame"
    )


YES_OR_NO = (
    "write 1, true, yes, y, good, ok for the rows of a good run and 0, false, no, n, bad, faulty "
    "for others"
)


@pytest.mark.parametrize(
    ("cells", "line"),
    [
        (["yes", "yes", "maybe", "no"], f"column 'fine' holds 'maybe' (line 4): {YES_OR_NO}"),
        (["yes", "yes", "", "no"], f"column 'fine' is empty (line 4): {YES_OR_NO}"),
        (
            ["yes", "no", "yes", "no"],
            "run 'A' is both good and not good in column 'fine' (line 3): it holds for a whole run",
        ),
        (["no"] * 4, "--good 'fine' says of no run that it is good: at least 2 are needed"),
    ],
)  # fmt: skip
def test_a_column_that_does_not_tell_good_runs_is_refused(cells: list[str], line: str) -> None:
    rows = [f"{b},{v},{cell}\n" for b, v, cell in zip("AABB", (1, 2, 3, 4), cells, strict=True)]
    Path("marked.csv").write_text("batch,T,fine\n" + "".join(rows), "utf-8")
    command = "fit marked.csv --run batch --channels T --good fine --model m"
    assert refusal(command) == f"error: {line}"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (
            b"B-1\nB-99\nB-98\n",
            "'ids.txt' names run 'B-98', which 'train.csv' does not have (runs like it: 2); it "
            "takes one id a line, and ids here are: B-0, B-1, B-2, B-3, B-4, B-5, … (40 in all)",
        ),
        (b"\n", "--good 'ids.txt' says of no run that it is good: at least 2 are needed"),
        (b"\xff\xfe\n", "cannot read 'ids.txt': it is not text in UTF-8"),
    ],
)
def test_a_file_that_does_not_name_good_runs_is_refused(content: bytes, line: str) -> None:
    Path("ids.txt").write_bytes(content)
    assert refusal(f"{FIT} --good ids.txt") == f"error: {line}"


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ("--model none", "no model at 'none': there is no model.json to read"),
        (
            "--model model --out none/scores.csv",
            "cannot write 'none/scores.csv': there is no folder 'none', make it first",
        ),
        (
            "--model model --out scores.xlsx",
            "cannot write 'scores.xlsx': its name must end in .csv or .parquet",
        ),
        (
            "--model model --timesteps ./new.csv",
            "cannot write 'new.csv': that is named twice, choose another name",
        ),
        (
            "--model model --out a.csv --timesteps a.csv",
            "cannot write 'a.csv': that is named twice, choose another name",
        ),
        (
            "--model model --html report.txt",
            "cannot write 'report.txt': its name must end in .html",
        ),
        (
            "--model model --html none/report.html",
            "cannot write 'none/report.html': there is no folder 'none', make it first",
        ),
        ("--model model --label grade", "no column 'grade'; columns here: batch, hours, T, p"),
        (
            "--model model --channels T",
            "X has 1 channel, the detector was fitted on 2: 'T', 'p'",
        ),
    ],
)  # fmt: skip
def test_score_refuses_what_it_cannot_use(options: str, line: str) -> None:
    assert refusal(f"score new.csv {options}") == f"error: {line}"


def test_a_table_without_a_channel_of_the_model_is_refused() -> None:
    pd.read_csv("new.csv").rename(columns={"p": "pressure"}).to_csv("new.csv", index=False)
    assert refusal("score new.csv --model model") == (
        "error: no column 'p'; columns here: batch, hours, T, pressure"
    )


def test_a_damaged_model_is_refused() -> None:
    (weights,) = Path("model").glob("arrays-*")
    weights.write_bytes(weights.read_bytes()[:-1])
    assert refusal("score new.csv --model model") == (
        f"error: the model at 'model' is damaged (the checksum of {weights.name} is wrong): save "
        "it again, or restore a copy"
    )


def test_a_folder_with_something_else_than_a_detector_is_refused() -> None:
    save(KSigma().fit([1.0, 2.0]), "threshold")
    assert refusal("score new.csv --model threshold") == (
        "error: 'threshold' holds a KSigma and no detector: pass a folder that tsad fit has written"
    )


def test_a_model_that_the_library_saved_asks_for_columns() -> None:
    save(load("model"), "plain")
    assert refusal("score new.csv --model plain").startswith("error: which column has the id")
    done(f"score new.csv {COLUMNS} --model plain")


def test_an_option_that_is_none_is_refused() -> None:
    result = tsad("score new.csv --model model --treshold 3")
    assert result.exit_code == 2 and "No such option: --treshold" in result.stderr


def test_a_warning_is_a_line_on_stderr() -> None:
    pd.read_csv("train.csv").iloc[::-1].assign(by="Ann").to_csv("train.csv", index=False)
    result = tsad(FIT)
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [
        "warning: left out of the channels: 'by' (text); --channels names the columns to take",
        "warning: the rows of 40 of 40 runs were not in the order of 'hours' and have been sorted; "
        "the first is run 'B-39'",
    ]


# -- interruptions ---------------------------------------------------------------------------------


def test_an_interrupted_fit_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReconstructionDetector, "fit", interrupted)
    result = tsad(FIT)
    assert (result.exit_code, result.stderr) == (130, "interrupted\n")
    assert not Path("m").exists()


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (OSError(28, "No space left on device"), 2)]
)
def test_a_table_is_written_whole_or_not_at_all(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(frame: pd.DataFrame, path: Path, **_: Any) -> None:
        Path(path).write_text("half of it", "utf-8")
        raise error

    Path("scores.csv").write_text("old", "utf-8")
    monkeypatch.setattr(pd.DataFrame, "to_csv", fail)
    assert tsad("score new.csv --model model --out scores.csv").exit_code == code
    assert Path("scores.csv").read_text("utf-8") == "old"
    assert sorted(p.name for p in Path().iterdir()) == [
        "model",
        "new.csv",
        "scores.csv",
        "train.csv",
    ]


def interrupted(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("name", "unit"),
    [("time_h", "h"), ("elapsed (min)", "min"), ("t[s]", "s"), ("depth", None), ("hours", None)],
)
def test_the_unit_of_time_is_read_from_the_name_of_its_column(name: str, unit: str | None) -> None:
    table = load_table(pd.read_csv("train.csv").rename(columns={"hours": name}))
    assert read_table(table, Columns("batch", name)).time_unit == unit


def test_fit_tells_of_constant_channels_and_of_few_runs() -> None:
    table = pd.read_csv("train.csv")
    table[table["batch"].isin([f"B-{i}" for i in range(9)])].assign(rpm=100).to_csv("few.csv")
    text = done(f"fit few.csv {COLUMNS} {QUICK} --channels T,p,rpm --model m")
    assert "constant, so a channel only by name: rpm" in text
    assert "few runs: with less than about 20 the threshold is a rough guess" in text
    assert "constant" not in done(f"fit train.csv {COLUMNS} {QUICK} --model n")


def test_one_run_of_unusual_length_shows_its_length() -> None:
    done(f"fit train.csv {COLUMNS} {QUICK} --threshold contamination:0.5 --model m")
    table = pd.read_csv("train.csv")
    cut = table[(table["batch"] == "B-3") & (table["hours"] < 4)]
    cut.assign(T=cut["T"] + 1e3).to_csv("cut.csv", index=False)
    assert re.search(
        r"length.*\n.*\n.*B-3 .*-\d+\.\d σ", done("score cut.csv --model m"), re.DOTALL
    )


def test_units_of_the_header_are_known_to_the_model() -> None:
    table = pd.read_csv("train.csv").rename(columns={"T": "T [°C]"})
    table.to_csv("units.csv", index=False)
    assert "channels: T, p" in done(f"fit units.csv {COLUMNS} {QUICK} --model m")
    assert (load("m").channels_, load("m").units_) == (("T", "p"), ("°C", ""))
    assert "40 runs" in done("score units.csv --model m")
    hint = "no column 'T [°C]'; columns here: batch, hours, T, p"
    assert hint in refusal("score train.csv --model m")


# -- demo ------------------------------------------------------------------------------------------


@pytest.fixture
def _quick_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    make, quick = inputs.make_detector, ["n_epochs=3", "hidden_dims=[16]"]

    def make_quick(name: str, settings: list[str], *more: Any, **options: Any) -> Any:
        return make(name, [*settings, *quick, "validation_fraction=0.5"], *more, **options)

    monkeypatch.setattr(inputs, "make_detector", make_quick)


@pytest.mark.usefixtures("_quick_demo")
def test_demo_shows_commands_that_do_the_same() -> None:
    text = done("demo --no-serve")
    assert sorted(p.name for p in Path("tsad-demo").iterdir()) == [
        "model", "new.csv", "report.html", "scores.csv", "train.csv", "workspace",
    ]  # fmt: skip
    *_, fit, score, _, _, last = (line.strip() for line in text.splitlines())
    assert last.endswith("open tsad-demo/report.html in a browser.")
    assert f"$ {fit}" in text and f"$ {score}" in text
    scores = Path("tsad-demo/scores.csv").read_text("utf-8")
    done(score.removeprefix("tsad "))
    assert Path("tsad-demo/scores.csv").read_text("utf-8") == scores
    done(fit.removeprefix("tsad "))
    done(score.removeprefix("tsad "))
    assert Path("tsad-demo/scores.csv").read_text("utf-8") == scores
    assert done("demo --out tsad-demo").splitlines()[-4].strip() == score  # as often as one likes


@pytest.mark.usefixtures("_quick_demo")
def test_demo_does_without_the_libraries_of_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html_report, "missing_library", lambda: "plotly")
    text = done("demo")
    assert not Path("tsad-demo/report.html").exists() and "--html" not in text
    assert text.splitlines()[-1] == (
        'A report with a picture of each outlier takes plotly: pip install ".[dashboard]"'
    )


def test_demo_leaves_folders_of_other_things_alone() -> None:
    Path("mine.csv").touch()
    assert refusal("demo --out .") == (
        "error: '.' holds other things ('mine.csv'): name a new or an empty folder, --out DIR"
    )
    assert refusal("demo --out mine.csv") == (
        "error: 'mine.csv' is a file: name a new or an empty folder, --out DIR"
    )


def test_demo_learns_from_good_runs_alone() -> None:
    train, new, faults = demo.demo_runs(seed=0)
    assert set(train.labels.tolist()) == {"good"} and len(train) == 100
    assert {fault.run for fault in faults} == set(new.ids[new.labels != "good"].tolist())
    assert demo.demo_runs(seed=1)[2] != faults == demo.demo_runs(seed=0)[2]
    assert 6 <= len(faults) <= 8 and not set(train.ids.tolist()) & set(new.ids.tolist())


@pytest.mark.slow
def test_demo_finds_most_faults_where_they_were_put_in() -> None:
    text = done("demo")
    row = r"\d+ +F-\d+ +\w+ +\w+ +([\d.]+)(–[\d.]+)? +(yes|no) [\d.]+ +([\d.]+)(–[\d.]+)? *\n"
    rows = re.findall(row, text)
    found = [row for row in rows if row[2] == "yes"]
    assert len(rows) == 7 and len(found) >= 6, text
    for start, end, _, first, last in found:
        end, last = end.strip("–") or start, last.strip("–") or first
        assert float(first) <= float(end) and float(start) <= float(last), text
    assert re.search(r"False alarms: (none|F-\d+)\n", text), text


# -- real data -------------------------------------------------------------------------------------


@pytest.mark.realdata
def test_the_dryer_batch_noted_as_outlier_is_found(data_dir: Path) -> None:
    source = data_dir / "nylon_dryer" / "dryer.csv.gz"
    done(f"fit {source} --run batch_id --time ClockTime --model dryer")
    done(f"score {source} --model dryer --out dryer.csv")
    row = pd.read_csv("dryer.csv").set_index("run").loc[34]
    assert row["outlier"] == 1 and row["rank"] <= 3, f"batch 34 has rank {row['rank']} of 71"


@pytest.mark.realdata
def test_the_nylon_batches_go_through(data_dir: Path) -> None:
    source = data_dir / "nylon_dryer" / "nylon.csv.gz"
    text = done(f"fit {source} --run batch_id {QUICK} --model nylon")
    assert "57 runs of 113 to 135 timesteps, 10 channels (long table)" in text
    done(f"score {source} --model nylon --out nylon.csv")
    assert sorted(pd.read_csv("nylon.csv")["run"]) == list(range(1, 58))


@pytest.mark.realdata
def test_heartbeats_go_through_as_wide_tables(data_dir: Path) -> None:
    for part in ("TRAIN", "TEST"):
        source = data_dir / "ecg5000" / f"ECG5000_{part}.tsv.gz"
        names = ["class", *(f"t{i}" for i in range(140))]
        beats = pd.read_csv(source, sep="\t", names=names).rename_axis("beat")
        beats.copy().assign(normal=beats["class"] == 1).to_csv(f"{part}.csv")
    columns = "--run beat --label class --good normal"
    done(f"fit TRAIN.csv {columns} --set n_epochs=20 --model ecg")
    done("score TEST.csv --model ecg --out scores.csv")
    scores = pd.read_csv("scores.csv").sort_values("run")
    is_normal = pd.read_csv("TEST.csv")["normal"].to_numpy()
    assert roc_auc_score(~is_normal, scores["score"]) > 0.95
