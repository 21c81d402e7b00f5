"""Which way in to try, decided on evidence, because a refused try may lock the camera. Pure.

At most one refused log-in per device and secret: so the scheme is not found by trying but read from what the
device answered to questions asked without credentials. See docs/design/interrogation.md.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from camagent.interrogate.device_replies import CUT_OFF_S
from camagent.model.device import DeviceClock
from camagent.model.fault import FaultCode
from camagent.model.secret import Credential
from camagent.wire.digest import (
    Challenge,
    DigestChallenge,
    DigestRequest,
    basic_authorization,
    digest_authorization,
    digest_challenges,
)
from camagent.wire.xml import as_xml_text

WHOLE_HOUR_TOLERANCE_S = 30.0  # a local clock sent as UTC is off by its zone, give or take ordinary drift
ZONE_STEP_S = 1800  # zones differ by half hours
AGREEMENT_S = 60.0  # the HTTP Date header has a second's resolution; beyond a minute it is another clock

_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_DIGEST_TYPE = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
)
_NONCE_TYPE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"


class Way(StrEnum):
    """A way to log in."""

    WSSE_DEVICE_TIME = "wsse-device-time"
    WSSE_OWN_TIME = "wsse-own-time"
    HTTP_DIGEST = "http-digest"
    HTTP_BASIC = "http-basic"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the device showed of its doors before any secret was sent."""

    challenges: tuple[Challenge, ...] = ()
    """The newest WWW-Authenticate challenges: an old nonce is worth nothing."""
    soap_refused: bool = False
    """A SOAP fault asked for a log-in."""
    clock: DeviceClock | None = None
    clock_read_at_s: float = 0.0
    """On our monotonic clock: our wall clock may be stepped between two questions (agsh/onvif#172)."""
    http_offset_s: float | None = None
    """The HTTP Date header minus our clock."""
    pinned_port: int | None = None
    """Speaks TLS, with a certificate that earlier runs saw there: a stranger's is no protection."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the device said when a log-in was refused."""

    challenges: tuple[Challenge, ...] = ()
    names_time: bool = False
    names_lock: bool = False
    """It counts attempts or speaks of a lock: enough to stop after a log-in of ours."""
    says_locked: bool = False
    """It says outright that the account or address is locked: enough even before one."""
    names_rights: bool = False
    """It lets the user in and forbids the operation."""


def choose_way(evidence: Evidence, credential: Credential) -> Way | FaultCode:
    """The one way that the evidence points to, or why there is none."""
    if digest_challenges(evidence.challenges):
        return Way.HTTP_DIGEST
    if evidence.soap_refused or not evidence.challenges:
        return wsse_way(evidence)
    if any(c.scheme == "basic" for c in evidence.challenges):
        return Way.HTTP_BASIC if credential.allow_basic or evidence.pinned_port else FaultCode.AUTH_WOULD_LEAK
    return FaultCode.AUTH_UNSUPPORTED


def wsse_way(evidence: Evidence) -> Way:
    """Device time, unless there is none or it is known to be a zone off.

    A device that sends its wall time as UTC checks tokens against its real clock
    (OpenIPC/majestic-webui#292); the Date header comes from that real clock, so it decides.
    """
    clock = evidence.clock
    if clock is None or clock.offset_s is None:
        return Way.WSSE_OWN_TIME
    agrees = evidence.http_offset_s is not None and abs(evidence.http_offset_s) <= AGREEMENT_S
    return Way.WSSE_OWN_TIME if agrees and is_zone_error(clock.offset_s) else Way.WSSE_DEVICE_TIME


def is_zone_error(offset_s: float) -> bool:
    """True for an offset of whole half hours: a wrong zone, not a clock that drifted."""
    steps = round(offset_s / ZONE_STEP_S)
    return steps != 0 and abs(steps) <= 28 and abs(offset_s - steps * ZONE_STEP_S) <= WHOLE_HOUR_TOLERANCE_S


def next_way(way: Way, refusal: Refusal) -> Way | None:
    """A further way that the refusal proves to be another door; None: the secret itself was refused."""
    if refusal.names_lock:
        return None
    if way in (Way.WSSE_DEVICE_TIME, Way.WSSE_OWN_TIME) and digest_challenges(refusal.challenges):
        return Way.HTTP_DIGEST  # it had not challenged before: the token was not what it looks at
    if way is Way.WSSE_DEVICE_TIME and refusal.names_time:
        return Way.WSSE_OWN_TIME
    return None


def token_time(way: Way, now: datetime, evidence: Evidence, at_s: float) -> datetime:
    """The Created time of a WS-Security token at `at_s` on the monotonic clock."""
    if way is Way.WSSE_DEVICE_TIME:
        return device_time(evidence, at_s) or now
    return now


def device_time(evidence: Evidence, at_s: float) -> datetime | None:
    """What the device's clock shows by now, if it went on from where it was read; None where it showed
    nothing."""
    clock = evidence.clock
    if clock is None or clock.utc is None:
        return None
    try:
        return clock.utc + timedelta(
            seconds=CUT_OFF_S + clock.round_trip_s / 2 + at_s - evidence.clock_read_at_s
        )
    except OverflowError:  # a clock at the end of the calendar
        return None


def security_block(credential: Credential, created: datetime, nonce: bytes) -> str:
    """WS-UsernameToken with a password digest: SHA-1 of nonce, time and password (the only form that ONVIF
    knows)."""
    stamp = f"{created.isoformat()[:19]}Z"  # Hikvision refuses "+00:00" (python-onvif-zeep-async)
    digest = hashlib.sha1(nonce + stamp.encode() + credential.secret.reveal().encode(), usedforsecurity=False)
    return (
        f'<Security xmlns="{_WSSE}" s:mustUnderstand="1"><UsernameToken><Username>'
        f"{as_xml_text(credential.user)}</Username>"
        f'<Password Type="{_DIGEST_TYPE}">{base64.b64encode(digest.digest()).decode()}</Password>'
        f'<Nonce EncodingType="{_NONCE_TYPE}">{base64.b64encode(nonce).decode()}</Nonce>'
        f'<Created xmlns="{_WSU}">{stamp}</Created></UsernameToken></Security>'
    )


@dataclass
class HttpLogin:
    """The state of an HTTP log-in: the challenge in use and how often it was answered."""

    credential: Credential
    challenge: DigestChallenge | None = None
    count: int = field(default=0, init=False)

    def renew(self, challenges: tuple[Challenge, ...]) -> bool:
        """Take the strongest Digest challenge; False where it is the one in use, or there is none."""
        offered = digest_challenges(challenges)
        if not offered or (self.challenge is not None and offered[0].nonce == self.challenge.nonce):
            return False
        self.challenge, self.count = offered[0], 0
        return True

    def authorization(self, request: DigestRequest) -> str:
        """The header for one request; Basic where no Digest challenge was taken."""
        if self.challenge is None:
            return basic_authorization(self.credential)
        self.count += 1
        counted = DigestRequest(request.method, request.uri, request.cnonce, self.count, request.body)
        return digest_authorization(self.challenge, self.credential, counted)
