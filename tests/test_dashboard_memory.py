"""What the dashboard keeps in memory."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep

import pytest

from dashboard.memory import Memory


def test_what_was_made_is_kept_by_its_key() -> None:
    made: list[tuple[int, int]] = []
    memory = Memory()

    def product(a: int, b: int) -> int:
        made.append((a, b))
        return a * b

    assert [memory.of(product, *key) for key in [(2, 3), (3, 4), (2, 3)]] == [6, 12, 6]
    assert made == [(2, 3), (3, 4)]
    assert Memory().of(product, 2, 3) == 6 and len(made) == 3  # another one knows nothing of it


def test_the_last_ones_alone_are_kept() -> None:
    made: Counter[int] = Counter()
    memory = Memory()

    def double(a: int) -> int:
        made[a] += 1
        return 2 * a

    for a in (1, 2, 3, 3, 2, 1):
        memory.of(double, a, most=2)
    assert made == {1: 2, 2: 1, 3: 1}


def test_who_asks_for_the_same_meanwhile_waits_for_it() -> None:
    made: list[int] = []
    memory, together = Memory(), Barrier(4)

    def slow(a: int) -> int:
        sleep(0.05)
        made.append(a)
        return a

    def ask(a: int) -> int:
        together.wait(10)
        return memory.of(slow, a)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, [7] * 4)) == [7] * 4
    assert made == [7]


def test_an_error_is_not_kept() -> None:
    answers = iter([ValueError("gone"), 5])
    memory = Memory()

    def read(name: str) -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer + len(name)

    with pytest.raises(ValueError, match="gone"):
        memory.of(read, "a")
    assert memory.of(read, "a") == 6 == memory.of(read, "a")


def test_what_is_made_of_others_of_its_kind_does_not_wait_for_itself() -> None:
    memory = Memory()

    def factorial(n: int) -> int:
        return n * memory.of(factorial, n - 1) if n else 1

    assert memory.of(factorial, 5) == 120
