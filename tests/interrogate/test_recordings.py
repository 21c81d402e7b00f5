"""The recording search: pieces, pages, holes, and a search that breaks off."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from camagent.interrogate.recording_interview import PAGE_ROWS, fetch_recording
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.recordings import ChannelRecording, RecordingFacts, TimeSpan
from camagent.platform.system_clock import SystemClock
from camagent.wire.xml import MAX_CHILDREN, parse_xml
from tests.each import each

DAY = "2026-11-{:02d}T00:00:00Z"


def moment(day: int) -> datetime:
    return datetime(2026, 11, day, tzinfo=UTC)


def recording(number: int, first: int, last: int) -> str:
    tracks = "".join(
        f"<tt:Track><tt:TrackToken>{kind[0]}1</tt:TrackToken><tt:TrackType>{kind}</tt:TrackType>"
        f"<tt:DataFrom>{DAY.format(begin)}</tt:DataFrom><tt:DataTo>{DAY.format(last)}</tt:DataTo></tt:Track>"
        for kind, begin in (("Audio", 1), ("Video", first))
    )
    return (
        f"<tt:RecordingInformation><tt:RecordingToken>R{number}</tt:RecordingToken><tt:Source><tt:SourceId>CH{number}"
        f"</tt:SourceId></tt:Source>{tracks}</tt:RecordingInformation>"
    )


def change(number: int, day: int, present: str) -> str:
    return (
        f"<tt:Result><tt:RecordingToken>R{number}</tt:RecordingToken><tt:TrackToken>V1</tt:TrackToken>"
        f"<tt:Time>{DAY.format(day)}</tt:Time><tt:Event><w:Message><tt:Message><tt:Data>"
        f'<tt:SimpleItem Name="IsDataPresent" Value="{present}"/>'
        "</tt:Data></tt:Message></w:Message></tt:Event></tt:Result>"
    )


class Device:
    """Answers each operation with the next of its replies; a Fault stands for one that failed."""

    def __init__(self, **replies: Sequence[str | Fault]) -> None:
        self.replies = {operation: list(each) for operation, each in replies.items()}
        self.replies["GetRecordingSummary"] = ["<Summary><NumberRecordings>2</NumberRecordings></Summary>"]
        self.asked: list[str] = []
        self.clock = SystemClock()

    def allow_more_s(self, seconds: float) -> None:
        """The device has more to ask about."""

    async def ask(self, question: Any, url: str) -> Any:
        self.asked.append(question.operation)
        left = self.replies.get(question.operation)
        reply = (
            left.pop(0) if left else Fault(FaultCode.UNSUPPORTED, Stage.INTERROGATE, question.operation, 0.0)
        )
        if isinstance(reply, Fault):
            return reply
        names = 'xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:w="http://docs.oasis-open.org/wsn/b-2"'
        parsed = parse_xml(f"<Envelope><Body><Reply {names}>{reply}</Reply></Body></Envelope>".encode())
        assert parsed is not None
        body = parsed[0].child("Body", "Reply")
        assert body is not None
        return question.read(body)


def page(rows: str, state: str = "Completed") -> str:
    return f"<ResultList><tt:SearchState>{state}</tt:SearchState>{rows}</ResultList>"


TOKEN = "<SearchToken>S1</SearchToken>"


def fetched(device: Device) -> RecordingFacts:
    facts = asyncio.run(fetch_recording(device, "http://192.0.2.9/search"))  # type: ignore[arg-type]
    assert isinstance(facts, RecordingFacts)
    return facts


def test_pieces_are_put_together_and_holes_are_cut_out() -> None:
    device = Device(
        FindRecordings=[TOKEN],
        GetRecordingSearchResults=[
            page(recording(1, 2, 20), "Searching"),
            page("", "Searching"),
            page(recording(2, 5, 20)),
        ],
        FindEvents=[TOKEN],
        GetEventSearchResults=[
            page(change(1, 2, "true") + change(1, 8, "false") + change(1, 10, "true"), "Queued"),
            page(""),
        ],
    )
    channels = fetched(device).channels
    assert isinstance(channels, tuple)
    first, second = channels
    assert (
        first.spans == (TimeSpan(moment(2), moment(8)), TimeSpan(moment(10), moment(20))) and first.holes_told
    )
    # and not the longer sound
    assert second.spans == (TimeSpan(moment(5), moment(20)),) and not second.holes_told
    assert "EndSearch" not in device.asked


def test_a_track_that_begins_with_a_hole_and_ends_in_one() -> None:
    events = page(change(1, 2, "false") + change(1, 4, "true") + change(1, 9, "false"))
    device = Device(
        FindRecordings=[TOKEN],
        GetRecordingSearchResults=[page(recording(1, 2, 20))],
        FindEvents=[TOKEN],
        GetEventSearchResults=[events],
    )
    channels = fetched(device).channels
    assert isinstance(channels, tuple) and channels[0].spans == (TimeSpan(moment(4), moment(9)),)


def test_two_hundred_recordings_come_in_pages() -> None:
    rows = [recording(number, 2, 20) for number in range(2 * PAGE_ROWS)]
    pages = [page("".join(rows[:PAGE_ROWS]), "Searching"), page("".join(rows[PAGE_ROWS:]))]
    channels = fetched(Device(FindRecordings=[TOKEN], GetRecordingSearchResults=pages)).channels
    assert isinstance(channels, tuple) and len(channels) == 2 * PAGE_ROWS
    assert not any(channel.holes_told for channel in channels)


def channel_of(rows: str, events: str | None = None, later: Sequence[str | Fault] = ()) -> ChannelRecording:
    """The only channel that a device with these rows of recordings and events tells."""
    device = Device(
        FindRecordings=[TOKEN],
        GetRecordingSearchResults=[page(rows)],
        FindEvents=[TOKEN],
        GetEventSearchResults=[page(events), *later] if events else [],
    )
    channels = fetched(device).channels
    assert isinstance(channels, tuple) and len(channels) == 1
    return channels[0]


WHOLE = recording(1, 2, 20)
NO_TRACK = WHOLE[: WHOLE.index("<tt:Track>")] + "{}</tt:RecordingInformation>"
UNTOLD = {
    "a track without an end": WHOLE.replace(f"<tt:DataTo>{DAY.format(20)}</tt:DataTo>", ""),
    "an end before the beginning": WHOLE.replace(DAY.format(20), "1970-01-01T00:00:00Z"),
    "no time at all": WHOLE.replace(DAY.format(20), "").replace(DAY.format(2), ""),
    "a track of no type": WHOLE.replace("<tt:TrackType>Video</tt:TrackType>", ""),
    "a beginning without an end, and no track": NO_TRACK.format(
        f"<tt:EarliestRecording>{DAY.format(2)}</tt:EarliestRecording>"
    ),
}


@each(list(UNTOLD.items()), lambda case: case[0])
def test_a_recording_that_does_not_tell_its_times_is_not_taken_for_empty(case: tuple[str, str]) -> None:
    alone = channel_of(case[1])
    assert alone.spans == () and not alone.times_told
    beside = channel_of(case[1] + recording(1, 5, 9).replace("R1", "R2"))
    assert beside.spans == (TimeSpan(moment(5), moment(9)),) and not beside.times_told


def test_a_recording_without_tracks_has_its_own_times_or_is_empty() -> None:
    own = f"<tt:EarliestRecording>{DAY.format(2)}</tt:EarliestRecording>"
    own += f"<tt:LatestRecording>{DAY.format(20)}</tt:LatestRecording>"
    assert channel_of(NO_TRACK.format(own)) == ChannelRecording(
        "CH1", (TimeSpan(moment(2), moment(20)),), holes_told=False
    )
    for empty in (NO_TRACK.format(""), recording(1, 2, 2)):
        assert channel_of(empty) == ChannelRecording("CH1", (), holes_told=False)


def test_a_recording_of_an_unnamed_source_is_told_as_one() -> None:
    nameless = recording(1, 2, 20).replace("<tt:SourceId>CH1</tt:SourceId>", "")
    assert channel_of(nameless).source == ""


def test_data_begins_with_the_track_where_the_first_change_is_its_end() -> None:
    later = change(1, 8, "false") + change(1, 10, "true")
    spans = (TimeSpan(moment(2), moment(8)), TimeSpan(moment(10), moment(20)))
    assert channel_of(WHOLE, later).spans == spans
    # begun anew later: what was before is not proven
    assert channel_of(WHOLE, change(1, 8, "true")).spans == (TimeSpan(moment(8), moment(20)),)


def test_a_full_piece_that_claims_to_be_the_last_is_not_believed() -> None:
    """Holes beyond it would be lost; who means it has ended the session, and answers with a fault."""
    full = "".join(change(1, 2, "true") for _ in range(PAGE_ROWS))
    gone = Fault(FaultCode.SOAP_FAULT, Stage.INTERROGATE, "GetEventSearchResults", 0.1)
    hole = page(change(1, 8, "false") + change(1, 10, "true"))
    assert len(channel_of(WHOLE, full, [hole]).spans) == 2
    meant = channel_of(WHOLE, full, [gone])
    assert meant.spans == (TimeSpan(moment(2), moment(20)),) and meant.holes_told


def test_a_piece_longer_than_we_read_proves_nothing() -> None:
    endless = "".join(change(1, 2, "true") for _ in range(MAX_CHILDREN + 1))
    assert not channel_of(WHOLE, endless).holes_told


def test_a_search_that_breaks_off_proves_nothing_and_is_ended() -> None:
    broken = Fault(FaultCode.SOAP_FAULT, Stage.INTERROGATE, "GetRecordingSearchResults", 0.1)
    pages: list[str | Fault] = [page(recording(1, 2, 20), "Searching"), broken]
    device = Device(FindRecordings=[TOKEN], GetRecordingSearchResults=pages)
    assert fetched(device).channels == broken
    assert device.asked[-1] == "EndSearch"


def test_a_search_that_never_ends_is_ended_by_us() -> None:
    device = Device(FindRecordings=[TOKEN], GetRecordingSearchResults=[page("", "Searching")] * 200)
    channels = fetched(device).channels
    assert isinstance(channels, Fault) and channels.code is FaultCode.BUDGET_SPENT
    assert len(device.asked) < 100 and device.asked[-1] == "EndSearch"


def test_a_device_without_a_search_has_a_summary_alone() -> None:
    assert isinstance(fetched(Device()).channels, Fault)
