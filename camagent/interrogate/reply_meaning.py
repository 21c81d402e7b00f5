"""One HTTP reply -> what it means for the question and for the log-in. Pure; knows no operation's content."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from camagent.interrogate.auth import Refusal
from camagent.interrogate.envelopes import Question
from camagent.interrogate.replies import (
    Reply,
    SoapFault,
    answers,
    oddity_fault,
    read_envelope,
)
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.wire.digest import Challenge, parse_challenges
from camagent.wire.http_reply import HttpReply
from camagent.wire.refusal import names_lock, refusal_text, says_locked

_FORM_STATUSES = (400, 406, 415)  # without SOAP: the server looked at the headers, not at the question


@dataclass(frozen=True, slots=True)
class Answer:
    """What a response said, read; the document itself is not kept."""

    value: Any
    """What the question's `read` made of it."""
    recovered: bool
    """It was not well-formed XML and may have lost something."""
    is_empty: bool
    """The response held nothing at all."""


@dataclass(frozen=True, slots=True)
class ReplyMeaning:
    """The outcome of one request."""

    outcome: Answer | Fault
    challenges: tuple[Challenge, ...] = ()
    refusal: Refusal | None = None
    soap_refused: bool = False
    """The refusal was a SOAP fault."""
    misunderstood: bool = False
    """The device stumbled over the Security header."""
    refuses_form: bool = False
    """It complains of how the question was put: its action, its version of SOAP, its content type."""
    moved: bool = False
    """It carried a log-in and was sent on to another address: whether one may go there is asked anew."""


def heard_fault(code: FaultCode, operation: str, elapsed_s: float, status: int | None = None) -> ReplyMeaning:
    """A failure in the place of the answer."""
    return ReplyMeaning(Fault(code, Stage.INTERROGATE, operation, round(elapsed_s, 3), status))


def understand(reply: HttpReply, question: Question[Any], elapsed_s: float) -> ReplyMeaning:
    """What this reply says to that question."""
    challenges = parse_challenges(reply.all_headers("WWW-Authenticate"))
    meaning = _understand(reply, question, elapsed_s, challenges)
    return replace(meaning, challenges=challenges) if challenges else meaning


def is_login_page(meaning: ReplyMeaning) -> bool:
    """A web page in the place of an answer: after a log-in, it is the page that asks for one again."""
    fault = meaning.outcome
    return isinstance(fault, Fault) and fault.code is FaultCode.NOT_ONVIF and (fault.status or 200) < 500


def http_offset_s(reply: HttpReply, now: datetime) -> float | None:
    """The Date header minus our clock; None where there is none that can be read."""
    stated = reply.header("Date")
    if not stated:
        return None
    try:
        date = parsedate_to_datetime(stated[:64])
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return ((date.replace(tzinfo=UTC) if date.tzinfo is None else date) - now).total_seconds()


def _understand(
    reply: HttpReply, question: Question[Any], elapsed_s: float, challenges: tuple[Challenge, ...]
) -> ReplyMeaning:
    content, operation = read_envelope(reply.body), question.operation
    if isinstance(content, Reply):
        if answers(content, operation):
            is_empty = next(content.node.children(), None) is None
            return ReplyMeaning(Answer(question.read(content.node), content.recovered, is_empty))
        return heard_fault(FaultCode.MALFORMED_REPLY, operation, elapsed_s, reply.status)
    if isinstance(content, SoapFault):
        if content.refuses_login or reply.status == 401:
            locked = says_locked(content.text)
            refusal = Refusal(
                challenges, content.names_time, content.names_lock, locked, content.names_rights
            )
            meaning = heard_fault(FaultCode.AUTH_REQUIRED, operation, elapsed_s, reply.status)
            return replace(meaning, refusal=refusal, soap_refused=True)
        meaning = heard_fault(content.fault_code, operation, elapsed_s, reply.status)
        return replace(
            meaning, misunderstood=content.misunderstands_header, refuses_form=content.refuses_form
        )
    if reply.status in (401, 403):
        text = refusal_text("", reply.body)
        meaning = heard_fault(FaultCode.AUTH_REQUIRED, operation, elapsed_s, reply.status)
        return replace(meaning, refusal=Refusal(challenges, False, names_lock(text), says_locked(text)))
    meaning = heard_fault(oddity_fault(content, reply.status), operation, elapsed_s, reply.status)
    return replace(meaning, refuses_form=reply.status in _FORM_STATUSES)
