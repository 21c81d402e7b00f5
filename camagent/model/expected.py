"""A camera that earlier runs met on a site: expected to be there until a person takes it off the list.
Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from camagent.model.device import DeviceFacts, DeviceInformation, NetworkFacts
from camagent.model.fault import Fault
from camagent.model.onvif import claimed_profiles


@dataclass(frozen=True, slots=True)
class DeviceWords:
    """What a device said of itself; None where it never said it."""

    manufacturer: str | None = None
    model: str | None = None
    firmware: str | None = None
    serial: str | None = None
    mac: str | None = None
    onvif_profiles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Retirement:
    """A person's word that a camera is out of service."""

    by: str
    reason: str
    on: date


@dataclass(frozen=True, slots=True)
class ExpectedCamera:
    """One camera as it was when it last answered."""

    id: str
    site: str
    """Id of the site that it belongs to: one machine may visit many schools with the same addresses."""
    name: str
    address: str
    video_source: str | None
    words: DeviceWords
    present_at: datetime
    """When something of it last answered."""
    place: str | None = None
    retired: Retirement | None = None


def words_of(device: DeviceFacts | Fault | None) -> DeviceWords:
    """What the device says of itself now."""
    if not isinstance(device, DeviceFacts):
        return DeviceWords()
    information = device.information if isinstance(device.information, DeviceInformation) else None
    macs = device.network.macs if isinstance(device.network, NetworkFacts) else ()
    scopes = () if isinstance(device.scopes, Fault) else device.scopes
    return DeviceWords(
        manufacturer=information.manufacturer if information else None,
        model=information.model if information else None,
        firmware=information.firmware if information else None,
        serial=information.serial if information else None,
        mac=macs[0] if macs else None,
        onvif_profiles=tuple(sorted(claimed_profiles(scopes))),
    )


def words_with(now: DeviceWords, before: DeviceWords | None) -> DeviceWords:
    """What it says now, and what it said before where it does not contradict; another device's words are
    dropped."""
    if before is None:
        return now
    for name in ("manufacturer", "model", "serial", "mac"):
        word, earlier = getattr(now, name), getattr(before, name)
        if word and earlier and word != earlier:
            return now
    return DeviceWords(
        manufacturer=now.manufacturer or before.manufacturer,
        model=now.model or before.model,
        firmware=now.firmware or before.firmware,
        serial=now.serial or before.serial,
        mac=now.mac or before.mac,
        onvif_profiles=now.onvif_profiles or before.onvif_profiles,
    )
