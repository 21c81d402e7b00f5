"""A flood of announcements: which of the announced addresses accept a connection?

Anybody on the wire can announce addresses by the thousand. Asked one by one, with the usual time limits,
they would delay the real cameras for minutes; so all are asked at once for a connection. Without
credentials.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from camagent.discover.pace import Pace
from camagent.discover.plan import DiscoveryPlan
from camagent.discover.second_address import door_of
from camagent.discover.tcp_probe import PortAnswer, ask_onvif
from camagent.model.clock import Clock
from camagent.model.discovery import Sighting

# announced in one search: more than any recorder has cameras, and than any school
FLOOD = 256
MAX_CONNECTIONS = 384  # at once; the service keeps some of its 1,024 files for its cameras
_NOBODY = frozenset({PortAnswer.SILENT, PortAnswer.UNREACHABLE})


async def without_silent(
    plan: DiscoveryPlan, clock: Clock, sightings: Sequence[Sighting], alive_hosts: Collection[str]
) -> tuple[tuple[Sighting, ...], tuple[Sighting, ...]]:
    """The sightings where something takes or refuses a connection, and the others.

    alive_hosts: addresses of which more was heard than an announcement; they are not asked. Fewer than
    `FLOOD` are no flood: a visit is more patient, and all of them stay.
    """
    if len(sightings) <= FLOOD:
        return tuple(sightings), ()
    pace, gate = Pace(plan.pacing.connect_hz, clock), asyncio.Semaphore(MAX_CONNECTIONS)

    async def is_silent(sighting: Sighting) -> bool:
        if sighting.target.host in alive_hosts:
            return False
        door, path = door_of(plan, sighting.target)
        async with gate:
            await pace.turn()
            return (await ask_onvif(door, path)).answer in _NOBODY

    silent = await asyncio.gather(*(is_silent(sighting) for sighting in sightings))
    pairs = list(zip(sightings, silent, strict=True))
    alive = (sighting for sighting, nobody in pairs if not nobody)
    return tuple(alive), tuple(sighting for sighting, nobody in pairs if nobody)
