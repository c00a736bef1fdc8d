"""Seconds of tasks that take turns, and lines of a table."""

import statistics
import time
from collections.abc import Callable

Task = Callable[[], object]


def alternate(repeats: int, *tasks: Task) -> list[float]:
    """Median seconds of each task; they take turns, so that a drift of the machine hits all."""
    seconds: list[list[float]] = [[] for _ in tasks]
    for task in tasks:
        task()
    for _ in range(repeats):
        for times, task in zip(seconds, tasks, strict=True):
            times.append(seconds_of(task))
    return [statistics.median(times) for times in seconds]


def seconds_of(task: Task) -> float:
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def compare(name: str, repeats: int, ours: Task, peers: dict[str, Task]) -> None:
    """Print how many times as long as ours each peer takes."""
    first, *others = alternate(repeats, ours, *peers.values())
    for peer, seconds in zip(peers, others, strict=True):
        line(name, first, peer, seconds)


def line(name: str, ours: float, peer: str, seconds: float) -> None:
    print(f"{name:46s} {ours:8.4f} s   {peer:34s} {seconds:8.4f} s   {seconds / ours:6.2f} x")


def title(text: str) -> None:
    print(f"\n{text}")
