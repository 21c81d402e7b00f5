"""Frame tables for tests, regular unless told otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from camagent.observe.frames import FrameTable

TICKS_25HZ = 3600


def table(
    timestamps: Sequence[int],
    arrivals_s: Sequence[float] | None = None,
    *,
    keyframes: Sequence[int] = (),
    recovery_points: Sequence[int] = (),
    damaged: Sequence[int] = (),
    sizes_bytes: Sequence[int] | None = None,
) -> FrameTable:
    """A table from the columns that matter; keyframes, recovery points and damage by row number."""
    rows = range(len(timestamps))
    return FrameTable(
        timestamps=tuple(timestamps),
        arrivals_s=tuple(arrivals_s if arrivals_s is not None else (t / 90_000 for t in timestamps)),
        sizes_bytes=tuple(sizes_bytes if sizes_bytes is not None else (1000 for _ in rows)),
        keyframes=tuple(row in keyframes for row in rows),
        recovery_points=tuple(row in recovery_points for row in rows),
        damaged=tuple(row in damaged for row in rows),
    )


def regular(frames: int = 125, ticks: int = TICKS_25HZ, gop: int = 50) -> FrameTable:
    """A camera that does everything right."""
    return table([row * ticks for row in range(frames)], keyframes=range(0, frames, gop))
