"""Reading H.264 and H.265 syntax elements out of bytes. Pure; bounded by the length of what it is given."""

from __future__ import annotations

MAX_HEADER_BYTES = 4096
"""More than any parameter set needs (all scaling lists, full VUI and HRD stay under 2 kB): bounds time, not
meaning."""
MAX_EXP_GOLOMB_ZEROS = 32  # ue(v) is at most 2^32 - 2 (H.264 9.1, H.265 9.2)
MIN_CLAIMED_RATE_HZ = 0.01  # one frame in 100 s: slower is not video
MAX_CLAIMED_RATE_HZ = 1000.0  # faster than any network camera's sensor
MAX_SIDE_PX = 16_384  # level 6.2 ends near 16888; larger sizes are damage, and would only cost memory


class BitstreamError(ValueError):
    """The bytes are not what the standard says; the parsers turn it into None."""


def unescape(nal: bytes) -> bytes:
    """The NAL unit without its emulation prevention bytes, cut at `MAX_HEADER_BYTES`."""
    return nal[:MAX_HEADER_BYTES].replace(b"\x00\x00\x03", b"\x00\x00")


class BitReader:
    """A position in a byte string, read most significant bit first."""

    __slots__ = ("_bytes", "_end", "_position")

    def __init__(self, rbsp: bytes) -> None:
        self._bytes = rbsp
        self._position = 0
        self._end = 8 * len(rbsp)

    def u(self, bits: int) -> int:
        """An unsigned integer of so many bits.

        Raises: BitstreamError past the end.
        """
        start = self._position
        end = start + bits
        if end > self._end:
            raise BitstreamError("syntax element beyond the end")
        self._position = end
        last = (end + 7) >> 3
        return (int.from_bytes(self._bytes[start >> 3 : last], "big") >> (8 * last - end)) & ((1 << bits) - 1)

    def flag(self) -> bool:
        return self.u(1) == 1

    def skip(self, bits: int) -> None:
        """Step over bits that nobody needs."""
        if self._position + bits > self._end:
            raise BitstreamError("syntax element beyond the end")
        self._position += bits

    def ue(self) -> int:
        """An unsigned Exp-Golomb code."""
        zeros = 0
        while self.u(1) == 0:
            zeros += 1
            if zeros > MAX_EXP_GOLOMB_ZEROS:
                raise BitstreamError("Exp-Golomb code too long")
        return (1 << zeros) - 1 + (self.u(zeros) if zeros else 0)

    def se(self) -> int:
        """A signed Exp-Golomb code."""
        code = self.ue()
        return (code + 1) >> 1 if code & 1 else -(code >> 1)

    def ue_at_most(self, limit: int) -> int:
        """An unsigned Exp-Golomb code that the standard bounds.

        Raises: BitstreamError beyond the bound, so that no loop runs on a stranger's count.
        """
        value = self.ue()
        if value > limit:
            raise BitstreamError("syntax element out of range")
        return value


def claimed_rate_hz(ticks_per_s: int, ticks_per_frame: int) -> float | None:
    """A frame rate out of VUI timing; None where it says nothing that a camera could mean.

    Source: claims like 180000 fps (roflcoopter/viseron#7) and 0/0 (roflcoopter/viseron#298) exist in the
    field.
    """
    if not ticks_per_s or not ticks_per_frame:
        return None
    rate = ticks_per_s / ticks_per_frame
    return rate if MIN_CLAIMED_RATE_HZ <= rate <= MAX_CLAIMED_RATE_HZ else None
