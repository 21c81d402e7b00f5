"""Where a bug of ours is, in words that quote nobody. Pure."""

from __future__ import annotations

import traceback
from pathlib import Path


class DefectElsewhere(Exception):
    """A bug of ours in another process of ours, which said where."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place


def place_of(bug: BaseException) -> str:
    """Class, file and line of a bug of ours: never its message, which may quote what a camera or a user
    said."""
    if isinstance(bug, DefectElsewhere):
        return bug.place
    frames = traceback.extract_tb(bug.__traceback__)
    ours = next((frame for frame in reversed(frames) if "camagent" in frame.filename), None)
    return f"{type(bug).__name__} {Path(ours.filename).name}:{ours.lineno}" if ours else type(bug).__name__
