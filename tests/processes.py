"""Commands in processes of their own, as a user starts them, but without the wait for imports."""

import os
import re
import select
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

# A process that forks from one that has imported everything starts at once. That one has never run
# torch: what it forks could hang.
PROCESSES: Any = get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["tsad_plugin.cli.models", "tsad_plugin.workspace", "tsad_plugin.datasets", "processes"]
)
PATIENCE = 60.0  # seconds
CTRL_C = b"\x03"


def started(
    command: str, output: Path | str, before: Callable[[], object] = list, **environment: str
) -> BaseProcess:
    """A process that runs `tsad` with these words, and writes to a file or a terminal."""
    words = (shlex.split(command), str(output), str(Path.cwd()), before, environment)
    process: BaseProcess = PROCESSES.Process(target=_run, args=words, daemon=True)
    process.start()
    return process


def _run(
    words: list[str],
    output: str,
    folder: str,
    before: Callable[[], object],
    environment: dict[str, str],
) -> None:
    os.chdir(folder)
    os.environ.update(environment)
    _connect(output)
    sys.argv = ["tsad", *words]
    before()
    from tsad_plugin.cli import main

    main()


def _connect(output: str) -> None:
    """Let all that is printed go to a file; a terminal is read from, too, and sends Ctrl+C."""
    target = os.open(output, os.O_RDWR | os.O_CREAT)
    if os.isatty(target):
        os.login_tty(target)
        sys.stdin = open(0, closefd=False)  # noqa: SIM115
    else:
        for stream in (1, 2):
            os.dup2(target, stream)
    sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115


def ended(process: BaseProcess) -> int | None:
    """The exit status of a process that ends by itself."""
    process.join(PATIENCE)
    status = process.exitcode
    process.kill()
    return status


class Terminal:
    """The user's side of a terminal; `name` is the side of a command."""

    def __init__(self, ours: int, name: str) -> None:
        self.name, self.shown, self._ours = name, "", ours

    def press(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Read until this is shown."""
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.shown)):
            assert time.monotonic() < deadline, f"no {pattern!r} in {self.shown!r}"
            if select.select([self._ours], [], [], 0.1)[0]:
                self.shown += os.read(self._ours, 10_000).decode(errors="replace")
        return found


@contextmanager
def terminal() -> Iterator[Terminal]:
    """A terminal of its own for one command."""
    ours, theirs = os.openpty()
    try:
        yield Terminal(ours, os.ttyname(theirs))
    finally:
        for end in (ours, theirs):
            with suppress(OSError):
                os.close(end)
