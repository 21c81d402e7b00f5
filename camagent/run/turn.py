"""The watching of one device's streams: in which order, how many at once, and which of them again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

from camagent.model.clock import Clock
from camagent.model.device import DeviceFacts, DeviceTarget, MediaProfile
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.secret import Credential
from camagent.model.stream import (
    FileTarget,
    OtherStream,
    ProfileTarget,
    StreamFacts,
    StreamTarget,
)
from camagent.run.main_stream import (
    MAX_CANDIDATES,
    Candidate,
    SourcePlan,
    address_fault,
    configured_stream,
    left_out,
    main_first,
    main_place,
    plan_source,
    promoted,
    settings_of,
    wants_another,
)
from camagent.run.together import Together, at_once

# admission weight of a stream whose encoder told no bit rate; not a requirement
ASSUMED_STREAM_BPS = 8_000_000.0
# a camera ends long before by its own budgets; 64 channels of a recorder at 10 s each fit
DEVICE_BUDGET_S = 900.0


@dataclass(frozen=True, slots=True)
class Doors:
    """The world as one check sees it: every call has its own budget and answers with facts or faults."""

    interrogate: Callable[[DeviceTarget, Credential | None], Awaitable[DeviceFacts]]
    watch: Callable[[StreamTarget, Credential | None], Awaitable[StreamFacts]]
    watch_file: Callable[[FileTarget], Awaitable[StreamFacts]]
    admit: Callable[[float], AbstractAsyncContextManager[None]]
    """Waits for a free share of the bandwidth cap, given in bits per second."""
    clock: Clock
    budget_s: float = DEVICE_BUDGET_S
    """For one device; waiting for bandwidth is not counted. Streams beyond it are told as not watched."""
    glances_at_subs: bool = False
    """`watch` looks at a lighter stream for a shorter time than at a main one."""


@dataclass(frozen=True, slots=True)
class WatchedSource:
    """One video source of a device and what was seen of its streams."""

    video_source: str | None
    name: str | None
    streams: tuple[StreamFacts, ...]
    """Main first."""
    others: tuple[OtherStream, ...] = ()


@dataclass
class Turn:
    """The watching of one device's streams, as long as its budget lasts."""

    doors: Doors
    credential: Credential | None
    until_s: float

    async def watch(self, groups: Sequence[Sequence[MediaProfile]]) -> list[WatchedSource]:
        """One session at a time with a camera, a few with a recorder; a busy or locked source is left alone
        at once.

        Every main stream before any other: a recorder with more channels than time still shows what each
        sends.
        """
        plans = [plan_source(profiles) for profiles in groups]
        by_source: list[list[StreamFacts]] = [[] for _ in plans]
        together = Together(self._watch_stream, at_once(len(plans)))
        for rank in range(MAX_CANDIDATES):
            wanted = [
                (streams, plan.candidates[rank])
                for plan, streams in zip(plans, by_source, strict=True)
                if rank < len(plan.candidates)
                and not any(_refuses(stream) for stream in streams)
                and wants_another(plan.candidates[rank], streams)
            ]
            facts = await together.watch([candidate for _, candidate in wanted])
            for (streams, _), stream in zip(wanted, facts, strict=True):
                streams.append(stream)
        if self.doors.glances_at_subs:
            await self._look_longer(together, plans, by_source)
        return [
            seen_source(plan, main_first(streams)) for plan, streams in zip(plans, by_source, strict=True)
        ]

    async def _look_longer(
        self,
        together: Together[Candidate],
        plans: Sequence[SourcePlan],
        by_source: Sequence[list[StreamFacts]],
    ) -> None:
        """A stream that was only glanced at and turns out to be the main one is watched like one."""
        outlooks = [
            (streams, place, promoted(plan.candidates[place]))
            for plan, streams in zip(plans, by_source, strict=True)
            if (place := main_place(streams)) > 0
        ]
        facts = await together.watch([candidate for _, _, candidate in outlooks])
        for (streams, place, _), stream in zip(outlooks, facts, strict=True):
            streams[place] = stream

    async def _watch_stream(self, candidate: Candidate) -> StreamFacts:
        doors, clock, target = self.doors, self.doors.clock, candidate.target
        settings = settings_of(candidate.profile)
        configured = configured_stream(settings)
        if isinstance(target, ProfileTarget):
            untold = address_fault(candidate.profile)
            return StreamFacts(target, configured, None, untold, None, None, clock.now(), (untold,))
        if clock.monotonic_s() >= self.until_s:
            spent = cut_short(0.0)
            return StreamFacts(target, configured, None, spent, None, None, clock.now(), (spent,))
        queued_s = clock.monotonic_s()
        async with doors.admit(
            settings.bitrate_bps or ASSUMED_STREAM_BPS if settings else ASSUMED_STREAM_BPS
        ):
            self.until_s += clock.monotonic_s() - queued_s
            stream = await doors.watch(target, self.credential)
        return replace(stream, configured=configured)


def seen_source(plan: SourcePlan, streams: tuple[StreamFacts, ...]) -> WatchedSource:
    """The source with the streams of its plan that were looked at."""
    first = plan.profiles[0]
    return WatchedSource(first.video_source, first.video_source_name, streams, left_out(plan, streams))


def _refuses(stream: StreamFacts) -> bool:
    """The stream itself, not the question for its address, was refused in a way that asks for peace."""
    fault = stream.fault
    return fault is not None and fault.code in LEAVE_ALONE and isinstance(stream.target, StreamTarget)


LEAVE_ALONE = frozenset(
    (
        *(FaultCode.LOCKED_OUT, FaultCode.AUTH_REJECTED, FaultCode.AUTH_UNCLEAR),
        *(FaultCode.AUTH_WEAKER, FaultCode.AUTH_STRANGER),
        *(FaultCode.BUSY, FaultCode.UNREACHABLE),
    )
)


def cut_short(elapsed_s: float, defect: str | None = None) -> Fault:
    """The fault of a check that outlived everything it was allowed, or that a bug of ours ended."""
    code = FaultCode.BUDGET_SPENT if defect is None else FaultCode.DEFECT
    return Fault(code, Stage.OBSERVE, "check", elapsed_s)
