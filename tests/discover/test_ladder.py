"""How one address is climbed: which ports, how often, how many at a time. With a network that is only
pretended."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from camagent.discover import ladder
from camagent.discover.ladder import try_ports
from camagent.discover.multicast import DatagramQueue
from camagent.discover.neighbours import Neighbourhood
from camagent.discover.plan import DiscoveryPlan, Pacing
from camagent.discover.sweep import Sweep, TriedPorts
from camagent.discover.tcp_probe import PortAnswer, TcpPort, TriedPort
from tests.fakes import FakeClock

HOST = "10.9.0.9"
PACING = Pacing(connect_hz=1e4, connect_s=0.01, reply_s=0.02, patient_connect_s=0.03, patient_reply_s=0.04)


class Street:
    """Says at each port what it was told to, and the fallback elsewhere; notes every question."""

    def __init__(self, fallback: PortAnswer, **answers: PortAnswer) -> None:
        self.fallback, self.answers = (
            fallback,
            {int(port[1:]): port_answer for port, port_answer in answers.items()},
        )
        self.asked: list[int] = []
        self.patiently: list[int] = []
        self.clock = FakeClock()

    async def answer(self, door: TcpPort) -> PortAnswer:
        (self.patiently if door.connect_s > PACING.connect_s else self.asked).append(door.port)
        port_answer = self.answers.get(door.port, self.fallback)
        await self.clock.sleep(door.reply_s if port_answer is PortAnswer.MUTE else 0)
        return port_answer

    async def ask(self, door: TcpPort, path: str = "") -> TriedPort:
        return TriedPort(door.host, door.port, await self.answer(door))

    async def touch(self, door: TcpPort) -> PortAnswer | None:
        port_answer = await self.answer(door)
        return (
            port_answer
            if port_answer in (PortAnswer.SILENT, PortAnswer.REFUSED, PortAnswer.UNREACHABLE)
            else None
        )


def climb(street: Street, monkeypatch: pytest.MonkeyPatch, alive: bool = False) -> TriedPorts:
    monkeypatch.setattr(ladder, "ask_onvif", street.ask)
    monkeypatch.setattr(ladder, "ask_rtsp", street.ask)
    monkeypatch.setattr(ladder, "touch", street.touch)
    neighbours = Neighbourhood(lambda: {HOST: True} if alive else {})
    neighbours.look(0.0)
    plan = replace(DiscoveryPlan((), ()), pacing=PACING)
    sweep = Sweep(plan, street.clock, DatagramQueue(), TriedPorts(), neighbours, float("inf"))
    assert asyncio.run(try_ports(sweep, [HOST], lambda: None)) == frozenset()
    return sweep.tried_ports


def test_a_silent_address_is_asked_again_at_the_likeliest_ports_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    street = Street(PortAnswer.SILENT)
    climb(street, monkeypatch)
    assert len(street.asked) == len(set(street.asked)) == 21
    assert street.patiently == [80, 554]


def test_a_silent_neighbour_has_a_firewall_and_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    street = Street(PortAnswer.SILENT)
    climb(street, monkeypatch, alive=True)
    assert street.patiently == []


def test_unreachable_is_believed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    street = Street(PortAnswer.UNREACHABLE)
    climb(street, monkeypatch)
    assert (street.asked, street.patiently) == ([80, 8000, 554], [])


def test_an_access_list_that_lets_rtsp_through_hides_no_camera(monkeypatch: pytest.MonkeyPatch) -> None:
    tried_ports = climb(Street(PortAnswer.UNREACHABLE, _554=PortAnswer.RTSP), monkeypatch)
    assert [trial.answer for trial in tried_ports.of(HOST, (554,))] == [PortAnswer.RTSP]


def test_every_port_that_accepted_and_said_nothing_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    street = Street(PortAnswer.REFUSED, _8000=PortAnswer.MUTE, _6688=PortAnswer.MUTE)
    climb(street, monkeypatch)
    assert len(street.asked) == 21 and street.patiently == [8000, 6688]


def test_silent_ports_of_an_address_that_refuses_others_are_lost_packets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    street = Street(PortAnswer.REFUSED, _8899=PortAnswer.SILENT, _10554=PortAnswer.SILENT)
    climb(street, monkeypatch)
    assert street.patiently == [8899, 10554]


def test_a_box_that_accepts_everything_and_says_nothing_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    street = Street(PortAnswer.MUTE)
    climb(street, monkeypatch)
    assert street.asked == [80, 8000, 8080, 554]


def test_where_onvif_is_nothing_more_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    street = Street(PortAnswer.REFUSED, _8080=PortAnswer.ONVIF)
    climb(street, monkeypatch)
    assert (street.asked, street.patiently) == ([80, 8000, 8080], [])


def test_who_answers_the_second_look_late_is_asked_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    street = Street(PortAnswer.SILENT)

    async def answer(door: TcpPort) -> PortAnswer:
        late = door.connect_s > PACING.connect_s
        (street.patiently if late else street.asked).append(door.port)
        if not late:
            return PortAnswer.SILENT
        return PortAnswer.ONVIF if door.port == 888 else PortAnswer.REFUSED

    monkeypatch.setattr(street, "answer", answer)
    assert [trial.answer for trial in climb(street, monkeypatch).of(HOST, (888,))] == [PortAnswer.ONVIF]
