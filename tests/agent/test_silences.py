"""Which silence the service calls a device's own, and which may be the network's or ours."""

from __future__ import annotations

from dataclasses import replace

import pytest

from camagent.agent.silences import Silences
from camagent.document.site_status import Reach
from camagent.model.device import DeviceFacts, DeviceTarget
from camagent.model.fault import Fault, FaultCode
from camagent.model.stream import StreamFacts
from camagent.run.turn import WatchedSource
from camagent.run.visit import DeviceCheck
from tests.builders import NOW, device_facts, fault, stream_facts

TARGET = DeviceTarget("192.0.2.1")
CHECK_S = 5.0


def check(device: DeviceFacts | Fault | None, *streams: StreamFacts, sources: int = 1) -> DeviceCheck:
    source = WatchedSource(None, None, streams)
    return DeviceCheck(TARGET, device, (source,) * sources, NOW, CHECK_S)


def stalled(*codes: FaultCode) -> StreamFacts:
    faults = tuple(fault(code, doing="TEARDOWN") for code in codes)
    return replace(stream_facts(measured=fault(FaultCode.STALLED), image=None), faults=faults)


GOOD = check(device_facts(), stream_facts())
DEAD = check(fault(FaultCode.UNREACHABLE))
BROKEN_OFF = check(device_facts(), stalled(FaultCode.TIMEOUT))
HUNG = check(device_facts(), stream_facts(measured=fault(FaultCode.TIMEOUT), image=None))


class Watched:
    """Devices named by letters; every check ends, and every question is answered, at the given second."""

    def __init__(self, devices: str = "abc") -> None:
        self.silences = Silences()
        self.checks: dict[str, DeviceCheck] = {}
        for device in devices:
            self.check(device, GOOD, 0.0)

    def check(self, device: str, brought: DeviceCheck, at_s: float) -> None:
        self.silences.note_check(device, brought, self.checks.get(device), at_s)
        self.checks[device] = brought

    def reach(self, devices: str, up: bool | None, at_s: float) -> None:
        code = None if up else FaultCode.UNREACHABLE
        for device in devices:
            self.silences.note_reach(device, Reach(up, NOW, code), at_s - 1.0, at_s)

    def unblamed(self, devices: str, now_s: float) -> str:
        marks = {device: self.silences.marked(device, self.checks[device], now_s) for device in devices}
        return "".join(device for device in devices if marks[device].fell_silent)


def test_a_network_that_goes_is_no_cameras_fault_from_the_first_to_the_last_of_them() -> None:
    school = Watched()
    school.check("a", DEAD, 20.0)  # nobody else was asked yet
    assert school.unblamed("a", 20.0) == "a"
    school.reach("b", False, 40.0)
    school.check("c", BROKEN_OFF, 60.0)
    school.check("b", DEAD, 80.0)
    assert school.unblamed("abc", 80.0) == "abc"
    # it comes back, and its cameras boot one after the other
    school.reach("a", True, 200.0)
    school.reach("b", False, 220.0)
    school.check("a", GOOD, 240.0)
    assert school.unblamed("bc", 240.0) == "bc"
    # who stays away when the others are long back
    school.reach("a", True, 400.0)
    school.reach("b", False, 420.0)
    school.reach("a", True, 440.0)
    school.reach("b", False, 460.0)
    assert school.unblamed("b", 460.0) == ""


@pytest.mark.parametrize("brought", [DEAD, BROKEN_OFF])
def test_a_camera_that_is_silent_while_another_is_heard_is_dead(brought: DeviceCheck) -> None:
    school = Watched()
    school.check("a", brought, 20.0)
    school.reach("b", True, 30.0)
    assert school.unblamed("a", 30.0) == "a"
    school.reach("a", False, 60.0)
    assert school.unblamed("a", 60.0) == ""


def test_in_a_round_where_all_are_asked_at_once_it_is_known_at_once() -> None:
    school = Watched("")
    school.check("a", DEAD, 6.0)
    school.check("b", GOOD, 7.0)
    assert school.unblamed("a", 7.0) == ""


def test_a_switch_or_a_recorder_that_goes_takes_its_cameras_with_it() -> None:
    school = Watched("abcr")
    school.check("r", check(device_facts(), stream_facts(), sources=4), 5.0)
    school.reach("abc", True, 50.0)
    school.check("r", DEAD, 60.0)
    school.check("a", DEAD, 70.0)
    school.reach("b", False, 100.0)
    school.check("b", DEAD, 110.0)
    for at_s in (120.0, 180.0, 240.0):
        school.reach("c", True, at_s)
        school.reach("abr", False, at_s + 5)
    assert school.unblamed("abr", 250.0) == "abr"
    school.reach("br", True, 300.0)
    assert school.unblamed("a", 310.0) == "a"  # it may still boot
    assert school.unblamed("a", 300.0 + 200.0) == ""
    # one that goes at another time, alone
    school.reach("c", True, 900.0)
    school.check("c", DEAD, 960.0)
    school.reach("b", True, 970.0)
    school.reach("c", False, 980.0)
    assert school.unblamed("c", 980.0) == ""


def test_who_answers_at_another_door_is_silent_by_itself() -> None:
    """Its streams ended and it said goodbye; or they hang at two checks, and it answers between them."""
    school = Watched("ab")
    school.check("a", check(device_facts(), stalled()), 20.0)
    assert school.unblamed("a", 20.0) == ""
    school.check("b", HUNG, 30.0)
    assert school.unblamed("b", 30.0) == "b"
    school.reach("b", True, 60.0)
    school.check("b", HUNG, 330.0)
    assert school.unblamed("b", 330.0) == ""


def test_what_says_nothing_of_the_others() -> None:
    lonely = Watched("a")
    lonely.check("a", DEAD, 20.0)
    assert lonely.silences.marked("a", DEAD, 20.0) is DEAD  # nobody to compare it with
    school = Watched("ab")
    school.check("a", DEAD, 20.0)
    school.reach("b", None, 30.0)  # we could not ask
    school.reach("a", False, 40.0)
    assert school.unblamed("a", 40.0) == "a"
    school.silences.drop("b")
    assert school.silences.marked("a", DEAD, 50.0) is DEAD
