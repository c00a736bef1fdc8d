"""How quick the dashboard is on many runs, in Chromium: medians, and the server's memory.

    python benchmarks/dashboard.py --folder /somewhere/with/2/GB

makes a workspace of 10,000 runs of 500 timesteps and 8 channels (once a folder), serves it in a
process of its own, and acts in a browser as a person does: opens the first page, moves k, goes from
run to run, lassoes 1,000 runs. Then four browsers do so at once on the same machine: in haste, and
with two seconds to look at what came.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from tsad_plugin import KSigma, PCAReconstruction, Runs
from tsad_plugin.results import Scored
from tsad_plugin.workspace import Workspace

Times = dict[str, list[float]]  # milliseconds of what was done, by its name

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
N_TRAINING, BLOCK = 1000, 500  # runs
N_LASSOED = 1000
BARS = {  # milliseconds
    "home: shell": 1000,
    "home: first figure": 2000,
    "k moved": 300,
    "run changed: first figure": 500,
    "run changed: whole page": 1500,
    "1,000 runs lassoed": 500,
}
BAR_MEMORY, BAR_SESSIONS = 1.5, 2.0  # GB, times as long with four sessions

SCRIPT = Path(__file__).with_suffix(".js")
LOOKS = 2000  # milliseconds that each of several people looks at what came


def generated(n_runs: int, n_timesteps: int, n_channels: int, seed: int) -> Runs:
    """Runs of waves with a level of their own; each hundredth has a fault in one channel."""
    rng = np.random.default_rng(seed)
    phase = np.linspace(0, 9, n_timesteps, dtype=np.float32)[:, None]
    course = np.sin(phase + np.arange(n_channels, dtype=np.float32)) * 3
    values = np.empty((n_runs, n_timesteps, n_channels), np.float32)
    for start in range(0, n_runs, BLOCK):
        block = values[start : start + BLOCK]
        block[:] = rng.standard_normal(block.shape, np.float32) * np.float32(0.3) + course
        block += rng.standard_normal((len(block), 1, n_channels), np.float32) * np.float32(0.4)
    for run in range(7, n_runs, 100):
        at = int(rng.integers(n_timesteps * 3 // 4))
        values[run, at : at + n_timesteps // 5, run // 100 % n_channels] += rng.uniform(1, 3)
    return Runs(values, ids=[f"R-{seed}-{i:05d}" for i in range(n_runs)])


def fill(folder: Path, n_runs: int, n_timesteps: int, n_channels: int) -> None:
    """A workspace of training runs and of those to review, both scored."""
    size = n_timesteps, n_channels
    train = generated(min(N_TRAINING, n_runs), *size, seed=1)
    train = train[np.arange(len(train)) % 100 != 7]
    clf = PCAReconstruction(contamination=KSigma(3)).fit(train)
    with Workspace(folder, create=True) as workspace:
        learned = workspace.add_runs(train, "train")
        model = workspace.add_model(clf, data_set=learned)
        workspace.add_scoring(Scored.of(clf, train), model, learned)
        runs = generated(n_runs, *size, seed=2)
        data_set = workspace.add_runs(runs, "runs")
        workspace.add_scoring(Scored.of(clf, runs), model, data_set)


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Address and process of a dashboard."""
    tsad = Path(sys.executable).with_name("tsad")
    command = [tsad, "dashboard", "--workspace", folder, "--no-browser", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield server.stdout.readline().split()[1], psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait()


class Memory:
    """The most memory that a process had while this looked at it."""

    def __init__(self, process: psutil.Process) -> None:
        self.most = 0
        self._process, self._done = process, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.02):
            self.most = max(self.most, self._process.memory_info().rss)


@contextmanager
def browsing() -> Iterator[Callable[[], Page]]:
    """What opens pages, each with nothing in its cache."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), headless=True, args=ARGUMENTS
        )
        try:
            yield partial(opened, browser)
        finally:
            browser.close()


def opened(browser: Browser) -> Page:
    """A page with nothing in its cache."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.add_init_script(path=SCRIPT)
    return page


def drawn(page: Page, url: str) -> dict[str, float]:
    """Open a page; when its shell, its first figure and all were there."""
    page.goto(url, wait_until="commit")
    return dict(page.evaluate("() => bench.opened()"))


def open_home(new_page: Callable[[], Page], url: str, n: int, looks: int) -> Times:
    """The first page: once by a browser that was never here, then by one that has its scripts."""
    page, found = new_page(), defaultdict(list)
    for i in range(n + 1):
        times = drawn(page, url)
        when = "home" if i else "first visit"
        found[f"{when}: shell"].append(times["shell"])
        found[f"{when}: first figure"].append(times["first"])
        page.wait_for_timeout(looks)
    page.context.close()
    return found


def move_k(new_page: Callable[[], Page], url: str, n: int, looks: int) -> Times:
    """A step of the slider to the line that has moved."""
    page, found = new_page(), []
    drawn(page, url)
    page.focus("#runs-k [role=slider]")
    for i in range(n):
        page.evaluate("at => bench.watchDrawing(at)", ["#runs-chart", "keydown"])
        page.keyboard.press("ArrowRight" if i % 4 < 2 else "ArrowLeft")
        found.append(page.evaluate("() => bench.watched()"))
        page.wait_for_timeout(max(looks, 600))  # the list follows once the slider rests
    page.context.close()
    return {"k moved": found}


def change_run(new_page: Callable[[], Page], url: str, n: int, looks: int) -> Times:
    """From one outlier to the next, by its key."""
    page, found = new_page(), defaultdict(list)
    drawn(page, url)
    for i in range(n + 1):
        page.evaluate("() => bench.watchChange()")
        page.keyboard.press("n")
        times = page.evaluate("() => bench.watched()")
        if i:  # the first comes from another page
            found["run changed: first figure"].append(times["first"])
            found["run changed: whole page"].append(times["whole"])
        page.wait_for_timeout(max(looks, 300))
    page.context.close()
    return found


def lasso(new_page: Callable[[], Page], url: str, n: int, looks: int) -> Times:
    """About a thousand runs of the latent space, to the figure of their courses."""
    page, found = new_page(), []
    drawn(page, f"{url}latent")
    page.wait_for_timeout(1000)
    n_markers = 100  # each may stand for others, so it takes a try or two to meet a thousand runs
    for tries in range(3 * n):
        at = page.evaluate("map => bench.markers(map)", "#latent-map")
        xs = sorted(at["xs"])
        first = len(xs) // 4 + 5 * tries
        left, right = xs[first], xs[min(first + n_markers, len(xs) - 1)]
        page.mouse.move(left, at["top"])
        page.mouse.down()
        for corner in [(right, at["top"]), (right, at["bottom"]), (left, at["bottom"])]:
            page.mouse.move(*corner, steps=4)
        page.evaluate("at => bench.watchDrawing(at)", ["#latent-courses", "mouseup"])
        page.mouse.up()
        took = page.evaluate("() => bench.watched()")
        page.wait_for_timeout(max(looks, 1000))
        n_runs = int(page.inner_text("#shell-selected").split()[0].replace(",", ""))
        if 0.7 < n_runs / N_LASSOED < 1.4:
            found.append(took)
        n_markers = max(2, round(n_markers * min(max(N_LASSOED / n_runs, 0.3), 3)))
        if len(found) == n:
            break
    page.context.close()
    return {"1,000 runs lassoed": found}


ACTIONS = (open_home, move_k, change_run, lasso)


def session(url: str, n: int, looks: int = 0) -> Times:
    """All that one person does, who looks so many milliseconds at what came."""
    with browsing() as new_page:
        return {name: ms for act in ACTIONS for name, ms in act(new_page, url, n, looks).items()}


def sessions(url: str, n: int, n_sessions: int, looks: int) -> Times:
    """The same by several at once, a browser each; together they act as often as the one does."""
    together: Times = defaultdict(list)
    with ProcessPoolExecutor(n_sessions, mp_context=get_context("spawn")) as pool:
        often = max(1, n // n_sessions)
        done = [pool.submit(session, url, often, looks) for _ in range(n_sessions)]
        for one in done:
            for name, ms in one.result().items():
                together[name] += ms
    return together


def table(alone: Times, hasty: Times, calm: Times) -> str:
    """Medians as Markdown, with the range of one person, and what several at once cost."""
    lines = [
        "| | median | range | at most | several in haste | several who look |",
        "|---|---|---|---|---|---|",
    ]
    for name, bar in BARS.items():
        median = statistics.median(alone[name])
        span = f"{min(alone[name]):.0f}–{max(alone[name]):.0f}"
        others = [statistics.median(times[name]) for times in (hasty, calm)]
        cells = " | ".join(f"{ms:,.0f} ms, {ms / median:.1f} ×" for ms in others)
        lines.append(f"| {name} | {median:,.0f} ms | {span} | {bar:,} ms | {cells} |")
    shell, first = (alone[f"first visit: {what}"][0] for what in ("shell", "first figure"))
    lines.append(f"\nfirst visit, nothing in the cache: shell {shell:.0f}, figure {first:.0f} ms")
    return "\n".join(lines)


def measure(folder: Path, n: int, n_sessions: int) -> None:
    """Print the table of a workspace."""
    with served(folder) as (url, server), Memory(server) as memory:
        alone = session(url, n)
        most = memory.most
        hasty, calm = (sessions(url, n, n_sessions, looks) for looks in (0, LOOKS))
    print(table(alone, hasty, calm))
    print(
        f"\nserver: {most / 1e9:.2f} GB, with {n_sessions} sessions {memory.most / 1e9:.2f} GB (at "
        f"most {BAR_MEMORY} GB; times with {n_sessions} sessions at most {BAR_SESSIONS:g} ×; who "
        f"looks does so for {LOOKS / 1000:g} s)"
    )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="keep the workspace there; default: nowhere")
    parser.add_argument("--size", type=int, nargs=3, default=(10_000, 500, 8))
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--sessions", type=int, default=4)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.folder or Path(temporary)) / "x".join(map(str, given.size))
        if not (folder / "workspace.db").exists():
            fill(folder, *given.size)
        measure(folder, given.repeats, given.sessions)


if __name__ == "__main__":
    main()
