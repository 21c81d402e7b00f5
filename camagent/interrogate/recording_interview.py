"""What a device has recorded, channel by channel: recordings and their tracks, and the holes between. Reads
only.

A search is a session of the device: it is asked for in pieces until it says that it is complete, and ended by
us. What ends before it is complete proves nothing, so a Fault stands for all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import TypeVar

from camagent.interrogate.conversation import Conversation
from camagent.interrogate.envelopes import GET_RECORDING_SUMMARY, Question
from camagent.interrogate.recording_replies import (
    ResultPage,
    parse_event_page,
    parse_recording_page,
    parse_search_token,
    recorded_channels,
)
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.onvif import SEARCH_NS, TOPIC_DIALECT
from camagent.model.recordings import RecordingFacts
from camagent.wire.xml import MAX_CHILDREN, Node, as_xml_text

PAGE_ROWS = 100  # asked for at a time; devices send fewer where they like
MAX_PAGES = 64  # of one search, empty ones while it still runs included
MAX_ROWS = 8_192  # recordings or changes of one device: 128 channels of 32 days with a hole a day
MORE_S = 30.0  # of the budget, for a device that records
_KEEP_ALIVE = "<KeepAliveTime>PT30S</KeepAliveTime>"
_FIND_RECORDINGS = Question("FindRecordings", SEARCH_NS, parse_search_token, f"<Scope/>{_KEEP_ALIVE}")
T = TypeVar("T")


async def fetch_recording(conversation: Conversation, url: str) -> RecordingFacts | Fault:
    """The summary of the device, and each channel's recordings where the search serves them."""
    summary = await conversation.ask(GET_RECORDING_SUMMARY, url)
    if isinstance(summary, Fault):
        return summary
    summary = replace(summary, asked_at=conversation.clock.now())
    conversation.allow_more_s(MORE_S)
    rows = await _search(
        conversation, url, _FIND_RECORDINGS, ("GetRecordingSearchResults", parse_recording_page)
    )
    if isinstance(rows, Fault):
        return replace(summary, channels=rows)
    tracks = chain.from_iterable(row.tracks for row in rows)
    since = min((track.span.begin for track in tracks), default=None)
    if since is None:
        return replace(summary, channels=recorded_channels(rows, None))
    events = ("GetEventSearchResults", parse_event_page)
    changes = await _search(conversation, url, _find_holes(since), events)
    return replace(summary, channels=recorded_channels(rows, None if isinstance(changes, Fault) else changes))


def _find_holes(since: datetime) -> Question[str | None]:
    """FindEvents for the changes of all tracks between data and none, with the state at the beginning."""
    topic = (
        '<TopicExpression xmlns="http://docs.oasis-open.org/wsn/b-2" xmlns:tns1="http://www.onvif.org/ver10/topics"'
        f' Dialect="{TOPIC_DIALECT}">tns1:RecordingHistory/Track/State</TopicExpression>'
    )
    content = (
        f"<StartPoint>{since.strftime('%Y-%m-%dT%H:%M:%SZ')}</StartPoint><Scope/><SearchFilter>{topic}</SearchFilter>"
        f"<IncludeStartState>true</IncludeStartState>{_KEEP_ALIVE}"
    )
    return Question("FindEvents", SEARCH_NS, parse_search_token, content)


async def _search(
    conversation: Conversation,
    url: str,
    find: Question[str | None],
    results: tuple[str, Callable[[Node], ResultPage[T]]],
) -> list[T] | Fault:
    """Begin a search, collect its pieces, end it. Returns: every row, or the Fault that left it
    incomplete."""
    token = await conversation.ask(find, url)
    if isinstance(token, Fault):
        return token
    if token is None:
        return Fault(FaultCode.MALFORMED_REPLY, Stage.INTERROGATE, find.operation, 0.0)
    operation, read = results
    named = f"<SearchToken>{as_xml_text(token)}</SearchToken>"
    more = Question(
        operation, SEARCH_NS, read, f"{named}<MaxResults>{PAGE_ROWS}</MaxResults><WaitTime>PT2S</WaitTime>"
    )
    outcome = await _collected(conversation, url, more)
    if isinstance(outcome, Fault):  # a session that came to its end is gone already
        await conversation.ask(Question("EndSearch", SEARCH_NS, _nothing, named), url)
    return outcome


async def _collected(conversation: Conversation, url: str, more: Question[ResultPage[T]]) -> list[T] | Fault:
    """The rows of every piece, until the device says that there are no more."""
    rows: list[T] = []
    ended = False
    for _ in range(MAX_PAGES):
        page = await conversation.ask(more, url)
        if isinstance(page, Fault):
            return rows if ended else page
        rows += page.rows
        if len(rows) > MAX_ROWS or page.listed >= MAX_CHILDREN:  # beyond, we read no further
            break
        ended = page.is_last
        # some say so as soon as all is counted, with more waiting than a piece holds
        if ended and page.listed < PAGE_ROWS:
            return rows
    return Fault(FaultCode.BUDGET_SPENT, Stage.INTERROGATE, more.operation, 0.0)


def _nothing(node: Node) -> None:
    """EndSearchResponse says nothing that we need."""
