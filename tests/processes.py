"""Commands in processes of their own, as a user starts them, but without the wait for imports."""

import os
import shlex
import sys
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

# A process that forks from one that has imported everything starts at once. None of torch's threads
# run there: what had run torch could not be forked.
PROCESSES: Any = get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["tsad_plugin.cli.models", "tsad_plugin.workspace", "tsad_plugin.datasets", "processes"]
)
WAIT = 60.0  # seconds


def started(command: str, output: Path | str, **environment: str) -> BaseProcess:
    """A process that runs `tsad` with these words, and writes to a file or a terminal."""
    words = (shlex.split(command), str(output), str(Path.cwd()), environment)
    process: BaseProcess = PROCESSES.Process(target=_run, args=words, daemon=True)
    process.start()
    return process


def _run(words: list[str], output: str, folder: str, environment: dict[str, str]) -> None:
    os.chdir(folder)
    os.environ.update(environment)
    _connect(output)
    sys.argv = ["tsad", *words]
    from tsad_plugin.cli import main

    main()


def _connect(output: str) -> None:
    """Let what is printed go to a file; a terminal is read from, too, and sends Ctrl+C."""
    target = os.open(output, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
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
    process.join(WAIT)
    status = process.exitcode
    process.kill()
    return status
