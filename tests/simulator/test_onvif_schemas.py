"""What we ask and what the simulator answers is valid by ONVIF's own schemas, message by message."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import pytest

from camagent.discover import tcp_probe
from camagent.interrogate import envelopes, recording_interview
from camagent.interrogate.auth import security_block
from camagent.interrogate.device_link import HttpRequest
from camagent.interrogate.envelopes import Question, addressing_blocks, render_envelope
from camagent.interrogate.interview import InterviewDoors, interrogate
from camagent.interrogate.soap import SoapDoor
from camagent.model.device import DeviceFacts, DeviceTarget
from camagent.model.fault import FaultCode
from camagent.model.onvif import MEDIA1_NS, MEDIA2_NS
from camagent.model.secret import Credential, Secret
from camagent.platform.system_clock import SystemClock
from camagent.simulator import onvif_device, onvif_media, onvif_recording
from camagent.simulator.default_school import default_school
from camagent.simulator.onvif_device import services
from camagent.simulator.onvif_recording import VIDEO_TRACK, SearchSessions
from camagent.simulator.onvif_xml import NAMESPACES, element, envelope, fault, parse_soap_request
from camagent.simulator.recorder import recorder
from camagent.simulator.settings import SETTERS
from camagent.simulator.simulated_camera import SimulatedCamera, encoder_token
from camagent.wire.http_reply import HttpReply
from camagent.wire.login_ledger import LoginLedger
from tests.each import each
from tests.interrogate.test_interview import FAST
from tests.simulator.onvif_schemas import refused
from tests.simulator.schools import PASSWORD, in_school, own_school
from tests.simulator.test_recorder_services import own_recorder

pytestmark = pytest.mark.slow  # the schemas take two seconds of processor

NOW = datetime(2026, 11, 28, 7, 0, tzinfo=UTC)
LOGIN = Credential("thầy & cô <1>", Secret("Hoc-sinh-7"))
SETUP = (
    '<StreamSetup><Stream xmlns="http://www.onvif.org/ver10/schema">RTP-Unicast</Stream>'
    '<Transport xmlns="http://www.onvif.org/ver10/schema"><Protocol>RTSP</Protocol></Transport></StreamSetup>'
)
BUILT: Mapping[str, list[Question[Any]]] = {
    "get_stream_uri": [
        envelopes.get_stream_uri(MEDIA1_NS, "a<b>&"),
        envelopes.get_stream_uri(MEDIA2_NS, "a<b>&"),
        envelopes.get_stream_uri(MEDIA2_NS, "P", protocol="RtspUnicast"),
    ],
    "get_snapshot_uri": [envelopes.get_snapshot_uri(ns, "a<b>&") for ns in (MEDIA1_NS, MEDIA2_NS)],
    "get_encoder_options": [envelopes.get_encoder_options(ns, "c<&", "p<&") for ns in (MEDIA1_NS, MEDIA2_NS)],
    "get_source_modes": [envelopes.get_source_modes(ns, "s<&") for ns in (MEDIA1_NS, MEDIA2_NS)],
    "get_encoders_of_profile": [envelopes.get_encoders_of_profile("a<b>&")],
}
"""Questions with arguments, by the function that makes them."""


def questions() -> list[Question[Any]]:
    """Every question that an interview can ask."""
    plain = [value for value in vars(envelopes).values() if isinstance(value, Question)]
    return [*plain, *chain.from_iterable(BUILT.values())]


def test_no_maker_of_questions_is_left_out() -> None:
    makers = {
        name
        for name, value in vars(envelopes).items()
        if inspect.isfunction(value) and "Question[" in str(value.__annotations__.get("return"))
    }
    assert makers == set(BUILT) and len(questions()) > 25


@each(questions(), lambda question: f"{question.namespace}#{question.operation}")
def test_every_question_is_valid(question: Question[Any]) -> None:
    blocks = ("", security_block(LOGIN, NOW, b"0123456789abcdef"))
    for block in (*blocks, addressing_blocks(question, "http://192.0.2.1/onvif?a=1&b=2", "1-2") + blocks[1]):
        complaints = refused(render_envelope(question, block))
        assert not complaints, complaints


def test_the_search_for_ports_asks_a_valid_question() -> None:
    assert refused(tcp_probe._QUESTION) == []


@dataclass
class Listening(SoapDoor):
    """The network door, and every request that went through it."""

    sent: list[bytes] = field(default_factory=list)

    async def post(self, request: HttpRequest, timeout_s: float) -> HttpReply | FaultCode:
        self.sent.append(request.body)
        return await super().post(request, timeout_s)


def sent_to(camera: SimulatedCamera) -> list[bytes]:
    """Every request of one interview with it."""
    door = Listening()

    async def run(school: Any) -> DeviceFacts:
        there = school.cameras[0]
        doors = InterviewDoors(SystemClock(), LoginLedger(), door=lambda: door)
        login = Credential(there.door.user, Secret(PASSWORD))
        return await interrogate(DeviceTarget(there.address, there.http_port), login, FAST, doors)

    in_school([camera], run)
    return door.sent


def test_every_request_of_an_interview_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sent_to(own_recorder(2, door=replace(own_recorder(2).door, open_to_anyone=False)))
    monkeypatch.setattr(recording_interview, "MAX_PAGES", 0)  # a search that is given up is ended
    cut = sent_to(own_recorder(2))
    camera = sent_to(own_school(1)[0])
    names = {parse_soap_request(body).operation for body in (*whole, *cut, *camera)}
    searches = {"FindRecordings", "FindEvents", "GetRecordingSearchResults", "GetEventSearchResults"}
    assert searches | {"EndSearch", "GetStreamUri", "GetUsers"} <= names
    complaints = list(chain.from_iterable(map(refused, (*whole, *cut, *camera))))
    assert not complaints, complaints


# --- the simulator

CAMERAS = (*default_school(16, PASSWORD), recorder(32, PASSWORD))
REPLIES = onvif_device.REPLIES | onvif_media.REPLIES | onvif_recording.REPLIES


def asked(prefix: str, operation: str, content: str = "") -> str:
    """A request to the simulator, itself valid."""
    return (
        f'<s:Envelope xmlns:s="{NAMESPACES["s"]}"><s:Body><{operation} xmlns="{NAMESPACES[prefix]}">{content}'
        f"</{operation}></s:Body></s:Envelope>"
    )


def contents(camera: SimulatedCamera, prefix: str, operation: str) -> list[str]:
    """What that operation is asked with, for every stream or recording."""
    recordings = [f"<RecordingToken>{kept.token}</RecordingToken>" for kept in camera.kept]
    if operation == "GetStreamUri":
        profiles = [f"<ProfileToken>{stream.token}</ProfileToken>" for stream in camera.streams]
        first = SETUP if prefix == "trt" else "<Protocol>RTSP</Protocol>"
        return [first + profile for profile in profiles]
    if operation == "GetVideoEncoderConfigurationOptions":
        tokens = [encoder_token(stream) for stream in camera.streams]
        return ["", *(f"<ConfigurationToken>{token}</ConfigurationToken>" for token in tokens)]
    if operation == "GetTrackConfiguration":
        return [f"{one}<TrackToken>{VIDEO_TRACK}</TrackToken>" for one in recordings]
    if operation == "GetReplayUri":
        return [SETUP + one for one in recordings]
    if operation in ("GetRecordingInformation", "GetRecordingConfiguration"):
        return recordings
    plain = {
        "GetServices": [f"<IncludeCapability>{word}</IncludeCapability>" for word in ("false", "true")],
        "GetImagingSettings": ["<VideoSourceToken>VS0</VideoSourceToken>"],
        "GetProfiles": ["", "<Type>All</Type>", "<Type>VideoEncoder</Type><Type>VideoSource</Type>"],
    }
    if (prefix, operation) == ("trt", "GetProfiles"):
        return [""]
    return plain.get(operation, [""])


def replies_of(camera: SimulatedCamera) -> dict[str, str]:
    """Request -> reply, of everything that it can be asked; of many channels the first and the last."""
    replies: dict[str, str] = {}
    for (prefix, operation), reply in REPLIES.items():
        if prefix not in services(camera):
            continue
        several = contents(camera, prefix, operation)
        for content in dict.fromkeys((*several[:3], several[-1])):
            request = asked(prefix, operation, content)
            replies[request] = envelope(reply(camera, parse_soap_request(request.encode()), NOW))
    return replies | (searches_of(camera) if camera.kept else {})


def searches_of(camera: SimulatedCamera) -> dict[str, str]:
    """Both searches from their beginning to their end, and one that is given up."""
    sessions, replies = SearchSessions(), {}

    def tell(operation: str, content: str) -> str:
        request = asked("tse", operation, content)
        reply = sessions.replies["tse", operation](camera, parse_soap_request(request.encode()), NOW)
        replies[request] = envelope(reply)
        return reply

    holes = recording_interview._find_holes(datetime(2000, 1, 1, tzinfo=UTC)).content
    finds = {
        "GetRecordingSearchResults": ("FindRecordings", "<Scope/><KeepAliveTime>PT30S</KeepAliveTime>"),
        "GetEventSearchResults": ("FindEvents", holes),
    }
    for results, (find, content) in finds.items():
        token = tell(find, content).partition("SearchToken>")[2].partition("<")[0]
        named = f"<SearchToken>{token}</SearchToken>"
        tell("GetSearchState", named)
        while "Completed" not in tell(results, f"{named}<MaxResults>50</MaxResults>"):
            assert len(replies) < 200
    token = tell(*finds["GetRecordingSearchResults"]).partition("SearchToken>")[2].partition("<")[0]
    tell("EndSearch", f"<SearchToken>{token}</SearchToken>")
    return replies


@each(CAMERAS, lambda camera: f"{camera.name} ({camera.model})")
def test_every_reply_of_the_simulator_is_valid(camera: SimulatedCamera) -> None:
    replies = replies_of(camera)
    names = {parse_soap_request(request.encode()).operation for request in replies}
    assert {operation for prefix, operation in REPLIES if prefix in services(camera)} <= names
    complaints = set(chain.from_iterable(map(refused, chain.from_iterable(replies.items()))))
    assert not complaints, sorted(complaints)[:5]


@each(list(SETTERS), lambda key: f"{key[0]}:{key[1]}")
def test_every_acknowledgement_of_the_simulator_is_valid(key: tuple[str, str]) -> None:
    assert refused(envelope(element(f"{key[0]}:{key[1]}Response"))) == []


def test_the_faults_of_the_simulator_are_valid() -> None:
    for subcodes in (("ter:NotAuthorized",), ("ter:InvalidArgVal", "ter:NoProfile")):
        for by_sender in (True, False):
            assert refused(fault(subcodes, "Ở đây không có & <gì>", by_sender=by_sender)) == []


def test_the_schemas_notice_what_is_wrong() -> None:
    """A wrong order, a word that is none, a number that is none, something missing, something foreign."""
    replies = replies_of(default_school(1, PASSWORD)[0])
    reply = next(text for request, text in replies.items() if "<Type>All" in request)
    name = reply.partition("<tr2:Name>")[2].partition("</tr2:Name>")[0]
    written = f"<tr2:Name>{name}</tr2:Name>"
    wrong = (
        reply.replace(written, "", 1),
        reply.replace(f"{written}<tr2:Configurations>", f"<tr2:Configurations>{written}", 1),
        reply.replace("<tt:FrameRateLimit>", "<tt:FrameRateLimit>viele", 1),
        reply.replace("<tt:Resolution>", "<tt:Name/><tt:Resolution>", 1),
        reply.replace("tr2:GetProfilesResponse", "tr2:GetProfileResponse"),
        asked("tds", "GetServices"),
    )
    assert refused(reply) == []
    assert all(text != reply and refused(text) for text in wrong)
