"""One device that was met at two of its addresses is one. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from camagent.model.device import DeviceFacts, DeviceInformation, DeviceTarget, NetworkFacts
from camagent.model.uri import parse_stream_uri
from camagent.run.visit import DeviceCheck


def without_second_addresses(checks: Sequence[DeviceCheck]) -> tuple[DeviceCheck, ...]:
    """The conversations without those that a device had twice, the one at the address that it names is kept.

    Serial and MAC have to agree, and one announcement has to name the other address: devices that share a
    serial (Tapo, edgexfoundry/device-onvif-camera#2) stay apart.
    """
    homes = {_host(check): check for check in checks if _host(check) and not _names_another(check)}
    return tuple(check for check in checks if not _is_second(check, homes))


def _is_second(check: DeviceCheck, homes: dict[str, DeviceCheck]) -> bool:
    signs = _signs(check)
    if signs is None or not _names_another(check):
        return False
    return any(_signs(homes[host]) == signs for host in _named(check) if host in homes)


def _names_another(check: DeviceCheck) -> bool:
    named = _named(check)
    return bool(named) and _host(check) not in named


def _named(check: DeviceCheck) -> set[str]:
    xaddrs = check.target.xaddrs if isinstance(check.target, DeviceTarget) else ()
    parsed = (parse_stream_uri(xaddr) for xaddr in xaddrs)
    return {result[0].host for result in parsed if result is not None}


def _host(check: DeviceCheck) -> str:
    return check.target.host if isinstance(check.target, DeviceTarget) else ""


def _signs(check: DeviceCheck) -> tuple[str, tuple[str, ...]] | None:
    """Serial and MACs; None where it does not tell both."""
    device = check.device
    if not isinstance(device, DeviceFacts) or not isinstance(device.information, DeviceInformation):
        return None
    macs = device.network.macs if isinstance(device.network, NetworkFacts) else ()
    serial = device.information.serial
    return (serial, macs) if serial and macs else None
