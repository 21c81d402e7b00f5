"""One device, one connection, one question after another: pace, budget, log-in, redirects, evidence.

Turns every way in which a device can fail to answer into a Fault. Knows SOAP and log-in, but no operation's meaning.
"""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from camagent.clock import Clock
from camagent.digest import DigestRequest, digest_challenges, fresh_cnonce, offered_schemes, parse_challenges
from camagent.interrogate.addresses import redirect_target
from camagent.interrogate.auth import (
    Evidence,
    HttpLogin,
    Refusal,
    Way,
    choose_way,
    next_way,
    security_block,
    token_time,
)
from camagent.interrogate.door import DeviceDoor, HttpReply, HttpRequest
from camagent.interrogate.envelopes import Question, addressing_blocks, render_envelope
from camagent.interrogate.evidence import render_exchange
from camagent.interrogate.quirks import Quirk
from camagent.interrogate.replies import (
    Reply,
    SoapFault,
    answers,
    names_lock,
    oddity_fault,
    read_envelope,
    says_locked,
)
from camagent.lockout import LoginLedger
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.secret import Credential
from camagent.transcript import Transcript

MAX_SENDS = 4  # of one question: first try, other door, renewed nonce, header left out
MAX_SILENCES = 3  # in a row: then the device is gone and the rest is not waited for
MAX_REDIRECTS = 1  # port 80 to 443 of the same host (home-assistant/core#41800)
MIN_CALL_S = 0.05  # less time than this is no time for a round trip on a busy site
_REDIRECTS = (301, 302, 303, 307, 308)
_JUDGED_AFTER_LOGIN = (FaultCode.SOAP_FAULT, FaultCode.UNSUPPORTED)  # a fault, but no longer about the log-in
_SILENT = (FaultCode.TIMEOUT, FaultCode.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of the device's and our own time a conversation may take."""

    deadline_s: float
    """On the monotonic clock."""
    call_timeout_s: float
    interval_s: float
    """Least time between the beginnings of two requests."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The outcome of one request."""

    outcome: Reply | Fault
    refusal: Refusal | None = None
    misunderstood: bool = False
    """The device stumbled over the Security header."""
    wants_addressing: bool = False


@dataclass
class Conversation:
    """State to protect: the connection, the pace, the log-in, and what was learned about the device's doors."""

    host: str
    door: DeviceDoor
    clock: Clock
    ledger: LoginLedger
    limits: Limits
    credential: Credential | None = None
    transcript: Transcript | None = None
    evidence: Evidence = field(default_factory=Evidence)
    quirks: set[Quirk] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    recovered: list[str] = field(default_factory=list)
    offered: dict[str, None] = field(default_factory=dict)
    proven: bool = field(default=False, init=False)
    """A question that was refused without the log-in was answered with it."""
    stopped: FaultCode | None = field(default=None, init=False)
    """Why no log-in is tried any more."""
    last_round_trip_s: float = field(default=0.0, init=False)
    logged_in_at_all: bool = field(default=False, init=False)
    """A secret was sent."""
    _way: Way | None = field(default=None, init=False)
    _http: HttpLogin | None = field(default=None, init=False)
    _closed_to_strangers: set[str] = field(default_factory=set, init=False)
    _kept: dict[tuple[str, Question], Reply] = field(default_factory=dict, init=False)
    _moved: dict[str, str] = field(default_factory=dict, init=False)
    _addressing_tried: bool = field(default=False, init=False)
    _next_at_s: float = field(default=0.0, init=False)
    _silences: int = field(default=0, init=False)

    @property
    def scheme(self) -> str | None:
        """The way in that worked, as facts name it; None where none was needed or none worked."""
        if not self.proven or self._way is None:
            return None
        challenge = self._http.challenge if self._http is not None else None
        return f"http-{challenge.scheme}" if challenge is not None else self._way.value

    async def ask(self, question: Question, url: str) -> Reply | Fault:
        """Ask, with the log-in where the device wants one; a Fault is also remembered in `faults`."""
        kept = self._kept.get((url, question))
        if kept is not None:
            return kept
        outcome: Reply | Fault | None = None
        if not self._wants_login(question):
            outcome = (await self._send(question, url, login=False)).outcome
        if outcome is None or (isinstance(outcome, Fault) and outcome.code is FaultCode.AUTH_REQUIRED):
            outcome = await self._ask_logged_in(question, url)
        if isinstance(outcome, Fault):
            repeated = outcome.code in (
                FaultCode.BUDGET_SPENT,
                FaultCode.TIMEOUT,
                self.stopped,
                FaultCode.AUTH_REQUIRED,
            )
            if not (repeated and any(fault.code is outcome.code for fault in self.faults)):
                self.faults.append(outcome)  # what stops the whole conversation is listed once
        return outcome

    async def ask_openly(self, question: Question, url: str) -> Reply | Fault:
        """Ask without credentials; an answer is kept, so that nothing is asked twice."""
        outcome = (await self._send(question, url, login=False)).outcome
        if isinstance(outcome, Reply) and any(outcome.node.children()):  # an empty list may be for strangers only
            self._kept[(url, question)] = outcome
        return outcome

    def final_url(self, url: str) -> str:
        """Where a redirect within the device led."""
        return self._moved.get(url, url)

    def as_somebody_else(self, credential: Credential) -> Conversation:
        """The same device, pace and evidence with another log-in; nothing that was answered to us is kept."""
        if self.transcript is not None:
            self.transcript.hide(credential)
        other = Conversation(self.host, self.door, self.clock, self.ledger, self.limits, credential)
        other.transcript, other.evidence, other.quirks = self.transcript, self.evidence, set(self.quirks)
        other._next_at_s = self._next_at_s
        other._closed_to_strangers = set(self._closed_to_strangers)
        return other

    def _wants_login(self, question: Question) -> bool:
        known_closed = question.operation in self._closed_to_strangers
        return known_closed or (self._way is not None and self.stopped is None)

    async def _ask_logged_in(self, question: Question, url: str) -> Reply | Fault:
        code = FaultCode.AUTH_REJECTED
        for _ in range(MAX_SENDS):
            stop = self._why_not_log_in()
            if stop is not None:
                return Fault(stop, Stage.INTERROGATE, question.operation, 0.0)
            self.logged_in_at_all = True
            heard = await self._send(question, url, login=True)
            if heard.misunderstood and Quirk.STUMBLES_OVER_SECURITY not in self.quirks:
                self.quirks.add(Quirk.STUMBLES_OVER_SECURITY)
                continue
            if heard.refusal is None:
                let_in = isinstance(heard.outcome, Reply) or heard.outcome.code in _JUDGED_AFTER_LOGIN
                self.proven = self.proven or (let_in and question.operation in self._closed_to_strangers)
                return heard.outcome
            if not self._may_try_again(heard.refusal):
                code = self.stopped or FaultCode.AUTH_REJECTED
                break
        return Fault(code, Stage.INTERROGATE, question.operation, 0.0)

    def _why_not_log_in(self) -> FaultCode | None:
        if self.credential is None:
            return FaultCode.AUTH_REQUIRED
        if self.ledger.is_locked(self.host):
            return FaultCode.LOCKED_OUT
        if self.stopped is not None:
            return self.stopped
        if not self.proven and not self.ledger.may_try(self.host, self.credential):
            self.stopped = FaultCode.AUTH_REJECTED
            return self.stopped
        if self._way is None:
            chosen = choose_way(self.evidence, self.credential)
            if isinstance(chosen, FaultCode):
                self.stopped = chosen
                return chosen
            self._take(chosen, self.credential)
        return None

    def _take(self, way: Way, credential: Credential) -> None:
        self._way = way
        self._http = HttpLogin(credential) if way in (Way.HTTP_DIGEST, Way.HTTP_BASIC) else None
        if self._http is not None and way is Way.HTTP_DIGEST:
            self._http.renew(self.evidence.challenges)

    def _may_try_again(self, refusal: Refusal) -> bool:
        """After a refused log-in: go on only where it is proven that the secret itself was not refused."""
        if self.credential is None or self._way is None:
            return False
        if refusal.names_lock:
            self.ledger.locked(self.host)
            self.stopped = FaultCode.LOCKED_OUT
            return False
        offered = digest_challenges(refusal.challenges)
        if self._http is not None and offered and (self.proven or offered[0].stale):
            return self._http.renew(refusal.challenges)
        if self.proven:
            return False  # the log-in is good; this operation is not for this user
        further = next_way(self._way, refusal)
        if further is None:
            self.ledger.refused(self.host, self.credential)
            self.stopped = FaultCode.AUTH_REJECTED
            return False
        self._take(further, self.credential)
        return True

    async def _send(self, question: Question, url: str, login: bool) -> Heard:
        heard = await self._send_once(question, url, login)
        if heard.wants_addressing and not self._addressing_tried:
            self._addressing_tried = True
            self.quirks.add(Quirk.WANTS_ADDRESSING)
            heard = await self._send_once(question, url, login)
            if heard.wants_addressing:
                self.quirks.discard(Quirk.WANTS_ADDRESSING)  # it was not that
        if isinstance(heard.outcome, Reply) and heard.outcome.recovered:
            self.recovered.append(question.operation)
        if heard.refusal is not None and not login:
            self._closed_to_strangers.add(question.operation)
            if heard.refusal.says_locked:
                self.ledger.locked(self.host)
        return heard

    async def _send_once(self, question: Question, url: str, login: bool) -> Heard:
        started_s = self.clock.monotonic_s()
        for _ in range(1 + MAX_REDIRECTS):
            stop = await self._wait_for_turn()
            if stop is not None:
                return self._fault(stop, question, started_s)
            request = self._request(question, self.final_url(url), login)
            reply = await self._post(request)
            if not isinstance(reply, HttpReply) or reply.status not in _REDIRECTS:
                return self._understand(reply, question, started_s)
            target = redirect_target(request.url, reply.header("Location") or "")
            if target is None:
                return self._fault(FaultCode.REFUSED_BY_POLICY, question, started_s, reply.status)
            self._moved[url] = target
        return self._fault(FaultCode.NOT_ONVIF, question, started_s)

    async def _wait_for_turn(self) -> FaultCode | None:
        if self._silences >= MAX_SILENCES:
            return FaultCode.TIMEOUT
        now = self.clock.monotonic_s()
        at = max(now, self._next_at_s)
        if at + MIN_CALL_S > self.limits.deadline_s:
            return FaultCode.BUDGET_SPENT
        if at > now:
            await self.clock.sleep(at - now)
        self._next_at_s = at + self.limits.interval_s
        return None

    async def _post(self, request: HttpRequest) -> HttpReply | FaultCode:
        started_s = self.clock.monotonic_s()
        reply = await self.door.post(request, min(self.limits.call_timeout_s, self.limits.deadline_s - started_s))
        elapsed_s = self.last_round_trip_s = self.clock.monotonic_s() - started_s
        self._silences = self._silences + 1 if reply in _SILENT else 0
        if self.transcript is not None:
            sent, received = render_exchange(request, reply, self.clock.now())
            self.transcript.note("soap", request.operation, sent, received, elapsed_s)
        return reply

    def _request(self, question: Question, url: str, login: bool) -> HttpRequest:
        blocks = ""
        if Quirk.WANTS_ADDRESSING in self.quirks:
            blocks += addressing_blocks(question, url, str(uuid.uuid4()))
        wsse = login and self._http is None and Quirk.STUMBLES_OVER_SECURITY not in self.quirks
        if wsse and self.credential is not None and self._way is not None:
            created = token_time(self._way, self.clock.now(), self.evidence.clock)
            blocks += security_block(self.credential, created, os.urandom(16))
        body = render_envelope(question, blocks)
        headers = [
            ("Content-Type", f'application/soap+xml; charset=utf-8; action="{question.action}"'),
            ("Accept-Encoding", "identity"),
            ("User-Agent", "camagent"),
        ]
        if login and self._http is not None:
            parts = urlsplit(url)
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            headers.append(
                ("Authorization", self._http.authorization(DigestRequest("POST", path, fresh_cnonce(), body=body)))
            )
        return HttpRequest(url, body, tuple(headers), question.operation)

    def _understand(self, reply: HttpReply | FaultCode, question: Question, started_s: float) -> Heard:
        if not isinstance(reply, HttpReply):
            return self._fault(reply, question, started_s)
        challenges = parse_challenges(reply.all_headers("WWW-Authenticate"))
        if challenges:
            self.offered.update(dict.fromkeys(offered_schemes(challenges)))
            self.evidence = replace(self.evidence, challenges=challenges)
        self._note_date(reply)
        content = read_envelope(reply.body)
        if isinstance(content, Reply):
            if answers(content, question.operation):
                return Heard(content)
            return self._fault(FaultCode.MALFORMED_REPLY, question, started_s, reply.status)
        if isinstance(content, SoapFault):
            if content.refuses_login or reply.status == 401:
                self.evidence = replace(self.evidence, soap_refused=True)
                refusal = Refusal(challenges, content.names_time, content.names_lock, says_locked(content.text))
                return replace(self._fault(FaultCode.AUTH_REQUIRED, question, started_s, reply.status), refusal=refusal)
            heard = self._fault(content.fault_code, question, started_s, reply.status)
            return replace(heard, misunderstood=content.misunderstands_header)
        if reply.status in (401, 403):
            text = reply.body[:4096].decode("utf-8", "replace")
            heard = self._fault(FaultCode.AUTH_REQUIRED, question, started_s, reply.status)
            return replace(heard, refusal=Refusal(challenges, False, names_lock(text), says_locked(text)))
        heard = self._fault(oddity_fault(content, reply.status), question, started_s, reply.status)
        return replace(heard, wants_addressing=reply.status == 400)

    def _note_date(self, reply: HttpReply) -> None:
        if self.evidence.http_offset_s is not None:
            return
        try:
            date = parsedate_to_datetime((reply.header("Date") or "")[:64])
        except (TypeError, ValueError, IndexError, OverflowError):
            return
        date = date.replace(tzinfo=UTC) if date.tzinfo is None else date
        self.evidence = replace(self.evidence, http_offset_s=(date - self.clock.now()).total_seconds())

    def _fault(self, code: FaultCode, question: Question, started_s: float, status: int | None = None) -> Heard:
        elapsed_s = round(self.clock.monotonic_s() - started_s, 3)
        return Heard(Fault(code, Stage.INTERROGATE, question.operation, elapsed_s, status))
