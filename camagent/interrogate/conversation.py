"""One device, one connection, one question after another: pace, budget, log-in, redirects, evidence.

Turns every way in which a device can fail to answer into a Fault. Knows SOAP and log-in, but no operation's meaning.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from camagent.clock import Clock
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
from camagent.interrogate.device_link import DeviceDoor, HttpRequest
from camagent.interrogate.envelopes import Question, addressing_blocks, render_envelope
from camagent.interrogate.evidence import render_exchange
from camagent.interrogate.quirks import Quirk
from camagent.interrogate.replies import Reply
from camagent.interrogate.reply_meaning import Heard, heard_fault, http_offset_s, is_login_page, understand
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.secret import Credential
from camagent.wire.digest import DigestRequest, digest_challenges, fresh_cnonce, offered_schemes
from camagent.wire.http_reply import HttpReply
from camagent.wire.login_ledger import LoginLedger
from camagent.wire.transcript import Transcript

MAX_SENDS = 4  # of one question: first try, other door, renewed nonce, header left out
MAX_SILENCES = 3  # in a row: then the device is gone and the rest is not waited for
MAX_REDIRECTS = 1  # port 80 to 443 of the same host (home-assistant/core#41800)
MIN_CALL_S = 0.05  # less time than this is no time for a round trip on a busy site
_REDIRECTS = (301, 302, 303, 307, 308)
MAX_DOUBTS = 2  # log-ins that were answered with nothing readable: one may be bad luck, a third could be a lock-out
_JUDGED_AFTER_LOGIN = (FaultCode.SOAP_FAULT, FaultCode.UNSUPPORTED)  # a fault, but no longer about the log-in
_DOUBTFUL = (FaultCode.MALFORMED_REPLY, FaultCode.NOT_ONVIF, FaultCode.TIMEOUT, FaultCode.BUSY)
_SILENT = (FaultCode.TIMEOUT, FaultCode.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of the device's and our own time a conversation may take."""

    deadline_s: float
    """On the monotonic clock."""
    call_timeout_s: float
    interval_s: float
    """Least time between the beginnings of two requests."""


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
    reread_clock: Callable[[], Awaitable[bool]] | None = field(default=None, init=False)
    """Looks at the device's clock again; True where it was set since. Asked once, when a good log-in is refused."""
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
    _doubts: int = field(default=0, init=False)
    _renewed_for: Question | None = field(default=None, init=False)

    @property
    def scheme(self) -> str | None:
        """The way in that worked, as facts name it; None where none was needed or none worked."""
        if not self.proven or self._way is None:
            return None
        challenge = self._http.challenge if self._http is not None else None
        return f"http-{challenge.scheme}" if challenge is not None else self._way.value

    @property
    def is_gone(self) -> bool:
        """The device fell silent: nothing is waited for any more."""
        return self._silences >= MAX_SILENCES

    def allow_more_s(self, seconds: float) -> None:
        """Move the end of the budget: the device turned out to have more to ask about."""
        self.limits = replace(self.limits, deadline_s=self.limits.deadline_s + seconds)

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
        return known_closed or (self.proven and self.stopped is None)

    async def _ask_logged_in(self, question: Question, url: str) -> Reply | Fault:
        for _ in range(MAX_SENDS):
            stop = self._why_not_log_in()
            if stop is not None:
                return Fault(stop, Stage.INTERROGATE, question.operation, 0.0)
            self.logged_in_at_all = True
            heard = await self._send(question, url, login=True)
            if heard.misunderstood and Quirk.STUMBLES_OVER_SECURITY not in self.quirks:
                self.quirks.add(Quirk.STUMBLES_OVER_SECURITY)
                continue
            refusal = heard.refusal or (Refusal() if is_login_page(heard) and not self.proven else None)
            if refusal is None:
                self._weigh(heard.outcome, question)
                return heard.outcome
            if not self._may_try_again(refusal, question) and not await self._clock_was_set():
                break
        else:
            self._refused()
        return Fault(self.stopped or FaultCode.AUTH_REJECTED, Stage.INTERROGATE, question.operation, 0.0)

    def _weigh(self, outcome: Reply | Fault, question: Question) -> None:
        """What an outcome that is no refusal says of the log-in: let in, or nobody knows."""
        if isinstance(outcome, Reply) or outcome.code in _JUDGED_AFTER_LOGIN:
            if not self.proven and question.operation in self._closed_to_strangers and self.credential is not None:
                self.proven = True
                self.ledger.accepted(self.host, self.credential)
        elif not self.proven and outcome.code in _DOUBTFUL:
            self._doubts += 1
            if self._doubts >= MAX_DOUBTS:
                self._refused(outcome.code)

    def _refused(self, code: FaultCode = FaultCode.AUTH_REJECTED) -> None:
        """This secret is not sent to this device again, unless it had been accepted before."""
        if not self.proven and self.credential is not None:
            self.ledger.refused(self.host, self.credential, certain=code is FaultCode.AUTH_REJECTED)
            self.stopped = self.stopped or code

    async def _clock_was_set(self) -> bool:
        """A token that was good is refused: the device's clock may have been set meanwhile (agsh/onvif#172)."""
        if not self.proven or self._way is not Way.WSSE_DEVICE_TIME or self.reread_clock is None:
            return False
        reread, self.reread_clock = self.reread_clock, None
        return await reread()

    def _why_not_log_in(self) -> FaultCode | None:
        if self.credential is None:
            return FaultCode.AUTH_REQUIRED
        if self.ledger.is_locked(self.host):
            return FaultCode.LOCKED_OUT
        if self.stopped is not None:
            return self.stopped
        if self._way is None:
            chosen = choose_way(self.evidence, self.credential)
            if isinstance(chosen, FaultCode):
                self.stopped = chosen
                return chosen
            self._take(chosen, self.credential)
        if not self.proven:
            self.stopped = self.ledger.why_not(self.host, self.credential)
        return self.stopped

    def _take(self, way: Way, credential: Credential) -> None:
        self._way = way
        self._http = HttpLogin(credential) if way in (Way.HTTP_DIGEST, Way.HTTP_BASIC) else None
        if self._http is not None and way is Way.HTTP_DIGEST:
            self._http.renew(self.evidence.challenges)

    def _may_try_again(self, refusal: Refusal, question: Question) -> bool:
        """After a refused log-in: go on only where it is proven that the secret itself was not refused."""
        if self.credential is None or self._way is None:
            return False
        if refusal.names_lock:
            self.ledger.locked(self.host, self.credential)
            self.stopped = FaultCode.LOCKED_OUT
            return False
        if self._http is not None and self._may_renew(refusal, question) and self._http.renew(refusal.challenges):
            self._renewed_for = question
            return True
        if self.proven:
            return False  # the log-in is good; this operation is not for this user
        further = next_way(self._way, refusal)
        if further is None:
            self._refused()
            return False
        self._take(further, self.credential)
        return True

    def _may_renew(self, refusal: Refusal, question: Question) -> bool:
        """A nonce that ran out is renewed once for a question, and once at all while nothing proves the log-in."""
        offered = digest_challenges(refusal.challenges)
        if self.proven:
            return self._renewed_for != question
        return bool(offered) and offered[0].stale and self._renewed_for is None

    async def _send(self, question: Question, url: str, login: bool) -> Heard:
        heard = await self._send_once(question, url, login)
        if heard.wants_addressing and not self._addressing_tried and (self.proven or not login):
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
        if self.is_gone:
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
            created = token_time(self._way, self.clock.now(), self.evidence, self.clock.monotonic_s())
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
        return HttpRequest(url, body, tuple(headers), question.operation, once=login and not self.proven)

    def _understand(self, reply: HttpReply | FaultCode, question: Question, started_s: float) -> Heard:
        """What came back, and what it shows of the device's doors."""
        elapsed_s = self.clock.monotonic_s() - started_s
        if not isinstance(reply, HttpReply):
            return heard_fault(reply, question.operation, elapsed_s)
        heard = understand(reply, question.operation, elapsed_s)
        if heard.challenges:
            self.offered.update(dict.fromkeys(offered_schemes(heard.challenges)))
            self.evidence = replace(self.evidence, challenges=heard.challenges)
        if heard.soap_refused and not self.evidence.soap_refused:
            self.evidence = replace(self.evidence, soap_refused=True)
        if self.evidence.http_offset_s is None and (offset_s := http_offset_s(reply, self.clock.now())) is not None:
            self.evidence = replace(self.evidence, http_offset_s=offset_s)
        return heard

    def _fault(self, code: FaultCode, question: Question, started_s: float, status: int | None = None) -> Heard:
        return heard_fault(code, question.operation, self.clock.monotonic_s() - started_s, status)
