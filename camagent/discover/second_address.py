"""Devices that answered from another address than the one that they name: which one takes a connection?

The address that answered us is asked first, patiently; the named one is tried only if nothing speaks ONVIF
there, and only inside this network. Without credentials.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import replace

from camagent.discover.interfaces import is_private
from camagent.discover.plan import DiscoveryPlan
from camagent.discover.sightings import merge_sightings
from camagent.discover.tcp_probe import PortAnswer, TcpPort, ask_onvif
from camagent.discover.wsdiscovery import XAddr, rank_xaddrs, same_address
from camagent.model.device import DeviceTarget
from camagent.model.discovery import Sighting
from camagent.model.onvif import ONVIF_PATHS
from camagent.model.uri import web_port

MAX_DOUBTFUL = 64  # devices that are asked so; more that misname themselves are a flood
_STAYS = frozenset({PortAnswer.ONVIF, PortAnswer.LOGIN, PortAnswer.MUTE, PortAnswer.OURS})
_IS_IT = frozenset({PortAnswer.ONVIF, PortAnswer.LOGIN})


async def at_true_addresses(plan: DiscoveryPlan, sightings: Sequence[Sighting]) -> tuple[Sighting, ...]:
    """The sightings, each where it takes connections; those of one device at one address are one."""
    doubtful = [(sighting, named) for sighting in sightings if (named := _named_elsewhere(sighting, plan))]
    doubtful = doubtful[:MAX_DOUBTFUL]
    if not doubtful:
        return tuple(sightings)
    stays = await _speaking([door_of(plan, sighting.target) for sighting, _ in doubtful], _STAYS)
    away = [
        (sighting, named)
        for sighting, named in doubtful
        if (sighting.target.host, _port(sighting.target)) not in stays
    ]
    there = await _speaking([door_of(plan, named) for _, named in away], _IS_IT)
    residents = {sighting.target.host: sighting for sighting in sightings}
    moved = {
        id(sighting): _moved(sighting, named)
        for sighting, named in away
        if (named.host, _port(named)) in there and _may_be_one(sighting, residents.get(named.host))
    }
    return merge_sightings(
        [sighting for sighting in sightings if id(sighting) not in moved],
        [target for target in moved.values() if target.target.host not in residents],
    )


def _named_elsewhere(sighting: Sighting, plan: DiscoveryPlan) -> XAddr | None:
    """The address inside this network that it gives itself, where it does not name the one that answered."""
    named = rank_xaddrs(sighting.target.xaddrs, sighting.target.host)
    if any(same_address(xaddr.host, sighting.target.host) for xaddr in named):
        return None
    return next((xaddr for xaddr in named if _is_here(xaddr.host, plan)), None)


def _is_here(host: str, plan: DiscoveryPlan) -> bool:
    """An address of this network: never the internet's, nor a name that a stranger chooses."""
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        return False
    if not is_private(ipaddress.IPv4Network(address)):
        return False
    in_range = any(address in subnet for subnet in plan.subnets if subnet.version == 4)
    return in_range or any(interface.holds(host) for interface in plan.interfaces)


def _port(place: DeviceTarget | XAddr) -> int:
    return web_port(place.port, place.secure)


def _path(place: DeviceTarget | XAddr) -> str:
    return place.path if place.path and place.path != "/" else ONVIF_PATHS[0]


def door_of(plan: DiscoveryPlan, place: DeviceTarget | XAddr) -> tuple[TcpPort, str]:
    """Which port is tried, and the path."""
    pacing = plan.pacing
    waits = (pacing.patient_connect_s, pacing.patient_reply_s)
    return TcpPort(place.host, _port(place), place.secure, *waits), _path(place)


async def _speaking(
    doors: Iterable[tuple[TcpPort, str]], wanted: frozenset[PortAnswer]
) -> set[tuple[str, int]]:
    """The doors at which that was heard; each once, one connection at a time to an address."""
    by_host: dict[str, dict[tuple[int, str], TcpPort]] = {}
    for door, path in doors:
        by_host.setdefault(door.host, {})[door.port, path] = door

    async def try_port(at_host: dict[tuple[int, str], TcpPort]) -> set[tuple[str, int]]:
        trials = [await ask_onvif(door, path) for (_, path), door in at_host.items()]
        return {(trial.host, trial.port) for trial in trials if trial.answer in wanted}

    return set().union(*await asyncio.gather(*(try_port(at_host) for at_host in by_host.values())))


def _may_be_one(sighting: Sighting, resident: Sighting | None) -> bool:
    """Nothing that itself answered from the named address says that it is another device."""
    if resident is None or sighting.target.endpoint is None or resident.target.endpoint is None:
        return True
    return resident.target.endpoint == sighting.target.endpoint


def _moved(sighting: Sighting, named: XAddr) -> Sighting:
    target = replace(
        sighting.target, host=named.host, port=_port(named), path=_path(named), secure=named.secure
    )
    return replace(sighting, target=target, off_subnet=False)
