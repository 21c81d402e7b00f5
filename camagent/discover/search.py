"""One search from plan to `Discovery`: multicast, directed probes, ports, and what all of it covered."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count

from camagent.discover.interfaces import is_private
from camagent.discover.ladder import try_ports
from camagent.discover.live_view import LiveView, SearchOutcome
from camagent.discover.multicast import DatagramQueue, probe_interfaces
from camagent.discover.neighbours import Neighbourhood
from camagent.discover.plan import DiscoveryPlan, hosts_of
from camagent.discover.second_address import at_true_addresses
from camagent.discover.sightings import (
    Announcements,
    merge_sightings,
    read_datagrams,
)
from camagent.discover.strangers import without_silent
from camagent.discover.sweep import Progress, Sweep, TriedPorts, probe_addresses
from camagent.discover.tcp_probe import PortAnswer
from camagent.model.address_order import address_order
from camagent.model.clock import Clock
from camagent.model.device import DeviceTarget
from camagent.model.discovery import Discovery, FoundBy, Note, RtspOnly, Sighting
from camagent.model.onvif import ONVIF_PATHS, TLS_PORTS
from camagent.platform.adapters import read_link_addresses

MAX_LISTED = 20  # addresses named in one note
LOOK_S = 0.5  # between two looks at what has answered so far, and at whether the user ended the search
_Asked = tuple[Announcements, tuple[str, ...], tuple[Note, ...], tuple[str, ...], tuple[Sighting, ...]]
"""What was announced, the interfaces through which a probe left, notes, the ranges asked to the end, and what
a flood announced where nobody is."""


@dataclass(frozen=True, slots=True)
class _SearchRun:
    """What all steps of one search share."""

    sweep: Sweep
    tell: Progress
    asked: Mapping[str, Sequence[str]]
    """The addresses to ask one by one, by range; the empty name holds the single ones."""
    to_try: list[str] = field(default_factory=list)
    finished: count[int] = field(default_factory=lambda: count(1))
    """Counts the addresses whose ports are done, for the progress."""

    def hosts(self) -> list[str]:
        """Every address to ask, once, in order."""
        return list(dict.fromkeys(chain.from_iterable(self.asked.values())))

    async def announced(self) -> Announcements:
        """What all datagrams so far say.

        Read beside the loop: those of a flood take seconds, and a service watches its cameras meanwhile.
        """
        queue = self.sweep.queue
        came, sent = tuple(queue.datagrams), dict(queue.sent)
        return await asyncio.to_thread(read_datagrams, came, sent, self.sweep.plan.interfaces)


async def search(
    plan: DiscoveryPlan,
    clock: Clock,
    progress: Callable[[str, int, int], None] | None = None,
    on_devices: SearchOutcome | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Discovery:
    """Find every device that the plan can reach, and say what was covered and what was not.

    progress: gets the step ("multicast", "directed", "ports"), how much of it is done, and how much there
    is.
    on_devices: called with devices as they answer; what the search says at its end counts.
    stopped: once it is true the search ends within `LOOK_S` with what was found, and a note says so.
    """
    tell = progress or (lambda step, done, total: None)
    started_s = clock.monotonic_s()
    deadline_s = started_s + plan.pacing.budget_s
    run = _SearchRun(
        Sweep(plan, clock, DatagramQueue(), TriedPorts(), Neighbourhood(), deadline_s), tell, _asked(plan)
    )
    asked = await _ask_while_wanted(run, on_devices, stopped)
    announced, interfaces, notes, covered, silent = asked or (await run.announced(), (), (), (), ())
    learned = _sum_up(run, announced)
    if asked is None:
        notes = (Note("search_stopped", str(len(learned.sightings) + len(learned.rtsp_only))),)
    return replace(
        learned,
        interfaces=interfaces,
        subnets=covered,
        notes=tuple(dict.fromkeys((*plan.notes, *notes, *learned.notes))),
        only_announced=silent,
        elapsed_s=clock.monotonic_s() - started_s,
    )


async def _ask_while_wanted(
    run: _SearchRun, on_devices: SearchOutcome | None, stopped: Callable[[], bool]
) -> _Asked | None:
    """The answers to all questions; None where the user ended the search before."""
    view = LiveView(run.sweep)
    asking = asyncio.create_task(_ask_everybody(run))
    try:
        while not asking.done():
            await asyncio.wait({asking}, timeout=LOOK_S)
            if on_devices is not None and (fresh := view.fresh()):
                on_devices(fresh)
            if stopped() and not asking.done():
                return None
        return asking.result()
    finally:
        asking.cancel()
        await asyncio.wait({asking})


def _asked(plan: DiscoveryPlan) -> dict[str, Sequence[str]]:
    asked: dict[str, Sequence[str]] = {
        str(net): [str(host) for host in hosts_of(net)] for net in plan.subnets
    }
    return asked | ({"": plan.addresses} if plan.addresses else {})


async def _ask_everybody(run: _SearchRun) -> _Asked:
    """All questions, each kind begun as soon as it can: multicast, directed Probes, and ports after the first
    of these."""
    ports_may_be_tried = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        multicast = group.create_task(
            probe_interfaces(run.sweep.plan, run.sweep.queue, run.sweep.clock, run.tell)
        )
        directed = group.create_task(_ask_by_name(run, multicast, ports_may_be_tried.set))
        await ports_may_be_tried.wait()
        unasked = await _try_ports(run, run.hosts())
    announced = await run.announced()
    run.sweep.announced.update(sighting.target.host for sighting in announced.sightings)
    hosts = set(run.hosts())
    suspects = [host for host in announced.suspects if host not in hosts and _is_private_host(host)]
    unasked |= await _try_ports(run, suspects)
    cut = [name for name, hosts in (*run.asked.items(), ("", suspects)) if not unasked.isdisjoint(hosts)]
    run.sweep.tried_ports.notes.update(dict.fromkeys(Note("budget_spent", name) for name in cut))
    settled = await at_true_addresses(run.sweep.plan, announced.sightings)
    alive, silent = await without_silent(
        run.sweep.plan, run.sweep.clock, settled, run.sweep.tried_ports.answered()
    )
    announced = replace(announced, sightings=alive)
    interfaces, notes = multicast.result()
    covered = tuple(name for name in run.asked if name and name not in cut)
    return announced, interfaces, (*notes, *directed.result()), covered, silent


async def _ask_by_name(
    run: _SearchRun,
    multicast: asyncio.Task[tuple[tuple[str, ...], tuple[Note, ...]]],
    ports_may_be_tried: Callable[[], None],
) -> tuple[Note, ...]:
    """Directed Probes, for whoever has not answered multicast; `ports_may_be_tried` is called once."""
    plan, clock = run.sweep.plan, run.sweep.clock
    if not run.asked:
        ports_may_be_tried()
        return ()
    if plan.source_port:
        await asyncio.wait([multicast])  # one port cannot be bound twice
    elif plan.interfaces:
        await clock.sleep(plan.pacing.head_start_s)
    await _see_announced(run)
    hosts = [host for host in run.hosts() if host not in run.sweep.announced]

    async def first_done() -> None:
        await _see_announced(run)
        ports_may_be_tried()

    notes = await probe_addresses(run.sweep, hosts, run.tell, first_done) if hosts else ()
    ports_may_be_tried()
    await asyncio.wait([multicast])
    await _see_announced(run)
    return notes


async def _see_announced(run: _SearchRun) -> None:
    announced = await run.announced()
    run.sweep.announced.update(sighting.target.host for sighting in announced.sightings)


async def _try_ports(run: _SearchRun, hosts: Sequence[str]) -> frozenset[str]:
    fresh = [host for host in hosts if host not in run.sweep.announced]
    run.to_try.extend(fresh)
    return await try_ports(run.sweep, fresh, lambda: run.tell("ports", next(run.finished), len(run.to_try)))


def _sum_up(run: _SearchRun, announced: Announcements) -> Discovery:
    plan, tried_ports, queue = run.sweep.plan, run.sweep.tried_ports, run.sweep.queue
    spoken = {sighting.target.host for sighting in announced.sightings}
    by_ports = [sighting for sighting in _by_ports(plan, tried_ports) if sighting.target.host not in spoken]
    sightings = merge_sightings(announced.sightings, by_ports)
    hosts = set(run.hosts())
    answered = hosts & (tried_ports.answered() | {datagram.source for datagram in queue.datagrams})
    hidden = run.sweep.neighbours.present(sorted(hosts - answered, key=address_order))
    more = " …" if len(hidden) > MAX_LISTED else ""
    silent = [Note("silent_neighbours", ", ".join(hidden[:MAX_LISTED]) + more)] if hidden else []
    unread = queue.dropped + announced.left_out
    dropped = [Note("datagrams_dropped", str(unread))] if unread else []
    outside = [s.target.host for s in sightings if s.off_subnet]
    off_subnet = [
        Note("off_subnet", ", ".join(outside[:MAX_LISTED]) + (" …" if len(outside) > MAX_LISTED else ""))
    ]
    return Discovery(
        sightings=sightings,
        rtsp_only=_rtsp_only(plan, tried_ports, {sighting.target.host for sighting in sightings}),
        subnets=(),
        subnets_asked=tuple(str(subnet) for subnet in plan.subnets),
        interfaces=(),
        addresses_probed=len(hosts),
        addresses_answered=len(answered),
        other_responders=len(announced.other_sources),
        malformed_datagrams=announced.malformed,
        notes=(*tried_ports.notes, *dropped, *(off_subnet if outside else ()), *silent),
        link_addresses=tuple(sorted(read_link_addresses().items())),
    )


def _by_ports(plan: DiscoveryPlan, tried_ports: TriedPorts) -> tuple[Sighting, ...]:
    by_host: dict[str, Sighting] = {}
    for trial in tried_ports.answers.values():
        if trial.answer is PortAnswer.ONVIF and trial.port in plan.onvif_ports:
            path = trial.path or ONVIF_PATHS[0]
            target = DeviceTarget(trial.host, trial.port, path, secure=trial.port in TLS_PORTS)
            by_host.setdefault(trial.host, Sighting(target, (FoundBy.HTTP,)))
    return tuple(by_host.values())


def _rtsp_only(plan: DiscoveryPlan, tried_ports: TriedPorts, onvif_hosts: set[str]) -> tuple[RtspOnly, ...]:
    rows: dict[str, RtspOnly] = {}
    for trial in tried_ports.answers.values():
        if trial.answer is not PortAnswer.RTSP or trial.host in onvif_hosts:
            continue
        login = next(
            (k.port for k in tried_ports.of(trial.host, plan.onvif_ports) if k.answer is PortAnswer.LOGIN),
            None,
        )
        before = rows.get(trial.host)
        ports = (*before.ports, trial.port) if before else (trial.port,)
        rows[trial.host] = RtspOnly(trial.host, ports, trial.server, login)
    return tuple(sorted(rows.values(), key=lambda row: address_order(row.host)))


def _is_private_host(host: str) -> bool:
    try:
        return is_private(ipaddress.IPv4Network(host))
    except ValueError:
        return False
