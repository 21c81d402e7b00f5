"""RFC 2435 payloads: the JPEG file of one frame put together again. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from camagent.model.codec_names import MJPEG
from camagent.model.rtp_numbers import MAX_JPEG_SIDE_PX
from camagent.observe.codec.access_unit import Payload
from camagent.observe.codec.codec import Codec, PictureFormat, PictureSource
from camagent.observe.codec.jpeg_headers import START_OF_IMAGE, parse_header
from camagent.observe.codec.payload_flags import IRAP, MALFORMED, SLICE, START

MAX_SIDE_PX = 65_535  # JPEG's own limit
_OWN_TABLES_Q = 128  # Q from here on: the quantisation tables travel in band
_RESTART_TYPE = 64  # types from here on to 127 are types 0 to 63 with a restart header
_SAMPLING = {0: 0x21, 1: 0x22}  # RFC 2435 4.1: type 0 is 4:2:2, type 1 is 4:2:0
_EOI = b"\xff\xd9"
_NO_TABLES: Mapping[int, bytes] = {}

_LUMA_QUANTISERS = bytes.fromhex(  # ITU-T T.81 table K.1 in zigzag order
    "100b0c0e0c0a100e0d0e1211101318281a181616183123251d283a333d3c3933"
    "383740485c4e404457453738506d51575f626768673e4d71797064785c656763"
)
_CHROMA_QUANTISERS = bytes.fromhex("1112121815182f1a1a2f63423842") + bytes([0x63]) * 50  # table K.2
_HUFFMAN_TABLES = (  # ITU-T T.81 tables K.3, K.5, K.4, K.6, each behind its class and number
    "00 00010501010101010100000000000000 000102030405060708090a0b",
    "10 0002010303020403050504040000017d 01020300041105122131410613516107227114328191a1082342b1c11552d1f0"
    "2433627282090a161718191a25262728292a3435363738393a434445464748494a535455565758595a63646566676869"
    "6a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5"
    "c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa",
    "01 00030101010101010101010000000000 000102030405060708090a0b",
    "11 00020102040403040705040400010277 0001020311040521310612415107617113223281081442 91a1b1c109233352f0"
    "156272d10a162434e125f11718191a262728292a35363738393a434445464748494a535455565758595a636465666768"
    "696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3b4b5b6b7b8b9bac2c3"
    "c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa",
)


@dataclass(frozen=True, slots=True)
class JpegFragment:
    """One RFC 2435 payload, its headers read."""

    offset: int
    kind: int
    q: int
    width_px: int
    """0: wider than the header can say."""
    height_px: int
    restart_interval: int | None
    tables: bytes | None
    """Quantisation tables in band; empty where the sender expects us to remember those of this Q."""
    wide_tables: int
    """Bit i: table i has 16-bit values."""
    scan: bytes


def parse_fragment(payload: Payload) -> JpegFragment | None:
    """Read one payload's headers."""
    head = bytes(payload)
    if len(head) < 8:
        return None
    offset, kind, q = int.from_bytes(head[1:4], "big"), head[4], head[5]
    position, restart, tables, wide = 8, None, None, 0
    if kind & _RESTART_TYPE:
        if len(head) < position + 4:
            return None
        restart = int.from_bytes(head[position : position + 2], "big")
        position += 4
    if q >= _OWN_TABLES_Q and offset == 0:
        if len(head) < position + 4:
            return None
        wide, length = head[position + 1], int.from_bytes(head[position + 2 : position + 4], "big")
        position += 4
        tables = head[position : position + length]
        if len(tables) < length:
            return None
        position += length
    return JpegFragment(
        offset, kind & ~_RESTART_TYPE, q, 8 * head[6], 8 * head[7], restart, tables, wide, head[position:]
    )


def jpeg_picture(
    payloads: Sequence[Payload],
    width_px: int | None = None,
    height_px: int | None = None,
    known_tables: Mapping[int, bytes] = _NO_TABLES,
) -> bytes | None:
    """One whole JPEG file from the payloads of one frame; their order does not matter.

    `width_px`, `height_px`: what SDP or the header extension says; they count where the RTP header cannot
    hold the size (above 2040 px) or holds only its low byte. `known_tables`: in-band tables of earlier frames
    by Q, for senders that do not repeat them. Returns: None where a piece is missing, or the type is not one
    that RFC 2435 defines.
    """
    fragments = [parse_fragment(payload) for payload in payloads]
    pieces = sorted((f for f in fragments if f is not None), key=lambda f: f.offset)
    if not pieces or len(pieces) < len(fragments) or pieces[0].kind not in _SAMPLING:
        return None
    scan = _scan(pieces)
    first = pieces[0]
    tables = _tables(first, known_tables)
    size = _side(first.width_px, width_px), _side(first.height_px, height_px)
    if scan is None or tables is None or not all(size):
        return None
    return b"".join(
        (b"\xff\xd8", tables, _frame_header(first.kind, size), _HUFFMAN_SEGMENTS)
        + (_segment(0xDD, first.restart_interval.to_bytes(2, "big")) if first.restart_interval else b"",)
        + (_SCAN_HEADER, scan, b"" if scan.endswith(_EOI) else _EOI)
    )


def in_band_tables(payload: Payload) -> tuple[int, bytes] | None:
    """Q and the quantisation tables of a frame's first payload, to be remembered; None where it brings
    none."""
    fragment = parse_fragment(payload)
    if fragment is None or not fragment.tables or fragment.wide_tables:
        return None
    return fragment.q, fragment.tables


def extension_size(extension: bytes) -> tuple[int, int] | None:
    """Width and height from the JPEG header segments in ONVIF's RTP header extension (0xFFD8 in its profile
    field).

    Source: ONVIF Streaming Specification 5.1.3, for pictures above 2040 px.
    """
    header = parse_header(extension)
    return None if header is None else (header.width_px, header.height_px)


def _scan(pieces: Sequence[JpegFragment]) -> bytes | None:
    parts: list[bytes] = []
    position = 0
    for piece in pieces:
        if piece.offset < position and parts and piece.offset + len(piece.scan) <= position:
            continue  # a duplicate
        if piece.offset != position:
            return None
        parts.append(piece.scan)
        position += len(piece.scan)
    return b"".join(parts) or None


def _side(header_px: int, told_px: int | None) -> int:
    """The header's size, unless it can only be the low byte of the size that we were told."""
    if told_px is None or not 0 < told_px <= MAX_SIDE_PX:
        return header_px
    blocks = (told_px + 7) // 8
    if header_px == 0 or (told_px > MAX_JPEG_SIDE_PX and 8 * (blocks & 0xFF) == header_px):
        return told_px
    return told_px if 8 * blocks == header_px else header_px


def _tables(first: JpegFragment, by_number: Mapping[int, bytes]) -> bytes | None:
    if first.q < _OWN_TABLES_Q:
        return _standard_tables(first.q) if 1 <= first.q <= 99 else None
    values = first.tables or by_number.get(first.q, b"")
    segments = b""
    position = number = 0
    while number < 2 and position < len(values):
        wide = first.wide_tables >> number & 1
        end = position + (128 if wide else 64)
        if end > len(values):
            return None
        segments += _segment(0xDB, bytes((wide << 4 | number,)) + values[position:end])
        position, number = end, number + 1
    if number == 1:  # luma and chroma share one table
        segments += _segment(0xDB, bytes((segments[4] & 0xF0 | 1,)) + segments[5:])
    return segments or None


def _standard_tables(q: int) -> bytes:
    """RFC 2435 4.2: the tables of T.81 annex K scaled as libjpeg does."""
    scale = 5000 // q if q < 50 else 200 - 2 * q
    return b"".join(
        _segment(
            0xDB, bytes((number,)) + bytes(max(1, min(255, (value * scale + 50) // 100)) for value in table)
        )
        for number, table in enumerate((_LUMA_QUANTISERS, _CHROMA_QUANTISERS))
    )


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


def _frame_header(kind: int, size: tuple[int, int]) -> bytes:
    width, height = size
    components = bytes((1, _SAMPLING[kind], 0, 2, 0x11, 1, 3, 0x11, 1))
    return _segment(
        0xC0, b"\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big") + b"\x03" + components
    )


_HUFFMAN_SEGMENTS = b"".join(_segment(0xC4, bytes.fromhex(table)) for table in _HUFFMAN_TABLES)
_SCAN_HEADER = _segment(0xDA, bytes((3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0)))


def jpeg_size(payload: Payload, stated_size_px: tuple[int | None, int | None]) -> tuple[int, int] | None:
    """The picture's size by a frame's first payload, and by `stated_size_px` (SDP, RTP extension) where a
    byte cannot hold it.

    Returns: None where neither says it.
    """
    fragment = parse_fragment(payload)
    if fragment is None:
        return None
    width, height = (
        told_px if told_px and (not header_px or 8 * ((told_px + 7) // 8 & 0xFF) == header_px) else header_px
        for header_px, told_px in zip((fragment.width_px, fragment.height_px), stated_size_px, strict=True)
    )
    return (width, height) if width and height else None


def _peek(payload: Payload) -> int:
    """Every frame of MJPEG is a keyframe; a fragment with offset 0 begins it (RFC 2435 §3.1.2)."""
    if len(payload) < 8:
        return MALFORMED
    return SLICE | IRAP | (0 if payload[1] or payload[2] or payload[3] else START)


def _begins_picture(payload: Payload) -> bool:
    return len(payload) >= 8 and not (payload[1] or payload[2] or payload[3])


def _picture(payloads: Sequence[bytes], source: PictureSource) -> bytes | None:
    return jpeg_picture(payloads, source.width_px, source.height_px, source.jpeg_tables)


def _decodable(picture: bytes) -> bytes:
    return picture if picture.startswith(b"\xff\xd8") else b""


def _picture_format(picture: bytes) -> PictureFormat | None:
    header = parse_header(picture)
    if header is None:
        return None
    return PictureFormat(header.width_px, header.height_px, header.bit_depth, header.chroma)


def _file_frame(frame: bytes) -> bytes:
    return frame[max(0, frame.find(START_OF_IMAGE)) :]


CODEC = Codec(
    MJPEG,
    peek=_peek,
    begins_picture=_begins_picture,
    picture=_picture,
    decodable=_decodable,
    picture_format=_picture_format,
    decoder="mjpeg",
    stands_alone=True,
    profile_without_sets="Baseline",
    size_px=jpeg_size,
    extension_size_px=extension_size,
    tables=in_band_tables,
    file_frame=_file_frame,
    frame_header=parse_header,
)
