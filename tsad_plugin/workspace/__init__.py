"""The workspace: data sets, models, scorings and verdicts in one folder."""

from .overviews import Overview
from .records import (
    VERDICTS,
    Busy,
    Damaged,
    DataSet,
    Model,
    NotInWorkspace,
    Scoring,
    ThresholdVersion,
    TimestepFindings,
    Verdict,
    WorkspaceError,
)
from .review import Review
from .workspace import Workspace

__all__ = [
    "VERDICTS",
    "Busy",
    "Damaged",
    "DataSet",
    "Model",
    "NotInWorkspace",
    "Overview",
    "Review",
    "Scoring",
    "ThresholdVersion",
    "TimestepFindings",
    "Verdict",
    "Workspace",
    "WorkspaceError",
]
