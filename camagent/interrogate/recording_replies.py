"""Replies of the recording search service (ONVIF Recording Search) as values. Pure; total."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Generic, TypeVar

from camagent.interrogate.device_replies import read_stamp
from camagent.interrogate.quirks import to_bool
from camagent.model.printable import printable_line
from camagent.model.recordings import ChannelRecording, TimeSpan, joined_spans
from camagent.wire.xml import Node

MAX_TOKEN_CHARS = 256
_DATA_IS_PRESENT = ("IsDataPresent", "State", "IsRecording")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Track:
    """One video track of one recording."""

    token: str
    span: TimeSpan


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording: what it is of, and its video."""

    token: str
    source: str
    """Empty: it does not say what it is of."""
    tracks: tuple[Track, ...]
    times_told: bool
    """Of each video track it told when it begins and ends."""


@dataclass(frozen=True, slots=True)
class TrackState:
    """From this moment on there is data in the track, or none."""

    recording: str
    track: str
    at: datetime
    present: bool


@dataclass(frozen=True, slots=True)
class ResultPage(Generic[T]):
    """One piece of a search's results."""

    rows: tuple[T, ...]
    listed: int
    """Rows of the piece, those included that cannot be read."""
    is_last: bool


def parse_search_token(node: Node) -> str | None:
    """FindRecordingsResponse and FindEventsResponse: the session to ask for results; None where there is
    none."""
    return _token(node.value("SearchToken"))


def parse_recording_page(node: Node) -> ResultPage[Recording]:
    """GetRecordingSearchResultsResponse."""
    results = node.child("ResultList") or node
    rows = [_recording(row) for row in results.children("RecordingInformation")]
    return ResultPage(tuple(row for row in rows if row is not None), len(rows), _is_complete(results))


def parse_event_page(node: Node) -> ResultPage[TrackState]:
    """GetEventSearchResultsResponse, of which only the states of tracks are read."""
    results = node.child("ResultList") or node
    rows = [_state(row) for row in results.children("Result")]
    return ResultPage(tuple(row for row in rows if row is not None), len(rows), _is_complete(results))


def recorded_channels(
    rows: Sequence[Recording], changes: Sequence[TrackState] | None
) -> tuple[ChannelRecording, ...]:
    """What is kept of each source, all its recordings together. `changes` None: the device tells no holes."""
    states: dict[tuple[str, str], list[TrackState]] = {}
    for change in changes or ():
        states.setdefault((change.recording, change.track), []).append(change)
    channels = []
    for source in dict.fromkeys(row.source for row in rows):
        changes_of = [(track, states.get(place, [])) for place, track in _tracks_of(rows, source)]
        spans = chain.from_iterable(_without_holes(track, own) for track, own in changes_of)
        holes_are_stated = bool(changes_of) and all(own for _, own in changes_of)
        times_told = all(row.times_told for row in rows if row.source == source)
        channels.append(ChannelRecording(source, joined_spans(spans), holes_are_stated, times_told))
    return tuple(channels)


def _tracks_of(rows: Sequence[Recording], source: str) -> Iterator[tuple[tuple[str, str], Track]]:
    """Each video track of a source, after its recording's token and its own."""
    for row in rows:
        if row.source == source:
            yield from (((row.token, track.token), track) for track in row.tracks)


def _without_holes(track: Track, states: Sequence[TrackState]) -> list[TimeSpan]:
    """What is left of a track. It begins with data, unless its first state says that there is none yet, or
    that data begins later: then what was before is not proven."""
    ordered = sorted(states, key=lambda state: (state.at, state.present))
    ended_later = bool(ordered) and not ordered[0].present and ordered[0].at > track.span.begin
    spans, began = [], track.span.begin if not ordered or ended_later else None
    for state in ordered:
        at = min(max(state.at, track.span.begin), track.span.end)
        if state.present and began is None:
            began = at
        elif not state.present and began is not None:
            spans.append(TimeSpan(began, at))
            began = None
    if began is not None:
        spans.append(TimeSpan(began, track.span.end))
    return [span for span in spans if span.end > span.begin]


def _recording(node: Node) -> Recording | None:
    token = _token(node.value("RecordingToken"))
    if token is None:
        return None
    source = _token(node.value("Source", "SourceId")) or _token(node.value("Source", "Name")) or ""
    listed = list(node.children("Track"))
    tracks = [_track(row) for row in listed if _may_be_video(row)] if listed else _own_times(node)
    kept = (track for track in tracks if track is not None and track.span.end > track.span.begin)
    return Recording(token, source, tuple(kept), times_told=None not in tracks)


def _may_be_video(row: Node) -> bool:
    return (row.value("TrackType") or "video").lower() == "video"


def _track(row: Node) -> Track | None:
    """A video track, also an empty one; None where it does not tell what it is, or from when to when."""
    span = _span(row.value("DataFrom"), row.value("DataTo"))
    if span is None or not row.value("TrackType"):
        return None
    return Track(_token(row.value("TrackToken")) or "", span)


def _own_times(node: Node) -> list[Track | None]:
    """A recording that lists no track, by its own times; where it has none it is empty."""
    times = (node.value("EarliestRecording"), node.value("LatestRecording"))
    if not any(times):
        return []
    span = _span(*times)
    return [Track("", span) if span is not None else None]


def _span(begin: str | None, end: str | None) -> TimeSpan | None:
    """None where one of the two cannot be read, or the end is before the beginning."""
    moments = read_stamp(begin), read_stamp(end)
    if moments[0] is None or moments[1] is None or moments[1] < moments[0]:
        return None
    return TimeSpan(moments[0], moments[1])


def _state(node: Node) -> TrackState | None:
    recording, track, at = (
        _token(node.value("RecordingToken")),
        _token(node.value("TrackToken")),
        node.value("Time"),
    )
    moment = read_stamp(at)
    items = [(item.attribute("Name"), to_bool(item.attribute("Value"))) for item in node.walk("SimpleItem")]
    present = next((value for name, value in items if name in _DATA_IS_PRESENT and value is not None), None)
    if recording is None or track is None or moment is None or present is None:
        return None
    return TrackState(recording, track, moment, present)


def _is_complete(results: Node) -> bool:
    return (results.value("SearchState") or "").lower() == "completed"


def _token(text: str | None) -> str | None:
    return printable_line(text, MAX_TOKEN_CHARS)
