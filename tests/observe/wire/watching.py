"""What the tests of the stream client share: one call to watch, a judge that keeps what it is given."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from camagent.model.fault import Fault
from camagent.model.secret import Credential, Secret
from camagent.model.stream import MeasuredStream, StreamAccess, StreamFacts, StreamTarget
from camagent.model.uri import StreamUri
from camagent.observe.picture.opinion import PictureReport
from camagent.observe.rtsp.client import StepLimits
from camagent.observe.watch import WatchDoors, WatchOptions, greet_stream, watch_stream
from camagent.platform.system_clock import SystemClock
from camagent.wire.login_ledger import LoginLedger

CREDENTIAL = Credential("viewer", Secret("Mật-khẩu#1"))
QUICK = StepLimits(connect_s=2.0, reply_s=0.6, first_packet_s=0.6, stall_s=0.8, teardown_s=0.5)


@dataclass
class KeepingJudge:
    """Answers as if everything decoded, and keeps the pictures."""

    pictures: list[tuple[str, bytes]] = field(default_factory=list)

    async def judge(
        self, codec: str, pictures: Sequence[bytes], keep_as: Path | None = None
    ) -> PictureReport | Fault:
        self.pictures += [(codec, picture) for picture in pictures]
        return PictureReport(len(pictures), 0, None, None, None)


@dataclass
class KeepingTranscript:
    """Keeps every word."""

    exchanges: list[tuple[str, str, str]] = field(default_factory=list)

    def note(self, protocol: str, doing: str, sent: str, received: str, elapsed_s: float) -> None:
        self.exchanges.append((doing, sent, received))


def doors(**changes: Any) -> WatchDoors:
    return WatchDoors(**{"clock": SystemClock(), "ledger": LoginLedger(), "pictures": None, **changes})


async def watch(
    uri: StreamUri, credential: Credential | None = None, door: WatchDoors | None = None, **options: Any
) -> StreamFacts:
    chosen = WatchOptions(**{"window_s": 0.35, "budget_s": 10.0, "limits": QUICK, **options})
    return await watch_stream(StreamTarget(uri), credential, chosen, door or doors())


def watch_now(uri: StreamUri, credential: Credential | None = None, **options: Any) -> StreamFacts:
    return asyncio.run(watch(uri, credential, **options))


async def greet(
    uri: StreamUri, credential: Credential | None = None, door: WatchDoors | None = None, **options: Any
) -> StreamAccess | Fault:
    chosen = WatchOptions(**{"budget_s": 10.0, "limits": QUICK, **options})
    return await greet_stream(StreamTarget(uri), credential, chosen, door or doors())


def measured(facts: StreamFacts) -> MeasuredStream:
    assert isinstance(facts.measured, MeasuredStream), facts
    return facts.measured
