"""The table of frames that one window of watching yields, whatever brought them. Pure; a value."""

from __future__ import annotations

from dataclasses import dataclass

from camagent.model.rtp_numbers import VIDEO_CLOCK_HZ


@dataclass(frozen=True, slots=True)
class LongFrame:
    """A frame that took longer to come than any sender takes to send one, be it whole or not."""

    arrival_s: float
    """Monotonic time of its first packet."""
    last_s: float
    """Monotonic time of its last packet, or of the latest so far."""
    silence_s: float
    """The longest time without a packet between them."""
    size_bytes: int


@dataclass(frozen=True, slots=True)
class FrameTable:
    """One row a frame (access unit) in decoding order; the columns have equal length.

    Frames are told apart by RTP time stamp (or PTS), never by the marker bit (moonfire-nvr#352).
    """

    timestamps: tuple[int, ...]
    """Unwrapped, in ticks of `clock_hz`; presentation order may differ (B-frames)."""
    arrivals_s: tuple[float, ...]
    """Monotonic time of the frame's first packet; for files, equal to the time stamps in seconds."""
    sizes_bytes: tuple[int, ...]
    """Payload bytes."""
    keyframes: tuple[bool, ...]
    """IDR or CRA/BLA (H.264/H.265), every frame (MJPEG)."""
    recovery_points: tuple[bool, ...]
    damaged: tuple[bool, ...]
    """A packet of the frame, or between it and the one before, was lost."""
    clock_hz: int = VIDEO_CLOCK_HZ
    ends_s: tuple[float, ...] = ()
    """Monotonic time of each frame's last packet; empty where nobody noted it (files, captures of older
    versions)."""

    long_frames: tuple[LongFrame, ...] = ()
    """In order; the last one may have been on its way still when the window ended, and has no row then."""

    def __len__(self) -> int:
        return len(self.timestamps)
