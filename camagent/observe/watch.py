"""The door to streams: `watch_stream` for the facts of one stream, `greet_stream` for its door alone. I/O.

The order of a visit: connect, OPTIONS, DESCRIBE as anybody, log in where asked, SETUP of the video track,
PLAY, watch, TEARDOWN. A busy camera gets one more visit, later. Pictures are decoded elsewhere
(`PictureJudge`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from camagent.model.clock import Clock
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.kept_names import picture_stem
from camagent.model.secret import Credential
from camagent.model.stream import (
    StreamAccess,
    StreamFacts,
    StreamRole,
    StreamTarget,
    TransportChoice,
)
from camagent.observe.capture import Capture, SecondOpinion, TrackDescription
from camagent.observe.codec.table import CODECS, DECODED, decodable_picture
from camagent.observe.picture.opinion import PictureJudge, PictureReport
from camagent.observe.picture_source import picture_source
from camagent.observe.receiver import TrackReceiver
from camagent.observe.rtsp.client import RtspClient, RtspTranscript, StepLimits
from camagent.observe.rtsp.connect import Approach, open_connection
from camagent.observe.rtsp.login import RtspLogin
from camagent.observe.rtsp.session import DescribeReply, RtspSession
from camagent.observe.rtsp.window import Watching
from camagent.observe.rtsp.window_plan import WindowPlan
from camagent.observe.second_opinion import FIRST_PACKET_S, SECOND_WINDOW_S, is_undecided, opinion_of
from camagent.observe.stream_record import StreamRecord, record_to_text, stream_facts
from camagent.wire.login_ledger import LoginLedger

# before the one polite later try: sessions of a viewer that has just left are freed by then
BUSY_WAIT_S = 5.0
GLANCE_S = 1.5  # of a lighter stream, where somebody waits: 15 frames at the slowest usual rate of 10 fps


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """How to watch one stream."""

    window_s: float = 5.0
    transport: TransportChoice = TransportChoice.AUTO
    pictures: int = 2
    """Keyframes to decode, spread over the window; 0: none."""
    budget_s: float = 30.0
    """Everything: connecting, one later try of a busy camera, pictures, TEARDOWN."""
    sub_window_s: float | None = None
    """Of a lighter stream, which no requirement measures; None: as long as of a main one."""
    keep_images: Path | None = None
    """Only where the operator asked for pictures in this run."""
    limits: StepLimits = field(default_factory=StepLimits)


@dataclass(frozen=True, slots=True)
class WatchDoors:
    """What a visit needs of the rest of the program."""

    clock: Clock
    ledger: LoginLedger
    pictures: PictureJudge | None
    transcript: RtspTranscript | None = None
    tls: str | None = None
    """The certificate's fingerprint from earlier runs; none, or another one now, gets no Basic log-in."""
    opening: asyncio.Lock | None = None
    """Held while a stream is asked for and logged in to, where several of one device are watched at a time: a
    refused log-in is known before the next would be sent."""


@dataclass(slots=True)
class _Notes:
    """What is learned on the way and must survive whatever ends it."""

    access: StreamAccess | None = None
    description: TrackDescription | None = None
    capture: Capture | None = None
    faults: list[Fault] = field(default_factory=list)
    judging: asyncio.Task[PictureReport | Fault] | None = None


@dataclass(frozen=True, slots=True)
class _Visit:
    """The arguments of one visit."""

    target: StreamTarget
    credential: Credential | None
    options: WatchOptions
    doors: WatchDoors
    started_at: datetime
    deadline_s: float
    asks_options: bool = True


def _visit(
    target: StreamTarget, credential: Credential | None, options: WatchOptions, doors: WatchDoors
) -> _Visit:
    deadline_s = doors.clock.monotonic_s() + options.budget_s
    if target.role is StreamRole.SUB and options.sub_window_s is not None:
        options = replace(options, window_s=min(options.window_s, options.sub_window_s))
    return _Visit(target, credential, options, doors, doors.clock.now(), deadline_s)


async def watch_stream(
    target: StreamTarget, credential: Credential | None, options: WatchOptions, doors: WatchDoors
) -> StreamFacts:
    """All that one window shows of one stream; numbers of one that stopped or never began are a Fault."""
    visit, notes = _visit(target, credential, options, doors), _Notes()
    try:
        fault = await _watch_once(visit, notes)
        if fault is not None and _may_pass(fault) and _time_for_another(visit):
            notes.faults.append(fault)
            await doors.clock.sleep(BUSY_WAIT_S)
            fault = await _watch_once(visit, notes)
        if fault is None and notes.capture is not None and _may_ask_twice(visit, notes.capture):
            notes.capture = replace(notes.capture, second_opinion=await _second_look(visit))
        report = await _pictures(visit, notes)
    finally:
        if notes.judging is not None:
            notes.judging.cancel()
    record = _record(visit, notes, fault, report)
    if doors.transcript is not None:
        elapsed_s = doors.clock.monotonic_s() - (visit.deadline_s - options.budget_s)
        doors.transcript.note("capture", str(target.uri), "", record_to_text(record), elapsed_s)
    return stream_facts(record, target)


async def greet_stream(
    target: StreamTarget, credential: Credential | None, options: WatchOptions, doors: WatchDoors
) -> StreamAccess | Fault:
    """OPTIONS and DESCRIBE only: who is let in, and how."""
    visit = _visit(target, credential, options, doors)
    answer, again = await _greet_at(visit)
    return answer if again is None else (await _greet_at(again))[0]


async def _greet_at(visit: _Visit) -> tuple[StreamAccess | Fault, _Visit | None]:
    async with _session(visit) as session:
        if isinstance(session, Fault):
            return session, None
        described = await session.describe()
        if isinstance(described, Fault):
            return described, _another(visit, session)
        return session.access(), None


def _another(visit: _Visit, session: RtspSession) -> _Visit | None:
    """One more visit: where the server sends us on to (same host), or without OPTIONS, where it hung up."""
    if session.hung_up_at_options:
        return replace(visit, asks_options=False)
    moved_to = session.moved_to
    return None if moved_to is None else replace(visit, target=replace(visit.target, uri=moved_to))


@asynccontextmanager
async def _session(visit: _Visit) -> AsyncIterator[RtspSession | Fault]:
    """A connected session that is torn down and hung up whatever happens inside."""
    doors, options = visit.doors, visit.options
    uri = visit.target.uri
    connected_s = doors.clock.monotonic_s()
    connection = await open_connection(uri, Approach(doors.clock, options.limits, visit.deadline_s))
    if isinstance(connection, Fault):
        yield connection
        return
    trusted = connection.encrypted and doors.tls is not None and doors.tls == connection.tls_fingerprint
    login = RtspLogin((uri.host, uri.port), visit.credential, doors.ledger, encrypted=trusted)
    client = RtspClient(connection, login, doors.clock, options.limits)
    client.deadline_s, client.transcript = visit.deadline_s, doors.transcript
    session = RtspSession(client, uri, asks_options=visit.asks_options)
    session.connected_s = connected_s
    try:
        yield session
        if connection.defect is not None:
            raise connection.defect  # our bug is ours: no Fault may stand for it
    finally:
        try:
            await session.tear_down()
        finally:
            connection.close()


async def _watch_once(visit: _Visit, notes: _Notes) -> Fault | None:
    """One visit, and another one where that may do better: the Fault that prevented watching."""
    fault, again = await _watch_at(visit, notes)
    if fault is not None and again is not None:
        notes.faults.append(fault)
        fault, _ = await _watch_at(again, notes)
    return fault


async def _watch_at(visit: _Visit, notes: _Notes) -> tuple[Fault | None, _Visit | None]:
    async with _session(visit) as session:
        if isinstance(session, Fault):
            return session, None
        fault = await _watch(visit, notes, session)
        again = _another(visit, session) if fault is not None else None
    stopped = notes.capture is not None and notes.capture.fault is not None
    if stopped and session.unanswered is not None:
        notes.faults.append(session.unanswered)  # the camera itself is gone, and not its video alone
    return fault, again


async def _watch(visit: _Visit, notes: _Notes, session: RtspSession) -> Fault | None:
    try:
        async with visit.doors.opening or nullcontext():
            described = await session.describe()
        if isinstance(described, Fault):
            return described
        notes.description = described.track
        unwatchable = _unwatchable(visit, described)
        if unwatchable is not None:
            return unwatchable
        watching = Watching(session, described, _plan(visit, notes, described))
        fault = await _look(visit, notes, watching, session.connected_s)
        if (
            fault is None
            or fault.doing != "SETUP"
            or fault.status is None
            or "SAVP" not in described.media.protocol
        ):
            return fault
        return replace(fault, code=FaultCode.UNSUPPORTED)
    finally:
        notes.access = session.access()


def _unwatchable(visit: _Visit, described: DescribeReply) -> Fault | None:
    """What is described is nothing that we can read."""
    if described.track.codec not in CODECS:
        return Fault(FaultCode.CODEC_UNSUPPORTED, Stage.OBSERVE, "DESCRIBE", 0.0)
    if described.wants_srtp and visit.options.transport is TransportChoice.UDP:
        return Fault(FaultCode.UNSUPPORTED, Stage.OBSERVE, "DESCRIBE", 0.0)
    return None  # else plain RTP is asked for inside the connection, and servers give it (MediaMTX)


async def _look(visit: _Visit, notes: _Notes, watching: Watching, connected_s: float) -> Fault | None:
    capture = await watching.run(connected_s)
    notes.faults += watching.faults
    if isinstance(capture, Fault):
        return capture
    notes.capture = capture
    if notes.judging is None and watching.track.builder.pictures:
        _begin_judging(visit, notes, capture.description, watching.track)
    return None


def _plan(visit: _Visit, notes: _Notes, described: DescribeReply) -> WindowPlan:
    wanted = visit.options.pictures if visit.doors.pictures and described.track.codec in DECODED else 0
    return WindowPlan(
        window_s=visit.options.window_s,
        transport=TransportChoice.TCP if described.wants_srtp else visit.options.transport,
        pictures=wanted,
        on_pictures=lambda track: _begin_judging(visit, notes, described.track, track),
    )


def _begin_judging(visit: _Visit, notes: _Notes, description: TrackDescription, track: TrackReceiver) -> None:
    """Hand the keyframes over as soon as they are there: they are the largest thing that a watch holds."""
    judge = visit.doors.pictures
    assert judge is not None
    source = picture_source(description, track)
    kept = track.builder.hand_over()
    units = [unit for each in kept if (unit := decodable_picture(each.payloads, source)) is not None]
    if units:
        notes.judging = asyncio.create_task(_judge(visit, judge, description.codec, units))


async def _judge(visit: _Visit, judge: PictureJudge, codec: str, units: list[bytes]) -> PictureReport | Fault:
    clock = visit.doors.clock
    started_s = clock.monotonic_s()
    try:
        async with asyncio.timeout(max(0.0, visit.deadline_s - started_s)) as ending:
            return await judge.judge(codec, units, _image_path(visit))
    except TimeoutError:
        if not ending.expired():
            raise
        return Fault(FaultCode.BUDGET_SPENT, Stage.OBSERVE, "decode", clock.monotonic_s() - started_s)


def _image_path(visit: _Visit) -> Path | None:
    folder = visit.options.keep_images
    return None if folder is None else picture_stem(folder, visit.target)


async def _pictures(visit: _Visit, notes: _Notes) -> PictureReport | Fault | None:
    report = await notes.judging if notes.judging is not None else None
    if isinstance(report, Fault) and report.code is FaultCode.BUDGET_SPENT and notes.capture is not None:
        notes.capture = replace(notes.capture, limits=(*notes.capture.limits, "decode_queue"))
    return report


def _may_ask_twice(visit: _Visit, capture: Capture) -> bool:
    """The operator allows datagrams, what was seen of the main stream is undecided, and there is time."""
    allowed = visit.options.transport is TransportChoice.AUTO and visit.target.uri.scheme == "rtsp"
    if not allowed or visit.target.role is not StreamRole.MAIN or not is_undecided(capture):
        return False
    left_s = visit.deadline_s - visit.doors.clock.monotonic_s()
    return left_s > SECOND_WINDOW_S + FIRST_PACKET_S


async def _second_look(visit: _Visit) -> SecondOpinion | None:
    """A session of its own over datagrams, after the first has ended; None where it cannot be had."""
    limits = replace(visit.options.limits, first_packet_s=FIRST_PACKET_S)
    options = replace(
        visit.options, window_s=SECOND_WINDOW_S, transport=TransportChoice.UDP, pictures=0, limits=limits
    )
    notes = _Notes()
    await _watch_once(replace(visit, options=options), notes)
    return None if notes.capture is None else opinion_of(notes.capture)


def _may_pass(fault: Fault) -> bool:
    """What a server says of its own state, and not of the request."""
    return fault.code is FaultCode.BUSY or fault.status in (500, 502, 504)


def _time_for_another(visit: _Visit) -> bool:
    """Waiting leaves enough of the budget for a whole window."""
    left_s = visit.deadline_s - visit.doors.clock.monotonic_s()
    return left_s > BUSY_WAIT_S + visit.options.window_s


def _record(
    visit: _Visit, notes: _Notes, fault: Fault | None, report: PictureReport | Fault | None
) -> StreamRecord:
    return StreamRecord(
        started_at=visit.started_at,
        fault=fault,
        faults=tuple(notes.faults),
        access=notes.access,
        description=notes.description,
        capture=notes.capture if fault is None else None,
        report=report,
    )
