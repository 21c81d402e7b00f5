"""What is left of a check that the user ended. Pure."""

from __future__ import annotations

from datetime import datetime

from camagent.model.device import DeviceFacts, DeviceTarget
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.stream import StreamFacts
from camagent.run.main_stream import configured_stream, plan_source, settings_of, video_sources
from camagent.run.turn import WatchedSource, seen_source
from camagent.run.visit import DeviceCheck, Target, silence_of


def stopped_check(target: Target, facts: DeviceFacts | None, now: datetime) -> DeviceCheck:
    """A check that the user ended: what the device had said by then, and its streams not watched.

    facts: None where it had not answered all questions yet.
    """
    fault = Fault(FaultCode.STOPPED, Stage.OBSERVE if facts else Stage.INTERROGATE, "check", 0.0)
    sources = []
    for profiles in video_sources(facts) if facts is not None else ():
        plan = plan_source(profiles)
        stopped = [
            StreamFacts(
                one.target,
                configured_stream(settings_of(one.profile)),
                None,
                fault,
                None,
                None,
                now,
                (fault,),
            )
            for one in plan.candidates[:1]
        ]
        sources.append(seen_source(plan, tuple(stopped)))
    device: DeviceFacts | Fault | None = None
    if facts is not None:
        device = silence_of(facts) or facts
    elif isinstance(target, DeviceTarget):
        device = fault
    return DeviceCheck(target, device, tuple(sources) or (WatchedSource(None, None, ()),), now, 0.0)
