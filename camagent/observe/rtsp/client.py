"""The questions that we ask an RTSP server, each with its time limit and its log-in. I/O through one
connection.

Every answer is a Response or a Fault; nothing is raised for what a server does. Nothing here changes a
camera: the only methods are OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER (empty) and TEARDOWN.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from camagent import __version__
from camagent.model.clock import Clock
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.observe.rtsp.connection import RtspConnection
from camagent.observe.rtsp.login import RtspLogin
from camagent.observe.rtsp.messages import Request, Response
from camagent.wire.login_ledger import in_turn

MAX_ROUNDS = 4  # of one request: unauthorised, a stale nonce, once more, and the answer
USER_AGENT = f"camagent/{__version__}"


class RtspTranscript(Protocol):
    """Whoever keeps what was said; secrets are taken out there, on the way in."""

    def note(self, protocol: str, doing: str, sent: str, received: str, elapsed_s: float) -> None:
        """One exchange, as it stood on the wire."""


@dataclass(frozen=True, slots=True)
class StepLimits:
    """How long each step may take; a silent peer costs one of them and no more."""

    connect_s: float = 4.0
    reply_s: float = 8.0
    """Some cameras start the encoder before they answer DESCRIBE or PLAY."""
    first_packet_s: float = 10.0
    """From PLAY's answer; on-demand encoders need a few seconds."""
    stall_s: float = 5.0
    """Silence after which nobody waits any longer: over Wi-Fi, and while an encoder is set anew, living
    streams pause for four seconds."""
    teardown_s: float = 2.0
    """For TEARDOWN and keep-alive: nothing depends on their answers."""


class RtspClient:
    """One conversation over one connection."""

    def __init__(
        self, connection: RtspConnection, login: RtspLogin, clock: Clock, limits: StepLimits
    ) -> None:
        self.connection = connection
        self.login = login
        self.clock = clock
        self.limits = limits
        self.deadline_s = float("inf")
        """Monotonic time when the camera's budget ends."""
        self.transcript: RtspTranscript | None = None
        self.session: str | None = None
        self.sent_on_to: str | None = None
        """Where the latest redirect points, as written."""
        self._cseq = 0

    async def ask(
        self, method: str, uri: str, headers: Sequence[tuple[str, str]] = (), limit_s: float | None = None
    ) -> Response | Fault:
        """Send one request, logging in where the server asks for it; a status of 300 and more is a Fault."""
        started_s = self.clock.monotonic_s()
        request = Request(method, uri, tuple(headers))
        for _ in range(MAX_ROUNDS):
            authorization = self.login.header(method, uri)
            answered = authorization is not None
            is_out = answered and self._goes_out()
            if is_out:
                self.login.sent()
            answer = await self._exchange(request, authorization, limit_s or self.limits.reply_s)
            if is_out and _says_nothing(answer):
                self.login.unclear()
            if isinstance(answer, Fault):
                return answer
            if answer.status == 401 or (answer.status == 403 and answered and self.login.used is None):
                code = self.login.refused(answer, answered=answered)
                if code is FaultCode.BUSY:
                    code = await in_turn(
                        functools.partial(self.login.refused, answer, answered=False), self.clock
                    )
                if code is not None:
                    return self._fault(code, method, started_s, answer.status)
                continue
            if answer.status >= 300:
                self.sent_on_to = answer.header("Location") if answer.status < 400 else None
                return self._fault(fault_code_of(answer.status), method, started_s, answer.status)
            if answered:
                self.login.accepted()
            return answer
        return self._fault(FaultCode.AUTH_REJECTED, method, started_s, 401)

    async def ask_once(self, method: str, uri: str, limit_s: float) -> Response | Fault:
        """Send one request and take any answer; without a challenge being answered (OPTIONS)."""
        return await self._exchange(Request(method, uri), self.login.header(method, uri), limit_s)

    async def _exchange(
        self, request: Request, authorization: str | None, limit_s: float
    ) -> Response | Fault:
        started_s = self.clock.monotonic_s()
        limit_s = min(limit_s, self.deadline_s - started_s)
        if limit_s <= 0:
            return self._fault(FaultCode.BUDGET_SPENT, request.method, started_s)
        self._cseq += 1
        extra = [("User-Agent", USER_AGENT)]
        extra += [("Session", self.session)] if self.session else []
        extra += [("Authorization", authorization)] if authorization else []
        sent = request.render(self._cseq, extra)
        answer: Response | None = None
        try:
            answer = await self.connection.exchange(sent, self._cseq, limit_s)
            return answer or self._fault(self._silence(), request.method, started_s)
        except ConnectionError:
            malformed = self.connection.heard_junk or self.connection.malformed
            code = FaultCode.MALFORMED_REPLY if malformed else FaultCode.RTSP_ERROR
            return self._fault(code, request.method, started_s)
        finally:
            self._note(request.method, sent, answer, self.clock.monotonic_s() - started_s)

    def _goes_out(self) -> bool:
        """There is time and a line to send a request through."""
        return self.clock.monotonic_s() < self.deadline_s and not self.connection.ended.done()

    def _silence(self) -> FaultCode:
        if self.clock.monotonic_s() >= self.deadline_s:
            return FaultCode.BUDGET_SPENT
        return FaultCode.MALFORMED_REPLY if self.connection.heard_junk else FaultCode.TIMEOUT

    def _fault(self, code: FaultCode, doing: str, started_s: float, status: int | None = None) -> Fault:
        return Fault(code, Stage.OBSERVE, doing, self.clock.monotonic_s() - started_s, status)

    def _note(self, doing: str, sent: bytes, answer: Response | None, elapsed_s: float) -> None:
        if self.transcript is None:
            return
        received = ""
        if answer is not None:
            head = [f"RTSP/1.0 {answer.status} {answer.reason}", *(f"{k}: {v}" for k, v in answer.headers)]
            received = "\r\n".join(head) + "\r\n\r\n" + answer.body.decode("utf-8", "replace")
        self.transcript.note("rtsp", doing, sent.decode("utf-8", "replace"), received, elapsed_s)


def _says_nothing(answer: Response | Fault) -> bool:
    """Neither that a log-in was accepted nor that it was refused."""
    return isinstance(answer, Fault) or (answer.status >= 300 and answer.status not in (401, 403))


def fault_code_of(status: int) -> FaultCode:
    """What a refusal means to us."""
    if 300 <= status < 400:
        # a redirect: requests carry a log-in that is bound to this address
        return FaultCode.REFUSED_BY_POLICY
    codes = {404: FaultCode.NOT_FOUND, 453: FaultCode.BUSY, 503: FaultCode.BUSY}
    return codes.get(status, FaultCode.RTSP_ERROR)
