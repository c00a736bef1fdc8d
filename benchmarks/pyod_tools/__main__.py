"""Every tool of PyOD, scikit-learn and joblib, with our six detectors and three of PyOD.

    python benchmarks/pyod_tools [--write PAGE] [--detectors "FC AE" ...] [--tools WORD ...]

Prints a table in markdown, or writes it between the lines `<!-- pyod_tools -->` and
`<!-- /pyod_tools -->` of PAGE. A cell holds what was found by running the tool: see `trial.py`.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

# Before torch is imported, here and in all processes that this one starts: each network is small,
# and two columns run at a time.
os.environ["OMP_NUM_THREADS"] = "1"

SECONDS = 60  # that a cell may take
OURS = {"n_epochs": 2, "hidden_dims": (8,), "latent_dim": 3, "validation_fraction": 0.5}
PEERS = {"epoch_num": 2, "verbose": 0}
LSTMAD = {"epochs": 2, "window_size": 15, "hidden_size": 8, "n_layers": 1}
# Head of the column: module, class and parameters of a quick detector.
COLUMNS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "FC AE": ("tsad_plugin", "FCAutoEncoder", OURS),
    "FC VAE": ("tsad_plugin", "FCVAE", OURS),
    "LSTM AE": ("tsad_plugin", "LSTMAutoEncoder", OURS),
    "LSTM VAE": ("tsad_plugin", "LSTMVAE", OURS),
    "CNN1D AE": ("tsad_plugin", "CNN1DAutoEncoder", OURS),
    "CNN1D VAE": ("tsad_plugin", "CNN1DVAE", OURS),
    "PyOD AutoEncoder": ("pyod.models.auto_encoder", "AutoEncoder", PEERS),
    "PyOD VAE": ("pyod.models.vae", "VAE", PEERS),
    "PyOD LSTMAD": ("pyod.models.ts_lstm", "LSTMAD", LSTMAD),
}
RAISES, COMPLAINS, WORKS = "✗", "!", "✓"
LEGEND = (
    f"{WORKS} works. {COMPLAINS} runs, but what comes out is not what it should be. {RAISES} fails."
)
MARKERS = ("<!-- pyod_tools -->", "<!-- /pyod_tools -->")
Verdict = tuple[str, str]  # a mark and the reason for it

# --- one column, in a process of its own --------------------------------------------------------


def chosen(words: list[str]) -> list[Any]:
    """Tools whose section or name holds one of the words, all where there are none."""
    for module in ("shared", "hosts", "alone"):
        import_module(module)
    every = import_module("trial").TOOLS
    return [t for t in every if not words or any(w in f"{t.section} {t.name}" for w in words)]


def fill_column(head: str, words: list[str], answers: Path) -> None:
    """Run all tools with one detector; writes a line of JSON after each."""
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, _too_long)
    trial, listed = import_module("trial"), chosen(words)
    module, name, quick = COLUMNS[head]
    make, data = trial.Maker(getattr(import_module(module), name), quick), trial.make_data()
    with answers.open("w") as file:
        for row in sorted(range(len(listed)), key=lambda row: listed[row].last):
            print(json.dumps([row, *_try(listed[row].run, make, data)]), file=file, flush=True)


def _try(run: Any, make: Any, data: Any) -> Verdict:
    signal.alarm(SECONDS)
    try:
        complaint = run(make, data)
    except Exception as error:  # whatever a tool raises is what the cell shows
        return RAISES, _shorten(error, make.cls.__name__)
    finally:
        signal.alarm(0)
    return (COMPLAINS, complaint) if complaint else (WORKS, "")


def _too_long(*_: Any) -> None:
    raise TimeoutError(f"does not end in {SECONDS} s")


def _shorten(error: Exception, name: str) -> str:
    """Type and first line; detectors that fail in the same way share one note."""
    lines = str(error).strip().splitlines() or [""]
    line = re.sub(r" at 0x[0-9a-f]+", "", lines[0]).replace(name, "…").replace("`", "'")
    return f"`{type(error).__name__}: {line[:110]}{'…' * (len(line) > 110)}`"


# --- all columns --------------------------------------------------------------------------------


def column(head: str, words: list[str], n_tools: int) -> list[Verdict]:
    """Verdicts of one detector, by tool; a process that dies leaves cells that say so."""
    with tempfile.TemporaryDirectory() as folder:
        answers, errors = Path(folder) / "answers", Path(folder) / "errors"
        command = [sys.executable, __file__, "--column", head, str(answers), "--tools", *words]
        with errors.open("w") as file:
            child = subprocess.Popen(
                command,
                stdout=subprocess.DEVNULL,  # PyOD prints
                stderr=file,
                start_new_session=True,
                env={**os.environ, "PYTHONWARNINGS": "ignore"},
            )
            try:
                code = child.wait(SECONDS * (5 + n_tools // 10))
            except subprocess.TimeoutExpired:
                code = None
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        if code:
            print(f"{head}: {errors.read_text()[-2000:]}", file=sys.stderr)
        lines = answers.read_text().splitlines() if answers.exists() else []
    found = {row: (mark, reason) for row, mark, reason in map(json.loads, lines)}
    silent = (RAISES, "its process died" if code else "it or a tool before it does not end")
    return [found.get(row, silent) for row in range(n_tools)]


def table(listed: list[Any], columns: dict[str, list[Verdict]]) -> str:
    """The table, and below it the reasons by their numbers."""
    numbers: dict[str, int] = {}
    lines = ["| | " + " | ".join(columns) + " |", "|-|" + ":-:|" * len(columns)]
    section = ""
    for row, found in enumerate(listed):
        if found.section != section:
            section = found.section
            lines.append(f"| **{section}** |" + " |" * len(columns))
        cells = [_cell(*verdicts[row], numbers) for verdicts in columns.values()]
        lines.append(f"| {found.name} | " + " | ".join(cells) + " |")
    notes = [f"{number}. {_escape(reason)}" for reason, number in numbers.items()]
    versions = ", ".join(
        f"{package} {version(package)}"
        for package in ("pyod", "scikit-learn", "joblib", "suod", "pythresh", "torch")
    )
    return "\n".join([*lines, "", f"{LEGEND} With {versions}.", "", *notes])


def _cell(mark: str, reason: str, numbers: dict[str, int]) -> str:
    return f"{mark} {numbers.setdefault(reason, len(numbers) + 1)}" if reason else mark


def _escape(reason: str) -> str:
    """Without meaning in markdown, but for what stands between backticks."""
    return reason if "`" in reason else re.sub(r"([_*<|])", r"\\\1", reason)


def around(page: Path) -> tuple[str, str]:
    """What stands before and after the table of a page."""
    head, start, rest = page.read_text("utf-8").partition(MARKERS[0])
    _, end, tail = rest.partition(MARKERS[1])
    if not (start and end):
        raise SystemExit(f"{page} lacks the lines {' and '.join(MARKERS)}: put them where it goes")
    return head + start, end + tail


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, metavar="PAGE")
    parser.add_argument("--detectors", nargs="+", default=list(COLUMNS), choices=COLUMNS)
    parser.add_argument("--tools", nargs="*", default=[], metavar="WORD")
    parser.add_argument("--column", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.column:
        head, answers = arguments.column
        fill_column(head, arguments.tools, Path(answers))
        return
    page = around(arguments.write) if arguments.write else None  # before minutes have passed
    listed = chosen(arguments.tools)
    with ThreadPoolExecutor(2) as pool:
        filled = pool.map(
            lambda head: column(head, arguments.tools, len(listed)), arguments.detectors
        )
        text = table(listed, dict(zip(arguments.detectors, filled, strict=True)))
    if page:
        arguments.write.write_text(f"{page[0]}\n\n{text}\n\n{page[1]}", "utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
