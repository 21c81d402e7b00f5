"""Recording, search and replay services of a simulated recorder (three WSDLs of ONVIF): request to text.

Element order follows the schemas. Times are the device's own. A search is a session: its rows are handed out
in pieces, and it is gone when it is complete or ended. Replay plays the channel's clip, whatever the Range.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import chain

from camagent.model.onvif import TOPIC_DIALECT
from camagent.simulator.kept_video import KeptVideo
from camagent.simulator.onvif_device import Reply, media_uri
from camagent.simulator.onvif_media import source_token
from camagent.simulator.onvif_xml import SoapRequest, element, leaf
from camagent.simulator.simulated_camera import SimulatedCamera

PAGE_ROWS = 20  # of one answer: fewer than clients ask for, as devices do
MAX_SEARCHES = 8  # at a time; the oldest gives way
VIDEO_TRACK = "VIDEO001"
_STATE_TOPIC = "tns1:RecordingHistory/Track/State"


class UnknownRecording(Exception):
    """The request names a recording, a search or a moment that is none."""


def replay_path(kept: KeptVideo) -> str:
    """Where RTSP plays that recording."""
    return f"/Replay/{kept.token}"


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _source(camera: SimulatedCamera, kept: KeptVideo, name: str) -> str:
    return element(
        name,
        leaf("tt:SourceId", source_token(kept.channel)),
        leaf("tt:Name", f"Kênh {kept.channel}"),
        leaf("tt:Location", camera.place),
        leaf("tt:Description", f"Channel {kept.channel}"),
        leaf("tt:Address", camera.service_url),
    )


def _information(camera: SimulatedCamera, kept: KeptVideo, now: datetime) -> str:
    spans = kept.spans(now)
    times = track = ""
    if spans:
        begin, end = _stamp(spans[0][0]), _stamp(spans[-1][1])
        times = leaf("tt:EarliestRecording", begin) + leaf("tt:LatestRecording", end)
        track = element(
            "tt:Track",
            leaf("tt:TrackToken", VIDEO_TRACK),
            leaf("tt:TrackType", "Video"),
            leaf("tt:Description", "Video"),
            leaf("tt:DataFrom", begin),
            leaf("tt:DataTo", end),
        )
    is_running = bool(kept.spans_h) and kept.spans_h[-1][1] == 0
    return element(
        "tt:RecordingInformation",
        leaf("tt:RecordingToken", kept.token),
        _source(camera, kept, "tt:Source"),
        times,
        leaf("tt:Content", "Ghi liên tục"),
        track,
        leaf("tt:RecordingStatus", "Recording" if is_running else "Stopped"),
    )


def _changes(kept: KeptVideo, since: datetime, now: datetime, start_state: bool) -> Iterable[str]:
    """Every change between data and none from that moment on; before them the state at the moment itself."""
    spans = kept.spans(now)
    if not spans:
        return
    if start_state:
        present = any(begin <= since < end for begin, end in spans)
        yield _change(kept, since, present, is_start=True)
    for number, (begin, end) in enumerate(spans):
        is_seam = number > 0 and spans[number - 1][1] == begin
        if begin > since and not is_seam:
            yield _change(kept, begin, True)
        runs_on = end >= now.replace(microsecond=0) or (
            number + 1 < len(spans) and spans[number + 1][0] == end
        )
        if end > since and not runs_on:
            yield _change(kept, end, False)


def _change(kept: KeptVideo, at: datetime, present: bool, *, is_start: bool = False) -> str:
    items = (("RecordingToken", kept.token), ("Track", VIDEO_TRACK))
    source = "".join(element("tt:SimpleItem", Name=name, Value=value) for name, value in items)
    data = element("tt:SimpleItem", Name="IsDataPresent", Value=str(present).lower())
    notice = element(
        "tt:Message",
        element("tt:Source", source),
        element("tt:Data", data),
        UtcTime=_stamp(at),
        PropertyOperation="Initialized" if is_start else "Changed",
    )
    topic = element("wsnt:Topic", _STATE_TOPIC, Dialect=TOPIC_DIALECT)
    return element(
        "tt:Result",
        leaf("tt:RecordingToken", kept.token),
        leaf("tt:TrackToken", VIDEO_TRACK),
        leaf("tt:Time", _stamp(at)),
        element("tt:Event", topic, element("wsnt:Message", notice)),
        leaf("tt:StartStateEvent", str(is_start).lower()),
    )


class SearchSessions:
    """The searches of one recorder that are under way."""

    def __init__(self) -> None:
        self._rows: OrderedDict[str, list[str]] = OrderedDict()
        self._begun = 0
        self.replies: dict[tuple[str, str], Reply] = {
            ("tse", "FindRecordings"): self._find_recordings,
            ("tse", "GetRecordingSearchResults"): self._results,
            ("tse", "FindEvents"): self._find_events,
            ("tse", "GetEventSearchResults"): self._results,
            ("tse", "GetSearchState"): self._state,
            ("tse", "EndSearch"): self._end,
        }

    def _begin(self, operation: str, rows: Iterable[str]) -> str:
        self._begun += 1
        token = f"Search_{self._begun}"
        self._rows[token] = list(rows)
        if len(self._rows) > MAX_SEARCHES:
            self._rows.popitem(last=False)
        return element(f"tse:{operation}Response", leaf("tse:SearchToken", token))

    def _find_recordings(self, camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
        rows = (_information(camera, kept, now) for kept in _in_scope(camera, request))
        return self._begin(request.operation, rows)

    def _find_events(self, camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
        since = _moment(request.argument("StartPoint"))
        start_state = (request.argument("IncludeStartState") or "").lower() in ("true", "1")
        asked = request.argument("TopicExpression")
        events = _in_scope(camera, request) if asked is None or "Track/State" in asked else ()
        rows = chain.from_iterable(_changes(kept, since, now, start_state) for kept in events)
        return self._begin(request.operation, rows)

    def _results(self, camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
        token, rows = self._session(request)
        asked = request.argument("MaxResults") or ""
        most = min(PAGE_ROWS, max(1, int(asked))) if asked.isascii() and asked.isdigit() else PAGE_ROWS
        page, self._rows[token] = rows[:most], rows[most:]
        is_last = not self._rows[token]
        if is_last:
            del self._rows[token]
        state = leaf("tt:SearchState", "Completed" if is_last else "Searching")
        return element(f"tse:{request.operation}Response", element("tse:ResultList", state, *page))

    def _state(self, camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
        self._session(request)
        return element("tse:GetSearchStateResponse", leaf("tse:State", "Searching"))

    def _end(self, camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
        token, _ = self._session(request)
        del self._rows[token]
        return element("tse:EndSearchResponse", leaf("tse:Endpoint", _stamp(now)))

    def _session(self, request: SoapRequest) -> tuple[str, list[str]]:
        token = request.argument("SearchToken") or ""
        if token not in self._rows:
            raise UnknownRecording
        return token, self._rows[token]


def _moment(text: str | None) -> datetime:
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError as error:
        raise UnknownRecording from error
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _in_scope(camera: SimulatedCamera, request: SoapRequest) -> tuple[KeptVideo, ...]:
    wanted = request.arguments.get("IncludedRecordings")
    return tuple(kept for kept in camera.kept if wanted is None or kept.token in wanted)


def _summary(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    spans = list(chain.from_iterable(kept.spans(now) for kept in camera.kept))
    begin, end = min((s[0] for s in spans), default=now), max((s[1] for s in spans), default=now)
    parts = leaf("tt:DataFrom", _stamp(begin)) + leaf("tt:DataUntil", _stamp(end))
    parts += leaf("tt:NumberRecordings", len(camera.kept))
    return element("tse:GetRecordingSummaryResponse", element("tse:Summary", parts))


def _one_information(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    body = _information(camera, _named(camera, request), now)
    body = body.replace("tt:RecordingInformation>", "tse:RecordingInformation>")
    return element("tse:GetRecordingInformationResponse", body)


def _recordings(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    rows = (
        element(
            "trc:RecordingItem",
            leaf("tt:RecordingToken", kept.token),
            _configuration(camera, kept, "tt:Configuration"),
            element(
                "tt:Tracks",
                element(
                    "tt:Track",
                    leaf("tt:TrackToken", VIDEO_TRACK),
                    _track_configuration("tt:Configuration"),
                ),
            ),
        )
        for kept in camera.kept
    )
    return element("trc:GetRecordingsResponse", *rows)


def _configuration(camera: SimulatedCamera, kept: KeptVideo, name: str) -> str:
    source = _source(camera, kept, "tt:Source")
    return element(name, source, leaf("tt:Content", "Ghi liên tục"), leaf("tt:MaximumRetentionTime", "PT0S"))


def _track_configuration(name: str) -> str:
    return element(name, leaf("tt:TrackType", "Video"), leaf("tt:Description", "Video"))


def _recording_configuration(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    body = _configuration(camera, _named(camera, request), "trc:RecordingConfiguration")
    return element("trc:GetRecordingConfigurationResponse", body)


def _one_track(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    _named(camera, request)
    if request.argument("TrackToken") != VIDEO_TRACK:
        raise UnknownRecording
    body = _track_configuration("trc:TrackConfiguration")
    return element("trc:GetTrackConfigurationResponse", body)


def _replay_uri(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    uri = media_uri(camera, replay_path(_named(camera, request)))
    return element("trp:GetReplayUriResponse", f"<trp:Uri>{uri}</trp:Uri>")


def _replay_configuration(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
    body = element("trp:Configuration", leaf("tt:SessionTimeout", "PT60S"))
    return element("trp:GetReplayConfigurationResponse", body)


def _named(camera: SimulatedCamera, request: SoapRequest) -> KeptVideo:
    token = request.argument("RecordingToken")
    kept = next((one for one in camera.kept if one.token == token), None)
    if kept is None:
        raise UnknownRecording
    return kept


def _capabilities(prefix: str, **offered: str) -> Reply:
    def reply(camera: SimulatedCamera, request: SoapRequest, now: datetime) -> str:
        body = element(f"{prefix}:Capabilities", **offered)
        return element(f"{prefix}:GetServiceCapabilitiesResponse", body)

    return reply


REPLIES: dict[tuple[str, str], Reply] = {
    ("tse", "GetServiceCapabilities"): _capabilities("tse", MetadataSearch="false"),
    ("tse", "GetRecordingSummary"): _summary,
    ("tse", "GetRecordingInformation"): _one_information,
    ("trc", "GetServiceCapabilities"): _capabilities("trc", DynamicRecordings="false", DynamicTracks="false"),
    ("trc", "GetRecordings"): _recordings,
    ("trc", "GetRecordingConfiguration"): _recording_configuration,
    ("trc", "GetTrackConfiguration"): _one_track,
    ("trp", "GetServiceCapabilities"): _capabilities("trp", ReversePlayback="false", RTP_RTSP_TCP="true"),
    ("trp", "GetReplayUri"): _replay_uri,
    ("trp", "GetReplayConfiguration"): _replay_configuration,
}
