"""What a media file brings, row by row, until it is a table of frames. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from camagent.model.fault import Fault
from camagent.model.rtp_numbers import VIDEO_CLOCK_HZ
from camagent.model.stream import MeasuredStream
from camagent.observe.codec.codec import Codec, FrameHeader
from camagent.observe.codec.nal_sequence import NalSequence

# a program stream stamps one PES packet, that may hold several pictures; else no time
MAX_MISSING_STAMPS_RATIO = 0.9
ONE_PICTURE_OF = 50  # a track with one picture beside so many of another one is a cover
MAX_CANDIDATES = 8  # keyframes held at a time, thinned out evenly: bounds memory for files of any length


@dataclass(slots=True)
class FileReading:
    """What the demuxer brought."""

    codec: Codec
    timed: bool
    size: tuple[int, int] | None
    """As the container says; used only for codecs that we do not parse."""
    sequence: NalSequence
    claimed_rate_hz: float | None = None
    """As the container says of all frames at once (DefaultDuration of Matroska); None: it does not say."""
    header: FrameHeader | None = None
    rows: list[tuple[int, int, bool, bool, bool]] = field(default_factory=list)
    """Time stamp in ticks, size, keyframe, recovery point, damaged."""
    unstamped: list[int] = field(default_factory=list)
    """Rows without a time stamp of their own; theirs is a place until `stamp_all`."""
    places: list[int | None] = field(default_factory=list)
    """Where each row is shown, as far as the pictures say so."""
    candidates: list[bytes] = field(default_factory=list)
    stride: int = 1
    keyframes: int = 0
    candidate_open: bool = False
    """The last frame is the last candidate: a second field would belong to it."""
    fault: Fault | None = None


def moving_video(container: Any, videos: Sequence[Any]) -> int:
    """Place of the first video of more than one picture; the first where none has: a cover may be a track
    like any other. The container is read on."""
    counts = dict.fromkeys((video.index for video in videos), 0)
    for packet in container.demux(*videos):
        counts[packet.stream.index] += packet.size > 0
        if counts[videos[0].index] > 1 or max(counts.values()) > ONE_PICTURE_OF:
            break
    return next((place for place, video in enumerate(videos) if counts[video.index] > 1), 0)


def offer(reading: FileReading, picture: bytes, wanted: bool) -> None:
    """Keep the keyframe if it is its turn; thin out where there are too many."""
    reading.candidate_open = wanted and reading.keyframes % reading.stride == 0
    if reading.candidate_open:
        reading.candidates.append(picture)
    reading.keyframes += wanted
    if len(reading.candidates) > MAX_CANDIDATES:
        del reading.candidates[1::2]
        reading.stride *= 2


def let_pass(reading: FileReading, stamp: int) -> int:
    """Without time, order is all there is: a leading picture is shown in front of the keyframe that it
    follows."""
    for place in range(len(reading.rows) - 1, -1, -1):
        if reading.rows[place][2]:
            reading.rows[place] = (stamp, *reading.rows[place][1:])
            return stamp - 1
    return stamp


def ticks(reading: FileReading, packet: Any) -> int:
    stamp = packet.pts if packet.pts is not None else packet.dts
    if not reading.timed:
        return len(reading.rows)
    if stamp is None:
        reading.unstamped.append(len(reading.rows))
        return 0
    seconds: Fraction = stamp * packet.time_base
    return round(seconds * VIDEO_CLOCK_HZ)


def stamp_all(reading: FileReading) -> None:
    """Give rows without a stamp one between their neighbours'; a file that stamps hardly anything has no
    time."""
    rows, missing = reading.rows, set(reading.unstamped)
    stamped = [row for row in range(len(rows)) if row not in missing]
    same = len(rows) > 1 and len({rows[row][0] for row in stamped}) <= 1
    if reading.timed and (same or len(missing) > MAX_MISSING_STAMPS_RATIO * len(rows)):
        reading.timed = False
        places = reading.places if len(reading.places) == len(rows) else [None] * len(rows)
        rows[:] = [(row if place is None else place, *rows[row][1:]) for row, place in enumerate(places)]
        return
    if not missing:
        return
    step = (rows[stamped[-1]][0] - rows[stamped[0]][0]) / max(1, stamped[-1] - stamped[0])
    for row in sorted(missing):
        at = bisect_left(stamped, row)
        low, high = stamped[max(0, at - 1)], stamped[min(at, len(stamped) - 1)]
        between = (rows[high][0] - rows[low][0]) / (high - low) if low < row < high else step
        rows[row] = (round(rows[low][0] + (row - low) * between), *rows[row][1:])


def without_time(measured: MeasuredStream, reading: FileReading) -> MeasuredStream:
    """The measures of a file that has no time: those of its pictures alone."""
    return replace(
        measured,
        frame_rate_hz=None,
        frame_rate_uncertainty_hz=None,
        frame_rate_min_hz=None,
        frame_rate_max_hz=None,
        frame_interval_irregularity_ratio=None,
        arrival_frame_rate_hz=None,
        stamped_frame_rate_hz=None,
        frame_rate_basis=None,
        b_frames=_b_frames(reading),
        window_s=0.0,
        bitrate_bps=None,
        bitrate_uncertainty_bps=None,
        bitrate_peak_bps=None,
        gop_length_s=None,
        gop_at_least_s=None,
    )


def _b_frames(reading: FileReading) -> bool | None:
    """By the slices alone; without time stamps some show only that they have such frames, never that they
    have none."""
    return reading.sequence.b_slices or (None if reading.sequence.hides_order else False)
