"""What is due when: evenly spread, one piece of work a device, quiet when told, never stacked."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camagent.agent.schedule import (
    SITE,
    Agenda,
    Cadence,
    QuietHours,
    Schedule,
    Task,
    WorkKind,
    parse_quiet_hours,
)

MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
HOSTS = tuple(f"192.0.2.{i}" for i in range(1, 65))


def begun(
    schedule: Schedule, hosts: tuple[str, ...] = HOSTS, restored: bool = True, now_s: float = 1000.0
) -> Agenda:
    agenda = Agenda(schedule)
    agenda.set_hosts(hosts, now_s, restored)
    return agenda


def play(
    agenda: Agenda,
    seconds: int,
    lasts_s: dict[WorkKind, float],
    start: datetime = MIDNIGHT,
    now_s: float = 1000.0,
) -> list[tuple[float, Task]]:
    """Run the agenda second by second; work lasts as long as said."""
    ends: dict[str, tuple[WorkKind, float]] = {}
    starts = []
    for tick in range(seconds):
        at_s = now_s + tick
        ends = {host: (work, end_s) for host, (work, end_s) in ends.items() if end_s > at_s}
        busy = {host: work for host, (work, _) in ends.items()}
        for task in agenda.take(at_s, start + timedelta(seconds=tick), busy):
            assert task.host not in ends, "two pieces of work at one device"
            ends[task.host] = (task.work, at_s + lasts_s.get(task.work, 0.5))
            starts.append((at_s, task))
    return starts


def test_streams_are_spread_evenly_over_the_period() -> None:
    starts = play(begun(Schedule()), 1500, {WorkKind.STREAM: 10, WorkKind.INTERROGATE: 12})
    streams = [at_s for at_s, task in starts if task.work is WorkKind.STREAM and at_s >= 1300]
    a_minute = Counter(int(at_s // 60) for at_s in streams)
    whole = [count for minute, count in a_minute.items() if 1320 // 60 < minute < 2460 // 60]
    assert min(whole) > 64 * 60 / 300 * 0.5 and max(whole) < 64 * 60 / 300 * 1.6


def test_every_device_gets_its_turn_in_every_period() -> None:
    starts = play(begun(Schedule()), 1500, {WorkKind.STREAM: 10, WorkKind.INTERROGATE: 12})
    turns: dict[tuple[WorkKind, str], list[float]] = defaultdict(list)
    for at_s, task in starts:
        turns[task.work, task.host].append(at_s)
    cadence = Cadence()
    for host in HOSTS:
        for work in (WorkKind.STREAM, WorkKind.REACH):
            times = turns[work, host]
            gaps = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
            period_s = cadence.period_s(work)
            # A cheap check may fall into a thorough one of the same device, which answers it.
            assert gaps and max(gaps) <= period_s * (1.2 if work is WorkKind.STREAM else 2.3), (work, host)


def test_a_new_site_is_looked_at_now_and_a_restored_one_over_a_period() -> None:
    fresh = play(begun(Schedule(), restored=False), 1, {})
    assert {task.host for _, task in fresh if task.work is WorkKind.INTERROGATE} == set(HOSTS)
    restored = play(begun(Schedule(), restored=True), 1, {})
    assert len([task for _, task in restored if task.work is WorkKind.INTERROGATE]) <= 2


def test_neighbours_in_address_are_not_neighbours_in_time() -> None:
    starts = play(begun(Schedule()), 300, {})
    order = [task.host for _, task in starts if task.work is WorkKind.INTERROGATE]
    numbers = [int(host.rpartition(".")[2]) for host in order]
    assert sum(abs(a - b) == 1 for a, b in zip(numbers, numbers[1:], strict=False)) < 10


def test_two_schools_do_not_beat_in_time() -> None:
    one = play(begun(Schedule(), ("192.0.2.1",)), 3600, {})
    other = play(begun(Schedule(), ("192.0.2.2",)), 3600, {})
    together = {at for at, task in one if task.work is WorkKind.REACH} & {
        at for at, task in other if task.host
    }
    assert len(together) < 30


def test_a_check_that_outlives_its_period_is_reported_and_not_stacked() -> None:
    agenda = begun(Schedule(), ("192.0.2.1",))
    starts = play(agenda, 3000, {WorkKind.STREAM: 700, WorkKind.INTERROGATE: 700})
    streams = [task for _, task in starts if task.work is not WorkKind.REACH and task.host]
    assert len(streams) <= 5
    assert agenda.overruns >= 3


def test_a_long_check_is_no_overrun_of_the_cheap_one_that_it_answers() -> None:
    agenda = begun(Schedule(Cadence(stream_s=600)), ("192.0.2.1",))
    play(agenda, 1200, {WorkKind.STREAM: 300, WorkKind.INTERROGATE: 300})
    assert agenda.overruns == 0


def test_quiet_hours_leave_only_cheap_checks() -> None:
    schedule = Schedule(quiet=(parse_quiet_hours("07:00-11:30"),))
    starts = play(begun(schedule), 1800, {}, start=MIDNIGHT.replace(hour=9))
    assert {task.work for _, task in starts} == {WorkKind.REACH}


def test_after_quiet_hours_nothing_rushes() -> None:
    schedule = Schedule(quiet=(parse_quiet_hours("07:00-11:30"),))
    agenda = begun(schedule)
    starts = play(agenda, 1800, {}, start=MIDNIGHT.replace(hour=11, minute=25))
    begins = [at_s - 1000 for at_s, task in starts if task.work is WorkKind.STREAM]
    assert begins and min(begins) >= 300
    assert Counter(int(at_s // 30) for at_s in begins).most_common(1)[0][1] < 24
    interrogated = [at_s for at_s, task in starts if task.work is WorkKind.INTERROGATE]
    assert max(Counter(int(at_s // 60) for at_s in interrogated).values()) <= 4


SPRING, AUTUMN = datetime(2026, 3, 29), datetime(2026, 10, 25)  # in Berlin: 2:00 to 3:00, 3:00 to 2:00


@pytest.mark.parametrize(
    ("day", "span", "at", "fold", "left_min"),
    [
        (SPRING, "01:00-04:00", (1, 30), 0, 90),
        (SPRING, "23:00-06:00", (0, 0), 0, 300),
        (SPRING, "01:00-02:30", (1, 0), 0, 60),
        (SPRING, "01:00-02:00", (1, 0), 0, 60),
        (SPRING, "01:00-03:00", (1, 59), 0, 1),
        (SPRING, "02:15-05:00", (3, 0), 0, 120),
        (SPRING, "04:00-05:00", (4, 30), 0, 30),
        (AUTUMN, "01:00-04:00", (1, 30), 0, 210),
        (AUTUMN, "01:00-02:30", (2, 0), 0, 30),
        (AUTUMN, "01:00-02:30", (2, 0), 1, 30),
        (AUTUMN, "01:00-04:00", (2, 30), 0, 150),
        (AUTUMN, "01:00-04:00", (2, 30), 1, 90),
        (AUTUMN, "04:00-05:00", (4, 30), 0, 30),
    ],
)
def test_quiet_ends_by_the_wall_clock_whatever_it_is_set_to(
    day: datetime, span: str, at: tuple[int, int], fold: int, left_min: int
) -> None:
    now = day.replace(hour=at[0], minute=at[1], fold=fold, tzinfo=ZoneInfo("Europe/Berlin"))
    assert Schedule(quiet=(parse_quiet_hours(span),)).quiet_left_s(now) == left_min * 60


@pytest.mark.parametrize(
    ("span", "at", "left_s"),
    [
        ("07:00-11:30", "07:00", 16200),
        ("07:00-11:30", "11:29", 60),
        ("07:00-11:30", "11:30", 0),
        ("07:00-11:30", "06:59", 0),
        ("22:00-05:00", "23:00", 21600),
        ("22:00-05:00", "04:00", 3600),
        ("22:00-05:00", "12:00", 0),
        ("13:00-24:00", "23:30", 1800),
        ("08:00-08:00", "08:00", 0),
        ("00:00-24:00", "00:00", 86400),
        ("00:00-24:00", "23:59", 60),
    ],
)
def test_how_much_quiet_is_left(span: str, at: str, left_s: float) -> None:
    hour, _, minute = at.partition(":")
    now = MIDNIGHT.replace(hour=int(hour), minute=int(minute))
    assert Schedule(quiet=(parse_quiet_hours(span),)).quiet_left_s(now) == left_s


def test_devices_that_are_gone_are_not_visited() -> None:
    agenda = begun(Schedule())
    agenda.set_hosts(HOSTS[:3], 1000.0, restored=True)
    assert {task.host for _, task in play(agenda, 400, {})} <= {*HOSTS[:3], SITE}


def test_a_device_that_joins_is_looked_at_at_once() -> None:
    agenda = begun(Schedule())
    play(agenda, 10, {})
    agenda.set_hosts((*HOSTS, "192.0.2.200"), 1010.0, restored=False)
    assert Task(1, "192.0.2.200", WorkKind.INTERROGATE) in agenda.take(1010.0, MIDNIGHT, {})


def test_a_shorter_period_counts_from_now_on() -> None:
    agenda = begun(Schedule(Cadence(stream_s=86400)), ("192.0.2.1",))
    play(agenda, 30, {})
    agenda.follow(Schedule(Cadence(stream_s=60)), 1030.0)
    later = play(agenda, 120, {}, now_s=1030.0)
    assert any(task.work is WorkKind.STREAM for _, task in later)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 20),
    st.floats(60, 900),
    st.floats(0.1, 900),
    st.floats(0, 1e9),
    st.tuples(st.integers(0, 1440), st.integers(0, 1440)),
)
def test_nobody_is_ever_visited_twice_at_a_time(
    devices: int, stream_s: float, lasts_s: float, now_s: float, quiet: tuple[int, int]
) -> None:
    schedule = Schedule(Cadence(stream_s=stream_s), (QuietHours(*quiet),))
    agenda = begun(schedule, HOSTS[:devices], restored=False, now_s=now_s)
    play(
        agenda, 400, {WorkKind.STREAM: lasts_s, WorkKind.INTERROGATE: lasts_s, WorkKind.REACH: 3}, now_s=now_s
    )
    assert agenda.next_s() > now_s - 1


def test_every_camera_is_looked_at_once_at_the_hour_of_the_night_checks() -> None:
    """Streams are watched once a day here: only the night brings them forward."""
    schedule = Schedule(Cadence(stream_s=86400.0, interrogate_s=864000.0), night=time(20, 30))
    start = MIDNIGHT.replace(hour=20, minute=20)
    starts = play(begun(schedule, HOSTS[:8]), 3600, {}, start)
    night = [(at_s, task.host) for at_s, task in starts if task.work is WorkKind.STREAM and at_s >= 1600]
    assert {host for _, host in night} == set(HOSTS[:8]) and len(night) <= 10
    assert max(at_s for at_s, _ in night) < 1600 + 700
    before = [at_s for at_s, task in starts if task.work is WorkKind.STREAM and at_s < 1600]
    assert len(before) < 4


def test_night_checks_wait_for_quiet_hours_to_end() -> None:
    schedule = Schedule(Cadence(stream_s=86400.0), (parse_quiet_hours("20:00-21:00"),), night=time(20, 30))
    starts = play(begun(schedule, HOSTS[:4]), 1200, {}, MIDNIGHT.replace(hour=20, minute=25))
    assert not [task for _, task in starts if task.work is WorkKind.STREAM]
