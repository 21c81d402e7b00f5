"""RFC 7798 payloads: a cheap look at one, and the NAL units out of a frame's. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from camagent.observe.bitstream import h265 as bitstream
from camagent.observe.depacketize.access_unit import (
    AccessUnit,
    NalAssembler,
    Payload,
    aggregated,
    holds_start_code,
    split_annex_b,
)
from camagent.observe.depacketize.peek import EXACT, IRAP, LEADING, MALFORMED, PARAMETER_SET, RECOVERY, SLICE, START

AP, FU = 48, 49
SLICE_HEADER_BYTES = 64  # what we read of it ends long before
_DONL_BYTES, _DOND_BYTES = 2, 1


def _type_flags(kind: int) -> int:
    if bitstream.NAL_BLA_W_LP <= kind <= bitstream.NAL_LAST_IRAP:
        return SLICE | IRAP
    if bitstream.NAL_RADL_N <= kind <= bitstream.NAL_RASL_R:
        return SLICE | LEADING
    if kind <= bitstream.NAL_LAST_VCL:
        return SLICE
    return PARAMETER_SET if kind in (bitstream.NAL_VPS, bitstream.NAL_SPS, bitstream.NAL_PPS) else 0


_TYPE_FLAGS = tuple(_type_flags(kind) for kind in range(64))
_MAY_HIDE_OTHERS = frozenset(
    (0, bitstream.NAL_VPS, bitstream.NAL_SPS, bitstream.NAL_PPS, bitstream.NAL_AUD, bitstream.NAL_PREFIX_SEI)
)


def peek(payload: Payload, donl: bool = False) -> int:
    """Flags of `peek` for one payload, from its first bytes; or them over a frame. Never raises.

    `donl`: decoding order numbers are sent (sprop-max-don-diff above 0).
    """
    if len(payload) < 3 or payload[0] & 0x80:
        return MALFORMED
    kind = payload[0] >> 1
    if kind == FU:
        fragment = payload[2]
        inner = fragment & 0x3F
        if not fragment & 0x80:
            return _TYPE_FLAGS[inner]
        return START | _nal_flags(inner, payload, 3 + _DONL_BYTES * donl)
    if kind == AP:
        nals, whole = _aggregated(bytes(payload), donl)
        flags = START if whole else START | MALFORMED
        for nal in nals:
            flags |= _nal_flags(nal[0] >> 1 & 0x3F, nal, 2)
        return flags
    if kind > FU:
        return MALFORMED
    return START | _nal_flags(kind, payload, 2 + _DONL_BYTES * donl)


def _nal_flags(kind: int, nal: Payload, body: int) -> int:
    flags = _TYPE_FLAGS[kind]
    if len(nal) < body:
        return MALFORMED  # shorter than a NAL header, as an aggregate may hold it
    if kind not in _MAY_HIDE_OTHERS or (kind == 0 and nal[1] != 0):
        return flags
    whole = bytes((kind << 1, 1)) + bytes(nal[body:]) if kind else bytes(nal)
    if holds_start_code(whole):
        flags = 0 if kind == 0 else flags
        for inner in split_annex_b(whole):
            flags |= _TYPE_FLAGS[inner[0] >> 1 & 0x3F]
    elif kind == bitstream.NAL_PREFIX_SEI:
        count = bitstream.recovery_poc_count(whole)
        flags |= 0 if count is None else RECOVERY | EXACT if count == 0 else RECOVERY
    return flags


def first_slice(payload: Payload, donl: bool = False) -> bytes:
    """The beginning of the first slice that begins in a payload, its NAL header first; empty where none does."""
    if len(payload) < 3 or payload[0] & 0x80:
        return b""
    kind = payload[0] >> 1
    skip = _DONL_BYTES * donl
    if kind <= bitstream.NAL_LAST_VCL and not (kind == 0 and payload[1] == 0):
        return bytes(payload[:2]) + bytes(payload[2 + skip : SLICE_HEADER_BYTES])
    if kind == FU:
        inner = payload[2] & 0x3F
        if not payload[2] & 0x80 or inner > bitstream.NAL_LAST_VCL:
            return b""
        return bytes((inner << 1, payload[1])) + bytes(payload[3 + skip : SLICE_HEADER_BYTES])
    if kind == AP:
        nals = _aggregated(bytes(payload), donl)[0]
    elif kind in _MAY_HIDE_OTHERS and holds_start_code(bytes(payload)):
        nals = split_annex_b(bytes(payload))
    else:
        return b""
    slices = (nal for nal in nals if nal[0] >> 1 <= bitstream.NAL_LAST_VCL and len(nal) > 2)
    return next((nal[:SLICE_HEADER_BYTES] for nal in slices), b"")


def access_unit(payloads: Sequence[Payload], donl: bool = False) -> AccessUnit:
    """The NAL units of one frame from its payloads, in the order of their sequence numbers.

    `donl`: decoding order numbers are sent (sprop-max-don-diff above 0); they are read over.
    """
    assembler = NalAssembler()
    for payload in payloads:
        _add(assembler, bytes(payload), donl)
    return assembler.finish()


def _add(assembler: NalAssembler, payload: bytes, donl: bool) -> None:
    if len(payload) < 2 or payload[0] & 0x80:
        assembler.damaged()
        return
    kind = payload[0] >> 1
    if kind == FU:
        _add_fragment(assembler, payload, donl)
    elif kind == AP:
        nals, whole = _aggregated(payload, donl)
        for nal in nals:
            assembler.whole(nal)
        if not whole:
            assembler.damaged()
    elif kind > FU:
        assembler.damaged()
    else:
        assembler.whole(payload[:2] + payload[2 + _DONL_BYTES :] if donl else payload)


def _add_fragment(assembler: NalAssembler, payload: bytes, donl: bool) -> None:
    start = len(payload) > 2 and bool(payload[2] & 0x80)
    body = 3 + (_DONL_BYTES if donl and start else 0)
    if len(payload) < body:
        assembler.damaged()
        return
    header = bytes((payload[0] & 0x81 | (payload[2] & 0x3F) << 1, payload[1]))
    assembler.fragment(header, payload[body:], start=start, end=bool(payload[2] & 0x40))


def _aggregated(payload: bytes, donl: bool) -> tuple[list[bytes], bool]:
    return aggregated(payload, 2 + (_DONL_BYTES if donl else 0), _DOND_BYTES if donl else 0)
