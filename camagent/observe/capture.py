"""What one window of watching brought, as a value: between the socket and the judgement. Pure.

`measure` and `declare` turn it into the facts; `capture_to_json` keeps it (without a picture) so that a
replay can judge the same window again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from camagent.model.fault import Fault
from camagent.model.json_form import to_json
from camagent.observe.frames import FrameTable

SCHEMA = "camagent.capture/1"
MAX_JSON_FRAMES = 20_000  # as many as a watch may collect; a larger file was not written by us


@dataclass(frozen=True, slots=True)
class TrackDescription:
    """What the description said of the video track."""

    codec: str
    encoding: str
    clock_hz: int
    parameter_sets: tuple[bytes, ...] = ()
    frame_rate_hz: float | None = None
    width_px: int | None = None
    height_px: int | None = None
    donl: bool = False
    """H.265 with decoding order numbers (sprop-max-don-diff above 0)."""


@dataclass(frozen=True, slots=True)
class PacketCounts:
    """RTP packets of the track."""

    received: int
    lost: int
    duplicates: int
    reordered: int
    stray: int
    """Of another payload type, SSRC or channel, or with a sequence number from nowhere."""
    restarts: int = 0
    """Times that sequence numbers or SSRC began anew."""
    numbered: bool = True
    """False: the sequence numbers count nothing, and `lost` tells nothing."""
    late: int = 0
    """Came too late for their frames: received, and in no frame's size."""

    @property
    def missing_ratio(self) -> float:
        """Of the packets sent: those that are in no frame."""
        return (self.lost + self.late) / max(1, self.received + self.lost)


@dataclass(frozen=True, slots=True)
class SenderClock:
    """The last RTCP sender report that told the time."""

    sender_unix_s: float
    ours_unix_s: float


@dataclass(frozen=True, slots=True)
class ReportTime:
    """When one RTCP sender report was made, by its sender, and when it came."""

    sender_unix_s: float
    heard_s: float
    """Monotonic, as arrivals are."""


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """What a short look over datagrams said of a stream whose clock could not be told inside a connection."""

    frame_rate_hz: float
    uncertainty_hz: float
    by_stamps: bool
    """False: by arrivals, because the stamps lie."""
    slow_line: bool
    """The line loses so much that the stream does not fit."""


@dataclass(frozen=True, slots=True)
class Capture:
    """Everything that was seen of one stream in one window; times are monotonic seconds of this machine."""

    description: TrackDescription
    transport: str
    frames: FrameTable
    counts: PacketCounts
    connected_s: float
    """When opening the connection began."""
    play_s: float
    """When PLAY was sent."""
    playing_s: float
    """When PLAY was answered."""
    first_packet_s: float | None
    ended_s: float
    parameter_sets: tuple[tuple[int, bytes], ...] = ()
    """In band: (frame they came with, NAL unit)."""
    jpeg_size: tuple[int, int] | None = None
    b_slices: bool = False
    sender_clock: SenderClock | None = None
    sender_reports: tuple[ReportTime, ...] = ()
    """The first and the last that told the time."""
    limits: tuple[str, ...] = ()
    """What we ourselves could not do while watching."""
    fault: Fault | None = None
    """Why the window did not end as it should: the stream stopped, the server closed, no packet came."""
    second_opinion: SecondOpinion | None = None


def capture_to_json(capture: Capture) -> dict[str, Any]:
    """The capture as JSON values."""
    return {"schema": SCHEMA, **to_json(capture)}


def is_whole(capture: Capture) -> bool:
    """Its parts fit each other: columns of equal length, clocks that tick."""
    frames = capture.frames
    columns = [getattr(frames, name) for name in _COLUMNS] + ([frames.ends_s] if frames.ends_s else [])
    equal = {len(column) for column in columns} == {len(frames)} and len(frames) <= MAX_JSON_FRAMES
    return equal and frames.clock_hz > 0 and capture.description.clock_hz > 0


_COLUMNS = ("timestamps", "arrivals_s", "sizes_bytes", "keyframes", "recovery_points", "damaged")
