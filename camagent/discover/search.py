"""One search from plan to `Discovery`: multicast, directed probes, ports, and what all of it covered."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from camagent.clock import Clock
from camagent.discover.interfaces import is_private
from camagent.discover.knock import Heard
from camagent.discover.multicast import Tray, probe_interfaces
from camagent.discover.plan import TLS_PORTS, DiscoveryPlan, hosts_of
from camagent.discover.sightings import (
    Announced,
    address_order,
    merge_sightings,
    read_datagrams,
)
from camagent.discover.sweep import Knocks, Progress, knock_at, living, probe_addresses
from camagent.model.device import DeviceTarget
from camagent.model.discovery import Discovery, FoundBy, Note, RtspOnly, Sighting


@dataclass(frozen=True, slots=True)
class _Run:
    """What all steps of one search share."""

    plan: DiscoveryPlan
    clock: Clock
    tell: Progress
    tray: Tray
    knocks: Knocks
    asked: Mapping[str, Sequence[str]]
    """The addresses to ask one by one, by range; the empty name holds the single ones."""

    def announced(self) -> Announced:
        """What all datagrams so far say."""
        return read_datagrams(self.tray.datagrams, self.tray.sent, self.plan.interfaces)


async def search(
    plan: DiscoveryPlan, clock: Clock, progress: Callable[[str, int, int], None] | None = None
) -> Discovery:
    """Find every device that the plan can reach, and say what was covered and what was not.

    `progress` gets the step ("multicast", "directed", "knock"), how much of it is done, and how much there is.
    """
    tell = progress or (lambda step, done, total: None)
    run = _Run(plan, clock, tell, Tray(), Knocks(), _asked(plan))
    started_s = clock.monotonic_s()
    interfaces, notes = await probe_interfaces(plan, run.tray, clock, tell)
    known = {sighting.target.host for sighting in run.announced().sightings}
    to_probe = [host for hosts in run.asked.values() for host in hosts if host not in known]
    if to_probe:
        notes += await probe_addresses(plan, to_probe, run.tray, clock, tell)
    announced = run.announced()
    covered = await _knock_everywhere(run, announced)
    found = _sum_up(run, announced)
    return replace(
        found,
        interfaces=interfaces,
        subnets=covered,
        notes=tuple(dict.fromkeys((*plan.notes, *notes, *found.notes))),
        elapsed_s=clock.monotonic_s() - started_s,
    )


def _asked(plan: DiscoveryPlan) -> dict[str, Sequence[str]]:
    asked: dict[str, Sequence[str]] = {str(net): [str(host) for host in hosts_of(net)] for net in plan.subnets}
    return asked | ({"": plan.addresses} if plan.addresses else {})


async def _knock_everywhere(run: _Run, announced: Announced) -> tuple[str, ...]:
    """Ports of every address that announced nothing; of suspects too, which may lie in no range that was named.

    Returns: the ranges that were asked to the end.
    """
    seen = {sighting.target.host for sighting in announced.sightings}
    deadline_s = run.clock.monotonic_s() + run.plan.pacing.budget_s
    suspects = [host for host in announced.suspects if _is_private_host(host)]
    steps = [*run.asked.items(), ("", suspects)]
    covered = []
    for number, (name, hosts) in enumerate(steps):
        run.tell("knock", number, len(steps))
        fresh = [host for host in hosts if host not in seen]
        seen.update(fresh)
        if await knock_at(run.plan, living(fresh), run.knocks, deadline_s, run.clock):
            covered.append(name)
        else:
            run.knocks.notes[Note("budget_spent", name)] = None
    run.tell("knock", len(steps), len(steps))
    return tuple(name for name in covered if name)


def _sum_up(run: _Run, announced: Announced) -> Discovery:
    sightings = merge_sightings(announced.sightings, _by_knocking(run.plan, run.knocks))
    hosts = {host for hosts in run.asked.values() for host in hosts}
    answered = hosts & (run.knocks.answered() | {datagram.source for datagram in run.tray.datagrams})
    dropped = [Note("datagrams_dropped", str(run.tray.dropped))] if run.tray.dropped else []
    off_subnet = [Note("off_subnet", s.target.host) for s in sightings if s.off_subnet]
    return Discovery(
        sightings=sightings,
        rtsp_only=_rtsp_only(run.plan, run.knocks, {sighting.target.host for sighting in sightings}),
        subnets=(),
        subnets_asked=tuple(str(subnet) for subnet in run.plan.subnets),
        interfaces=(),
        addresses_probed=len(hosts),
        addresses_answered=len(answered),
        other_responders=len(announced.other_sources),
        malformed_datagrams=announced.malformed,
        notes=(*run.knocks.notes, *dropped, *off_subnet),
    )


def _by_knocking(plan: DiscoveryPlan, knocks: Knocks) -> tuple[Sighting, ...]:
    found: dict[str, Sighting] = {}
    for knock in knocks.heard.values():
        if knock.heard is Heard.ONVIF and knock.port in plan.onvif_ports:
            target = DeviceTarget(knock.host, knock.port, secure=knock.port in TLS_PORTS)
            found.setdefault(knock.host, Sighting(target, (FoundBy.HTTP,)))
    return tuple(found.values())


def _rtsp_only(plan: DiscoveryPlan, knocks: Knocks, onvif_hosts: set[str]) -> tuple[RtspOnly, ...]:
    rows: dict[str, RtspOnly] = {}
    for knock in knocks.heard.values():
        if knock.heard is not Heard.RTSP or knock.host in onvif_hosts:
            continue
        login = next((k.port for k in knocks.of(knock.host, plan.onvif_ports) if k.heard is Heard.LOGIN), None)
        before = rows.get(knock.host)
        ports = (*before.ports, knock.port) if before else (knock.port,)
        rows[knock.host] = RtspOnly(knock.host, ports, knock.server, login)
    return tuple(sorted(rows.values(), key=lambda row: address_order(row.host)))


def _is_private_host(host: str) -> bool:
    try:
        return is_private(ipaddress.IPv4Network(host))
    except ValueError:
        return False
