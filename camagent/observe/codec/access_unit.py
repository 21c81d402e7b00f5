"""NAL units put together again out of the payloads of one frame; what H.264 and H.265 share. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from camagent.observe.codec.codec import PictureFormat, StreamHeader

START_CODE = b"\x00\x00\x00\x01"
_SHORT_START_CODE = b"\x00\x00\x01"
MAX_CONTAINER_SETS = 64  # of one kind; cameras have one or two
Payload = bytes | memoryview


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """The NAL units of one frame, in order, without start codes."""

    nals: tuple[bytes, ...]
    """Whole ones only: of a unit with a missing piece nothing is here."""
    complete: bool
    """No piece was missing, as far as the payloads tell.

    The beginning and end of a NAL unit are marked in them; whole units and middle pieces vanish without a
    trace, and only the sequence numbers show it.
    """


def annex_b(nals: Iterable[bytes]) -> bytes:
    """The NAL units as a decoder wants them: each behind a start code."""
    return b"".join(START_CODE + nal for nal in nals)


def with_sets(nals: tuple[bytes, ...], sets: Iterable[bytes]) -> bytes:
    """One access unit for a decoder, with those parameter sets in front that it does not bring itself."""
    own = set(nals)
    return annex_b((*(s for s in sets if s not in own), *nals))


def largest_format(headers: Iterable[StreamHeader | None]) -> PictureFormat | None:
    """Of several parameter sets, the one that takes most to decode; None where there is none."""
    formats = [
        PictureFormat(h.coded_width_px, h.coded_height_px, h.bit_depth, h.chroma) for h in headers if h
    ]
    return max(formats, key=lambda f: (f.width_px * f.height_px, f.bit_depth), default=None)


def format_by_sps(parse_sps: Callable[[bytes], StreamHeader | None], picture: bytes) -> PictureFormat | None:
    """What a picture takes to decode, by the parameter sets in it; None where there is none."""
    return largest_format(parse_sps(nal) for nal in split_annex_b(picture))


def split_annex_b(stream: bytes) -> list[bytes]:
    """The NAL units between start codes, and what stands before the first; trailing zero bytes removed."""
    return [nal for nal in (part.rstrip(b"\x00") for part in stream.split(_SHORT_START_CODE)) if nal]


def is_byte_stream(extradata: bytes) -> bool:
    """A container keeps its parameter sets apart as a byte stream, and not in a form of its own."""
    return extradata[:3] in (_SHORT_START_CODE, b"\x00\x00\x00")


def counted_sets(data: bytes, at: int, count: int, nals: list[bytes]) -> int:
    """Read that many NAL units behind 16-bit sizes; returns where they end."""
    for _ in range(min(count, MAX_CONTAINER_SETS)):
        size = int.from_bytes(data[at : at + 2], "big")
        if not size or at + 2 + size > len(data):
            return len(data)
        nals.append(data[at + 2 : at + 2 + size])
        at += 2 + size
    return at


def holds_start_code(payload: bytes) -> bool:
    """An Annex B stream where one NAL unit should be (V380 and others, scottlamb/retina#68)."""
    return _SHORT_START_CODE in payload


class NalAssembler:
    """Collects whole NAL units and fragments in the order of their payloads."""

    def __init__(self) -> None:
        self._nals: list[bytes] = []
        self._pieces: list[bytes] | None = None
        self._damaged = False

    def whole(self, nal: bytes) -> None:
        """A NAL unit that came in one piece; an open fragmented one has lost its end."""
        self._abandon()
        if holds_start_code(nal):
            self._nals += split_annex_b(nal)
        elif nal:
            self._nals.append(nal)

    def fragment(self, header: bytes, piece: bytes, *, start: bool, end: bool) -> None:
        """A piece of a NAL unit; only the first piece's header counts (Tiandy changes it midway,
        moonfire-nvr#344)."""
        if start:
            self._abandon()
            self._pieces = [header]
        if self._pieces is None:
            self._damaged = True
            return
        self._pieces.append(piece)
        if end:
            nal, self._pieces = b"".join(self._pieces), None
            self.whole(nal)

    def damaged(self) -> None:
        """A payload was not what it should be."""
        self._damaged = True

    def finish(self) -> AccessUnit:
        """What came together."""
        self._abandon()
        return AccessUnit(tuple(self._nals), not self._damaged and bool(self._nals))

    def _abandon(self) -> None:
        if self._pieces is not None:
            self._damaged, self._pieces = True, None


def aggregated(payload: bytes, position: int, gap: int = 0) -> tuple[list[bytes], bool]:
    """The NAL units of an aggregation packet behind 16-bit sizes, `gap` bytes before each but the first.

    Returns: the units that fit, and whether everything did.
    """
    nals: list[bytes] = []
    while position + 2 <= len(payload):
        size = int.from_bytes(payload[position : position + 2], "big")
        position += 2
        if position + size > len(payload):
            return nals, False
        if size:
            nals.append(payload[position : position + size])
        position += size + gap
    return nals, position in (len(payload), len(payload) + gap)
