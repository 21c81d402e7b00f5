"""A device that asks for a weaker log-in than it asked for before: somebody may stand between. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from camagent.model.device import USERNAME_TOKEN, DeviceFacts
from camagent.model.fault import Fault, FaultCode
from camagent.model.finding import WEAKER_RULE, Basis, Finding, Outcome, Severity
from camagent.model.scan_result import CameraFacts
from camagent.model.stream import StreamTarget
from camagent.model.text import Localised, message


def weaker_finding(facts: CameraFacts) -> Iterator[Finding]:
    """One where a log-in was refused for that, with what is asked for now; none otherwise."""
    if not any(fault.code is FaultCode.AUTH_WEAKER for fault in facts.faults):
        return
    offered = ", ".join(_offered(facts)) or USERNAME_TOKEN
    yield Finding(
        rule=WEAKER_RULE,
        title=Localised("Cách đăng nhập bị hạ thấp", "A weaker log-in than before"),
        outcome=Outcome.NOT_ASSESSED,
        severity=Severity.MAJOR,
        stream=None,
        observed=None,
        required=None,
        unit=None,
        basis=Basis("assumption", None, "high"),
        message=message("trust.weaker", address=_host(facts), offered=offered),
        check="weaker_login",
    )


def _host(facts: CameraFacts) -> str:
    """Of a camera that was named by its stream, the address alone is what the command takes."""
    targets = [stream.target for stream in facts.streams]
    return next((target.uri.host for target in targets if isinstance(target, StreamTarget)), facts.address)


def _offered(facts: CameraFacts) -> dict[str, None]:
    """Schemes of the doors that were refused, in the order in which they were met."""
    names: dict[str, None] = {}
    device = facts.device
    if isinstance(device, DeviceFacts) and _is_weaker(device.faults):
        names.update(dict.fromkeys(device.login.offered))
    for stream in facts.streams:
        if stream.access is not None and _is_weaker(stream.faults):
            names.update(dict.fromkeys(stream.access.offered))
    return names


def _is_weaker(faults: tuple[Fault, ...]) -> bool:
    return any(fault.code is FaultCode.AUTH_WEAKER for fault in faults)
