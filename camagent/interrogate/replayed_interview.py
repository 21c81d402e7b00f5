"""An interview held again with a transcript in the place of the device. Opens no socket, reads no clock."""

from __future__ import annotations

import json
import re
from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

from camagent.interrogate.device_link import HttpRequest, PortBehaviour
from camagent.interrogate.evidence import parse_reply
from camagent.interrogate.interview import CREDENTIAL_GIVEN, InterviewDoors, InterviewOptions, interrogate
from camagent.interrogate.snapshot import PEEK
from camagent.model.device import DeviceFacts, DeviceTarget, TlsFacts
from camagent.model.fault import FaultCode
from camagent.model.json_form import from_json
from camagent.model.operator_error import OperatorError
from camagent.model.secret import Credential, Secret
from camagent.model.text import message
from camagent.wire.http_reply import HttpReply
from camagent.wire.login_ledger import LoginLedger
from camagent.wire.transcript import Exchange, Transcript

# "not known": a question that was never asked must not look like a refusal
NOT_RECORDED = FaultCode.BUDGET_SPENT
_BODY = re.compile(r"<s:Body.*", re.S)


@dataclass
class ReplayClock:
    """Time as it passed in the recording."""

    at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    passed_s: float = 0.0

    def now(self) -> datetime:
        """When the last reply was received."""
        return self.at

    def monotonic_s(self) -> float:
        """Seconds that the exchanges replayed so far took."""
        return self.passed_s

    async def sleep(self, seconds: float) -> None:
        """Nobody waits for a recording."""


class ReplayDoor:
    """Answers from a transcript: each exchange once, by operation, address, log-in and content.

    A request for a log-in is made again as often as somebody asks without one: a later camagent may ask for a
    fresh challenge where the one that recorded did not.
    """

    def __init__(self, exchanges: tuple[Exchange, ...], clock: ReplayClock) -> None:
        self._clock = clock
        self._waiting: dict[tuple[str, ...], deque[Exchange]] = {}
        self._challenges: dict[tuple[str, ...], Exchange] = {}
        for exchange in exchanges:
            self._waiting.setdefault(_key_of(exchange), deque()).append(exchange)

    async def post(self, request: HttpRequest, timeout_s: float) -> HttpReply | FaultCode:
        """See DeviceDoor."""
        login = (
            any(name == "Authorization" for name, _ in request.headers) or b"<UsernameToken>" in request.body
        )
        parts = urlsplit(request.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        body = _body(request.body.decode())
        exchange = self._take(("soap", request.operation, parts.netloc, path, str(login), body))
        if exchange is None:
            return NOT_RECORDED
        if request.going_out is not None:
            request.going_out()
        reply, at = parse_reply(exchange.received)
        self._clock.at = at or self._clock.at
        return reply

    async def peek(self, url: str, timeout_s: float) -> HttpReply | FaultCode:
        """See DeviceDoor."""
        exchange = self._take(("http", PEEK))
        if exchange is None:
            return NOT_RECORDED
        status, _, kind = exchange.received.partition(" ")
        if status.isascii() and status.isdigit():
            return HttpReply(int(status[:3]), (("Content-Type", kind),), b"")
        return FaultCode(status) if status in FaultCode.__members__.values() else FaultCode.MALFORMED_REPLY

    async def handshake(self, host: str, port: int, timeout_s: float) -> TlsFacts | FaultCode:
        """See DeviceDoor."""
        exchange = self._take(("tls", f"handshake {port}"))
        return _parse_tls(exchange.received) if exchange is not None else NOT_RECORDED

    async def try_port(self, host: str, port: int, timeout_s: float) -> PortBehaviour:
        """See DeviceDoor."""
        exchange = self._take(("tcp", f"knock {port}"))
        is_behaviour = exchange is not None and exchange.received in PortBehaviour.__members__.values()
        return (
            PortBehaviour(exchange.received)
            if exchange is not None and is_behaviour
            else PortBehaviour.SILENT
        )

    async def close(self) -> None:
        """See DeviceDoor."""

    def _take(self, key: tuple[str, ...]) -> Exchange | None:
        queue = self._waiting.get(key)
        exchange = queue.popleft() if queue else self._challenges.get(key)
        if exchange is None:
            return None
        if _is_challenge(exchange):
            self._challenges[key] = exchange
        self._clock.passed_s += max(0.0, exchange.elapsed_s)
        return exchange


async def replay_interview(transcript: Transcript, options: InterviewOptions) -> DeviceFacts:
    """The facts that the recorded conversation leads to, by today's understanding of it.

    Raises: OperatorError where the transcript names no device.
    """
    if transcript.target is None:
        raise OperatorError(message("transcript.no_device"))
    target: DeviceTarget = transcript.target
    clock = ReplayClock()
    door = ReplayDoor(transcript.exchanges, clock)
    tried_ports = tuple(int(e.doing.removeprefix("knock ")) for e in transcript.exchanges if _is_port_try(e))
    peeked = any(e.protocol == "http" for e in transcript.exchanges)
    asked = replace(
        options, check_ports=tried_ports, default_logins=(), try_snapshot=peeked, budget_s=float("inf")
    )
    has_login = any((e.protocol, e.doing) == CREDENTIAL_GIVEN[:2] for e in transcript.exchanges)
    credential = Credential("replay", Secret("replay"), allow_basic=True) if has_login else None
    doors = InterviewDoors(clock, LoginLedger(), None, lambda: door)
    return await interrogate(target, credential, asked, doors)


def _key_of(exchange: Exchange) -> tuple[str, ...]:
    if exchange.protocol != "soap":
        return exchange.protocol, exchange.doing
    first, _, rest = exchange.sent.partition("\n")
    host = rest.partition("\n")[0].removeprefix("Host: ")
    path = first.removeprefix("POST ").rpartition(" ")[0]
    return "soap", exchange.doing, host, path, str(_logged_in(exchange)), _body(exchange.sent)


def _logged_in(exchange: Exchange) -> bool:
    return "\nAuthorization:" in exchange.sent or "<UsernameToken>" in exchange.sent


def _is_challenge(exchange: Exchange) -> bool:
    answer = exchange.received.partition("\n")[0].split()
    return exchange.protocol == "soap" and answer[1:2] == ["401"] and not _logged_in(exchange)


def _is_port_try(exchange: Exchange) -> bool:
    return exchange.protocol == "tcp" and re.fullmatch(r"knock [0-9]{1,5}", exchange.doing) is not None


def _body(text: str) -> str:
    match = _BODY.search(text)
    return match[0] if match else ""


def _parse_tls(text: str) -> TlsFacts | FaultCode:
    if text in FaultCode.__members__.values():
        return FaultCode(text)
    try:
        return from_json(TlsFacts, json.loads(text), "tls")
    except (ValueError, RecursionError):
        return FaultCode.MALFORMED_REPLY
