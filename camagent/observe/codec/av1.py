"""AV1 over RTP (AOMedia, "RTP Payload Format For AV1" 1.0) and its headers (AV1 specification 5.5, 5.9).
Pure.

What a NAL unit is to H.264, an OBU is here: its header first, without a size of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from camagent.model.codec_names import AV1
from camagent.observe.codec.av1_headers import (
    FRAME,
    FRAME_HEADER,
    HAS_EXTENSION,
    HAS_SIZE,
    MAX_OBUS,
    REDUNDANT_FRAME_HEADER,
    SEQUENCE_HEADER,
    TEMPORAL_DELIMITER,
    TILE_GROUP,
    TILE_LIST,
    Av1SequenceHeader,
    content_of,
    is_sequence_header,
    leb128,
    obu_type,
    parse_sequence_header,
    split_obus,
)
from camagent.observe.codec.codec import Codec, Payload, PictureFormat, PictureSource, SetKey, SetKind
from camagent.observe.codec.payload_flags import INTER, INTRA, IRAP, MALFORMED, PARAMETER_SET, SLICE, START

_PICTURE_DATA = frozenset((FRAME_HEADER, TILE_GROUP, FRAME, REDUNDANT_FRAME_HEADER))
_BEGINNINGS = frozenset((SEQUENCE_HEADER, FRAME_HEADER, FRAME))
_CONTINUES, _CONTINUED, _NEW_SEQUENCE = 0x80, 0x40, 0x08
_DELIMITER = bytes((TEMPORAL_DELIMITER << 3 | HAS_SIZE, 0))


class _Element(NamedTuple):
    """One OBU element of a payload."""

    data: bytes
    continues: bool
    """Its OBU began in the packet before."""
    continued: bool
    """Its OBU goes on in the next packet."""


def elements(payload: Payload) -> tuple[list[_Element], bool]:
    """The OBU elements of one payload, and whether its sizes fit."""
    data = bytes(payload)
    if not data:
        return [], False
    head, at, count = data[0], 1, data[0] >> 4 & 3
    pieces: list[bytes] = []
    whole = True
    while at < len(data) and len(pieces) < MAX_OBUS:
        size = len(data) - at
        if not count or len(pieces) < count - 1:
            read = leb128(data, at)
            if read is None or read[1] + read[0] > len(data):
                whole = False
                break
            size, at = read
        pieces.append(data[at : at + size])
        at += size
    whole = whole and bool(pieces) and (not count or len(pieces) == count)
    last = len(pieces) - 1
    parts = [
        _Element(piece, bool(n == 0 and head & _CONTINUES), bool(n == last and head & _CONTINUED))
        for n, piece in enumerate(pieces)
    ]
    return parts, whole


def _written_leb128(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def peek(payload: Payload) -> int:
    """Flags of one payload. Never raises."""
    parts, whole = elements(payload)
    flags = 0 if whole else MALFORMED
    if payload and payload[0] & _NEW_SEQUENCE:
        flags |= PARAMETER_SET
    for element in parts:
        if element.continues:
            flags |= SLICE  # the middle or end of an OBU; only those of pictures are that long
        else:
            flags |= START | _obu_flags(element.data)
    return flags


def _obu_flags(obu: bytes) -> int:
    kind = obu_type(obu)
    if kind is None:
        return MALFORMED
    if kind == SEQUENCE_HEADER:
        return PARAMETER_SET
    if kind not in _PICTURE_DATA:
        return 0
    head = content_of(obu[:16])
    if kind == TILE_GROUP or not head or head[0] & 0x80:  # show_existing_frame: nothing new is coded
        return SLICE
    return SLICE | (IRAP, INTER, INTRA, INTER)[head[0] >> 5 & 3]  # frame_type (5.9.2)


def _begins_picture(payload: Payload) -> bool:
    return any(not e.continues and obu_type(e.data) in _BEGINNINGS for e in elements(payload)[0])


def _parameter_sets(payload: bytes) -> tuple[bytes, ...]:
    parts = elements(payload)[0]
    return tuple(e.data for e in parts if not (e.continues or e.continued) and is_sequence_header(e.data))


def _set_key(obu: bytes) -> SetKey | None:
    return SetKey(SetKind.SPS, 0) if parse_sequence_header(obu) is not None else None


def _obus(payloads: Sequence[bytes]) -> list[bytes] | None:
    """The OBUs of one temporal unit; None where a piece is missing."""
    obus: list[bytes] = []
    piece: bytes | None = None
    for payload in payloads:
        parts, whole = elements(payload)
        if not whole:
            return None
        for element in parts:
            if element.continues != (piece is not None):
                return None
            data = (piece or b"") + element.data
            piece = data if element.continued else None
            if piece is None:
                obus.append(data)
    return obus if piece is None and len(obus) <= MAX_OBUS else None


def _sized(obu: bytes) -> bytes:
    """The OBU in the low-overhead format (5.2), which every decoder takes."""
    if obu[0] & HAS_SIZE:
        return obu
    head = 2 if obu[0] & HAS_EXTENSION else 1
    return bytes((obu[0] | HAS_SIZE,)) + obu[1:head] + _written_leb128(len(obu) - head) + obu[head:]


def _picture(payloads: Sequence[bytes], source: PictureSource) -> bytes | None:
    obus = _obus(payloads)
    if not obus or any(obu_type(obu) is None for obu in obus):
        return None
    kept = [obu for obu in obus if obu_type(obu) not in (TEMPORAL_DELIMITER, TILE_LIST)]
    if not any(is_sequence_header(obu) for obu in kept):
        kept = [*[s for s in source.parameter_sets if is_sequence_header(s)][-1:], *kept]
    return _DELIMITER + b"".join(_sized(obu) for obu in kept)


def _headers(picture: bytes) -> list[Av1SequenceHeader]:
    return [header for obu in split_obus(picture) if (header := parse_sequence_header(obu)) is not None]


def _decodable(picture: bytes) -> bytes:
    return picture if _headers(picture) else b""


def _picture_format(picture: bytes) -> PictureFormat | None:
    headers = _headers(picture)
    formats = [PictureFormat(h.width_px, h.height_px, h.bit_depth, h.chroma) for h in headers]
    return max(formats, key=lambda f: f.width_px * f.height_px, default=None)


def _frame_sets(frame: bytes) -> tuple[bytes, ...]:
    return tuple(obu for obu in split_obus(frame) if is_sequence_header(obu))


def _file_sets(extradata: bytes) -> tuple[bytes, ...]:
    return _frame_sets(extradata[4:])  # av1C: four bytes, then OBUs


CODEC = Codec(
    AV1,
    peek=peek,
    begins_picture=_begins_picture,
    parameter_sets=_parameter_sets,
    set_key=_set_key,
    is_sps=is_sequence_header,
    parse_sps=parse_sequence_header,
    picture=_picture,
    decodable=_decodable,
    picture_format=_picture_format,
    decoder="libdav1d",
    file_sets=_file_sets,
    frame_sets=_frame_sets,
)
