"""Recordings of camagent 0.1.0, as it wrote them, are read by every later version."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from camagent.interrogate.replayed_interview import ReplayClock, ReplayDoor
from camagent.model.fault import FaultCode
from camagent.model.operator_error import OperatorError
from camagent.model.stream import ImageFacts, MeasuredStream, StreamTarget
from camagent.observe.stream_record import record_from_text, replay_stream
from camagent.wire.transcript import parse_transcript, read_transcript
from tests import builders

FILE = Path(__file__).with_name("recordings") / "version-0.1.0.transcript.json"


def test_its_device_and_certificate_are_read() -> None:
    transcript = read_transcript(FILE)
    assert transcript.target == builders.device_facts().target
    door = ReplayDoor(transcript.exchanges, ReplayClock())
    assert asyncio.run(door.handshake("192.0.2.11", 443, 1.0)) == builders.tls_facts()


def test_its_streams_are_judged_again() -> None:
    watched, refused = read_transcript(FILE).captures().values()
    facts = replay_stream(StreamTarget(builders.stream_uri()), watched)
    assert isinstance(facts.measured, MeasuredStream) and facts.measured.keyframes_decoded == 2
    assert isinstance(facts.image, ImageFacts) and facts.image.luma_mean == 118.0
    assert facts.faults[0].status == 461 and facts.started_at == builders.NOW
    record = record_from_text(refused)
    assert record is not None and record.fault == builders.fault()
    assert record.report == builders.fault(FaultCode.DECODE_FAILED)


@pytest.mark.parametrize("target", [{}, [], "192.0.2.11", {"host": 7}, {"host": "a", "port": "80"}])
def test_a_target_that_is_none_is_damage(target: object) -> None:
    document = json.loads(FILE.read_text(encoding="utf-8")) | {"target": target}
    with pytest.raises(OperatorError):
        parse_transcript(json.dumps(document))
