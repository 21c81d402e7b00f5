"""What a person must know of one camera beside its verdict, each a line: recordings, and a time out of the
counts. Pure."""

from __future__ import annotations

from camagent.document.model import CameraView
from camagent.model.scan_result import KeptRecording
from camagent.text import say
from camagent.text.moments import day_text
from camagent.text.vietnamese import clean_line


def excluded_text(camera: CameraView, lang: str) -> str:
    """Until when, and why, a camera is in no count; "" where it is in all."""
    if camera.excluded_until is None:
        return ""
    until, because = day_text(camera.excluded_until, lang), clean_line(camera.excluded_because or "")
    return say("report.progress.excluded", lang, until=until, because=because)


def recording_text(kept: KeptRecording, lang: str) -> str:
    """What is kept of one camera: days, since when, until when, and its holes."""
    if kept.since is None or kept.newest is None or kept.days is None:
        return say("report.table.recording_none", lang)
    holes = kept.days_with_holes
    name = "holes_unknown" if holes is None else "holes"
    key = f"report.table.recording_{name if holes != 0 else 'whole'}"
    return say(key, lang, days=kept.days, since=kept.since, newest=kept.newest, holes=holes or 0)
