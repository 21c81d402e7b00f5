"""One device, one connection, one question after another, and who may log in when.

Turns every way in which a device can fail to answer into a Fault. How a question travels is
`question_line`'s.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from camagent.interrogate.auth import HttpLogin, Refusal, Way, choose_way, next_way
from camagent.interrogate.envelopes import Question, T
from camagent.interrogate.question_line import QuestionLine
from camagent.interrogate.quirks import Quirk
from camagent.interrogate.reply_meaning import Answer, ReplyMeaning, is_login_page
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.login_strength import CLEAR, TOKEN, Strength
from camagent.model.secret import MAX_UNCLEAR, Credential
from camagent.model.uri import web_port
from camagent.wire.destination import destination
from camagent.wire.digest import digest_challenges
from camagent.wire.login_ledger import LoginLedger, in_turn

MAX_SENDS = 4  # of one question: first try, other door, renewed nonce, header left out
_JUDGED_AFTER_LOGIN = (FaultCode.SOAP_FAULT, FaultCode.UNSUPPORTED)  # a fault, but no longer about the log-in


@dataclass
class Conversation(QuestionLine):
    """State to protect: the log-in, what was answered openly, and every fault on the way."""

    ledger: LoginLedger = field(kw_only=True)
    faults: list[Fault] = field(default_factory=list)
    recovered: list[str] = field(default_factory=list)
    stopped: FaultCode | None = field(default=None, init=False)
    """Why no log-in is tried any more."""
    reread_clock: Callable[[], Awaitable[bool]] | None = field(default=None, init=False)
    """Looks at the device's clock again; True where it was set since. Asked once, when a good log-in is
    refused."""
    logged_in_at_all: bool = field(default=False, init=False)
    """A secret was sent."""
    _closed_to_strangers: set[str] = field(default_factory=set, init=False)
    _kept: dict[tuple[str, Question[Any]], Any] = field(default_factory=dict, init=False)
    _doubts: int = field(default=0, init=False)
    _renewed_for: Question[Any] | None = field(default=None, init=False)

    @property
    def scheme(self) -> str | None:
        """The way in that worked, as facts name it; None where none was needed or none worked."""
        if not self.proven or self._way is None:
            return None
        challenge = next((login.challenge for login in self._http.values()), None)
        return f"http-{challenge.scheme}" if challenge is not None else self._way.value

    @property
    def strength(self) -> Strength:
        """Of the log-in that was sent last."""
        challenge = next((login.challenge for login in self._http.values()), None)
        if challenge is not None:
            return challenge.strength
        return CLEAR if self._way is Way.HTTP_BASIC else TOKEN

    async def ask(self, question: Question[T], url: str) -> T | Fault:
        """Ask, with the log-in where the device wants one; a Fault is also remembered in `faults`."""
        if (url, question) in self._kept:
            kept: T = self._kept[url, question]
            return kept
        outcome: Answer | Fault | None = None
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
        value: T = outcome.value
        return value

    async def ask_openly(self, question: Question[T], url: str, again: bool = False) -> T | Fault:
        """Ask without credentials; what an answer said is kept, so that nothing is asked twice but by
        order."""
        if (url, question) in self._kept and not again:
            kept: T = self._kept[url, question]
            return kept
        outcome = (await self._send(question, url, login=False)).outcome
        if isinstance(outcome, Fault):
            return outcome
        if not outcome.is_empty:  # an empty list may be for strangers only
            self._kept[url, question] = outcome.value
        value: T = outcome.value
        return value

    def told_openly(self, question: Question[T], url: str) -> T | None:
        """What it answered to a stranger before; None where it did not, or was not asked."""
        kept: T | None = self._kept.get((url, question))
        return kept

    def as_somebody_else(self, credential: Credential) -> Conversation:
        """The same device, pace and evidence with another log-in; nothing that was answered to us is kept."""
        if self.transcript is not None:
            self.transcript.hide(credential)
        other = Conversation(self.host, self.door, self.clock, self.limits, credential, ledger=self.ledger)
        other.transcript, other.evidence, other.quirks = self.transcript, self.evidence, set(self.quirks)
        other._next_at_s = self._next_at_s
        other._closed_to_strangers = set(self._closed_to_strangers)
        other._form_is_proven, other.home, other._moved = self._form_is_proven, self.home, dict(self._moved)
        return other

    def _wants_login(self, question: Question[Any]) -> bool:
        known_closed = question.operation in self._closed_to_strangers
        return known_closed or (self.proven and self.stopped is None)

    async def _ask_logged_in(self, question: Question[Any], url: str) -> Answer | Fault:
        for _ in range(MAX_SENDS):
            stop = await in_turn(lambda: self._why_not_log_in(url), self.clock)
            if stop is not None:
                self.stopped = stop if stop is FaultCode.BUSY else self.stopped  # waited for once
                return Fault(stop, Stage.INTERROGATE, question.operation, 0.0)
            openly = await self._fetch_challenge(question, url)
            if openly is not None:
                return openly
            if not self._may_answer(url, self._strength_at(url)):
                return Fault(FaultCode.AUTH_WEAKER, Stage.INTERROGATE, question.operation, 0.0)
            self.logged_in_at_all = True
            meaning = await self._send_login(question, url)
            if meaning.misunderstood and Quirk.STUMBLES_OVER_SECURITY not in self.quirks:
                self.quirks.add(Quirk.STUMBLES_OVER_SECURITY)
                self._not_judged()
                continue
            if meaning.moved and not self._was_judged(meaning):
                self._weigh(meaning.outcome, question)
                continue
            refusal = meaning.refusal or (Refusal() if is_login_page(meaning) and not self.proven else None)
            if refusal is None:
                self._weigh(meaning.outcome, question)
                return meaning.outcome
            if refusal.names_rights and not self.proven:
                # believed once: the next question of another kind will show
                self._doubt(FaultCode.AUTH_REJECTED)
                return Fault(FaultCode.AUTH_REJECTED, Stage.INTERROGATE, question.operation, 0.0)
            if not self._may_try_again(refusal, question, url) and not await self._clock_was_set():
                break
            self._not_judged()
        else:
            self._refused()
        return Fault(self.stopped or FaultCode.AUTH_REJECTED, Stage.INTERROGATE, question.operation, 0.0)

    def _was_judged(self, meaning: ReplyMeaning) -> bool:
        """Sent on instead of answered: a log-in that nothing has proved may have been refused by that."""
        fault = meaning.outcome
        if isinstance(fault, Fault) and fault.code is FaultCode.REFUSED_BY_POLICY and not self.proven:
            self._refused(FaultCode.REFUSED_BY_POLICY)
            return True
        return False

    async def _fetch_challenge(self, question: Question[Any], url: str) -> Answer | Fault | None:
        """Ask openly where this URL gave no Digest challenge that still holds; None: log in there.

        An answer, or a fault that says nothing of a log-in, stands in the place of the one to the logged-in
        question.
        """
        place = self.final_url(url)
        is_old = self._keeps_one_nonce and self._newest_challenge_at != place
        goes_on = place in self._http and not is_old
        if self._way is None or self._way not in (Way.HTTP_DIGEST, Way.HTTP_BASIC) or goes_on:
            return None
        keeps_all = self.proven and not self._keeps_one_nonce
        is_fresh = place in self._challenges and (keeps_all or self._newest_challenge_at == place)
        if self._way is Way.HTTP_DIGEST and not is_fresh:
            outcome = (await self._send(question, url, login=False)).outcome
            if not (isinstance(outcome, Fault) and outcome.code is FaultCode.AUTH_REQUIRED):
                return outcome
            place = self.final_url(url)
        assert self.credential is not None
        login = self._http[place] = HttpLogin(self.credential)
        if self._way is Way.HTTP_DIGEST:
            login.renew(self._challenges.get(place) or self.evidence.challenges)
        return None

    def _weigh(self, outcome: Answer | Fault, question: Question[Any]) -> None:
        """What an outcome that is no refusal says of the log-in: let in, or nobody knows."""
        if isinstance(outcome, Answer) or outcome.code in _JUDGED_AFTER_LOGIN:
            if (
                not self.proven
                and question.operation in self._closed_to_strangers
                and self.credential is not None
            ):
                self.proven = True
                self.ledger.accepted(self.host, self.credential)
        elif not self.proven and self.login_is_out:
            self._doubt(outcome.code)

    def _doubt(self, code: FaultCode) -> None:
        """Nobody knows whether that was a refusal of the secret: one more question may show."""
        self._doubts += 1
        counts = self.credential is not None and self.ledger.unclear(self.host, self.credential)
        if self._doubts >= MAX_UNCLEAR and not counts:  # else the ledger says so when it is asked next
            self.stopped = self.stopped or (FaultCode.TIMEOUT if code is FaultCode.BUSY else code)

    def _not_judged(self) -> None:
        """The device wants the log-in in another way, and has not counted it."""
        if self.credential is not None:
            self.ledger.returned(self.host, self.credential)

    def _refused(self, code: FaultCode = FaultCode.AUTH_REJECTED) -> None:
        """This secret is not sent to this device again, unless it had been accepted before."""
        if not self.proven and self.credential is not None:
            self.ledger.refused(self.host, self.credential)
            self.stopped = self.stopped or code

    async def _clock_was_set(self) -> bool:
        """A token that was good is refused: the device's clock may have been set meanwhile
        (agsh/onvif#172)."""
        if not self.proven or self._way is not Way.WSSE_DEVICE_TIME or self.reread_clock is None:
            return False
        reread, self.reread_clock = self.reread_clock, None
        return await reread()

    def _strength_at(self, url: str) -> Strength | None:
        """Of the log-in that would be sent there now; None: a Digest answer to a challenge that is none."""
        if self._way is Way.HTTP_BASIC:
            return CLEAR
        login = self._http.get(self.final_url(url))
        if self._way is not Way.HTTP_DIGEST or login is None:
            return TOKEN
        return login.challenge.strength if login.challenge is not None else None

    def _may_answer(self, url: str, offer: Strength | None) -> bool:
        """False, and no log-in any more, where the device asked for a stronger one before."""
        openly = offer in (CLEAR, TOKEN) or self.final_url(url) in self._digest_was_asked
        door = f"onvif {self.host}:{self._port_at(url)[1]}"
        if offer is not None and self.ledger.may_answer(door, offer, openly=openly):
            return True
        self.stopped = FaultCode.AUTH_WEAKER
        return False

    def _port_at(self, url: str) -> tuple[str, int]:
        """Scheme and port of the address where it is asked for now."""
        scheme, _, port = destination(self.final_url(url)).place
        return scheme, web_port(port, scheme == "https")

    def _is_pinned(self, url: str) -> bool:
        """The device may name another port of its host: that is another door, with a certificate of its
        own."""
        return self._port_at(url) == ("https", self.evidence.pinned_port)

    def _why_not_log_in(self, url: str) -> FaultCode | None:
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
                if chosen is FaultCode.AUTH_WOULD_LEAK:
                    self._may_answer(url, CLEAR)
                return self.stopped
            self._way = chosen
        if self._way is Way.HTTP_BASIC and not self.credential.allow_basic and not self._is_pinned(url):
            return FaultCode.AUTH_WOULD_LEAK
        if not self.proven:
            code = self.ledger.why_not(self.host, self.credential)
            self.stopped = None if code is FaultCode.BUSY else code
            return code
        return self.stopped

    def _may_try_again(self, refusal: Refusal, question: Question[Any], url: str) -> bool:
        """After a refused log-in: go on only where it is proven that the secret itself was not refused."""
        if self.credential is None or self._way is None:
            return False
        if refusal.names_lock:
            self.ledger.locked(self.host, self.credential)
            self.stopped = FaultCode.LOCKED_OUT
            return False
        login = self._http.get(self.final_url(url))
        if login is not None and self._may_renew(refusal, question) and login.renew(refusal.challenges):
            self._renewed_for = question
            self._keeps_one_nonce = self.proven
            return True
        if self.proven:
            return False  # the log-in is good; this operation is not for this user
        further = next_way(self._way, refusal)
        if further is None:
            self._refused()
            return False
        self._way = further
        self._challenges[self.final_url(url)] = refusal.challenges
        return True

    def _may_renew(self, refusal: Refusal, question: Question[Any]) -> bool:
        """A nonce that ran out is renewed once for a question, and once at all while nothing proves the
        log-in."""
        offered = digest_challenges(refusal.challenges)
        if self.proven:
            return self._renewed_for != question
        return bool(offered) and offered[0].stale and self._renewed_for is None

    async def _send_login(self, question: Question[Any], url: str) -> ReplyMeaning:
        """With the log-in; what ends us before the answer leaves it unanswered in the ledger, and what kept
        us from sending it leaves nothing there."""
        self.login_is_out = False
        return await self._send(question, url, login=True)

    def login_goes_out(self) -> None:
        super().login_goes_out()
        if self.credential is not None:
            self.ledger.sent(self.host, self.credential)

    async def _send(self, question: Question[Any], url: str, login: bool) -> ReplyMeaning:
        meaning = await self.put(question, url, login)
        if isinstance(meaning.outcome, Answer) and meaning.outcome.recovered:
            self.recovered.append(question.operation)
        if meaning.refusal is not None and not login:
            self._closed_to_strangers.add(question.operation)
            if meaning.refusal.says_locked:
                self.ledger.locked(self.host)
        return meaning
