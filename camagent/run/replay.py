"""A recorded conversation in the place of a camera: judged again without a network. Opens no socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from camagent.interrogate.interview import InterviewOptions
from camagent.interrogate.replayed_interview import replay_interview
from camagent.model.clock import Clock
from camagent.model.device import DeviceFacts, DeviceTarget
from camagent.model.operator_error import OperatorError
from camagent.model.secret import Credential
from camagent.model.stream import FileTarget, StreamFacts, StreamTarget
from camagent.model.text import message
from camagent.model.uri import parse_stream_uri
from camagent.observe.stream_record import replay_stream
from camagent.run.context import JudgingContext, Run, RunPeriod
from camagent.run.recognition import finish
from camagent.run.turn import Doors
from camagent.run.visit import DeviceCheck, check_device
from camagent.wire.transcript import Transcript, read_transcript

MAX_STREAMS = 64  # of a transcript without a device: one is written for each stream that was named


async def replay_files(files: Sequence[Path], context: JudgingContext, clock: Clock) -> Run:
    """Everything in the transcripts, judged as one run.

    Raises: OperatorError naming the first file that is no transcript.
    """
    checks: list[DeviceCheck] = []
    for file in files:
        try:
            checks += await replay(read_transcript(file), clock)
        except OperatorError as error:
            raise OperatorError(message("cli.bad_transcript", path=str(file), reason=error.problem)) from None
    now = clock.now()
    began_at = min((check.checked_at for check in checks), default=now)
    return finish(checks, context, RunPeriod(began_at, now, "check", None))


async def replay(transcript: Transcript, clock: Clock) -> tuple[DeviceCheck, ...]:
    """What the recorded visit shows by today's understanding: the device with its streams, or each named
    stream."""
    doors = _doors(transcript, clock)
    if transcript.target is not None:
        return (_dated(await check_device(transcript.target, None, doors)),)
    captures = transcript.captures()
    if len(captures) > MAX_STREAMS:
        raise OperatorError(message("transcript.too_large"))
    parsed = (parse_stream_uri(address) for address in captures)
    targets = [StreamTarget(stream[0]) for stream in parsed if stream is not None]
    return tuple([_dated(await check_device(target, None, doors)) for target in targets])


def _doors(transcript: Transcript, clock: Clock) -> Doors:
    captures = transcript.captures()

    async def ask(_target: DeviceTarget, _credential: Credential | None) -> DeviceFacts:
        return await replay_interview(transcript, InterviewOptions())

    async def watch(target: StreamTarget, _credential: Credential | None) -> StreamFacts:
        return replay_stream(target, captures.get(str(target.uri), ""))

    async def watch_file(_target: FileTarget) -> StreamFacts:
        raise ValueError("a transcript holds no media file")

    @asynccontextmanager
    async def admit(_bps: float) -> AsyncIterator[None]:
        yield

    return Doors(ask, watch, watch_file, admit, clock)


def _dated(check: DeviceCheck) -> DeviceCheck:
    """The check as of when it was recorded, where a stream says when."""
    starts = [stream.started_at for stream in check.streams if stream.started_at.year > 1970]
    return replace(check, checked_at=min(starts)) if starts else check
