"""H.264 over RTP (RFC 6184): a cheap look at one payload, NAL units out of many, and the codec as a value.
Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial

from camagent.model.codec_names import H264
from camagent.observe.codec import h264_headers as bitstream
from camagent.observe.codec.access_unit import (
    AccessUnit,
    NalAssembler,
    Payload,
    aggregated,
    counted_sets,
    format_by_sps,
    holds_start_code,
    is_byte_stream,
    split_annex_b,
    with_sets,
)
from camagent.observe.codec.codec import Codec, Field, PictureSource, SetKey, SetKind
from camagent.observe.codec.payload_flags import (
    B_SLICE,
    INTER,
    INTRA,
    IRAP,
    MALFORMED,
    PARAMETER_SET,
    SLICE,
    START,
    recovery_flags,
)

STAP_A, STAP_B, FU_A, FU_B = 24, 25, 28, 29
SLICE_HEADER_BYTES = 64  # what we read of it ends long before
_SLICES = frozenset((bitstream.NAL_SLICE, bitstream.NAL_PARTITION_A, bitstream.NAL_IDR))

_TYPE_FLAGS = tuple(
    {1: SLICE, 2: SLICE, 3: SLICE, 4: SLICE, 5: SLICE | IRAP, 7: PARAMETER_SET, 8: PARAMETER_SET}.get(kind, 0)
    for kind in range(32)
)
_SLICE_TYPE_FLAGS = {"I": INTRA, "SI": INTRA, "P": INTER, "SP": INTER, "B": INTER | B_SLICE}
_MAY_HIDE_OTHERS = frozenset((0, bitstream.NAL_SEI, bitstream.NAL_SPS, bitstream.NAL_PPS, bitstream.NAL_AUD))


def _slice_flags(nal: bytes) -> int:
    header = bitstream.parse_slice_header(nal)
    return 0 if header is None else _SLICE_TYPE_FLAGS[header.slice_type]


_FIRST_SLICE_FLAGS = tuple(
    _slice_flags(bytes((1, first, 0x80, 0x80))) if first & 0x80 else 0 for first in range(256)
)
"""By the byte behind the NAL header of a slice with first_mb_in_slice 0: slice_type always ends within it."""


def peek(payload: Payload) -> int:
    """Flags of `peek` for one payload, from its first bytes; or them over a frame. Never raises."""
    if len(payload) < 2 or payload[0] & 0x80:
        return MALFORMED
    kind = payload[0] & 0x1F
    if kind in (FU_A, FU_B):
        fragment, offset = payload[1], 2 if kind == FU_A else 4
        if not fragment & 0x80:
            return _TYPE_FLAGS[fragment & 0x1F]
        return START | _nal_flags(fragment & 0x1F, payload, offset)
    if kind in (STAP_A, STAP_B):
        nals, whole = aggregated(bytes(payload), 1 if kind == STAP_A else 3)
        flags = START if whole else START | MALFORMED
        for nal in nals:
            flags |= _nal_flags(nal[0] & 0x1F, nal, 1)
        return flags
    if kind > STAP_A:
        return MALFORMED
    return START | _nal_flags(kind, payload, 1)


def _nal_flags(kind: int, nal: Payload, body: int) -> int:
    """Flags of one NAL unit (or of its first fragment) whose slice header or other content begins at
    `body`."""
    flags = _TYPE_FLAGS[kind]
    if kind in (bitstream.NAL_SLICE, bitstream.NAL_PARTITION_A, bitstream.NAL_IDR):
        if len(nal) <= body:
            return flags
        if nal[body] & 0x80:
            return flags | _FIRST_SLICE_FLAGS[nal[body]]
        return flags | _slice_flags(bytes((kind,)) + bytes(nal[body : body + 16]))
    if kind not in _MAY_HIDE_OTHERS:
        return flags
    whole = bytes((kind,)) + bytes(nal[body:])
    if holds_start_code(whole):
        for inner in split_annex_b(whole):
            flags |= 0 if holds_start_code(inner) else _nal_flags(inner[0] & 0x1F, inner, 1)
    elif kind == bitstream.NAL_SEI:
        count = bitstream.recovery_frame_count(whole)
        flags |= recovery_flags(count)
    return flags


@lru_cache(maxsize=1024)
def usual_start(head: int) -> int:
    """See `Codec.usual_start`: a slice that is whole, or the first fragment of one, of a P or B picture."""
    first, second, third = head >> 24, head >> 16 & 0xFF, head >> 8 & 0xFF
    kind, begins = first & 0x9F, second
    if kind == FU_A and second & 0x9F == 0x80 | bitstream.NAL_SLICE:
        kind, begins = bitstream.NAL_SLICE, third
    if kind != bitstream.NAL_SLICE or not begins & 0x80:
        return 0
    flags = _FIRST_SLICE_FLAGS[begins]
    return START | SLICE | flags if flags & INTER else 0


def first_slice(payload: Payload) -> bytes:
    """The beginning of the first slice that begins in a payload, its NAL header first; empty where none
    does."""
    if len(payload) < 2 or payload[0] & 0x80:
        return b""
    kind = payload[0] & 0x1F
    if kind in _SLICES:
        return bytes(payload[:SLICE_HEADER_BYTES])
    if kind in (FU_A, FU_B):
        body = 2 if kind == FU_A else 4
        header = payload[0] & 0xE0 | payload[1] & 0x1F
        begins = payload[1] & 0x80 and payload[1] & 0x1F in _SLICES
        return bytes((header,)) + bytes(payload[body : body + SLICE_HEADER_BYTES]) if begins else b""
    if kind in (STAP_A, STAP_B):
        nals = aggregated(bytes(payload), 1 if kind == STAP_A else 3)[0]
    elif kind in _MAY_HIDE_OTHERS and holds_start_code(bytes(payload)):
        nals = split_annex_b(bytes(payload))
    else:
        return b""
    return next((nal[:SLICE_HEADER_BYTES] for nal in nals if nal[0] & 0x1F in _SLICES), b"")


def access_unit(payloads: Sequence[Payload]) -> AccessUnit:
    """The NAL units of one frame from its payloads, in the order of their sequence numbers."""
    assembler = NalAssembler()
    for payload in payloads:
        _add(assembler, bytes(payload))
    return assembler.finish()


def _add(assembler: NalAssembler, payload: bytes) -> None:
    if not payload:
        assembler.damaged()
        return
    kind = payload[0] & 0x1F
    if kind in (FU_A, FU_B):
        _add_fragment(assembler, payload, 2 if kind == FU_A else 4)
    elif kind in (STAP_A, STAP_B):
        nals, whole = aggregated(payload, 1 if kind == STAP_A else 3)
        for nal in nals:
            assembler.whole(nal)
        if not whole:
            assembler.damaged()
    elif kind > STAP_A or payload[0] & 0x80:
        assembler.damaged()
    else:
        assembler.whole(payload)


def _add_fragment(assembler: NalAssembler, payload: bytes, body: int) -> None:
    if len(payload) < body:
        assembler.damaged()
        return
    flags = payload[1]
    header = bytes((payload[0] & 0xE0 | flags & 0x1F,))
    assembler.fragment(header, payload[body:], start=bool(flags & 0x80), end=bool(flags & 0x40))


def _begins_picture(payload: Payload) -> bool:
    """first_mb_in_slice is 0: its Exp-Golomb code is a single 1 bit."""
    if len(payload) > 2:  # asked for with every frame: the two usual shapes first
        kind = payload[0] & 0x1F
        if kind in _SLICES:
            return payload[1] > 0x7F and payload[0] < 0x80
        if kind == FU_A:
            return (
                payload[1] & 0x80 != 0
                and payload[2] > 0x7F
                and payload[1] & 0x1F in _SLICES
                and payload[0] < 0x80
            )
    nal = first_slice(payload)
    return len(nal) > 1 and bool(nal[1] & 0x80)


def _parameter_sets(payload: bytes) -> tuple[bytes, ...]:
    return tuple(
        n for n in access_unit([payload]).nals if n[0] & 0x1F in (bitstream.NAL_SPS, bitstream.NAL_PPS)
    )


def _set_key(nal: bytes) -> SetKey | None:
    if (sps := bitstream.parse_sps(nal)) is not None:
        return SetKey(SetKind.SPS, sps.sps_id)
    pps = bitstream.parse_pps(nal)
    return None if pps is None else SetKey(SetKind.PPS, *pps)


def _is_sps(nal: bytes) -> bool:
    return bool(nal) and nal[0] & 0x1F == bitstream.NAL_SPS


def _pps_id(payload: Payload) -> int | None:
    header = bitstream.parse_slice_header(first_slice(payload))
    return None if header is None else header.pps_id


_known_sps = lru_cache(maxsize=64)(bitstream.parse_sps)  # asked for with every frame


def _field_of(payload: Payload, sps_nal: bytes) -> Field | None | bool:
    sps = _known_sps(sps_nal)
    if sps is None:
        return None
    if not sps.interlaced:
        return False
    header = bitstream.parse_slice_header(first_slice(payload), sps)
    if header is None or header.frame_num is None:
        return None
    return Field(header.frame_num, bool(header.bottom)) if header.field else False


def _picture(payloads: Sequence[bytes], source: PictureSource) -> bytes | None:
    unit = access_unit(payloads)
    return with_sets(unit.nals, source.parameter_sets) if unit.complete else None


def _file_sets(extradata: bytes) -> tuple[bytes, ...]:
    """avcC (ISO 14496-15 5.3.3), or a byte stream."""
    if is_byte_stream(extradata):
        return tuple(split_annex_b(extradata))
    nals: list[bytes] = []
    if len(extradata) > 6 and extradata[0] == 1:
        at = counted_sets(extradata, 6, extradata[5] & 0x1F, nals)
        if at < len(extradata):
            counted_sets(extradata, at + 1, extradata[at], nals)
    return tuple(nals)


def _decodable(picture: bytes) -> bytes:
    """Without its own parameter sets it would be decoded by those of the camera before."""
    return picture if any(bitstream.parse_sps(nal) for nal in split_annex_b(picture)) else b""


CODEC = Codec(
    H264,
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
    decoder="h264",
    conceals=True,
    annex_b_filter="h264_mp4toannexb",
    file_sets=_file_sets,
)
