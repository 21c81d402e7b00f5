"""The verdicts over all devices as last seen, and what is shown of each camera. Pure, and long: runs in a
thread."""

from __future__ import annotations

from camagent.document.write import camera_view
from camagent.exporter.snapshot import CameraStatus, camera_status
from camagent.model.scan import CameraResult
from camagent.run.recognition import Frame, Order, Run, finish
from camagent.run.visit import DeviceCheck

Shown = dict[str, tuple[CameraResult, CameraStatus]]
"""By camera id: how it was judged, and what is shown of it."""


def judge_all(
    checks: tuple[DeviceCheck, ...], order: Order, frame: Frame, before: Shown
) -> tuple[Run, Shown]:
    """Only what differs from the last judgement is published anew: every few seconds it is one camera of
    many."""
    run = finish(checks, order, frame)
    shown: Shown = {}
    for result in run.result.cameras:
        judged, status = before.get(result.facts.id, (None, None))
        if status is None or judged != result:
            status = camera_status(camera_view(result))
        shown[result.facts.id] = (result, status)
    return run, shown
