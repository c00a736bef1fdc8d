"""How much memory a piece of work takes."""

from __future__ import annotations

import threading
from typing import Self

import psutil

INTERVAL = 0.005  # seconds between two looks


class PeakMemory:
    """Growth of the process's resident memory inside a `with` block, in MB.

    Looked at every few milliseconds, as no system tells the peak of a stretch of time; work in
    other threads of the process counts, too.
    """

    megabytes = 0.0

    def __enter__(self) -> Self:
        self._process = psutil.Process()
        self._before = self._peak = self._resident()
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._done.set()
        self._watcher.join()
        self._look()
        self.megabytes = (self._peak - self._before) / 1e6

    def _watch(self) -> None:
        while not self._done.wait(INTERVAL):
            self._look()

    def _look(self) -> None:
        self._peak = max(self._peak, self._resident())

    def _resident(self) -> int:
        return int(self._process.memory_info().rss)
