"""Flags that describe the beginning of a NAL unit: made by `peek`, or-ed over a frame's payloads. Pure."""

from __future__ import annotations

START = 0x01
"""The payload begins at least one NAL unit (it is not the middle or end of a fragmented one)."""
SLICE = 0x02
"""Picture data, whole or a fragment of it."""
IRAP = 0x04
"""A slice of an IDR picture (H.264), or of an IDR, CRA or BLA picture (H.265), whole or a fragment of it."""
PARAMETER_SET = 0x08
"""A VPS, SPS or PPS, whole or a fragment of it."""
RECOVERY = 0x10
"""A recovery point SEI message."""
EXACT = 0x20
"""That recovery point recovers at once (recovery_frame_cnt or recovery_poc_cnt is 0)."""
INTRA = 0x40
"""An I slice begins here (H.264 only: H.265 needs the PPS to tell)."""
INTER = 0x80
"""A P or B slice begins here (H.264 only)."""
B_SLICE = 0x100
"""A B slice begins here (H.264 only)."""
MALFORMED = 0x200
"""The payload cannot be a NAL unit: empty, forbidden bit, or an aggregate that overruns."""
SECOND_FIELD = 0x400
"""The access unit completes the frame whose first field came before (H.264; `NalSequence` alone can tell)."""
LEADING = 0x800
"""A picture that is sent after a keyframe and shown before it (H.265 RADL and RASL)."""


def recovery_flags(frames_until_right: int | None) -> int:
    """Of a recovery point message by its count; None: it holds none that can be read."""
    if frames_until_right is None:
        return 0
    return RECOVERY | EXACT if frames_until_right == 0 else RECOVERY


def is_keyframe(flags: int) -> bool:
    """A decoder that knows nothing may begin with this frame and show a right picture at once.

    IDR, CRA and BLA pictures; and the open-GOP I picture of H.264, whose recovery point is exact (it is what
    CRA is to H.265). Gradual intra refresh is not a keyframe.
    """
    return bool(flags & IRAP) or (flags & (EXACT | INTRA | INTER)) == (EXACT | INTRA)
