"""Geometry of the page's charts: numbers in, rectangles out. Pure; the template draws them.

Lengths are percent of the bar's own width: a drawing that is scaled as a whole has letters too small for a
phone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from camagent.document.model import CameraView, FindingView, ScanDocument
from camagent.document.wording import main_column
from camagent.model.finding import Action, Verdict

WHOLE = 100.0
_CHANGES_RATE = (Action.RECONFIGURE, Action.UPDATE_FIRMWARE, Action.REPLACE)
MOST_UNKNOWN_RATIO = 1 / 3  # beyond it a sum says more of what is missing than of the school
MAX_ROWS = 100  # more bars than that nobody reads; the camera table has them all
OPEN_ROWS = 16  # the worst are seen at once, the rest unfold: the list below must not be pushed away


@dataclass(frozen=True, slots=True)
class Share:
    """One piece of the verdict bar."""

    verdict: Verdict
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class RateBar:
    """One camera's measured frame rate against the rate asked for."""

    name: str
    measured_hz: float | None
    width: float
    asked_x: float | None
    enough: bool | None
    """None: one of the two is not known."""


@dataclass(frozen=True, slots=True)
class BandwidthSums:
    """All main streams together, as they are and after the upgrade list is done."""

    before_bps: float
    after_bps: float
    before_width: float
    after_width: float
    unknown: int
    """Cameras whose bit rate is not known: they are in neither sum."""
    after_unknown: int
    """Cameras that will change, nobody knows to what rate: they are in the second sum as they are now."""


def verdict_shares(documents: Sequence[ScanDocument]) -> tuple[Share, ...]:
    """The verdicts of all cameras as one bar; empty without cameras."""
    return bar_shares(
        {verdict: sum(getattr(d.summary, verdict.value) for d in documents) for verdict in Verdict}
    )


def bar_shares(counts: Mapping[Verdict, int]) -> tuple[Share, ...]:
    """Counts as pieces of one bar; empty where all are zero."""
    total = sum(counts.values())
    shares: list[Share] = []
    x = 0.0
    for verdict, count in counts.items():
        width = WHOLE * count / total if total else 0.0
        if count:
            shares.append(Share(verdict, count, x, width))
        x += width
    return tuple(shares)


def rate_bars(cameras: Sequence[CameraView]) -> tuple[RateBar, ...]:
    """Measured against asked frame rate of the main streams, the farthest below what is asked first."""
    rows = [(camera, _measured_hz(camera), _asked(camera)) for camera in cameras]
    rates = [value for value in chain.from_iterable(row[1:] for row in rows) if value is not None]
    scale = WHOLE / max([1.0, *rates])
    bars = [
        RateBar(
            name=camera.name,
            measured_hz=measured,
            width=(measured or 0.0) * scale,
            asked_x=None if asked is None else asked * scale,
            enough=_enough(camera, measured, asked),
        )
        for camera, measured, asked in rows
    ]
    order = {False: 0, None: 1, True: 2}
    return tuple(sorted(bars, key=lambda bar: (order[bar.enough], bar.measured_hz or 0.0))[:MAX_ROWS])


def bandwidth(cameras: Sequence[CameraView]) -> BandwidthSums | None:
    """The sum of the main streams before and after; None where more than a third of the rates is not
    known."""
    before_bps = after_bps = 0.0
    unknown = after_unknown = 0
    for camera in cameras:
        column = main_column(camera)
        now = camera.upgrade.bitrate_before_bps
        if now is None and column is not None:
            now = column.bitrate_bps
        if now is None:
            unknown += 1
            continue
        then = camera.upgrade.bitrate_after_bps
        before_bps += now
        after_unknown += then is None and camera.upgrade.action in _CHANGES_RATE
        after_bps += now if then is None else then
    if unknown > MOST_UNKNOWN_RATIO * len(cameras) or unknown == len(cameras):
        return None
    scale = WHOLE / max(before_bps, after_bps, 1.0)
    return BandwidthSums(before_bps, after_bps, before_bps * scale, after_bps * scale, unknown, after_unknown)


@dataclass(frozen=True, slots=True)
class SettingsWork:
    """What work on settings alone would bring: no camera is bought, no wire is pulled."""

    ready: int
    gained: int
    """Cameras for which settings are the cheapest way to comply."""
    certain: int
    """Of these, where the device's own menu offers the values beyond doubt."""


def settings_work(cameras: Sequence[CameraView]) -> SettingsWork | None:
    """How many cameras are ready, and how many more would be after their settings; None where none would."""
    gained = [
        camera
        for camera in cameras
        if camera.upgrade.action is Action.RECONFIGURE and camera.verdict is not Verdict.READY
    ]
    if not gained:
        return None
    ready = sum(camera.verdict is Verdict.READY for camera in cameras)
    return SettingsWork(ready, len(gained), sum(camera.upgrade.certain for camera in gained))


def _rate_finding(camera: CameraView) -> FindingView | None:
    wanted = (
        item for item in camera.findings if item.check == "frame_rate" and item.stream in (None, "main")
    )
    return next(wanted, None)


def _measured_hz(camera: CameraView) -> float | None:
    column = main_column(camera)
    return column.frame_rate_hz if column and not column.limits else None


def _asked(camera: CameraView) -> float | None:
    finding = _rate_finding(camera)
    required = finding.required if finding else None
    return float(required) if isinstance(required, int | float) and not isinstance(required, bool) else None


def _enough(camera: CameraView, measured: float | None, asked: float | None) -> bool | None:
    """What the rule said; the chart judges nothing itself."""
    finding = _rate_finding(camera)
    if (
        measured is None
        or asked is None
        or finding is None
        or finding.outcome.value not in ("pass", "warn", "fail")
    ):
        return None
    return finding.outcome.value != "fail"
