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
from camagent.model.recordings import ChannelRecording, TimeSpan
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
    tracks: tuple[Track, ...]


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
    is_last: bool


def parse_search_token(node: Node) -> str | None:
    """FindRecordingsResponse and FindEventsResponse: the session to ask for results; None where there is
    none."""
    return _token(node.value("SearchToken"))


def parse_recording_page(node: Node) -> ResultPage[Recording]:
    """GetRecordingSearchResultsResponse."""
    results = node.child("ResultList") or node
    rows = [_recording(row) for row in results.children("RecordingInformation")]
    return ResultPage(tuple(row for row in rows if row is not None), _is_complete(results))


def parse_event_page(node: Node) -> ResultPage[TrackState]:
    """GetEventSearchResultsResponse, of which only the states of tracks are read."""
    results = node.child("ResultList") or node
    rows = [_state(row) for row in results.children("Result")]
    return ResultPage(tuple(row for row in rows if row is not None), _is_complete(results))


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
        channels.append(ChannelRecording(source, _joined(list(spans)), holes_are_stated))
    return tuple(channels)


def _tracks_of(rows: Sequence[Recording], source: str) -> Iterator[tuple[tuple[str, str], Track]]:
    """Each video track of a source, after its recording's token and its own."""
    for row in rows:
        if row.source == source:
            yield from (((row.token, track.token), track) for track in row.tracks)


def _without_holes(track: Track, states: Sequence[TrackState]) -> list[TimeSpan]:
    spans, began = [], track.span.begin if not states else None
    for state in sorted(states, key=lambda state: (state.at, state.present)):
        at = min(max(state.at, track.span.begin), track.span.end)
        if state.present and began is None:
            began = at
        elif not state.present and began is not None:
            spans.append(TimeSpan(began, at))
            began = None
    if began is not None:
        spans.append(TimeSpan(began, track.span.end))
    return [span for span in spans if span.end > span.begin]


def _joined(spans: Sequence[TimeSpan]) -> tuple[TimeSpan, ...]:
    joined: list[TimeSpan] = []
    for span in sorted(spans, key=lambda span: span.begin):
        if joined and span.begin <= joined[-1].end:
            joined[-1] = TimeSpan(joined[-1].begin, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)


def _recording(node: Node) -> Recording | None:
    token = _token(node.value("RecordingToken"))
    source = _token(node.value("Source", "SourceId")) or _token(node.value("Source", "Name"))
    if token is None or source is None:
        return None
    tracks = [_track(row) for row in node.children("Track")]
    return Recording(token, source, tuple(track for track in tracks if track is not None))


def _track(node: Node) -> Track | None:
    begin, end = read_stamp(node.value("DataFrom")), read_stamp(node.value("DataTo"))
    if (node.value("TrackType") or "").lower() != "video" or begin is None or end is None or end <= begin:
        return None
    return Track(_token(node.value("TrackToken")) or "", TimeSpan(begin, end))


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
