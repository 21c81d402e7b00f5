"""The ports of many addresses, each address tried independently: first at the even pace, then once more
where it matters.

No address waits for another. An address that has answered gets one connection at a time. One that has shown
nothing may have a few unanswered first packets out at once: whatever drops them keeps no state for them,
and a host that accepts is disconnected and asked alone.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

from camagent.discover.pace import Pace
from camagent.discover.plan import is_loopback
from camagent.discover.sweep import Sweep
from camagent.discover.tcp_probe import ALIVE, PortAnswer, TcpPort, TriedPort, ask_onvif, ask_rtsp, touch
from camagent.model.discovery import Note
from camagent.model.onvif import ONVIF_PATHS, TLS_PORTS

MAX_CONNECTIONS = 512  # at once, over all addresses: half of the 1,024 files of an ordinary process
# addresses climbed side by side: at the pace, more would only wait longer between two questions
MAX_CLIMBERS = 256
SILENT_AT_ONCE = 4  # first packets to an address that has shown nothing
UNREACHABLE_ENOUGH = 2  # ports of one address that a router or its own firewall declared closed to us
# ports that accepted, kept us waiting and never said a word: a trap, or a box that accepts for all
MUTE_ENOUGH = 3
# of waiting at mute ports of one address; the question that is out then is still waited for
SECOND_LOOK_S = 12.0
LIKELIEST = 1  # ports of each kind that a silent address is asked for a second time
HostDone = Callable[[], None]


class _PortQuestion(NamedTuple):
    port: int
    answer: PortAnswer
    """What it is asked for: ONVIF or RTSP."""


@dataclass(slots=True)
class _Ways:
    """What all climbs share: how fast each kind of way may be walked, and how many connections there may
    be."""

    sweep: Sweep
    wire: Pace
    router: Pace
    loopback: Pace
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_CONNECTIONS))

    def pace(self, host: str) -> Pace:
        """By what lies between: nothing, a switch, or a router that keeps state for every connection."""
        if is_loopback(host):
            return self.loopback
        return self.wire if self._is_on_the_wire(host) else self.router

    def _is_on_the_wire(self, host: str) -> bool:
        try:
            address = ipaddress.IPv4Address(host)
        except ValueError:
            return False
        cards = self.sweep.plan.interfaces
        return any(address in own.network for own in chain.from_iterable(card.ipv4 for card in cards))


async def try_ports(sweep: Sweep, hosts: Sequence[str], host_done: HostDone) -> frozenset[str]:
    """Climb the ports of ONVIF and of RTSP at all these addresses.

    Returns: the addresses that were not asked to the end, because the budget was spent.
    """
    pacing = sweep.plan.pacing
    wire, router, loopback = (
        Pace(rate_hz, sweep.clock) for rate_hz in (pacing.wire_hz, pacing.connect_hz, pacing.loopback_hz)
    )
    ways = _Ways(sweep, wire, router, loopback)
    waiting, unasked = iter(hosts), list[str]()

    async def climb_many() -> None:
        for host in waiting:
            if not await _Climb(host, ways, ways.pace(host)).run():
                unasked.append(host)
            host_done()

    async with asyncio.TaskGroup() as group:
        for _ in range(min(MAX_CLIMBERS, len(hosts))):
            group.create_task(climb_many())
    return frozenset(unasked)


@dataclass(slots=True)
class _Climb:
    """One address."""

    host: str
    ways: _Ways
    pace: Pace
    waited_s: float = 0.0
    """At ports that accepted and said nothing."""

    async def run(self) -> bool:
        """Everything that this address is to be asked; False where the budget ended it."""
        plan = self.ways.sweep.plan
        ladder = [_PortQuestion(port, PortAnswer.ONVIF) for port in plan.onvif_ports]
        ladder += [_PortQuestion(port, PortAnswer.RTSP) for port in plan.rtsp_ports]
        await self._ask_all(ladder, patient=False)
        again = [question for question in ladder if question.port in self._worth_again()]
        was_alive = self._is_alive()
        await self._ask_all(again, patient=True)
        if self._is_alive() and not was_alive:  # slow, not absent: what it left open is open no longer
            await self._ask_all([q for q in ladder if self._heard(q.port) is PortAnswer.SILENT], patient=True)
        if not self._has(PortAnswer.ONVIF):
            await self._other_paths({question.port for question in again})
        return not self.ways.sweep.late

    def _worth_again(self) -> frozenset[int]:
        """Ports to be asked more patiently: all that accepted and said nothing; of the silent ones the
        likeliest.

        Where an address refuses its closed ports, silence is a lost packet, and all such ports are asked. A
        neighbour who answers ARP and no port at all has a firewall, like every Windows PC of a school: it is
        named instead.
        """
        plan, answers = self.ways.sweep.plan, self._said()
        if PortAnswer.ONVIF in answers.values():
            return frozenset()
        mute = {port for port, answer in answers.items() if answer in (PortAnswer.MUTE, PortAnswer.OURS)}
        silent = {port for port, answer in answers.items() if answer is PortAnswer.SILENT}
        refused = sum(answer is PortAnswer.REFUSED for answer in answers.values())
        if not self._is_alive() and self.ways.sweep.neighbours.present([self.host]):
            return frozenset(mute)
        if len(silent) > refused:
            silent &= {*plan.onvif_ports[:LIKELIEST], *plan.rtsp_ports[:LIKELIEST]}
        return frozenset(mute | silent)

    async def _ask_all(self, questions: Sequence[_PortQuestion], patient: bool) -> None:
        rest = list(questions)
        while rest:
            rest = [question for question in rest if self._is_open(question, patient)]
            batch = rest[: self._at_once()]
            rest = rest[len(batch) :]
            if len(batch) > 1:
                batch = await self._touch_all(batch, patient)
            for question in batch:
                if self._is_open(question, patient):
                    await self._ask(question, patient)

    def _is_open(self, question: _PortQuestion, patient: bool) -> bool:
        """True while this question still has to be asked."""
        sweep = self.ways.sweep
        if sweep.late or self.host in sweep.announced or sweep.neighbours.is_dead(self.host):
            return False
        if self._has(PortAnswer.ONVIF) or (question.answer is PortAnswer.RTSP and self._has(PortAnswer.RTSP)):
            return False
        if patient:
            return self._heard(question.port) is not PortAnswer.MUTE or self.waited_s < SECOND_LOOK_S
        return not self._has_shown_enough() or question.port in sweep.plan.rtsp_ports[:LIKELIEST]

    def _has_shown_enough(self) -> bool:
        """Nothing but "not reachable", or nothing but waiting: one look for RTSP, and no other port."""
        answers = list(self._said().values())
        if len(answers) >= UNREACHABLE_ENOUGH and set(answers) == {PortAnswer.UNREACHABLE}:
            return True
        enough_s = MUTE_ENOUGH * self.ways.sweep.plan.pacing.reply_s
        return self.waited_s >= enough_s * 0.9 and not set(answers) & {
            PortAnswer.WEB,
            PortAnswer.OTHER,
            PortAnswer.LOGIN,
            PortAnswer.RTSP,
        }

    def _at_once(self) -> int:
        return SILENT_AT_ONCE if set(self._said().values()) == {PortAnswer.SILENT} else 1

    async def _touch_all(self, questions: Sequence[_PortQuestion], patient: bool) -> list[_PortQuestion]:
        """Several first packets to an address that has shown nothing. Returns: what is to be asked in
        full."""
        touched = await asyncio.gather(*(self._touch(question, patient) for question in questions))
        for question, answer in zip(questions, touched, strict=True):
            if answer is not None:
                self._add(TriedPort(self.host, question.port, answer))
        return [question for question, answer in zip(questions, touched, strict=True) if answer is None]

    async def _touch(self, question: _PortQuestion, patient: bool) -> PortAnswer | None:
        async with self.ways.gate:
            await self.pace.turn()
            return await touch(self._door(question.port, patient))

    async def _ask(self, question: _PortQuestion, patient: bool, path: str = ONVIF_PATHS[0]) -> TriedPort:
        clock = self.ways.sweep.clock
        async with self.ways.gate:
            await self.pace.turn()
            door = self._door(question.port, patient)
            self.ways.sweep.neighbours.asked(self.host, clock.monotonic_s())
            began_s = clock.monotonic_s()
            trial = await (ask_onvif(door, path) if question.answer is PortAnswer.ONVIF else ask_rtsp(door))
        if trial.answer is PortAnswer.MUTE:
            self.waited_s += clock.monotonic_s() - began_s
        if path == ONVIF_PATHS[0] or trial.answer is PortAnswer.ONVIF:
            self._add(trial)
        return trial

    async def _other_paths(self, slow: set[int]) -> None:
        """Where a web server answers, ONVIF may live under another path, whether or not RTSP was heard."""
        for port in self.ways.sweep.plan.onvif_ports:
            for path in ONVIF_PATHS[1:] if self._heard(port) in (PortAnswer.WEB, PortAnswer.LOGIN) else ():
                if self._is_open(_PortQuestion(port, PortAnswer.ONVIF), patient=True):
                    await self._ask(_PortQuestion(port, PortAnswer.ONVIF), port in slow, path)

    def _door(self, port: int, patient: bool) -> TcpPort:
        pacing = self.ways.sweep.plan.pacing
        connect_s, reply_s = pacing.connect_s, pacing.reply_s
        if patient:
            connect_s, reply_s = pacing.patient_connect_s, pacing.patient_reply_s
        return TcpPort(self.host, port, port in TLS_PORTS, connect_s, reply_s)

    def _add(self, trial: TriedPort) -> None:
        """Keep the answer; silence of one that refuses its closed ports is a sign that we are too fast."""
        tried_ports = self.ways.sweep.tried_ports
        refuses = PortAnswer.REFUSED in self._said().values()
        tried_ports.add(trial)
        if refuses and self.pace.heard(trial.answer is PortAnswer.SILENT):
            tried_ports.notes[Note("slowed_down", f"{self.pace.rate_hz:.0f}/s")] = None

    def _said(self) -> dict[int, PortAnswer]:
        return {port: answer for port in self._ports() if (answer := self._heard(port)) is not None}

    def _heard(self, port: int) -> PortAnswer | None:
        trial = self.ways.sweep.tried_ports.answers.get((self.host, port))
        return None if trial is None else trial.answer

    def _has(self, answer: PortAnswer) -> bool:
        return any(self._heard(port) is answer for port in self._ports())

    def _is_alive(self) -> bool:
        return any(answer in ALIVE for answer in self._said().values())

    def _ports(self) -> Iterator[int]:
        yield from self.ways.sweep.plan.onvif_ports
        yield from self.ways.sweep.plan.rtsp_ports
