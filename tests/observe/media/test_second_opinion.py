"""Where one look over TCP cannot tell a slow line from stamps that lie, one over datagrams does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.truth import trial, watch
from bench.truth_second import over_datagrams
from bench.truth_senders import lossy
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.stream import MeasuredStream
from camagent.observe.capture import Capture, PacketCounts, SecondOpinion, TrackDescription
from camagent.observe.frames import FrameTable
from camagent.observe.measure import measure
from camagent.observe.second_opinion import is_undecided, opinion_of

CLOCK_HZ, CLAIMED_HZ, SIZE = 90_000, 25.0, 900
ALL_CAME = PacketCounts(200, 0, 0, 0, 0)


def capture(
    transport: str, came_hz: float, seconds: float, *, lost_each: int = 0, counts: PacketCounts = ALL_CAME
) -> Capture:
    """Small frames of one size, stamped 25 Hz, that came at another rate; each so many-th is missing."""
    rows = [row for row in range(int(seconds * came_hz)) if not lost_each or row % lost_each]
    after_loss = [bool(lost_each) and row > 0 and row - 1 not in rows for row in rows]
    count = len(rows)
    return Capture(
        description=TrackDescription("h264", "H264", CLOCK_HZ),
        transport=transport,
        frames=FrameTable(
            timestamps=tuple(round(row * CLOCK_HZ / CLAIMED_HZ) for row in rows),
            arrivals_s=tuple(row / came_hz + 0.001 * (row % 3) for row in rows),
            sizes_bytes=(SIZE,) * count,
            keyframes=(True, *(False,) * (count - 1)),
            recovery_points=(False,) * count,
            damaged=tuple(after_loss),
            ends_s=tuple(row / came_hz + 0.001 * (row % 3) for row in rows),
            clock_hz=CLOCK_HZ,
        ),
        counts=counts,
        connected_s=0.0,
        play_s=0.0,
        playing_s=0.0,
        first_packet_s=0.0,
        ended_s=seconds,
    )


STRETCHED = capture("tcp", 18.0, 10.0)


ALL_BUT_LOST = watch(over_datagrams(trial("slow line", 936)))[0]
"""63 of 100 packets lost, with B-frames: one interval between whole frames, and no grid in the stamps."""


def decided(second: Capture) -> MeasuredStream:
    figures = measure(replace(STRETCHED, second_opinion=opinion_of(second)))
    assert isinstance(figures, MeasuredStream)
    return figures


def test_arrivals_that_are_stretched_inside_the_connection_tell_nothing() -> None:
    assert is_undecided(STRETCHED)
    alone = measure(STRETCHED)
    assert isinstance(alone, MeasuredStream)
    assert (alone.frame_rate_hz, alone.limits, alone.rate_decided_over_udp) == (None, (), False)


def test_datagrams_that_drift_too_are_a_camera_whose_stamps_lie() -> None:
    figures = decided(capture("udp", 18.0, 4.0))
    assert figures.frame_rate_hz == pytest.approx(18.0, rel=0.03)
    assert (figures.frame_rate_basis, figures.limits, figures.rate_decided_over_udp) == ("arrivals", (), True)


def test_datagrams_that_are_lost_are_a_line_that_is_too_slow() -> None:
    figures = decided(capture("udp", 25.0, 4.0, lost_each=4, counts=PacketCounts(75, 25, 0, 0, 0)))
    assert figures.frame_rate_hz == pytest.approx(25.0, rel=0.01)
    assert (figures.frame_rate_basis, figures.limits) == ("stamps", ("network_slow",))


def test_datagrams_that_all_come_in_time_tell_the_rate() -> None:
    figures = decided(capture("udp", 25.0, 4.0))
    assert figures.frame_rate_hz == pytest.approx(25.0)
    assert (figures.frame_rate_basis, figures.limits) == ("stamps", ())


@pytest.mark.parametrize(
    "second",
    [
        replace(capture("udp", 25.0, 4.0), fault=Fault(FaultCode.NO_VIDEO, Stage.OBSERVE, "PLAY", 3.0)),
        replace(capture("udp", 25.0, 4.0), limits=("loop_lag",)),
        capture("tcp", 25.0, 4.0),
        capture("udp", 25.0, 0.05),
        ALL_BUT_LOST,
    ],
)
def test_a_look_that_saw_nothing_decides_nothing(second: Capture) -> None:
    assert opinion_of(second) is None
    assert decided(second).frame_rate_hz is None


@pytest.mark.parametrize(("jitter_s", "answer_hz"), [(0.001, 20.0), (0.02, 20.0), (0.08, None)])
def test_frames_that_fill_their_interval_are_no_slow_line_where_no_datagram_is_lost(
    jitter_s: float, answer_hz: float | None
) -> None:
    """Stamps of 55 Hz, 20 frames of 155 kB arrive, each spread over its interval: packets never pause."""
    case = replace(over_datagrams(trial("lying", 1178)), network=lossy(0.0005, 1, jitter_s))
    opinion = opinion_of(watch(case)[0])
    if answer_hz is None:  # frames overtake each other
        assert opinion is None
    else:
        assert opinion is not None and (opinion.by_stamps, opinion.slow_line) == (False, False)
        assert opinion.frame_rate_hz == pytest.approx(answer_hz, rel=0.03)


def test_a_lie_of_a_tenth_over_datagrams_that_all_come_is_no_slow_line() -> None:
    """Stamps of 33.3 Hz, 30 frames arrive, their packets spread over the whole interval."""
    opinion = opinion_of(watch(over_datagrams(trial("lying, uneven arrivals", 50)))[0])
    assert opinion is None or not (opinion.slow_line or opinion.by_stamps)


def test_what_is_decided_is_not_asked_again() -> None:
    honest = capture("tcp", 25.0, 5.0)
    assert not is_undecided(honest) and not is_undecided(replace(STRETCHED, transport="udp"))
    assert not is_undecided(replace(STRETCHED, limits=("loop_lag",)))
    figures = measure(replace(honest, second_opinion=SecondOpinion(12.0, 0.1, False, False)))
    assert isinstance(figures, MeasuredStream) and figures.frame_rate_hz == pytest.approx(25.0)
    assert not figures.rate_decided_over_udp
