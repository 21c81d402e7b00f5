"""What the parameter sets of H.264 and H.265 say alike of the video. Pure."""

from __future__ import annotations

from camagent.observe.codec.bits import BitReader

_EXTENDED_SAR = 255


def vui_range(bits: BitReader) -> bool | None:
    """The beginning of the VUI, the same in H.264 (E.1.1) and H.265 (E.2.1), up to what is said of time.

    Returns: whether luma fills all of 0–255; None where nothing says so.
    """
    if bits.flag() and bits.u(8) == _EXTENDED_SAR:
        bits.skip(32)
    if bits.flag():
        bits.skip(1)
    full_range = None
    if bits.flag():
        bits.skip(3)
        full_range = bits.flag()
        if bits.flag():
            bits.skip(24)
    if bits.flag():
        bits.ue()
        bits.ue()
    return full_range
