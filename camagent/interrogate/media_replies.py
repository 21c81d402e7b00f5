"""Replies of Media1 and Media2 -> media profiles, encoder options, stream addresses. Pure.

What the device says is kept apart from what it means: sentinels become None, kbit/s become bit/s, words stay
words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from camagent.interrogate.device_replies import MAX_WORD_CHARS
from camagent.interrogate.quirks import bitrate_bps, codec_name, positive, to_float, to_int
from camagent.model.codec_names import SHOWN_NAMES
from camagent.model.device import EncoderOptions, EncoderSettings, Range
from camagent.model.printable import printable_line
from camagent.model.uri import StreamUri, parse_stream_uri
from camagent.wire.xml import Node

MAX_MEDIA_PROFILES = 256  # a recorder of 64 channels with four profiles each
MAX_RESOLUTIONS = 128  # rows of one codec's menu; nobody chooses from more
MAX_MENU_ROWS = 16  # of Media2: one for each codec, or for each profile of it
MAX_NUMBERS = 256  # of one list of frame rates
MAX_TOKEN_CHARS = 256  # ReferenceToken has 64 by the schema; devices exceed it
MAX_LEAVES = 48  # values of one encoder's configuration; the standard has 21
MAX_DEPTH = 3  # Multicast/Address/IPv4Address
_ATTRIBUTES = (
    "token",
    "GovLength",
    "Profile",
    "ConstantBitRate",
    "GuaranteedFrameRate",
    "AnchorFrameDistance",
)
MAX_SIDE_PX = 65_535  # larger than any imager

_Parts = Callable[[Node], tuple[Node | None, Node | None]]
_DEVICE_CODECS = ("JPEG", "MPEG4", "H264", "H265")


@dataclass(frozen=True, slots=True)
class StatedProfile:
    """A media profile as the device listed it, before its stream address is asked for."""

    token: str
    name: str | None
    video_source: str | None
    video_source_name: str | None
    encoder: EncoderSettings | None
    view: tuple[int, int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class StatedProfiles:
    """All profiles of one reply."""

    profiles: tuple[StatedProfile, ...]
    truncated: int
    """Rows beyond MAX_MEDIA_PROFILES."""


@dataclass(frozen=True, slots=True)
class StatedUri:
    """A stream address as the device gave it, without its userinfo."""

    uri: StreamUri
    had_credentials: bool


def parse_media1_profiles(node: Node) -> StatedProfiles:
    """GetProfilesResponse of Media1."""
    return _profiles(
        node,
        lambda profile: (
            profile.child("VideoSourceConfiguration"),
            profile.child("VideoEncoderConfiguration"),
        ),
    )


def parse_media2_profiles(node: Node) -> StatedProfiles:
    """GetProfilesResponse of Media2 (asked with Type=VideoEncoder and VideoSource)."""
    return _profiles(
        node,
        lambda profile: (
            profile.child("Configurations", "VideoSource"),
            profile.child("Configurations", "VideoEncoder"),
        ),
    )


def parse_encoder(node: Node) -> EncoderSettings | None:
    """VideoEncoderConfiguration of either service; None where the element is there but empty
    (futomi/node-onvif#78)."""
    codec = codec_name(node.value("Encoding"))
    width, height = _side(node.value("Resolution", "Width")), _side(node.value("Resolution", "Height"))
    token = _token(node)
    if codec is None and width is None and token is None:
        return None
    detail = node.child("H264") or node.child("H265") or node.child("MPEG4")
    gov = to_int(node.attribute("GovLength")) or to_int(detail.value("GovLength") if detail else None)
    profile = node.attribute("Profile") or (
        (detail.value("H264Profile") or detail.value("Mpeg4Profile")) if detail is not None else None
    )
    interval = to_int(node.value("RateControl", "EncodingInterval"))
    return EncoderSettings(
        token=token or "",
        codec=codec,
        codec_profile=profile[:64] if profile else None,
        width_px=width,
        height_px=height,
        frame_rate_hz=positive(to_float(node.value("RateControl", "FrameRateLimit"))),
        bitrate_bps=bitrate_bps(node.value("RateControl", "BitrateLimit")),
        gop_length_frames=gov if gov and 0 < gov < 100_000 else None,
        encoding_interval=interval if interval and interval > 0 else None,
        stated=tuple(_leaves(node, "", MAX_DEPTH))[:MAX_LEAVES],
    )


def _leaves(node: Node, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Every value below an element; "Extension" parts, which no two makers fill alike, are left out."""
    for name in _ATTRIBUTES:
        value = node.attribute(name)
        if value is not None:
            yield f"{path}{name}", value[:MAX_WORD_CHARS]
    for child in node.children() if depth else ():
        name = child.name
        if name == "Extension":
            continue
        text = child.text
        if text is not None:
            yield f"{path}{name}", text[:MAX_WORD_CHARS]
        if not child.is_plain:
            yield from _leaves(child, f"{path}{name}/", depth - 1)


def parse_encoders(node: Node) -> tuple[EncoderSettings, ...]:
    """GetVideoEncoderConfigurationsResponse of either service: those that have a token."""
    encoders = (parse_encoder(row) for row in list(node.children("Configurations"))[:MAX_MEDIA_PROFILES])
    return tuple(encoder for encoder in encoders if encoder is not None and encoder.token)


def parse_media1_options(node: Node) -> tuple[EncoderOptions, ...]:
    """GetVideoEncoderConfigurationOptionsResponse of Media1: one object, a part for each codec."""
    options = list(node.children("Options")) or [node]
    places = [*chain.from_iterable(place.children("Extension") for place in options), *options]
    codecs = []
    for name in _DEVICE_CODECS:
        parts = list(chain.from_iterable(place.children(name) for place in places))
        if parts:
            codecs.append(_media1_codec(name, parts))
    others = chain.from_iterable(place.children() for place in places)
    whole = not any(
        child.name.upper() not in _DEVICE_CODECS and child.child("ResolutionsAvailable") for child in others
    )
    return tuple(replace(codec, is_whole=codec.is_whole and whole) for codec in codecs)


def parse_media2_options(node: Node) -> tuple[EncoderOptions, ...]:
    """GetVideoEncoderConfigurationOptionsResponse of Media2: ranges as attributes; several rows of one codec
    are one menu."""
    options: dict[str, EncoderOptions] = {}
    rows = list(node.children("Options"))
    whole = len(rows) <= MAX_MENU_ROWS
    for row in rows[:MAX_MENU_ROWS]:
        codec = codec_name(row.value("Encoding"))
        if codec not in SHOWN_NAMES:
            whole = whole and row.child("ResolutionsAvailable") is None
        if codec is not None:
            menu = _media2_codec(codec, row)
            options[codec] = _joined(options[codec], menu) if codec in options else menu
    return tuple(replace(option, is_whole=option.is_whole and whole) for option in options.values())


def _media2_codec(codec: str, row: Node) -> EncoderOptions:
    numbers, rates_whole = _numbers(row.value("FrameRatesSupported"))
    rates = tuple(number for number in numbers if number > 0)
    gops, _ = _numbers(row.value("GovLengthRange"))
    sizes, sizes_whole = _resolutions((row,))
    return EncoderOptions(
        codec=codec,
        resolutions=sizes,
        frame_rates_hz=rates,
        frame_rate_range_hz=Range(min(rates), max(rates))
        if rates
        else _range(row.child("FrameRateRange"), 1),
        bitrate_range_bps=_bitrates(row.child("BitrateRange")),
        gop_range_frames=Range(min(gops), max(gops)) if gops else _range(row.child("GovLengthRange"), 1),
        codec_profiles=_words(row.value("ProfilesSupported")),
        is_whole=rates_whole and sizes_whole,
    )


def _joined(one: EncoderOptions, other: EncoderOptions) -> EncoderOptions:
    """Two rows of one codec (one for each of its profiles, say): what either of them offers is offered."""
    listed = one.frame_rates_hz and other.frame_rates_hz
    # what only one row states is not known of the other
    alike = bool(one.resolutions) == bool(other.resolutions)
    alike = alike and (one.frame_rate_range_hz is None) == (other.frame_rate_range_hz is None)
    return EncoderOptions(
        codec=one.codec,
        resolutions=tuple(dict.fromkeys((*one.resolutions, *other.resolutions))),
        frame_rates_hz=tuple(dict.fromkeys((*one.frame_rates_hz, *other.frame_rates_hz))) if listed else (),
        frame_rate_range_hz=_hull((one.frame_rate_range_hz, other.frame_rate_range_hz)),
        bitrate_range_bps=_hull((one.bitrate_range_bps, other.bitrate_range_bps)),
        gop_range_frames=_hull((one.gop_range_frames, other.gop_range_frames)),
        codec_profiles=tuple(dict.fromkeys((*one.codec_profiles, *other.codec_profiles)))[:16],
        is_whole=one.is_whole and other.is_whole and alike,
    )


def _hull(spans: Iterable[Range | None]) -> Range | None:
    """From the lowest to the highest of what is stated; None where nothing is."""
    stated = [span for span in spans if span is not None]
    return Range(min(s.low for s in stated), max(s.high for s in stated)) if stated else None


def parse_stream_address(node: Node) -> StatedUri | None:
    """GetStreamUriResponse of either service; None where it holds no address of a kind that we know."""
    text = node.value("MediaUri", "Uri") or node.value("Uri")
    parsed = parse_stream_uri(text) if text else None
    if parsed is None or parsed[0].scheme not in ("rtsp", "rtsps"):
        return None
    return StatedUri(parsed[0], parsed[1] is not None)


def parse_snapshot_address(node: Node) -> StreamUri | None:
    """GetSnapshotUriResponse of either service; None where it is no web address, or holds a log-in."""
    text = node.value("MediaUri", "Uri") or node.value("Uri")
    parsed = parse_stream_uri(text) if text else None
    if parsed is None or parsed[0].scheme not in ("http", "https") or parsed[1] is not None:
        return None
    return parsed[0]


def _profiles(node: Node, parts: _Parts) -> StatedProfiles:
    profiles: dict[str, StatedProfile] = {}
    rows = list(node.children("Profiles"))
    for row in rows[:MAX_MEDIA_PROFILES]:
        token = _token(row)
        if token is None or token in profiles:
            continue  # without a token nothing can be asked about it
        source, encoder = parts(row)
        profiles[token] = StatedProfile(
            token=token,
            name=_text(row.value("Name")),
            video_source=(_text(source.value("SourceToken")) or _token(source))
            if source is not None
            else None,
            video_source_name=_text(source.value("Name")) if source is not None else None,
            encoder=parse_encoder(encoder) if encoder is not None else None,
            view=_bounds(source.child("Bounds")) if source is not None else None,
        )
    return StatedProfiles(tuple(profiles.values()), max(0, len(rows) - MAX_MEDIA_PROFILES))


def _bounds(node: Node | None) -> tuple[int, int, int, int] | None:
    if node is None:
        return None
    x, y, width, height = (to_int(node.attribute(name)) for name in ("x", "y", "width", "height"))
    return None if x is None or y is None or width is None or height is None else (x, y, width, height)


def _media1_codec(name: str, parts: list[Node]) -> EncoderOptions:
    supported = chain.from_iterable(p.children(f"{name.title()}ProfilesSupported") for p in parts)
    words = [node.text for node in supported if node.text]
    sizes, whole = _resolutions(parts)
    return EncoderOptions(
        codec=codec_name(name) or name.lower(),
        resolutions=sizes,
        frame_rates_hz=(),
        frame_rate_range_hz=_hull(_range(p.child("FrameRateRange"), 1) for p in parts),
        bitrate_range_bps=_hull(_bitrates(p.child("BitrateRange")) for p in parts),
        gop_range_frames=_hull(_range(p.child("GovLengthRange"), 1) for p in parts),
        codec_profiles=tuple(dict.fromkeys(word[:64] for word in words))[:16],
        is_whole=whole,
    )


def _resolutions(parts: Iterable[Node]) -> tuple[tuple[tuple[int, int], ...], bool]:
    """The sizes listed, and whether every row was understood; 0 is "not set"."""
    sizes: dict[tuple[int, int], None] = {}
    whole = True
    for part in parts:
        rows = list(part.children("ResolutionsAvailable"))
        whole = whole and len(rows) <= MAX_RESOLUTIONS
        for row in rows[:MAX_RESOLUTIONS]:
            stated = row.value("Width"), row.value("Height")
            width, height = (_side(text) for text in stated)
            if width and height:
                sizes.setdefault((width, height))
            elif any((*stated, row.text)):
                whole = whole and all(to_int(text) == 0 for text in stated)
    return tuple(sizes), whole


def _range(node: Node | None, factor: float) -> Range | None:
    if node is None:
        return None
    low, high = to_float(node.value("Min")), to_float(node.value("Max"))
    return (
        Range(low * factor, high * factor) if low is not None and high is not None and low <= high else None
    )


def _bitrates(node: Node | None) -> Range | None:
    """kbit/s -> bit/s; the lower end may be zero."""
    if node is None:
        return None
    low, high = to_float(node.value("Min")), bitrate_bps(node.value("Max"))
    if low is None or high is None or low < 0:
        return None
    return Range(float(bitrate_bps(node.value("Min")) or 0), float(high)) if (low * 1000 <= high) else None


def _numbers(text: str | None) -> tuple[tuple[float, ...], bool]:
    """The numbers of a list, and whether every word of it was one."""
    words = [word for word in re.split(r"[\s,;]+", (text or "").strip()) if word]
    numbers = tuple(n for word in words[:MAX_NUMBERS] if (n := to_float(word)) is not None)
    return numbers, len(numbers) == len(words)


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word[:64] for word in (text or "").split()))[:16]


def _side(text: str | None) -> int | None:
    number = to_int(text)
    return number if number is not None and 0 < number <= MAX_SIDE_PX else None


def _token(node: Node) -> str | None:
    token = node.attribute("token")
    return token[:MAX_TOKEN_CHARS] if token else None


def _text(text: str | None) -> str | None:
    return printable_line(text, MAX_WORD_CHARS)
