"""What several benchmarks share: where the data are, where results go, parameters as text."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

DATA = Path(os.environ.get("TSAD_DATA") or Path(__file__).parents[2] / "shared" / "data")


def journal(folder: Path | None) -> Path | None:
    """Where `benchmark` keeps its rows in a folder, which is made."""
    if folder is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "results.jsonl"


def options(items: Iterable[str]) -> dict[str, Any]:
    """`["n_epochs=100"]` -> `{"n_epochs": 100}`; values are JSON, or text."""
    return {name: _value(text) for name, text in (item.split("=", 1) for item in items)}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
