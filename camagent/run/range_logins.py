"""Log-ins bound to ranges go to known devices only. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from camagent.model.device import DeviceFacts, DeviceInformation, DeviceTarget, SignsBefore, TlsFacts
from camagent.model.trust import LoginGiven, ShownSigns, Standing, TrustedDevice
from camagent.model.usable_numbers import usable_serial
from camagent.run.context import JudgingContext
from camagent.run.fleet import Job
from camagent.run.visit import DeviceCheck, Target


def login_given(job: Job, order: JudgingContext, present: Container[str]) -> LoginGiven:
    """Whether this device may be given the log-in bound to its address; `present`: where somebody is now."""
    bound, trust = order.credentials.bound(job.host), order.memory.trust
    standing = trust.standing(shown_by(job), present)
    if bound is not None and standing is Standing.ANOTHER:
        return LoginGiven.ANOTHER
    listed = any(declared.address == job.host for declared in order.inventory)
    if bound is None or not bound.is_range or listed or standing is Standing.KNOWN:
        return LoginGiven.AS_BOUND
    return LoginGiven.NEWLY if trust.all_new else LoginGiven.WITHHELD


def shown_by(job: Job) -> ShownSigns:
    """What the device shows before any log-in."""
    endpoint = job.target.endpoint if isinstance(job.target, DeviceTarget) else None
    return ShownSigns(job.host, endpoint, job.mac)


def host_of_target(target: Target) -> str:
    """The address of a device or stream; "" for a file."""
    if isinstance(target, DeviceTarget):
        return target.host
    uri = getattr(target, "uri", None)
    return uri.host if uri is not None else ""


def let_in(checks: Iterable[DeviceCheck]) -> Iterator[TrustedDevice]:
    """The devices that accepted a log-in in this run, and those that the operator trusted and that wanted
    none."""
    for check in checks:
        entered = isinstance(check.device, DeviceFacts) and check.device.login.scheme is not None
        accesses = (stream.access for stream in check.streams)
        played = any(access is not None and access.used is not None for access in accesses)
        if entered or played or _is_open_to_all(check):
            endpoint = check.target.endpoint if isinstance(check.target, DeviceTarget) else None
            yield TrustedDevice(host_of_target(check.target), endpoint, check.mac, _signs_of(check))


def _is_open_to_all(check: DeviceCheck) -> bool:
    """The operator gave it the log-in in this run, and it told everything without asking for it."""
    has_information = isinstance(check.device, DeviceFacts) and isinstance(
        check.device.information, DeviceInformation
    )
    return has_information and check.login is LoginGiven.NEWLY


def _signs_of(check: DeviceCheck) -> SignsBefore:
    """What it will have to show again: its serial number and the certificate of its HTTPS."""
    device = check.device
    if not isinstance(device, DeviceFacts):
        return SignsBefore()
    stated = device.information.serial if isinstance(device.information, DeviceInformation) else None
    tls = device.tls
    shown = (tls.port, tls.fingerprint_sha256) if isinstance(tls, TlsFacts) else None
    return SignsBefore(usable_serial(stated, host_of_target(check.target)), shown)
