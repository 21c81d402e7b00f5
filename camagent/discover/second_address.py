"""Devices that answered from another address than the one that they name: which one takes a connection?

The address that answered us is asked first, patiently; only where nothing speaks ONVIF there is the named one
tried, and only inside this network. Without credentials.
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

MAX_DOUBTFUL = 64  # devices that are asked so; more that misname themselves are a flood
_STAYS = frozenset({PortAnswer.ONVIF, PortAnswer.LOGIN, PortAnswer.MUTE, PortAnswer.OURS})
_IS_IT = frozenset({PortAnswer.ONVIF, PortAnswer.LOGIN})


async def at_true_addresses(plan: DiscoveryPlan, sightings: Sequence[Sighting]) -> tuple[Sighting, ...]:
    """The sightings, each where it takes connections; those of one device at one address are one."""
    doubtful = [(seen, named) for seen in sightings if (named := _named_elsewhere(seen, plan))]
    doubtful = doubtful[:MAX_DOUBTFUL]
    if not doubtful:
        return tuple(sightings)
    stays = await _speaking([_door(plan, seen.target) for seen, _ in doubtful], _STAYS)
    away = [(seen, named) for seen, named in doubtful if (seen.target.host, _port(seen.target)) not in stays]
    there = await _speaking([_door(plan, named) for _, named in away], _IS_IT)
    residents = {seen.target.host: seen for seen in sightings}
    moved = {
        id(seen): _moved(seen, named)
        for seen, named in away
        if (named.host, _port(named)) in there and _may_be_one(seen, residents.get(named.host))
    }
    return merge_sightings(
        [seen for seen in sightings if id(seen) not in moved],
        [target for target in moved.values() if target.target.host not in residents],
    )


def _named_elsewhere(seen: Sighting, plan: DiscoveryPlan) -> XAddr | None:
    """The address inside this network that it gives itself, where it does not name the one that answered."""
    named = rank_xaddrs(seen.target.xaddrs, seen.target.host)
    if any(same_address(xaddr.host, seen.target.host) for xaddr in named):
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
    return place.port or (443 if place.secure else 80)


def _path(place: DeviceTarget | XAddr) -> str:
    return place.path if place.path and place.path != "/" else ONVIF_PATHS[0]


def _door(plan: DiscoveryPlan, place: DeviceTarget | XAddr) -> tuple[TcpPort, str]:
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
        heard = [await ask_onvif(door, path) for (_, path), door in at_host.items()]
        return {(tried.host, tried.port) for tried in heard if tried.heard in wanted}

    return set().union(*await asyncio.gather(*(try_port(at_host) for at_host in by_host.values())))


def _may_be_one(seen: Sighting, resident: Sighting | None) -> bool:
    """Nothing that itself answered from the named address says that it is another device."""
    if resident is None or seen.target.endpoint is None or resident.target.endpoint is None:
        return True
    return resident.target.endpoint == seen.target.endpoint


def _moved(seen: Sighting, named: XAddr) -> Sighting:
    target = replace(seen.target, host=named.host, port=_port(named), path=_path(named), secure=named.secure)
    return replace(seen, target=target, off_subnet=False)
