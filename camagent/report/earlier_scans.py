"""What the record adds to the newest scan of a school. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from camagent.document.compare import Comparison
from camagent.document.progress import Progress
from camagent.document.states import CameraState


@dataclass(frozen=True, slots=True)
class EarlierScans:
    """All empty where there is no record."""

    comparison: Comparison | None = None
    states: Mapping[str, Sequence[CameraState]] = field(default_factory=dict)
    """Changes of state by camera id."""
    progress: Progress | None = None
    """What became of what was asked on the reporting date before."""
