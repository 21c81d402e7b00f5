"""One question on its way to a device and back: pace, budget, form, redirects, stale ports, evidence.

Knows SOAP and how a log-in is put into a request, but neither when one may be tried nor what an operation
means.
"""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from camagent.interrogate.auth import Evidence, HttpLogin, Way, security_block, token_time
from camagent.interrogate.device_link import DeviceDoor, HttpRequest
from camagent.interrogate.envelopes import (
    SOAP_11,
    Question,
    addressing_blocks,
    content_headers,
    render_envelope,
)
from camagent.interrogate.evidence import render_exchange
from camagent.interrogate.quirks import Quirk
from camagent.interrogate.reply_meaning import Answer, ReplyMeaning, heard_fault, http_offset_s, understand
from camagent.interrogate.service_urls import at_home, redirect_target
from camagent.model.clock import Clock
from camagent.model.fault import Fault, FaultCode
from camagent.model.onvif import SOAP_NS
from camagent.model.secret import Credential
from camagent.wire.destination import destination
from camagent.wire.digest import Challenge, DigestRequest, digest_challenges, fresh_cnonce, offered_schemes
from camagent.wire.http_reply import HttpReply
from camagent.wire.transcript import Transcript

MAX_SILENCES = 3  # in a row: then the device is gone and the rest is not waited for
MAX_REDIRECTS = 1  # port 80 to 443 of the same host (home-assistant/core#41800)
MIN_CALL_S = 0.05  # less time than this is no time for a round trip on a busy site
# of all replies to one conversation; a recorder of 128 channels sends under 8 MB
MAX_REPLY_BYTES = 24 * 1024 * 1024
# questions that are asked in every form before the device is taken for one that has no answer
MAX_FORM_TRIALS = 2
QUICK_S = 0.15  # a device that answers sooner has time for the next question at once
SLOW_QUESTIONS = 5  # that are asked at the polite pace after an answer that took longer, or was none
_FORMS = (Quirk.WANTS_NO_ACTION, Quirk.WANTS_SOAP_11, Quirk.WANTS_ADDRESSING)
_FORM_MAY_BE_WRONG = (FaultCode.UNSUPPORTED, FaultCode.SOAP_FAULT, FaultCode.MALFORMED_REPLY)
METHOD_NOT_ALLOWED = 405  # some say so to a kind of SOAP that they do not take
_ELSEWHERE = (
    FaultCode.REFUSED,
    FaultCode.UNREACHABLE,
    FaultCode.TLS_FAILED,
    FaultCode.NOT_FOUND,
    FaultCode.NOT_ONVIF,
)
_REDIRECTS = (301, 302, 303, 307, 308)
_SILENT = (FaultCode.TIMEOUT, FaultCode.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of the device's and our own time a conversation may take."""

    deadline_s: float
    """On the monotonic clock."""
    call_timeout_s: float
    interval_s: float
    """Least time between the beginnings of two requests to a device that is not quick."""
    is_brisk: bool = False
    """A device that answers quickly is asked as fast as it answers: somebody waits for this one."""


@dataclass
class QuestionLine:
    """State to protect: the connection, the pace, and what was learned about the device's doors."""

    host: str
    door: DeviceDoor
    clock: Clock
    limits: Limits
    credential: Credential | None = None
    transcript: Transcript | None = None
    evidence: Evidence = field(default_factory=Evidence)
    quirks: set[Quirk] = field(default_factory=set)
    offered: dict[str, None] = field(default_factory=dict)
    proven: bool = field(default=False, init=False)
    """A question that was refused without the log-in was answered with it."""
    login_is_out: bool = field(default=False, init=False)
    """The latest log-in that nothing had proved left for the device, and was not only prepared."""
    last_round_trip_s: float = field(default=0.0, init=False)
    home: str | None = field(default=None, init=False)
    """The device service that answered: other services whose stated port is stale are looked for at its
    port."""
    _way: Way | None = field(default=None, init=False)
    _http: dict[str, HttpLogin] = field(default_factory=dict, init=False)
    """By URL: a challenge belongs to the address that gave it (IOTechSystems/onvif#41)."""
    _challenges: dict[str, tuple[Challenge, ...]] = field(default_factory=dict, init=False)
    """By URL, the newest that a question without a log-in was answered with."""
    _digest_was_asked: set[str] = field(default_factory=set, init=False)
    """URLs that asked for a Digest log-in before any other was tried there."""
    _newest_challenge_at: str | None = field(default=None, init=False)
    """The URL that gave the newest of all: some devices keep one nonce at a time."""
    _keeps_one_nonce: bool = field(default=False, init=False)
    """An older challenge of another URL was refused though the log-in is good."""
    _moved: dict[str, str] = field(default_factory=dict, init=False)
    _form_is_proven: bool = field(default=False, init=False)
    """A question was answered, or refused for want of a log-in: the device understands how we ask."""
    _form_trials: dict[str, int] = field(default_factory=dict, init=False)
    """By URL, how many questions were asked there in every form."""
    _reply_bytes: int = field(default=0, init=False)
    _slow_for: int = field(default=0, init=False)
    """Questions that are still asked at the polite pace."""
    _next_at_s: float = field(default=0.0, init=False)
    _silences: int = field(default=0, init=False)

    def login_goes_out(self) -> None:
        """A log-in that nothing has proved is sent at this moment."""
        self.login_is_out = True

    @property
    def is_gone(self) -> bool:
        """The device fell silent: nothing is waited for any more."""
        return self._silences >= MAX_SILENCES

    def allow_more_s(self, seconds: float) -> None:
        """Move the end of the budget: the device turned out to have more to ask about."""
        self.limits = replace(self.limits, deadline_s=self.limits.deadline_s + seconds)

    def hurry(self) -> None:
        """The device turned out to serve many: while it answers quickly it is asked as fast as it answers."""
        self.limits = replace(self.limits, is_brisk=True)

    def final_url(self, url: str) -> str:
        """Where a redirect within the device led."""
        return self._moved.get(url, url)

    async def put(self, question: Question[Any], url: str, login: bool) -> ReplyMeaning:
        """Ask, also in another form or at another port where the first way is not understood.

        A question with a log-in is asked at one address only.
        """
        meaning = await self._send_once(question, url, login)
        if self._is_stale_port(url, meaning.outcome):
            self._moved[url] = at_home(url, self.home or url)
            if login:
                return replace(meaning, moved=True)
            meaning = await self._send_once(question, url, login)
        # a log-in is not sent again for the sake of form
        if not login and self._form_may_be_wrong(meaning, url):
            meaning = await self._try_forms(question, url, meaning)
        if isinstance(meaning.outcome, Answer) or meaning.refusal is not None:
            self._form_is_proven = True
        return meaning

    def _is_stale_port(self, url: str, outcome: Answer | Fault) -> bool:
        """A service is stated at a port where it is not, and the device service answers at another."""
        elsewhere = isinstance(outcome, Fault) and outcome.code in _ELSEWHERE
        return (
            elsewhere and self.home is not None and url not in self._moved and at_home(url, self.home) != url
        )

    def _form_may_be_wrong(self, meaning: ReplyMeaning, url: str) -> bool:
        """The device may want the question put in another way: it says so, or nothing was ever understood."""
        outcome = meaning.outcome
        if not isinstance(outcome, Fault) or meaning.refusal is not None:
            return False
        if (
            self._form_trials.get(url, 0) >= MAX_FORM_TRIALS
            or sum(self._form_trials.values()) >= 2 * MAX_FORM_TRIALS
        ):
            return False
        unheard = outcome.code in _FORM_MAY_BE_WRONG or outcome.status == METHOD_NOT_ALLOWED
        return meaning.refuses_form or (not self._form_is_proven and unheard)

    async def _try_forms(self, question: Question[Any], url: str, first: ReplyMeaning) -> ReplyMeaning:
        """The same question in each other form; the one that is understood is kept for the conversation."""
        self._form_trials[url] = self._form_trials.get(url, 0) + 1
        before = self.quirks & set(_FORMS)
        bare_400 = isinstance(first.outcome, Fault) and first.outcome.status == 400 and first.refuses_form
        for form in (
            reversed(_FORMS) if bare_400 else _FORMS
        ):  # home-assistant/core#45513: that one is known by its 400
            if form in before:
                continue
            self.quirks.difference_update(_FORMS)
            self.quirks.add(form)
            meaning = await self._send_once(question, url, login=False)
            if isinstance(meaning.outcome, Answer) or meaning.refusal is not None:
                return meaning
            if isinstance(meaning.outcome, Fault) and meaning.outcome.code in (
                *_SILENT,
                FaultCode.BUDGET_SPENT,
            ):
                break
        self.quirks.difference_update(_FORMS)
        self.quirks.update(before)  # it was not that
        return first

    async def _send_once(self, question: Question[Any], url: str, login: bool) -> ReplyMeaning:
        started_s = self.clock.monotonic_s()
        for _ in range(1 + MAX_REDIRECTS):
            stop = await self._wait_for_turn()
            if stop is not None:
                return self._fault(stop, question, started_s)
            request = self._request(question, self.final_url(url), login)
            reply = await self._post(request)
            if not isinstance(reply, HttpReply) or reply.status not in _REDIRECTS:
                return self._understand(reply, question, request.url, login, started_s)
            target = redirect_target(request.url, reply.header("Location") or "")
            if target is None:
                return self._fault(FaultCode.REFUSED_BY_POLICY, question, started_s, reply.status)
            self._moved[url] = target
            if login:
                moved = self._fault(FaultCode.REFUSED_BY_POLICY, question, started_s, reply.status)
                return replace(moved, moved=True)
        return self._fault(FaultCode.NOT_ONVIF, question, started_s)

    async def _wait_for_turn(self) -> FaultCode | None:
        if self.is_gone:
            return FaultCode.TIMEOUT
        if self._reply_bytes > MAX_REPLY_BYTES:
            return FaultCode.BUDGET_SPENT
        now = self.clock.monotonic_s()
        at = max(now, self._next_at_s)
        if at + MIN_CALL_S > self.limits.deadline_s:
            return FaultCode.BUDGET_SPENT
        if at > now:
            await self.clock.sleep(at - now)
        brisk = self.limits.is_brisk and self._slow_for == 0
        self._next_at_s = at + (0.0 if brisk else self.limits.interval_s)
        return None

    async def _post(self, request: HttpRequest) -> HttpReply | FaultCode:
        started_s = self.clock.monotonic_s()
        reply = await self.door.post(
            request, min(self.limits.call_timeout_s, self.limits.deadline_s - started_s)
        )
        elapsed_s = self.last_round_trip_s = self.clock.monotonic_s() - started_s
        self._silences = self._silences + 1 if reply in _SILENT else 0
        self._reply_bytes += len(reply.body) if isinstance(reply, HttpReply) else 0
        self._note_pace(reply, started_s, elapsed_s)
        if self.transcript is not None:
            sent, received = render_exchange(request, reply, self.clock.now())
            self.transcript.note("soap", request.operation, sent, received, elapsed_s)
        return reply

    def _note_pace(self, reply: HttpReply | FaultCode, started_s: float, elapsed_s: float) -> None:
        """Back off where the device is slow, overloaded or hangs up; the pause before the next question is
        then due."""
        bad = not isinstance(reply, HttpReply) or reply.status in (429, 503)
        if not bad and elapsed_s <= QUICK_S:
            self._slow_for = max(0, self._slow_for - 1)
            return
        self._slow_for = SLOW_QUESTIONS
        self._next_at_s = max(self._next_at_s, started_s + self.limits.interval_s)

    def _request(self, question: Question[Any], url: str, login: bool) -> HttpRequest:
        blocks = ""
        if Quirk.WANTS_ADDRESSING in self.quirks:
            blocks += addressing_blocks(question, url, str(uuid.uuid4()))
        http = self._http.get(url) if login and self._way in (Way.HTTP_DIGEST, Way.HTTP_BASIC) else None
        wsse = login and self._way in (Way.WSSE_DEVICE_TIME, Way.WSSE_OWN_TIME)
        if wsse and Quirk.STUMBLES_OVER_SECURITY not in self.quirks and self.credential and self._way:
            created = token_time(self._way, self.clock.now(), self.evidence, self.clock.monotonic_s())
            blocks += security_block(self.credential, created, os.urandom(16))
        soap = SOAP_11 if Quirk.WANTS_SOAP_11 in self.quirks else SOAP_NS
        body = render_envelope(question, blocks, soap)
        headers = [
            *content_headers(question.action, Quirk.WANTS_NO_ACTION not in self.quirks, soap),
            ("Accept-Encoding", "identity"),
            ("User-Agent", "camagent"),
        ]
        if http is not None:
            path = destination(url).path
            headers.append(
                ("Authorization", http.authorization(DigestRequest("POST", path, fresh_cnonce(), body=body)))
            )
        going_out = self.login_goes_out if login and not self.proven else None
        return HttpRequest(url, body, tuple(headers), question.operation, going_out)

    def _understand(
        self, reply: HttpReply | FaultCode, question: Question[Any], url: str, login: bool, started_s: float
    ) -> ReplyMeaning:
        """What came back, and what it shows of the device's doors."""
        elapsed_s = self.clock.monotonic_s() - started_s
        if not isinstance(reply, HttpReply):
            return heard_fault(reply, question.operation, elapsed_s)
        meaning = understand(reply, question, elapsed_s)
        if meaning.challenges:
            self.offered.update(dict.fromkeys(offered_schemes(meaning.challenges)))
            self.evidence = replace(self.evidence, challenges=meaning.challenges)
            self._newest_challenge_at = url
            if not login:
                self._challenges[url] = meaning.challenges
                if digest_challenges(meaning.challenges):
                    self._digest_was_asked.add(url)
        if meaning.soap_refused and not self.evidence.soap_refused:
            self.evidence = replace(self.evidence, soap_refused=True)
        if (
            self.evidence.http_offset_s is None
            and (offset_s := http_offset_s(reply, self.clock.now())) is not None
        ):
            self.evidence = replace(self.evidence, http_offset_s=offset_s)
        return meaning

    def _fault(
        self, code: FaultCode, question: Question[Any], started_s: float, status: int | None = None
    ) -> ReplyMeaning:
        return heard_fault(code, question.operation, self.clock.monotonic_s() - started_s, status)
