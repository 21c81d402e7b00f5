from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from camagent.discover.pace import LOSING_AT_LEAST, LOSING_WINDOW, SLOWEST_HZ, Pace
from camagent.discover.sweep import TriedPorts
from camagent.discover.tcp_probe import PortAnswer, TriedPort


class WoundClock:
    """Sleeping advances it; nothing else does."""

    def __init__(self) -> None:
        self.at_s = 0.0
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 11, 23, tzinfo=UTC)

    def monotonic_s(self) -> float:
        return self.at_s

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.at_s += max(0.0, seconds)


def take(pace: Pace, turns: int) -> None:
    async def main() -> None:
        for _ in range(turns):
            await pace.turn()

    asyncio.run(main())


def test_turns_come_at_the_rate_that_was_set() -> None:
    clock = WoundClock()
    take(Pace(150.0, clock), 300)
    assert abs(clock.at_s - 2.0) < 0.05


def test_a_late_caller_gets_no_burst_in_return() -> None:
    # open-nvr/open-nvr#235: it was the burst that wedged the router
    clock = WoundClock()
    pace = Pace(100.0, clock)
    clock.at_s += 60.0
    take(pace, 100)
    assert clock.at_s > 60.9


def test_slowing_down_halves_and_ends_somewhere() -> None:
    pace = Pace(150.0, WoundClock())
    rates = []
    while pace.slower():
        rates.append(round(pace.rate_hz, 6))
    assert rates == [75.0, 37.5, SLOWEST_HZ]


def tried_ports(*rows: tuple[str, int, PortAnswer]) -> TriedPorts:
    made = TriedPorts()
    for host, port, port_answer in rows:
        made.add(TriedPort(host, port, port_answer))
    return made


def test_silence_in_numbers_of_addresses_that_refuse_means_that_we_are_too_fast() -> None:
    pace = Pace(300.0, WoundClock())
    slowed = [pace.heard(silent=number % 3 == 0) for number in range(3 * LOSING_AT_LEAST)]
    assert slowed.count(True) == 1 and pace.rate_hz == 150.0


def test_single_lost_packets_do_not_slow_the_search() -> None:
    pace = Pace(300.0, WoundClock())
    assert not any(pace.heard(silent=number % 10 == 0) for number in range(5 * LOSING_WINDOW))
    assert pace.rate_hz == 300.0


def test_a_refusal_is_an_answer_and_silence_is_none() -> None:
    ports = tried_ports(
        ("a", 80, PortAnswer.REFUSED),
        ("b", 80, PortAnswer.SILENT),
        ("c", 80, PortAnswer.MUTE),
        ("d", 80, PortAnswer.OURS),
    )
    assert ports.answered() == {"a", "c"}


def test_the_later_answer_of_a_port_counts() -> None:
    ports = tried_ports(("a", 80, PortAnswer.SILENT), ("a", 80, PortAnswer.ONVIF))
    assert [trial.answer for trial in ports.of("a", (80,))] == [PortAnswer.ONVIF]
