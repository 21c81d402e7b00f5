"""Whether cameras fell silent together: then it is the network's doing or our own, and no camera's fault.
Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from camagent.assess.sections import main_stream_or_fault
from camagent.model.fault import NOT_HEARD, Fault, FaultCode
from camagent.model.finding import Basis, Finding, Outcome, Severity
from camagent.model.scan_result import CameraFacts
from camagent.model.stream import FileTarget, StreamFacts, StreamTarget
from camagent.model.text import Localised, message

NOBODY_THERE = frozenset({FaultCode.UNREACHABLE, FaultCode.TIMEOUT})
MIN_SOURCES = 2  # one camera that is silent says nothing of the others
NOTICED_AFTER = timedelta(seconds=6)  # a watch waits so long before it calls a stream dead, and hangs up


@dataclass(frozen=True, slots=True)
class NearbyCamera:
    """One camera, and when its check ended."""

    facts: CameraFacts
    ended_at: datetime
    fell_silent: bool | None = None
    """As `DeviceCheck.fell_silent`."""


def silent_together(cameras: Sequence[NearbyCamera]) -> frozenset[int]:
    """Places of the cameras whose silence is not their own: all of the school, all that were watched at a
    moment, or several that vanished at one moment.

    Two video sources at least. One camera that was heard meanwhile shows that the network was there; not so
    for those behind another switch.
    """
    silent = [place for place, camera in enumerate(cameras) if _silence(camera.facts) is not None]
    marked = frozenset(place for place in silent if cameras[place].fell_silent)
    # who watches all the time has looked at each
    if any(cameras[place].fell_silent is False for place in silent):
        return marked
    return marked | _silent_by_moments(cameras, silent)


def _silent_by_moments(cameras: Sequence[NearbyCamera], silent: Sequence[int]) -> frozenset[int]:
    """The same by when the checks of one run ended."""
    if len(silent) == len(cameras):
        return frozenset(silent) if _sources(cameras, silent) >= MIN_SOURCES else frozenset()
    broke_off = [place for place in silent if _silence(cameras[place].facts) is FaultCode.STALLED]
    if _sources(cameras, broke_off) < MIN_SOURCES:
        return frozenset()
    since = min(cameras[place].ended_at for place in broke_off) - NOTICED_AFTER
    heard_later = any(camera.ended_at > since for place, camera in enumerate(cameras) if place not in silent)
    if heard_later:
        return _vanished(cameras, silent)
    return frozenset(place for place in silent if cameras[place].ended_at > since)


def _vanished(cameras: Sequence[NearbyCamera], silent: Sequence[int]) -> frozenset[int]:
    """Places of cameras whose video broke off and which did not even answer our farewell, each within moments
    of another one: a switch, a recorder or what feeds them went off."""
    gone = {_host(cameras[place].facts) for place in silent if _is_gone(cameras[place].facts)} - {None}
    places = [place for place in silent if _host(cameras[place].facts) in gone]

    def beside(moment: datetime) -> list[int]:
        return [place for place in places if abs(cameras[place].ended_at - moment) <= NOTICED_AFTER]

    return frozenset(
        place for place in places if _sources(cameras, beside(cameras[place].ended_at)) >= MIN_SOURCES
    )


def _is_gone(camera: CameraFacts) -> bool:
    stopped = _silence(camera) is FaultCode.STALLED
    return stopped and any(fault.code in NOBODY_THERE for fault in camera.stream_faults)


def _silence(camera: CameraFacts) -> FaultCode | None:
    """What kind of silence ended this camera's check; None: it was heard, or refused us, which is an answer
    too."""
    stream = main_stream_or_fault(camera)
    fault = stream.fault if isinstance(stream, StreamFacts) else stream
    if not isinstance(fault, Fault) or fault.code not in NOT_HEARD:
        return None
    return fault.code if all(f.code in NOT_HEARD for f in (fault, *camera.stream_faults)) else None


def _sources(cameras: Sequence[NearbyCamera], places: Sequence[int]) -> int:
    """Video sources behind those places: cameras, and channels of a recorder; a stream's address given twice
    is one."""
    facts = [cameras[place].facts for place in places]
    return len({(host, camera.video_source) for camera in facts if (host := _host(camera)) is not None})


def _host(camera: CameraFacts) -> str | None:
    targets = [stream.target for stream in camera.streams]
    if any(isinstance(target, FileTarget) for target in targets):
        return None
    return next((t.uri.host for t in targets if isinstance(t, StreamTarget)), camera.address)


def silence_finding(cameras: int) -> Finding:
    """Cameras fell silent together: told of the school, where one has to look, and of none of them."""
    return Finding(
        rule="SITE-SILENT",
        title=Localised("Nhiều camera cùng mất tín hiệu", "Cameras silent at once"),
        outcome=Outcome.WARN,
        severity=Severity.MAJOR,
        stream=None,
        observed=cameras,
        required=None,
        unit=None,
        basis=Basis("assumption", None, "high"),
        message=message("cli.site_silent", cameras=cameras),
        check="silent_together",
    )
