"""The simulated recorder's recording, search and replay services: read by a client of others, and read by
ours as they truly are."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from lxml import etree

from camagent.interrogate.interview import InterviewDoors, interrogate
from camagent.model.device import DeviceFacts, DeviceTarget
from camagent.model.fault import Fault, FaultCode
from camagent.model.onvif import RECORDING_NS, REPLAY_NS, SEARCH_NS
from camagent.model.recordings import RecordingFacts
from camagent.model.secret import Credential, Secret
from camagent.platform.system_clock import SystemClock
from camagent.simulator.onvif_media import source_token
from camagent.simulator.onvif_recording import PAGE_ROWS
from camagent.simulator.recorder import recorder
from camagent.simulator.school import SimulatedSchool
from camagent.simulator.simulated_camera import SimulatedCamera
from camagent.wire.login_ledger import LoginLedger
from tests.interrogate.test_interview import FAST
from tests.simulator.kept_runs import newest_run
from tests.simulator.schools import PASSWORD, in_school

CHANNELS = 32
PATHS = {SEARCH_NS: "search_service", RECORDING_NS: "recording_service", REPLAY_NS: "replay_service"}


def own_recorder(channels: int = CHANNELS, **changes: Any) -> SimulatedCamera:
    """At an address of this process, open to anybody unless told otherwise."""
    base = recorder(channels, PASSWORD)
    own: dict[str, Any] = {
        "address": f"127.10.{100 + os.getpid() % 150}.201",
        "http_port": 0,
        "rtsp_port": 0,
        "https_port": None,
        "door": replace(base.door, open_to_anyone=True),
    }
    return replace(base, **(own | changes))


async def ask(camera: SimulatedCamera, namespace: str, operation: str, content: str = "") -> etree._Element:
    """The body of one answer, as it came."""
    envelope = (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
        f'<{operation} xmlns="{namespace}">{content}</{operation}></s:Body></s:Envelope>'
    )
    url = f"http://{camera.address}:{camera.http_port}/onvif/{PATHS[namespace]}"
    async with aiohttp.ClientSession() as session, session.post(url, data=envelope.encode()) as response:
        root = etree.fromstring(await response.read())
    return root[-1][0]


@pytest.mark.parametrize(
    ("namespace", "operation", "content"),
    [
        (SEARCH_NS, "GetRecordingSearchResults", "<SearchToken>Search_77</SearchToken>"),
        (SEARCH_NS, "EndSearch", ""),
        (SEARCH_NS, "FindEvents", "<StartPoint>yesterday</StartPoint>"),
        (SEARCH_NS, "GetRecordingInformation", "<RecordingToken>none</RecordingToken>"),
        (RECORDING_NS, "GetTrackConfiguration", "<RecordingToken>Recording_1_1</RecordingToken>"),
        (REPLAY_NS, "GetReplayUri", ""),
    ],
)
def test_what_is_not_there_is_a_fault(namespace: str, operation: str, content: str) -> None:
    answer = in_school(
        [own_recorder(2)], lambda school: ask(school.cameras[0], namespace, operation, content)
    )
    assert answer.tag.endswith("}Fault") and "ter:InvalidToken" in etree.tostring(answer).decode()


def test_a_camera_without_a_recorder_has_no_such_service() -> None:
    camera = own_recorder(1, kept=())
    answer = in_school([camera], lambda school: ask(school.cameras[0], SEARCH_NS, "GetRecordingSummary"))
    assert answer.tag.endswith("}Fault") and "ActionNotSupported" in etree.tostring(answer).decode()


def read_by_zeep(camera: SimulatedCamera) -> tuple[Any, list[Any], list[Any]]:
    """Summary, recordings and changes, by a client that we did not write."""
    import onvif
    from onvif import ONVIFService
    from zeep.transports import Transport

    wsdl = Path(onvif.__file__).resolve().parent.parent / "wsdl" / "search.wsdl"
    search = ONVIFService(
        f"http://{camera.address}:{camera.http_port}/onvif/search_service",
        camera.door.user,
        PASSWORD,
        str(wsdl),
        encrypt=True,
        no_cache=True,
        binding_name=f"{{{SEARCH_NS}}}SearchBinding",
        transport=Transport(timeout=60, operation_timeout=60),
    )
    summary = search.GetRecordingSummary()
    rows, changes = [], []
    token = search.FindRecordings({"Scope": {}, "KeepAliveTime": timedelta(seconds=30)})
    while True:
        page = search.GetRecordingSearchResults({"SearchToken": token, "MaxResults": 100})
        rows += page.RecordingInformation
        if page.SearchState == "Completed":
            break
    asked = {
        "StartPoint": datetime(2000, 1, 1, tzinfo=UTC),
        "Scope": {},
        "SearchFilter": {},
        "IncludeStartState": True,
        "KeepAliveTime": timedelta(seconds=30),
    }
    token = search.FindEvents(asked)
    while True:
        page = search.GetEventSearchResults({"SearchToken": token, "MaxResults": 100})
        changes += page.Result
        if page.SearchState == "Completed":
            break
    return summary, rows, changes


def test_onvif_zeep_reads_every_recording_and_every_hole() -> None:
    camera = own_recorder()

    async def act(school: SimulatedSchool) -> tuple[Any, list[Any], list[Any]]:
        return await asyncio.to_thread(read_by_zeep, school.cameras[0])

    summary, rows, changes = in_school([camera], act)
    now = datetime.now(UTC)
    assert summary.NumberRecordings == len(rows) == len(camera.kept) > PAGE_ROWS
    for row, kept in zip(rows, camera.kept, strict=True):
        assert (row.RecordingToken, row.Source.SourceId) == (kept.token, source_token(kept.channel))
        spans = kept.spans(now)
        assert bool(row.Track) is bool(spans)
        for track in row.Track:
            assert abs((track.DataFrom - spans[0][0]).total_seconds()) < 10
            assert abs((track.DataTo - spans[-1][1]).total_seconds()) < 10
    starts = [row for row in changes if row.StartStateEvent]
    assert {row.RecordingToken for row in starts} == {kept.token for kept in camera.kept if kept.spans_h}
    edges = sum(len(set(chain.from_iterable(kept.spans_h)) - {0.0}) for kept in camera.kept)
    span_lists = [kept.spans_h for kept in camera.kept]
    pairs = chain.from_iterable(zip(hours, hours[1:], strict=False) for hours in span_lists)
    seams = sum(earlier[1] == later[0] for earlier, later in pairs)
    assert len(changes) == len(starts) + edges - seams


def test_camagent_onvif_reads_the_summary() -> None:
    """onvif-zeep behind the command of ours, in a process of its own."""
    camera = own_recorder(4)

    async def act(school: SimulatedSchool) -> subprocess.CompletedProcess[str]:
        true = school.cameras[0]
        command = [sys.executable, "-m", "camagent", "onvif", f"{true.address}:{true.http_port}", "search"]
        return await asyncio.to_thread(
            subprocess.run,
            [*command, "GetRecordingSummary", "--user", true.door.user],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=os.environ | {"CAMAGENT_PASSWORD": PASSWORD},
        )

    done = in_school([camera], act)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["NumberRecordings"] == len(camera.kept) == 4


def interviewed(camera: SimulatedCamera) -> RecordingFacts:
    """What our own interview reads of it."""

    async def act(school: SimulatedSchool) -> DeviceFacts:
        true = school.cameras[0]
        login = Credential(true.door.user, Secret(PASSWORD))
        doors = InterviewDoors(SystemClock(), LoginLedger())
        return await interrogate(DeviceTarget(true.address, true.http_port), login, FAST, doors)

    facts = in_school([camera], act)
    assert isinstance(facts.recording, RecordingFacts)
    return facts.recording


def test_our_interview_reads_each_channel_as_it_is() -> None:
    camera = own_recorder(8)
    channels = interviewed(camera).channels
    assert isinstance(channels, tuple)
    by_source = {channel.source: channel for channel in channels}
    now = datetime.now(UTC)
    for channel in range(1, 9):
        own = [kept.spans(now) for kept in camera.kept if kept.channel == channel]
        truth = sorted(chain.from_iterable(own))
        read = by_source[source_token(channel)]
        assert bool(read.spans) is bool(truth)
        if truth:
            assert abs((read.spans[0].begin - truth[0][0]).total_seconds()) < 10
            assert abs((read.spans[-1].end - truth[-1][1]).total_seconds()) < 10
            assert read.holes_told and newest_run(camera.kept, channel, now, 86_400.0) is not None
    assert len(by_source[source_token(2)].spans) == 3 and len(by_source[source_token(8)].spans) == 1


LACKING: dict[str, tuple[tuple[str, ...], Callable[[RecordingFacts], bool]]] = {
    "search": (("FindRecordings",), lambda read: isinstance(read.channels, Fault)),
    "events": (
        ("FindEvents",),
        lambda read: isinstance(read.channels, tuple) and not any(c.holes_told for c in read.channels),
    ),
    "results": (("GetRecordingSearchResults",), lambda read: isinstance(read.channels, Fault)),
}


@pytest.mark.parametrize("lacking", sorted(LACKING))
def test_a_recorder_that_lacks_a_part_proves_less_and_never_more(lacking: str) -> None:
    missing, holds = LACKING[lacking]
    camera = own_recorder(4)
    read = interviewed(replace(camera, faults=replace(camera.faults, missing=missing)))
    assert holds(read) and read.recordings == 4
    assert not isinstance(read.channels, Fault) or read.channels.code is FaultCode.UNSUPPORTED
