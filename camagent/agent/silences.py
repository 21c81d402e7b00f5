"""Whether a device that fell silent did so alone: by when the service heard the others. Pure.

The service asks one device after the other, so that the checks of a pulled cable lie minutes apart. A silence
is the device's own once another one was heard while it lasted; until then it may be the network's or ours.
All times are seconds of the monotonic clock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum, auto

from camagent.document.site_status import Reach
from camagent.model.device import DeviceFacts
from camagent.model.fault import NOT_HEARD, Fault, FaultCode
from camagent.run.common_silence import MIN_SOURCES, NOBODY_THERE
from camagent.run.visit import DeviceCheck

BOOT_S = 180.0  # behind a switch that comes back, cameras begin to answer one after the other
VANISHED_WITHIN_S = 150.0  # two rounds of the cheap question: between them lies the moment of a silence


class _LastWord(Enum):
    """How a check of a device ended."""

    HEARD = auto()
    SILENCE = auto()
    """It answered, and then a stream was silent, or ended and left our farewell unanswered."""
    NOTHING = auto()
    """It answered nothing at all."""
    OWN = auto()
    """Its last stream ended, and it answered our farewell: the network was there."""


@dataclass(slots=True)
class _TimesHeard:
    """When one device was heard and when not."""

    heard_from_s: float = -math.inf
    heard_to_s: float = -math.inf
    """The last time that it was heard, without a break."""
    back_s: float = -math.inf
    """Since when it answers again after its last silence."""
    sources: int = 1
    before_s: float = -math.inf
    """Of its last silence: when it was heard before,"""
    silent_from_s: float = math.inf
    silent_to_s: float = -math.inf
    """… and from when to when it was asked in vain."""
    is_silent: bool = False
    alone: bool = False
    """Another device was heard during that silence, or it answered itself: it is not the network's."""

    def hear(self, from_s: float, to_s: float) -> None:
        self.back_s = from_s if self.is_silent else self.back_s
        self.heard_from_s, self.heard_to_s, self.is_silent = from_s, to_s, False

    def miss(self, from_s: float, to_s: float) -> None:
        if not self.is_silent:
            self.before_s, self.silent_from_s = self.heard_to_s, from_s
            self.is_silent, self.alone = True, False
        self.silent_to_s = to_s

    def testifies(self, other: _TimesHeard) -> bool:
        """It was heard during the other's silence, and had not just come back with all the rest."""
        meets = self.heard_to_s >= other.silent_from_s and self.heard_from_s <= other.silent_to_s
        return meets and self.heard_to_s >= self.back_s + BOOT_S

    def vanished_with(self, other: _TimesHeard, now_s: float) -> bool:
        """Both fell silent at what may be one moment, and the other one is not back for long."""
        gone = other.is_silent or now_s < other.back_s + BOOT_S
        meets = self.before_s <= other.silent_from_s and other.before_s <= self.silent_from_s
        return gone and meets and other.has_vanished

    @property
    def has_vanished(self) -> bool:
        """It was heard shortly before it fell silent."""
        return self.silent_from_s - self.before_s <= VANISHED_WITHIN_S


class Silences:
    """Of all devices of a site, by their keys."""

    def __init__(self) -> None:
        self._devices: dict[str, _TimesHeard] = {}

    def note_check(self, key: str, check: DeviceCheck, before: DeviceCheck | None, ended_s: float) -> None:
        """A whole conversation ended. `before`: the one before it with the same device."""
        began_s, end, device = ended_s - check.duration_s, _end(check), self._device(key)
        if end is _LastWord.NOTHING:
            device.miss(began_s, ended_s)
        elif end is _LastWord.SILENCE:
            # it answered since the last check that ended so: the network is there
            again = not device.is_silent and before is not None and _end(before) is _LastWord.SILENCE
            if _answered(check):
                device.hear(began_s, began_s)
            device.miss(ended_s, ended_s)
            device.alone |= again
        else:
            device.hear(began_s, ended_s if end is _LastWord.HEARD else began_s)
            device.alone, device.sources = True, len(check.sources)
        self._compare(key)

    def note_reach(self, key: str, reach: Reach, from_s: float, to_s: float) -> bool:
        """The cheap question was asked; True where a silence turned out to be a device's own."""
        device = self._device(key)
        if reach.up:
            device.hear(to_s, to_s)
        elif reach.up is False and reach.fault is not FaultCode.REFUSED:
            device.miss(from_s, to_s)
        return self._compare(key)

    def drop(self, key: str) -> None:
        """The device is watched no longer."""
        self._devices.pop(key, None)

    def marked(self, key: str, check: DeviceCheck, now_s: float) -> DeviceCheck:
        """The check with whether its silence may be the network's or ours; as it is where there is no
        other device."""
        device, others = self._device(key), self._others(key)
        if not others:
            return check
        vanished = device.has_vanished and (
            device.sources >= MIN_SOURCES or any(device.vanished_with(other, now_s) for other in others)
        )
        return replace(check, fell_silent=not device.alone or vanished)

    def _device(self, key: str) -> _TimesHeard:
        return self._devices.setdefault(key, _TimesHeard())

    def _others(self, key: str) -> list[_TimesHeard]:
        return [device for other, device in self._devices.items() if other != key]

    def _compare(self, key: str) -> bool:
        """What is newly known of one device, laid beside all others."""
        device, changed = self._device(key), False
        for other in self._others(key):
            for silent, witness in ((device, other), (other, device)):
                if not silent.alone and witness.testifies(silent):
                    silent.alone = changed = True
        return changed


def _end(check: DeviceCheck) -> _LastWord:
    if isinstance(check.device, Fault) and check.device.code in NOBODY_THERE:
        return _LastWord.NOTHING
    last = check.streams[-1] if check.streams else None
    if last is None or last.fault is None or last.fault.code not in NOT_HEARD:
        return _LastWord.HEARD
    farewell = any(fault.code in NOBODY_THERE for fault in last.faults)
    return _LastWord.SILENCE if farewell or last.fault.code in NOBODY_THERE else _LastWord.OWN


def _answered(check: DeviceCheck) -> bool:
    ends = [stream.fault.code if stream.fault is not None else None for stream in check.streams]
    return isinstance(check.device, DeviceFacts) or any(code not in NOBODY_THERE for code in ends)
