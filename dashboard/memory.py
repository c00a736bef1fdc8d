"""What was made once and stays in memory."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache
from threading import Lock, RLock
from typing import Any, TypeVar

Made = TypeVar("Made")

KEPT = 8  # answers of a function


class Memory:
    """The last answers of functions; of each one is made at a time, and others wait for it."""

    def __init__(self) -> None:
        self._functions: dict[Callable[..., Any], Callable[..., Any]] = {}
        self._adding = Lock()

    def of(self, make: Callable[..., Made], *key: Hashable, most: int = KEPT) -> Made:
        """What a function makes of a key, now or before; an error is not kept."""
        with self._adding:
            if make not in self._functions:
                self._functions[make] = _one_at_a_time(lru_cache(most)(make))
        answer: Callable[..., Made] = self._functions[make]
        return answer(*key)


def _one_at_a_time(make: Callable[..., Made]) -> Callable[..., Made]:
    making = RLock()

    def answer(*key: Hashable) -> Made:
        with making:
            return make(*key)

    return answer
