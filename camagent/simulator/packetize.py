"""Access units into RTP payloads: H.264 (RFC 6184), H.265 (RFC 7798), MJPEG (RFC 2435). Pure; no sockets, no
clock."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from camagent.model.rtp_numbers import MAX_JPEG_SIDE_PX

MAX_PAYLOAD_BYTES = 1400  # fits an Ethernet frame with IPv4, UDP, RTP headers and a VPN's overhead
MIN_PAYLOAD_BYTES = 16  # less than this leaves no room for a fragment behind the headers

_START_CODE = re.compile(rb"\x00\x00\x01")
_STAP_A, _FU_A = 24, 28
_AP, _FU = 48, 49
_SIZE_BYTES = 2  # in front of each NAL unit of an aggregation packet

Packetizer = Callable[[bytes, int], list[bytes]]


def split_annexb(data: bytes) -> list[bytes]:
    """The NAL units of an Annex B byte stream, without start codes and trailing zeros."""
    starts = [match.end() for match in _START_CODE.finditer(data)]
    ends = [start - 3 for start in starts[1:]] + [len(data)]
    units = (data[start:end].rstrip(b"\x00") for start, end in zip(starts, ends, strict=True))
    return [unit for unit in units if unit]


def packetize(codec: str, access_unit: bytes, max_payload_bytes: int = MAX_PAYLOAD_BYTES) -> list[bytes]:
    """The RTP payloads of one frame, in order; the marker bit belongs to the last.

    H.264 and H.265 frames are Annex B, MJPEG frames complete JPEG files.
    Raises: KeyError for another codec, ValueError for what the payload format cannot carry.
    """
    if max_payload_bytes < MIN_PAYLOAD_BYTES:
        raise ValueError(f"a payload of {max_payload_bytes} bytes leaves no room for fragments")
    return PACKETIZERS[codec](access_unit, max_payload_bytes)


def h264_payloads(nals: Sequence[bytes], max_payload_bytes: int = MAX_PAYLOAD_BYTES) -> list[bytes]:
    """Single NAL unit packets, STAP-A for neighbours that fit together, FU-A for what is too large."""
    payloads: list[bytes] = []
    for group in _groups(nals, max_payload_bytes, header_bytes=1):
        if len(group) > 1:
            payloads.append(bytes([_stap_a_header(group)]) + _sized(group))
        elif len(group[0]) <= max_payload_bytes:
            payloads.append(group[0])
        else:
            payloads += _h264_fragments(group[0], max_payload_bytes)
    return payloads


def h265_payloads(nals: Sequence[bytes], max_payload_bytes: int = MAX_PAYLOAD_BYTES) -> list[bytes]:
    """Single NAL unit packets, AP for neighbours that fit together, FU for what is too large."""
    payloads: list[bytes] = []
    for group in _groups(nals, max_payload_bytes, header_bytes=2):
        if len(group) > 1:
            payloads.append(_h265_header(group[0], _AP) + _sized(group))
        elif len(group[0]) <= max_payload_bytes:
            payloads.append(group[0])
        else:
            payloads += _h265_fragments(group[0], max_payload_bytes)
    return payloads


def mjpeg_payloads(picture: bytes, max_payload_bytes: int = MAX_PAYLOAD_BYTES) -> list[bytes]:
    """Fragments of one baseline JPEG with its own quantisation tables (Q = 255) in the first.

    Raises: ValueError where RFC 2435 cannot carry it (not baseline, odd sampling, above 2040 px).
    """
    jpeg = _parse_jpeg(picture)
    tables = b"\x00\x00" + len(jpeg.tables).to_bytes(2, "big") + jpeg.tables
    kind = jpeg.kind | (64 if jpeg.restart_interval else 0)
    restart = jpeg.restart_interval.to_bytes(2, "big") + b"\xff\xff" if jpeg.restart_interval else b""
    payloads, offset = [], 0
    while offset < len(jpeg.scan):
        head = (
            b"\x00" + offset.to_bytes(3, "big") + bytes([kind, 255, jpeg.width_px // 8, jpeg.height_px // 8])
        )
        head += restart + (b"" if offset else tables)
        room = max(1, max_payload_bytes - len(head))
        payloads.append(head + jpeg.scan[offset : offset + room])
        offset += room
    return payloads


PACKETIZERS: dict[str, Packetizer] = {
    "h264": lambda unit, size: h264_payloads(split_annexb(unit), size),
    "h265": lambda unit, size: h265_payloads(split_annexb(unit), size),
    "mjpeg": mjpeg_payloads,
}


def _groups(nals: Sequence[bytes], max_payload_bytes: int, header_bytes: int) -> Iterator[list[bytes]]:
    """Neighbouring NAL units that fit into one aggregation packet together; the rest one by one."""
    group: list[bytes] = []
    size = header_bytes
    for nal in nals:
        if group and size + _SIZE_BYTES + len(nal) > max_payload_bytes:
            yield group
            group, size = [], header_bytes
        group.append(nal)
        size += _SIZE_BYTES + len(nal)
    if group:
        yield group


def _sized(nals: Sequence[bytes]) -> bytes:
    return b"".join(len(nal).to_bytes(_SIZE_BYTES, "big") + nal for nal in nals)


def _stap_a_header(nals: Sequence[bytes]) -> int:
    forbidden = max(nal[0] & 0x80 for nal in nals)
    importance = max(nal[0] & 0x60 for nal in nals)  # RFC 6184 §5.7: the highest of the aggregated units
    return forbidden | importance | _STAP_A


def _h264_fragments(nal: bytes, max_payload_bytes: int) -> Iterator[bytes]:
    indicator = nal[0] & 0xE0 | _FU_A
    for start, end, flags in _pieces(nal, 1, max_payload_bytes - 2):
        yield bytes([indicator, flags | nal[0] & 0x1F]) + nal[start:end]


def _h265_fragments(nal: bytes, max_payload_bytes: int) -> Iterator[bytes]:
    header = _h265_header(nal, _FU)
    for start, end, flags in _pieces(nal, 2, max_payload_bytes - 3):
        yield header + bytes([flags | nal[0] >> 1 & 0x3F]) + nal[start:end]


def _h265_header(nal: bytes, kind: int) -> bytes:
    return bytes([nal[0] & 0x81 | kind << 1, nal[1]])


def _pieces(nal: bytes, start: int, room: int) -> Iterator[tuple[int, int, int]]:
    """(start, end, S and E bits) of each fragment."""
    for at in range(start, len(nal), room):
        yield (
            at,
            min(at + room, len(nal)),
            (0x80 if at == start else 0) | (0x40 if at + room >= len(nal) else 0),
        )


@dataclass(frozen=True, slots=True)
class _Jpeg:
    kind: int
    """RFC 2435 type: 0 = 4:2:2, 1 = 4:2:0."""
    width_px: int
    height_px: int
    tables: bytes
    restart_interval: int
    scan: bytes


def _parse_jpeg(picture: bytes) -> _Jpeg:
    tables: dict[int, bytes] = {}
    size, kind, restart_interval, at = (0, 0), -1, 0, 2
    while at + 4 <= len(picture) and picture[at] == 0xFF:
        marker, length = picture[at + 1], int.from_bytes(picture[at + 2 : at + 4], "big")
        body = picture[at + 4 : at + 2 + length]
        at += 2 + length
        if marker == 0xDB:
            tables |= {body[i] & 0x0F: body[i + 1 : i + 65] for i in range(0, len(body), 65)}
        elif marker == 0xC0:
            size = int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big")
            kind = {(0x21, 0x11): 0, (0x22, 0x11): 1}.get((body[7], body[10]), -1)
        elif marker == 0xDD:
            restart_interval = int.from_bytes(body[:2], "big")
        elif marker == 0xDA:
            break
    width_px, height_px = size
    if kind < 0 or not tables or not 0 < max(size) <= MAX_JPEG_SIDE_PX:
        raise ValueError("not a baseline JPEG that RFC 2435 can carry")
    end = picture.rfind(b"\xff\xd9")
    ordered = b"".join(tables[number] for number in sorted(tables))
    if len(tables) == 1:
        ordered *= 2  # luma and chroma share a table: RFC 2435 receivers expect both
    return _Jpeg(
        kind, width_px, height_px, ordered, restart_interval, picture[at : end if end > at else len(picture)]
    )
