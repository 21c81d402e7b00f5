"""A tiny H.264 encoder for what x264 does not make: frames coded as two fields (PAFF), raw macroblocks
only."""

from __future__ import annotations

import re

FRAME_NUM_BITS = 4
WIDTH_MBS, FRAME_HEIGHT_MBS = 4, 4
WIDTH_PX, HEIGHT_PX = 16 * WIDTH_MBS, 16 * FRAME_HEIGHT_MBS
_I_PCM = 25
_I_SLICE = 7


class _Bits:
    def __init__(self) -> None:
        self.text = ""

    def u(self, bits: int, value: int) -> None:
        self.text += f"{value:0{bits}b}"

    def ue(self, value: int) -> None:
        code = f"{value + 1:b}"
        self.text += "0" * (len(code) - 1) + code

    def align(self) -> None:
        self.text += "0" * (-len(self.text) % 8)

    def nal(self, header: int) -> bytes:
        self.text += "1"
        self.align()
        rbsp = int(self.text, 2).to_bytes(len(self.text) // 8, "big")
        return (
            b"\x00\x00\x00\x01"
            + bytes((header,))
            + re.sub(rb"\x00\x00(?=[\x00-\x03])", b"\x00\x00\x03", rbsp)
        )


def parameter_sets() -> bytes:
    """Main profile, level 3, pictures may be fields, picture order type 2."""
    sps = _Bits()
    for value in (77, 0, 30):
        sps.u(8, value)
    for value in (0, FRAME_NUM_BITS - 4, 2, 1):  # id, frame_num, picture order by decoding, one reference
        sps.ue(value)
    sps.u(1, 0)
    sps.ue(WIDTH_MBS - 1)
    sps.ue(FRAME_HEIGHT_MBS // 2 - 1)  # in units of two macroblock rows
    for flag in (0, 0, 1, 0, 0):  # frame_mbs_only, mb_adaptive, direct_8x8, cropping, vui
        sps.u(1, flag)
    pps = _Bits()
    pps.ue(0)
    pps.ue(0)
    pps.u(2, 0)
    pps.ue(0)
    pps.ue(0)
    pps.ue(0)
    pps.u(3, 0)
    for _ in range(3):
        pps.text += "1"  # se(0): the quantisers and chroma offset
    pps.u(3, 0)
    return sps.nal(0x67) + pps.nal(0x68)


def picture(number: int, *, fields: bool, idr: bool) -> bytes:
    """One frame of even grey, as one picture or as two fields; an IDR's second field is an ordinary I
    field."""
    parts = (0, 1) if fields else (None,)
    return b"".join(_slice(number, bottom, idr and not bottom) for bottom in parts)


def _slice(number: int, bottom: int | None, idr: bool) -> bytes:
    bits = _Bits()
    bits.ue(0)
    bits.ue(_I_SLICE)
    bits.ue(0)
    bits.u(FRAME_NUM_BITS, number % (1 << FRAME_NUM_BITS))
    bits.u(1, int(bottom is not None))
    if bottom is not None:
        bits.u(1, bottom)
    if idr:
        bits.ue(0)
        bits.u(2, 0)
    else:
        bits.u(1, 0)  # dec_ref_pic_marking: sliding window
    bits.text += "1"  # se(0): slice_qp_delta
    for _ in range(WIDTH_MBS * FRAME_HEIGHT_MBS // (1 if bottom is None else 2)):
        bits.ue(_I_PCM)
        bits.align()
        bits.text += f"{40 + 5 * number % 180:08b}" * 256 + f"{128:08b}" * 128
    return bits.nal(0x65 if idr else 0x61)
