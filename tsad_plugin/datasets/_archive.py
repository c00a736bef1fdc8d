"""The text formats of the UCR and UEA archives: lines as runs and labels."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tsad_plugin.datasets._files import Array, Lines, number_rows, numbers
from tsad_plugin.forms import plural, shorten, without_padding

Arrays = Array | list[Array]
Labels = NDArray[Any] | None

WHOLE = re.compile(r"[-+]?[0-9]{1,15}(\.0*)?(e[-+]?[0-9]{1,2})?", re.IGNORECASE)


def classes(texts: Sequence[str]) -> NDArray[Any]:
    """Integers where all classes are whole numbers, else text."""
    found = [_class(text) for text in texts]
    return np.array(found if all(isinstance(c, int) for c in found) else texts)


def _class(text: str) -> int | str:
    if WHOLE.fullmatch(text) and (number := float(text)).is_integer():
        return int(number)
    return text


def read_table(lines: Lines) -> tuple[Arrays, Labels]:
    """Runs and classes of a file without a header: one run a line, its class first."""
    first = lines[0][1]
    separator = next((s for s in "\t," if s in first), None)
    n_values = len(first.split(separator)) - 1
    if n_values < 2:
        raise ValueError(
            f"line {lines[0][0]} has {plural(n_values + 1, 'field')}, expected a class and at "
            "least 2 values, separated by tabs, commas or blanks"
        )
    # A lone class has no value to go with it, and number_rows then says so.
    parts = [(line, text.split(separator, 1)) for line, text in lines]
    values = number_rows(
        [(line, part[-1]) for line, part in parts],
        n_values,
        separator,
        "values behind the class, as in the first line",
    )
    return without_padding(values[:, :, None]), classes([part[0].strip() for _, part in parts])


class _Header(NamedTuple):
    """What the header of a `.ts` file says."""

    n_channels: int | None
    equal_length: bool
    label: str  # key of the line that announces labels, "" without
    classes: set[int | str]  # empty where the header names none


def read_ts(lines: Lines) -> tuple[Arrays, Labels]:
    """Runs and labels of a `.ts` file."""
    start = next((i for i, (_, text) in enumerate(lines) if text.lower() == "@data"), None)
    if start is None:
        raise ValueError("no line @data: it is no whole .ts file")
    header, rows = _read_header(lines[:start]), lines[start + 1 :]
    if not rows:
        raise ValueError("no run after @data: the file is cut there")
    pairs = [_read_run(line, text.split(":"), header) for line, text in rows]
    arrays = [array for array, _ in pairs]
    _check_shapes(arrays, [line for line, _ in rows], header)
    labels = _labels([label for _, label in pairs], header)
    return np.stack(arrays) if len({len(a) for a in arrays}) == 1 else arrays, labels


def _read_header(lines: Lines) -> _Header:
    found: dict[str, list[str]] = {}
    for line, text in lines:
        if not text.startswith(("@", "#", "%")):
            raise ValueError(f"line {line}: expected @…, # or @data, found {text[:40]!r}")
        key, *values = text.split()
        found[key.lower()] = values
    if _is_true(found, "@timestamps"):
        raise ValueError("its values have times of their own (@timeStamps true): not read here")
    dimensions = found.get("@dimensions", found.get("@dimension", ["0"]))
    announced = [key for key in ("@classlabel", "@targetlabel") if _is_true(found, key)]
    label = announced[0] if announced else ""
    return _Header(
        n_channels=1 if _is_true(found, "@univariate") else _whole(dimensions),
        equal_length=_is_true(found, "@equallength"),
        label=label,
        classes={_class(c) for c in found[label][1:]} if label else set(),
    )


def _is_true(header: dict[str, list[str]], key: str) -> bool:
    return [value.lower() for value in header.get(key, [])[:1]] == ["true"]


def _whole(values: list[str]) -> int | None:
    """Number of channels, None where the header gives none."""
    return int(values[0]) or None if values and values[0].isdecimal() else None


def _read_run(line: int, fields: list[str], header: _Header) -> tuple[Array, str]:
    """(t, c) and the label of one line."""
    label = fields.pop().strip() if header.label else ""
    _check_label(line, label, header)
    if not fields:
        raise ValueError(f"line {line} holds no values, expected them before a ':' and the label")
    channels = [numbers(field.replace("?", "nan").split(","), line) for field in fields]
    lengths = [len(channel) for channel in channels]
    if len(set(lengths)) > 1:
        raise ValueError(
            f"line {line} has channels of {min(lengths)} to {max(lengths)} values, expected as "
            "many in each"
        )
    return np.column_stack(channels), label


def _check_label(line: int, label: str, header: _Header) -> None:
    if header.label == "@targetlabel":
        numbers([label], line)
    elif header.classes and _class(label) not in header.classes:
        raise ValueError(
            f"line {line} ends in {label[-40:]!r}, expected one of the header's classes "
            f"({shorten(sorted(map(str, header.classes)), quote=False)}): the file may be cut there"
        )


def _check_shapes(arrays: list[Array], numbers_of_lines: list[int], header: _Header) -> None:
    n_timesteps, n_channels = arrays[0].shape
    for array, line in zip(arrays, numbers_of_lines, strict=True):
        if array.shape[1] != (expected := header.n_channels or n_channels):
            raise ValueError(
                f"line {line} has {plural(array.shape[1], 'channel')}, expected {expected}"
            )
        if header.equal_length and len(array) != n_timesteps:
            raise ValueError(
                f"line {line} has {plural(len(array), 'timestep')}, expected {n_timesteps}, as in "
                "the first run (@equalLength true): the file may be cut there"
            )


def _labels(texts: list[str], header: _Header) -> Labels:
    if header.label == "@targetlabel":
        return np.array(texts, dtype=np.float64)
    return classes(texts) if header.label else None


FORMATS: dict[str, Callable[[Lines], tuple[Arrays, Labels]]] = {
    ".ts": read_ts,
    ".tsv": read_table,
    ".txt": read_table,
}
