"""Where one look over TCP cannot tell a slow line from stamps that lie, one over datagrams does."""

from __future__ import annotations

from dataclasses import replace

import pytest

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
    ],
)
def test_a_look_that_saw_nothing_decides_nothing(second: Capture) -> None:
    assert opinion_of(second) is None
    assert decided(second).frame_rate_hz is None


def test_what_is_decided_is_not_asked_again() -> None:
    honest = capture("tcp", 25.0, 5.0)
    assert not is_undecided(honest) and not is_undecided(replace(STRETCHED, transport="udp"))
    assert not is_undecided(replace(STRETCHED, limits=("loop_lag",)))
    figures = measure(replace(honest, second_opinion=SecondOpinion(12.0, 0.1, False, False)))
    assert isinstance(figures, MeasuredStream) and figures.frame_rate_hz == pytest.approx(25.0)
    assert not figures.rate_decided_over_udp
