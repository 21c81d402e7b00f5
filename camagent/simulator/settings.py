"""What a client may set on a simulated camera, with ONVIF's own checks: a request to the camera that follows
from it. Pure; time is told it.

Codes as in ONVIF Core (device management) and Media 1 and 2: unknown token NoConfig, values that are not
offered ConfigModify, everything else what the operation's table of faults says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import AddressValueError, IPv4Address

from camagent.model.codec_names import H265, ONVIF_NAMES
from camagent.simulator.encoder_settings import Refused, set_encoder
from camagent.simulator.onvif_xml import SoapRequest
from camagent.simulator.simulated_camera import SimulatedCamera

MAX_PASSWORD_CHARS = 64
MIN_PASSWORD_CHARS = 8
MAX_NTP_SERVERS = 3
_TIME_ZONE = re.compile(r"(<[^<>]{1,12}>|[A-Za-z]{3,12})[+-]?\d{1,2}(:\d{2})?([A-Za-z].*)?")
_HOST_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_CODECS = {word: name for name, word in ONVIF_NAMES.items()}
_LEVELS = ("Administrator", "Operator", "User")


@dataclass(frozen=True, slots=True)
class Setter:
    """One operation that changes something."""

    change: Callable[[SimulatedCamera, SoapRequest, datetime], SimulatedCamera]
    """Raises: Refused."""
    levels: tuple[str, ...]
    """Accounts of these levels may (ONVIF access classes WRITE_SYSTEM and ACTUATE)."""


def _set_system_date_and_time(
    camera: SimulatedCamera, request: SoapRequest, now: datetime
) -> SimulatedCamera:
    kind, zone = request.argument("DateTimeType"), request.argument("TZ")
    if zone is not None and _TIME_ZONE.fullmatch(zone) is None:
        raise Refused("ter:InvalidArgVal", "ter:InvalidTimeZone", "An invalid time zone was specified")
    changed = replace(
        camera,
        time_zone=camera.time_zone if zone is None else zone,
        daylight_saving=request.argument("DaylightSavings") == "true",
    )
    if kind == "NTP":
        if not camera.ntp_servers and not camera.ntp_from_dhcp:
            raise Refused("ter:InvalidArgVal", "ter:NtpServerUndefined", "No time server is set")
        return replace(changed, manual_clock=False, clock_offset_s=0.0)
    if kind != "Manual":
        raise Refused("ter:InvalidArgVal", "ter:InvalidDateTime", "DateTimeType is Manual or NTP")
    moment = _utc(request)
    offset_s = camera.clock_offset_s if moment is None else (moment - now.astimezone(UTC)).total_seconds()
    return replace(changed, manual_clock=True, clock_offset_s=offset_s)


def _utc(request: SoapRequest) -> datetime | None:
    """The time that was given; None where none was."""
    names = ("Year", "Month", "Day", "Hour", "Minute", "Second")
    texts = [request.argument(name) for name in names]
    if all(item is None for item in texts):
        return None
    try:
        return datetime(*(int(item or "") for item in texts), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError as error:
        raise Refused("ter:InvalidArgVal", "ter:InvalidDateTime", "An invalid date or time") from error


def _set_ntp(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> SimulatedCamera:
    if request.argument("FromDHCP") == "true":
        return replace(camera, ntp_from_dhcp=True)
    names = request.arguments.get("DNSname", [])
    addresses = request.arguments.get("IPv4Address", [])
    for address in addresses:
        _check_ipv4(address)
    for name in names:
        if not _is_host_name(name):
            raise Refused("ter:InvalidArgVal", "ter:InvalidDnsName", "The specified host name is invalid")
    servers = (*names, *addresses)
    if len(servers) > MAX_NTP_SERVERS:
        raise Refused("ter:InvalidArgVal", "ter:InvalidDnsName", "Too many time servers")
    if not servers and not camera.manual_clock and camera.ntp_servers:
        raise Refused("ter:InvalidArgVal", "ter:TimeSyncedToNtp", "The clock is taken from NTP")
    return replace(camera, ntp_servers=servers, ntp_from_dhcp=False, manual_clock=_stays_manual(camera))


def _stays_manual(camera: SimulatedCamera) -> bool:
    """A camera without a server keeps the time that was set by hand until it is told to take NTP."""
    return camera.manual_clock or not (camera.ntp_servers or camera.ntp_from_dhcp)


def _check_ipv4(address: str) -> None:
    try:
        IPv4Address(address)
    except AddressValueError as error:
        raise Refused("ter:InvalidArgVal", "ter:InvalidIPv4Address", "An invalid IPv4 address") from error


def _is_host_name(name: str) -> bool:
    labels = name.split(".")
    return len(name) <= 253 and all(_HOST_LABEL.fullmatch(label) for label in labels)


def _set_hostname(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> SimulatedCamera:
    name = request.argument("Name") or ""
    if name and not _is_host_name(name):
        raise Refused("ter:InvalidArgVal", "ter:InvalidHostname", "The requested host name is not accepted")
    return replace(camera, hostname=name or None)


def _set_user(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> SimulatedCamera:
    names = request.arguments.get("Username", [])
    passwords, levels = request.arguments.get("Password", []), request.arguments.get("UserLevel", [])
    if not names or len(passwords) not in (0, len(names)) or len(levels) != len(names):
        raise Refused("ter:InvalidArgVal", "ter:UsernameMissing", "Name and level of each account are needed")
    for number, (name, level) in enumerate(zip(names, levels, strict=True)):
        camera = _with_account(camera, name, level, passwords[number] if passwords else None)
    return camera


def _with_account(camera: SimulatedCamera, name: str, level: str, password: str | None) -> SimulatedCamera:
    own = camera.door.user
    if name != own and name not in dict(camera.other_users):
        raise Refused("ter:InvalidArgVal", "ter:UsernameMissing", "The user name is not known")
    if level not in _LEVELS:
        raise Refused("ter:InvalidArgVal", "ter:OperationProhibited", "This level is not offered")
    if password is not None:
        _check_password(password)
    if name != own:
        others = ((who, level if who == name else before) for who, before in camera.other_users)
        return replace(camera, other_users=tuple(others))
    if level != camera.account_level:
        raise Refused("ter:OperationProhibited", "ter:FixedUser", "The level of this account is fixed")
    if password is None:
        return camera
    # A password for the account closes the door that stood open to anyone, as activating a camera does.
    return replace(camera, door=replace(camera.door, password=password, open_to_anyone=False))


def _check_password(password: str) -> None:
    if len(password) > MAX_PASSWORD_CHARS:
        raise Refused("ter:OperationProhibited", "ter:PasswordTooLong", "The password is too long")
    kinds = (str.islower, str.isupper, str.isdigit, lambda char: not char.isalnum())
    used = sum(any(kind(char) for char in password) for kind in kinds)
    if len(password) < MIN_PASSWORD_CHARS or used < 2:
        raise Refused("ter:OperationProhibited", "ter:Password", "The password is too weak")


def _set_media1_encoder(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> SimulatedCamera:
    return set_encoder(camera, request, {word: name for word, name in _CODECS.items() if name != H265.name})


def _set_media2_encoder(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> SimulatedCamera:
    return set_encoder(camera, request, _CODECS)


_ADMINISTRATORS = ("Administrator",)
SETTERS: dict[tuple[str, str], Setter] = {
    ("tds", "SetSystemDateAndTime"): Setter(_set_system_date_and_time, _ADMINISTRATORS),
    ("tds", "SetNTP"): Setter(_set_ntp, _ADMINISTRATORS),
    ("tds", "SetHostname"): Setter(_set_hostname, _ADMINISTRATORS),
    ("tds", "SetUser"): Setter(_set_user, _ADMINISTRATORS),
    ("trt", "SetVideoEncoderConfiguration"): Setter(_set_media1_encoder, _LEVELS[:2]),
    ("tr2", "SetVideoEncoderConfiguration"): Setter(_set_media2_encoder, _LEVELS[:2]),
}
"""Prefix and operation -> what it changes and who may."""
