"""Cameras that have another id than before: a recorder's other channel, a school that began a new record.
Pure.

A decision about public money goes with a camera only where no other one can be meant.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from camagent.document.school_sightings import SightingView


@dataclass(frozen=True, slots=True)
class Move:
    """One camera under two ids."""

    from_id: str
    to_id: str
    name: str
    site: str
    address: str


Sign = tuple[str, ...]


def moves_of(
    missing: Sequence[SightingView], unmet: Sequence[SightingView], shared: AbstractSet[Sign]
) -> tuple[Move, ...]:
    """Each missing camera with the only new one of its school that has its serial number and name, or one of
    them.

    shared: (school, serial number) of several cameras that are there now: the channels of a recorder, where
    the name decides. Two different serial numbers are two devices, whatever their names.
    """
    moves: dict[str, Move] = {}

    def serial(item: SightingView) -> Sign | None:
        sign = (item.site_id, item.serial)
        return sign if item.serial and sign not in shared else None

    for sign in (_serial_and_name, serial, _name):
        left = [item for item in missing if item.row_id not in moves]
        met = {move.to_id for move in moves.values()}
        fresh = _alone([item for item in unmet if item.row_id not in met], sign)
        for key, item in _alone(left, sign).items():
            other = fresh.get(key)
            if other is not None and not (item.serial and other.serial and item.serial != other.serial):
                moves[item.row_id] = Move(item.row_id, other.row_id, other.name, other.site, other.address)
    return tuple(moves.values())


def _alone(
    items: Sequence[SightingView], sign: Callable[[SightingView], Sign | None]
) -> dict[Sign, SightingView]:
    """By sign, the cameras that share it with no other one."""
    groups: dict[Sign, list[SightingView]] = defaultdict(list)
    for item in items:
        own = sign(item)
        if own is not None:
            groups[own].append(item)
    return {key: group[0] for key, group in groups.items() if len(group) == 1}


def _serial_and_name(item: SightingView) -> Sign | None:
    named = _name(item)
    return (*named, item.serial) if named and item.serial else None


def _name(item: SightingView) -> Sign | None:
    return (item.site_id, item.name) if item.name not in ("", item.address) else None
