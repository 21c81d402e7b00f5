"""The description of a stream (SDP, RFC 8866), as leniently as cameras need it. Pure; any text gives a
value."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from itertools import chain, islice

from camagent.model.codec_names import SDP_NAMES
from camagent.model.rtp_numbers import VIDEO_CLOCK_HZ

MAX_SDP_LINES = 2000  # lines beyond are not read: no camera's description has 200
MAX_MEDIA = 64
MAX_FORMATS = 32  # payload types of one media line
MAX_PARAMETER_SETS = 16  # of one fmtp line
MAX_PARAMETER_SET_BYTES = 4096  # the largest with scaling lists is under 1 kB
MAX_ATTRIBUTE_CHARS = 32 * 1024
_STATIC_VIDEO = {26: "JPEG", 31: "H261", 32: "MPV", 33: "MP2T", 34: "H263"}  # RFC 3551 table 5


@dataclass(frozen=True, slots=True)
class MediaFormat:
    """One payload type of a media line."""

    payload_type: int
    encoding: str
    """As rtpmap writes it, or the static name; empty where nothing names it."""
    clock_hz: int
    parameters: tuple[tuple[str, str], ...]
    """fmtp, names in lower case."""

    @property
    def codec(self) -> str | None:
        """h264, h265, mjpeg or mpeg4; None for what we do not read."""
        return SDP_NAMES.get(self.encoding.lower())

    def parameter(self, name: str) -> str | None:
        """The fmtp parameter of that (lower-case) name."""
        return next((value for key, value in self.parameters if key == name), None)

    def parameter_sets(self) -> tuple[bytes, ...]:
        """VPS, SPS and PPS NAL units from sprop-…; broken ones are left out (scottlamb/retina#42)."""
        names = ("sprop-parameter-sets", "sprop-vps", "sprop-sps", "sprop-pps")
        texts = ",".join(self.parameter(name) or "" for name in names).split(",")
        units = chain.from_iterable(map(_nal_units, texts[:MAX_PARAMETER_SETS]))
        return tuple(islice(units, MAX_PARAMETER_SETS))


@dataclass(frozen=True, slots=True)
class MediaDescription:
    """One m= line: a track."""

    kind: str
    protocol: str
    formats: tuple[MediaFormat, ...]
    control: str | None
    frame_rate_hz: float | None
    """a=framerate: a claim."""
    width_px: int | None
    """a=framesize, a=x-dimensions or a=cliprect, in that order: a claim."""
    height_px: int | None


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """What DESCRIBE gave us."""

    control: str | None
    media: tuple[MediaDescription, ...]

    def video(self) -> MediaDescription | None:
        """The first video track that we can read, else the first video track."""
        tracks = [m for m in self.media if m.kind == "video"]
        readable = (m for m in tracks if any(f.codec for f in m.formats))
        return next(readable, tracks[0] if tracks else None)


def parse_sdp(data: bytes) -> SessionDescription | None:
    """Read a description; lines that make no sense are skipped.

    Returns: None if there is no media line in it at all.
    """
    text = data.decode("utf-8", "replace").replace("\x00", "")
    session: list[str] = []
    sections: list[tuple[str, list[str]]] = []
    lines = session
    for raw in re.split(r"\r\n|\n|\r", text)[:MAX_SDP_LINES]:
        kind, _, content = raw.strip()[:MAX_ATTRIBUTE_CHARS].partition("=")
        if kind.strip() in ("m", "M"):
            if len(sections) == MAX_MEDIA:
                break
            lines = []
            sections.append((content, lines))
        elif kind.strip() in ("a", "A"):
            lines.append(content.strip())
    media = tuple(m for m in (_media(head, lines) for head, lines in sections) if m is not None)
    return SessionDescription(_attribute(session, "control"), media) if media else None


def _media(head: str, attributes: list[str]) -> MediaDescription | None:
    words = head.split()
    if not words:
        return None
    numbers = [int(w) for w in words[3 : 3 + MAX_FORMATS] if w.isascii() and w.isdigit() and len(w) <= 3]
    mapped = _by_payload_type(attributes, "rtpmap")
    # a media line without its payload types
    numbers += [n for n in mapped if n not in numbers and not numbers]
    if len(numbers) == len(mapped) == 1:  # the only name there is belongs to the only number (FFmpeg's way)
        mapped = dict(zip(numbers, mapped.values(), strict=True))
    parameters = _by_payload_type(attributes, "fmtp")
    width, height = _size(attributes)
    return MediaDescription(
        kind=words[0].lower(),
        protocol=words[2].upper() if len(words) > 2 else "",
        formats=tuple(_format(n, mapped.get(n, ""), parameters.get(n, "")) for n in numbers),
        control=_attribute(attributes, "control"),
        frame_rate_hz=_frame_rate(_attribute(attributes, "framerate")),
        width_px=width,
        height_px=height,
    )


def _format(payload_type: int, rtpmap: str, fmtp: str) -> MediaFormat:
    encoding, _, rest = rtpmap.partition("/")
    clock = re.match(r"\s*(\d{1,9})", rest)
    clock_hz = int(clock[1]) if clock else 0
    pairs = []
    for part in fmtp.split(";"):
        name, equals, value = part.strip().partition("=")
        if equals and name.strip():
            pairs.append((name.strip().lower(), value.strip()))
    encoding = encoding.strip() or _STATIC_VIDEO.get(payload_type, "")
    return MediaFormat(payload_type, encoding, clock_hz or VIDEO_CLOCK_HZ, tuple(pairs[:MAX_FORMATS]))


def _by_payload_type(attributes: list[str], name: str) -> dict[int, str]:
    by_type: dict[int, str] = {}
    for line in attributes:
        key, colon, rest = line.partition(":")
        match = (
            re.match(r"\s*(\d{1,3})(?:\s+(.*))?$", rest) if colon and key.strip().lower() == name else None
        )
        if match and len(by_type) < MAX_FORMATS:
            by_type.setdefault(int(match[1]), (match[2] or "").strip())
    return by_type


def _attribute(attributes: list[str], name: str) -> str | None:
    for line in attributes:
        key, colon, value = line.partition(":")
        if colon and key.strip().lower() == name:
            return value.strip() or None
    return None


def _frame_rate(text: str | None) -> float | None:
    match = re.match(r"(\d{1,4}(?:\.\d{1,6})?)(?:/(\d{1,4}))?$", (text or "").strip())
    if match is None:
        return None
    rate = float(match[1]) / float(match[2] or 1) if float(match[2] or 1) else 0.0
    return rate if rate > 0 else None


def _size(attributes: list[str]) -> tuple[int, int] | tuple[None, None]:
    patterns = (("framesize", r"\d+\s+(\d{1,5})-(\d{1,5})"), ("x-dimensions", r"(\d{1,5})\s*,\s*(\d{1,5})"))
    for name, pattern in patterns:
        match = re.match(pattern, _attribute(attributes, name) or "")
        if match and int(match[1]) and int(match[2]):
            return int(match[1]), int(match[2])
    corners = re.match(r"(\d{1,5}),(\d{1,5}),(\d{1,5}),(\d{1,5})", _attribute(attributes, "cliprect") or "")
    if corners:  # Axis: top, left, bottom, right
        top, left, bottom, right = (int(corners[i]) for i in range(1, 5))
        if bottom > top and right > left:
            return right - left, bottom - top
    return None, None


def _nal_units(text: str) -> list[bytes]:
    """NAL units of one sprop value; some makers put start codes inside (scottlamb/retina#68)."""
    text = text.strip()
    if not text or len(text) > 2 * MAX_PARAMETER_SET_BYTES:
        return []
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return []
    units = [unit.rstrip(b"\x00") for unit in re.split(rb"\x00\x00\x01", data)]
    return [unit for unit in units if 1 < len(unit) <= MAX_PARAMETER_SET_BYTES]
