"""What the network or a device did to us, as a value. Pure; nothing here is raised."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """Where in the work something was seen; also a metric label."""

    DISCOVER = "discover"
    INTERROGATE = "interrogate"
    OBSERVE = "observe"


class FaultCode(StrEnum):
    """Everything the world may do to us: a closed list, also a metric label and a report key."""

    UNREACHABLE = "unreachable"
    """No route, no ARP answer, name not known."""
    REFUSED = "refused"
    """The port is closed: something at the address answered RST."""
    TIMEOUT = "timeout"
    """The peer accepted and then said nothing within the step's budget."""
    TLS_FAILED = "tls_failed"
    AUTH_REQUIRED = "auth_required"
    """The peer wants a log-in and none was given for this address."""
    AUTH_REJECTED = "auth_rejected"
    """The log-in that was given was refused."""
    AUTH_UNCLEAR = "auth_unclear"
    """It was sent as often as it may be in a day, and neither accepted nor refused: nothing more was sent."""
    AUTH_UNSUPPORTED = "auth_unsupported"
    """The peer offers only schemes that we do not speak."""
    AUTH_WOULD_LEAK = "auth_would_leak"
    """Logging in would send the password in clear."""
    AUTH_WEAKER = "auth_weaker"
    """The peer asks for a weaker log-in than it asked for before: nothing was sent."""
    AUTH_STRANGER = "auth_stranger"
    """Not the device that was at this address: another serial number or certificate. Nothing was sent."""
    LOCKED_OUT = "locked_out"
    """The peer counts attempts down or says that it is locked: nobody tries again in this run."""
    NOT_ONVIF = "not_onvif"
    """Something answered, but not ONVIF: a web page, another protocol."""
    SOAP_FAULT = "soap_fault"
    UNSUPPORTED = "unsupported"
    """The device says that it does not have this operation."""
    MALFORMED_REPLY = "malformed_reply"
    NO_MEDIA_PROFILE = "no_media_profile"
    NOT_FOUND = "not_found"
    RTSP_ERROR = "rtsp_error"
    BUSY = "busy"
    """453, 503: no free session or no bandwidth, also after one polite later try."""
    NO_VIDEO = "no_video"
    """The session plays but no video packet arrived."""
    CODEC_UNSUPPORTED = "codec_unsupported"
    STALLED = "stalled"
    """Video began and then stopped, or the server closed the session."""
    DECODE_FAILED = "decode_failed"
    BUDGET_SPENT = "budget_spent"
    """Our own time for this camera ran out, or we were the bottleneck."""
    STOPPED = "stopped"
    """The user ended the run before this was seen."""
    DEFECT = "defect"
    """A bug of ours ended it: nothing is said of the peer."""
    REFUSED_BY_POLICY = "refused_by_policy"
    """We would not do it: another host, a redirect, a write, a quiet hour."""


LOGIN_FAULTS = frozenset(
    {
        FaultCode.AUTH_REQUIRED,
        FaultCode.AUTH_REJECTED,
        FaultCode.AUTH_UNCLEAR,
        FaultCode.AUTH_UNSUPPORTED,
        FaultCode.AUTH_WOULD_LEAK,
        FaultCode.AUTH_WEAKER,
        FaultCode.AUTH_STRANGER,
        FaultCode.LOCKED_OUT,
    }
)
"""A log-in was asked for, refused, or not sent: something lives there, and we were not let in."""
NOT_HEARD = frozenset({FaultCode.UNREACHABLE, FaultCode.TIMEOUT, FaultCode.STALLED})
"""Nothing came, or nothing any more: of a camera alone it is its own, of all at once it is the network's or
ours."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something the network or the device did to us. A value, never raised."""

    code: FaultCode
    stage: Stage
    doing: str
    """The step in the protocol's own word ("DESCRIBE", "GetProfiles"): no credentials, no library text."""
    elapsed_s: float
    status: int | None = None
    """The RTSP or HTTP status code, where one was received."""


def kind_of_silence(fault: Fault | None) -> str:
    """ "silent", "refused" or "other": three faults that send a technician to three different places."""
    if fault is None or fault.code in NOT_HEARD or fault.code is FaultCode.NO_VIDEO:
        return "silent"
    return "refused" if fault.code is FaultCode.REFUSED else "other"
