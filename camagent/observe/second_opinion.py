"""A second, short measurement over UDP, where the one over TCP leaves open which clock is right. Pure.

A line that is too slow for the stream stretches arrivals inside a connection; datagrams it loses, and those
that come keep their time. Stamps that lie do so over both.
"""

from __future__ import annotations

from dataclasses import replace

from camagent.observe.capture import Capture, SecondOpinion
from camagent.observe.timing import FrameRate, Witness, measured_frame_rate

SECOND_WINDOW_S = 4.0  # a lie of 3 % shows itself in so long a time (bench/truth.py)
FIRST_PACKET_S = 3.0  # datagrams that a firewall drops never come
MIN_INTERVALS = 12  # with fewer nothing can be decided, be it by datagrams
UNSURE_RATIO = 0.2  # of a rate: hardly a frame came whole
LOST_ON_THE_LINE = 0.02  # of the datagrams: the stream does not fit; sound lines lose a thousandth


def rate_of(capture: Capture) -> FrameRate | None:
    """The frame rate of the window, with what a second look has decided; None without a single interval."""
    rate, second = _own_rate(capture), capture.second_opinion
    if rate is None or rate.mean_hz is not None or second is None:
        return rate
    return replace(
        rate,
        mean_hz=second.frame_rate_hz,
        uncertainty_hz=second.uncertainty_hz,
        timestamps_credible=second.by_stamps,
        slow_line=second.slow_line,
    )


def is_decided_by_second(capture: Capture) -> bool:
    """The frame rate is that of the second look."""
    if capture.second_opinion is None:
        return False
    rate = _own_rate(capture)
    return rate is not None and rate.mean_hz is None


def is_undecided(capture: Capture) -> bool:
    """Enough frames came inside a connection, we kept up, no line is to blame, and still neither clock shows
    itself right."""
    if capture.transport != "tcp" or capture.fault is not None or capture.limits:
        return False
    rate = _own_rate(capture)
    if rate is None or rate.slow_line:
        return False
    return rate.mean_hz is None and rate.intervals >= MIN_INTERVALS


def opinion_of(capture: Capture) -> SecondOpinion | None:
    """What a look over datagrams says; None where it saw too little, or cannot tell either."""
    if capture.transport != "udp" or capture.fault is not None or capture.limits:
        return None
    rate = _own_rate(capture)
    if rate is None or rate.mean_hz is None or rate.uncertainty_hz > UNSURE_RATIO * rate.mean_hz:
        return None
    by_stamps = rate.basis == "stamps"
    return SecondOpinion(
        frame_rate_hz=rate.mean_hz,
        uncertainty_hz=rate.uncertainty_hz,
        by_stamps=by_stamps,
        slow_line=rate.slow_line or (by_stamps and _lost_ratio(capture) >= LOST_ON_THE_LINE),
    )


def _own_rate(capture: Capture) -> FrameRate | None:
    reports = capture.sender_reports if capture.transport == "tcp" else ()
    times_s = tuple((report.sender_unix_s, report.heard_s) for report in reports)
    lost_ratio = _lost_ratio(capture) if capture.transport == "udp" else None
    return measured_frame_rate(capture.frames, Witness(capture.transport != "file", times_s, lost_ratio))


def _lost_ratio(capture: Capture) -> float:
    counts = capture.counts
    return counts.lost / max(1, counts.received + counts.lost)
