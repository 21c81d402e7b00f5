"""Cameras that earlier runs met: asked again where this run looks, and listed where they are silent. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from camagent.discover.plan import DiscoveryPlan, is_loopback
from camagent.model.device import DeviceTarget
from camagent.model.earlier_runs import Memory
from camagent.model.expected import ExpectedCamera, words_of, words_with
from camagent.model.fault import Fault, FaultCode
from camagent.model.scan_result import CameraFacts, CameraResult
from camagent.model.stream import MeasuredStream, StreamTarget
from camagent.model.uri import parse_stream_uri

NEVER_ANSWERED = frozenset({FaultCode.UNREACHABLE, FaultCode.REFUSED})
"""No port took our call; whoever keeps us waiting for a reply has taken it."""
SAYS_NOTHING = NEVER_ANSWERED | {
    FaultCode.TIMEOUT,
    FaultCode.BUDGET_SPENT,
    FaultCode.DEFECT,
    FaultCode.REFUSED_BY_POLICY,
}
"""Faults that do not show that the camera lives: nobody answered, or we ourselves did not ask."""


def expected_here(memory: Memory, site: str, plan: DiscoveryPlan) -> Memory:
    """The memory with only those expected cameras that belong to this site and lie where the plan looks."""
    kept = tuple(
        camera for camera in memory.expected if camera.site == site and looks_at(plan, camera.address)
    )
    return replace(memory, expected=kept)


def looks_at(plan: DiscoveryPlan, address: str) -> bool:
    """The plan's questions reach that address: a range, a single address, or the wire of an interface."""
    host = host_of_address(address)
    if host in plan.addresses:
        return True
    bare, _, zone = host.partition("%")
    if zone:
        return any(interface.name == zone for interface in plan.interfaces)
    try:
        number = ipaddress.ip_address(bare)
    except ValueError:
        return False
    if any(number in subnet for subnet in plan.subnets if subnet.version == number.version):
        return True
    # Multicast reaches the whole wire of an interface; on loopback every address has a wire of its own.
    return not is_loopback(bare) and any(interface.holds(bare) for interface in plan.interfaces)


def host_of_address(address: str) -> str:
    """The host of an address as results carry it: a host, or the URI of a camera without ONVIF."""
    parsed = parse_stream_uri(address) if "://" in address else None
    return parsed[0].host if parsed is not None else address


def targets_of(memory: Memory, asked_hosts: Iterable[str]) -> dict[str, DeviceTarget | StreamTarget]:
    """By host, where to ask those expected cameras whose address nothing was found at."""
    asked = set(asked_hosts)
    urls = {device.id: device.service_url for device in memory.devices}
    targets: dict[str, DeviceTarget | StreamTarget] = {}
    for camera in memory.expected:
        host = host_of_address(camera.address)
        if host not in asked and camera.retired is None:
            target = target_at(camera.address, urls.get(camera.id))
            if target is not None:
                targets.setdefault(host, target)
    return targets


def target_at(address: str, service_url: str | None = None) -> DeviceTarget | StreamTarget | None:
    """Where to ask at an address as results carry it; None for an address that cannot be read.

    `service_url`: where its ONVIF answered; the port and path are taken from it, the host stays.
    """
    if "://" in address:
        stream = parse_stream_uri(address)
        return StreamTarget(stream[0]) if stream is not None else None
    service = parse_stream_uri(service_url) if service_url is not None else None
    if service is None:
        return DeviceTarget(address)
    url = service[0]
    target = DeviceTarget(address, url.port, secure=url.scheme == "https")
    return replace(target, path=url.path) if url.path else target


def is_present(facts: CameraFacts) -> bool:
    """Something of the camera answered in this run, if only to refuse a log-in."""
    for stream in facts.streams:
        if isinstance(stream.measured, MeasuredStream):
            return True
        if isinstance(stream.target, StreamTarget) and stream.fault and stream.fault.code not in SAYS_NOTHING:
            return True
    if isinstance(facts.device, Fault):
        return facts.device.code not in SAYS_NOTHING and facts.device.code is not FaultCode.NO_MEDIA_PROFILE
    return facts.device is not None


def expected_after(results: Sequence[CameraResult], site: str) -> tuple[ExpectedCamera, ...]:
    """The cameras of a run as later runs will expect them: who never answered anything is not among them."""
    return tuple(
        ExpectedCamera(
            id=facts.id,
            site=site,
            name=facts.name,
            address=facts.address,
            video_source=facts.video_source,
            words=words_with(words_of(facts.device), facts.earlier),
            present_at=facts.present_at,
            place=facts.declaration.place if facts.declaration is not None else None,
        )
        for result in results
        if isinstance((facts := result.facts).present_at, datetime)
    )
