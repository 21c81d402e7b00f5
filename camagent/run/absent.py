"""Expected cameras that a run did not meet: listed as what they are, never left out. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from camagent.inventory.identity import DeviceSigns, Match
from camagent.model.device import DeviceFacts, DeviceTarget
from camagent.model.discovery import Discovery, FoundBy
from camagent.model.earlier_runs import KnownDevice, Signs
from camagent.model.expected import ExpectedCamera
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.finding import Basis, Finding, Outcome, Severity
from camagent.model.scan_result import NotChecked
from camagent.model.text import Localised, message
from camagent.run.expected_cameras import NEVER_ANSWERED, host_of_address, target_at
from camagent.run.turn import WatchedSource
from camagent.run.visit import DeviceCheck

MANY_STRANGERS = 256  # who announce themselves and answer nothing: more than any recorder has cameras
_SIGNS_OF_ONE_DEVICE = ("serial", "mac", "epr")


@dataclass(frozen=True, slots=True)
class RecognisedSource:
    """One source of one device of this run, and who it was recognised as."""

    check: DeviceCheck
    sighting: DeviceSigns
    match: Match
    key: str


@dataclass(frozen=True, slots=True)
class AbsentCameras:
    """Who was expected and not met: the check that tells why, and cameras whose place others have taken."""

    cameras: tuple[tuple[ExpectedCamera, DeviceCheck], ...] = ()
    superseded: tuple[str, ...] = ()


def absent_cameras(
    expected: Sequence[ExpectedCamera],
    recorded: Sequence[KnownDevice],
    met: Sequence[RecognisedSource],
    at: datetime,
) -> AbsentCameras:
    """Every expected camera that is none of those met.

    A recorder that answers with fewer sources has lost some; new sources of it take the place of as many lost
    ones. Where another device answers in a camera's place the camera was replaced, which its successor says.
    """
    keys = {one.key for one in met}
    devices = {device.id: device for device in recorded}
    newcomers: dict[int, int] = {}
    for one in met:
        newcomers[id(one.check)] = newcomers.get(id(one.check), 0) + (one.match.change in ("new", "replaced"))
    cameras, superseded = [], []
    for camera in expected:
        if camera.id in keys:
            continue
        kin = _kin(camera, devices, met)
        if kin is not None and isinstance(kin.check.device, DeviceFacts) and newcomers[id(kin.check)] > 0:
            newcomers[id(kin.check)] -= 1
            superseded.append(camera.id)
        elif kin is None and _is_replaced(camera, devices, met):
            superseded.append(camera.id)
        else:
            cameras.append((camera, _check_of(camera, kin, met, at)))
    return AbsentCameras(tuple(cameras), tuple(superseded))


def _kin(
    camera: ExpectedCamera, devices: Mapping[str, KnownDevice], met: Sequence[RecognisedSource]
) -> RecognisedSource | None:
    """A source of the same device that was met: the device is there, or known to be silent."""
    own = devices.get(camera.id)
    if own is None:
        return None
    return next((one for one in met if _says_so(own, one) or _matched_kin(own, one)), None)


def _says_so(own: KnownDevice, one: RecognisedSource) -> bool:
    """The device's own serial, MAC or endpoint, whatever became of its sources."""
    return bool(_strong(own.signs) & _strong(one.sighting.signs))


def _matched_kin(own: KnownDevice, one: RecognisedSource) -> bool:
    other = one.match.device
    return one.match.change in ("same", "moved") and other is not None and _same_device(own, other)


def _strong(signs: Signs) -> set[tuple[str, str]]:
    return {sign for sign in signs if sign[0] in _SIGNS_OF_ONE_DEVICE}


def _same_device(left: KnownDevice, right: KnownDevice) -> bool:
    signs = [_strong(device.signs) for device in (left, right)]
    if left.address != right.address:
        return False
    if all(signs):
        return bool(signs[0] & signs[1])
    return left.service_url == right.service_url


def _is_replaced(
    camera: ExpectedCamera, devices: Mapping[str, KnownDevice], met: Sequence[RecognisedSource]
) -> bool:
    own = devices.get(camera.id)
    replaced = [
        one.match.device for one in met if one.match.change == "replaced" and one.match.device is not None
    ]
    return any(old.id == camera.id or (own is not None and _same_device(own, old)) for old in replaced)


def _check_of(
    camera: ExpectedCamera, kin: RecognisedSource | None, met: Sequence[RecognisedSource], at: datetime
) -> DeviceCheck:
    """What is known of the absent camera now: its recorder's answer, silence, or nobody at its address."""
    source = WatchedSource(camera.video_source, None, ())
    if kin is not None:
        device = kin.check.device
        if isinstance(device, DeviceFacts) and not isinstance(device.media, Fault):
            device = _fault(FaultCode.NO_MEDIA_PROFILE, "GetProfiles")
        return replace(kin.check, device=device, sources=(source,), other_look=None)
    for one in met:
        same_host = host_of_address(one.sighting.address) == host_of_address(camera.address)
        if same_host and isinstance(one.check.device, Fault):
            return replace(one.check, sources=(source,), other_look=None)
    target = target_at(camera.address) or DeviceTarget(camera.address)
    return DeviceCheck(target, _fault(FaultCode.UNREACHABLE, "check"), (source,), at, 0.0)


def _fault(code: FaultCode, doing: str) -> Fault:
    return Fault(code, Stage.INTERROGATE, doing, 0.0)


class DeviceSource(Protocol):
    """One source of one device of this run."""

    @property
    def check(self) -> DeviceCheck:
        """The conversation with its device."""

    @property
    def sighting(self) -> DeviceSigns:
        """Where it is and what speaks for it."""


def only_announced(
    sights: Sequence[DeviceSource],
    identities: Sequence[tuple[str, str]],
    expected: Container[str],
    kind: str,
    discovery: Discovery | None,
) -> dict[str, NotChecked | None]:
    """By id, what no port answered for and nobody expects: it announced itself; None where it did not even
    that.

    Anybody on the wire can announce addresses; a camera is what answered on this network, or what inventory
    or memory know. What lies outside is none even where a connection to it is taken: by whom, nobody knows.
    """
    if kind != "scan":
        return {}
    sightings = {sighting.target.host: sighting for sighting in discovery.sightings} if discovery else {}
    answered = {announcement.host for announcement in discovery.rtsp_only} if discovery else set()
    answered |= {host for host, sighting in sightings.items() if FoundBy.HTTP in sighting.found_by}
    strangers: dict[str, NotChecked | None] = {}
    for one, (key, _) in zip(sights, identities, strict=True):
        host = host_of_address(one.sighting.address)
        announcement = sightings.get(host)
        if key in expected:
            continue
        if announcement is not None and announcement.off_subnet and not _was_asked_for(host, discovery):
            strangers[key] = NotChecked(host, "outside_network")
        elif _never_answered(one.check) and host not in answered:
            strangers[key] = NotChecked(host, "announced") if announcement is not None else None
    return strangers


def unvisited(discovery: Discovery | None, sights: Sequence[DeviceSource]) -> Iterator[NotChecked]:
    """What a flood announced and nobody visited, for nobody was there."""
    visited = {host_of_address(one.sighting.address) for one in sights}
    for sighting in discovery.only_announced if discovery is not None else ():
        host = sighting.target.host
        if host not in visited:
            is_outside = sighting.off_subnet and not _was_asked_for(host, discovery)
            yield NotChecked(host, "outside_network" if is_outside else "announced")


def _never_answered(check: DeviceCheck) -> bool:
    return isinstance(check.device, Fault) and check.device.code in NEVER_ANSWERED


def _was_asked_for(host: str, discovery: Discovery | None) -> bool:
    """It lies in a range that the operator named, wherever its announcement came in."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    ranges = map(ipaddress.ip_network, discovery.subnets_asked if discovery is not None else ())
    return any(address in subnet for subnet in ranges if subnet.version == address.version)


def flood_findings(strangers: int) -> tuple[Finding, ...]:
    """Somebody on this network announces devices that are not there: told of the school, and of no camera."""
    if strangers < MANY_STRANGERS:
        return ()
    finding = Finding(
        rule="SITE-FLOOD",
        title=Localised("Quá nhiều thiết bị tự giới thiệu", "A flood of announcements"),
        outcome=Outcome.WARN,
        severity=Severity.MAJOR,
        stream=None,
        observed=strangers,
        required=None,
        unit=None,
        basis=Basis("assumption", None, "high"),
        message=message("cli.site_flood", count=strangers),
        check="flood",
    )
    return (finding,)
