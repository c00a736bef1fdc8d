"""Our detectors in PyOD's knowledge base: merged in memory, PyOD's files stay as they are."""

from __future__ import annotations

import json
from importlib.metadata import version
from importlib.resources import files
from typing import Any


def add_to(knowledge: Any) -> None:
    """Add our entries and routing rules to a knowledge base of PyOD.

    Raises
    ------
    ValueError
        If it has a detector of that name already.
    """
    ours = _read("algorithms.json")
    if taken := sorted(ours.keys() & knowledge.algorithms.keys()):
        raise ValueError(
            f"the knowledge base of PyOD {version('pyod')} has a detector {taken[0]!r} of its own, "
            "and so does tsad_plugin: take another version of one of the two"
        )
    knowledge.algorithms.update(ours)
    knowledge.routing_rules.setdefault("rules", []).extend(_read("routing_rules.json")["rules"])


def _read(name: str) -> dict[str, Any]:
    return json.loads(files(__package__).joinpath(name).read_text("utf-8"))
