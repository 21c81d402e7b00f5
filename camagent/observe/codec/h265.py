"""H.265 over RTP (RFC 7798): a cheap look at one payload, NAL units out of many, and the codec as a value.
Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial

from camagent.model.codec_names import H265
from camagent.observe.codec import h265_headers as bitstream
from camagent.observe.codec.access_unit import (
    AccessUnit,
    NalAssembler,
    Payload,
    aggregated,
    annex_b,
    counted_sets,
    format_by_sps,
    holds_start_code,
    is_byte_stream,
    split_annex_b,
    with_sets,
)
from camagent.observe.codec.codec import (
    Codec,
    Field,
    PictureSource,
    SetKey,
    SetKind,
    never_usual,
)
from camagent.observe.codec.payload_flags import (
    IRAP,
    LEADING,
    MALFORMED,
    PARAMETER_SET,
    SLICE,
    START,
    recovery_flags,
)

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
        flags |= recovery_flags(count)
    return flags


@lru_cache(maxsize=1024)
def usual_start(head: int) -> int:
    """See `Codec.usual_start`: a first slice segment, whole or its first fragment, that is not of an IRAP
    picture."""
    first, second, third, fourth = head >> 24, head >> 16 & 0xFF, head >> 8 & 0xFF, head & 0xFF
    if first & 0x80 or not second:
        return 0
    kind, begins = first >> 1, third
    if kind == FU and third & 0x80:
        kind, begins = third & 0x3F, fourth
    flags = _TYPE_FLAGS[kind]
    return START | flags if begins & 0x80 and flags & SLICE and not flags & IRAP else 0


def first_slice(payload: Payload, donl: bool = False) -> bytes:
    """The beginning of the first slice that begins in a payload, its NAL header first; empty where none
    does."""
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


def _begins_picture(payload: Payload, donl: bool = False) -> bool:
    """first_slice_segment_in_pic_flag is the first bit behind the NAL header."""
    # asked for with every frame: the two usual shapes first
    if len(payload) > 3 and payload[0] < 0x80 and not donl:
        kind = payload[0] >> 1
        if 0 < kind <= bitstream.NAL_LAST_VCL:
            return payload[2] > 0x7F
        if kind == FU:
            return (
                payload[2] & 0x80 != 0 and payload[3] > 0x7F and payload[2] & 0x3F <= bitstream.NAL_LAST_VCL
            )
    nal = first_slice(payload, donl)
    return len(nal) > 2 and bool(nal[2] & 0x80)


def _parameter_sets(payload: bytes, donl: bool = False) -> tuple[bytes, ...]:
    nals = access_unit([payload], donl).nals
    return tuple(nal for nal in nals if bitstream.NAL_VPS <= nal[0] >> 1 & 0x3F <= bitstream.NAL_PPS)


def _set_key(nal: bytes) -> SetKey | None:
    if (sps := bitstream.parse_sps(nal)) is not None:
        return SetKey(SetKind.SPS, sps.sps_id)
    if len(nal) > 2 and nal[0] >> 1 == bitstream.NAL_VPS:
        return SetKey(SetKind.VPS, nal[2] >> 4)
    pps = bitstream.parse_pps(nal)
    return None if pps is None else SetKey(SetKind.PPS, *pps)


def _is_sps(nal: bytes) -> bool:
    return bool(nal) and nal[0] >> 1 & 0x3F == bitstream.NAL_SPS


def _pps_id(payload: Payload, donl: bool = False) -> int | None:
    return bitstream.slice_pps_id(first_slice(payload, donl))


_known_sps = lru_cache(maxsize=64)(bitstream.parse_sps)  # asked for with every frame


def _field_of(payload: Payload, sps_nal: bytes) -> Field | None | bool:
    """Which field it is stands in SEI messages only; without field coding every picture is a frame."""
    sps = _known_sps(sps_nal)
    return None if sps is None or sps.interlaced else False


def _picture(payloads: Sequence[bytes], source: PictureSource) -> bytes | None:
    unit = access_unit(payloads, source.donl)
    return with_sets(unit.nals, source.parameter_sets) if unit.complete else None


def _decodable(picture: bytes) -> bytes:
    """Without SEI messages: a strict decoder would refuse a sound picture for a maker's message that is out
    of form."""
    nals = split_annex_b(picture)
    if not any(bitstream.parse_sps(nal) for nal in nals):
        return b""
    return annex_b(nal for nal in nals if nal[0] >> 1 & 0x3F <= bitstream.NAL_PPS)


def _file_sets(extradata: bytes) -> tuple[bytes, ...]:
    """hvcC (ISO 14496-15 8.3.3), or a byte stream."""
    if is_byte_stream(extradata):
        return tuple(split_annex_b(extradata))
    nals: list[bytes] = []
    if len(extradata) > 22 and extradata[0] <= 1:
        at = 23
        for _ in range(extradata[22]):
            at = counted_sets(extradata, at + 3, int.from_bytes(extradata[at + 1 : at + 3], "big"), nals)
    return tuple(nals)


def _claimed_rate_hz(nals: Sequence[bytes]) -> float | None:
    """By the timing of the first VPS that has one."""
    headers = (bitstream.parse_vps(nal) for nal in nals)
    return next((vps.frame_rate_hz for vps in headers if vps is not None and vps.frame_rate_hz), None)


CODEC = Codec(
    H265,
    peek=peek,
    begins_picture=_begins_picture,
    parameter_sets=_parameter_sets,
    set_key=_set_key,
    is_sps=_is_sps,
    parse_sps=bitstream.parse_sps,
    pps_id=_pps_id,
    usual_start=usual_start,
    field_of=_field_of,
    picture=_picture,
    decodable=_decodable,
    picture_format=partial(format_by_sps, bitstream.parse_sps),
    decoder="hevc",
    claimed_rate_hz=_claimed_rate_hz,
    annex_b_filter="hevc_mp4toannexb",
    file_sets=_file_sets,
)
WITH_DONL = replace(
    CODEC,
    peek=partial(peek, donl=True),
    begins_picture=partial(_begins_picture, donl=True),
    parameter_sets=partial(_parameter_sets, donl=True),
    pps_id=partial(_pps_id, donl=True),
    usual_start=never_usual,
)
"""With decoding order numbers (sprop-max-don-diff above 0)."""
