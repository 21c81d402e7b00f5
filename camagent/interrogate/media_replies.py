"""Replies of Media1 and Media2 -> media profiles, encoder options, stream addresses. Pure.

What the device says is kept apart from what it means: sentinels become None, kbit/s become bit/s, words stay
words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from camagent.interrogate.device_replies import MAX_WORD_CHARS
from camagent.interrogate.quirks import bitrate_bps, codec_name, positive, to_float, to_int
from camagent.model.device import EncoderOptions, EncoderSettings, Range
from camagent.model.printable import printable_line
from camagent.model.uri import StreamUri, parse_stream_uri
from camagent.wire.xml import Node

MAX_MEDIA_PROFILES = 256  # a recorder of 64 channels with four profiles each
MAX_RESOLUTIONS = 128  # rows of one codec's menu; nobody chooses from more
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
    options = node.child("Options") or node
    extension = options.child("Extension")
    codecs = []
    for name in _DEVICE_CODECS:
        parts = [
            p for p in (extension.child(name) if extension else None, options.child(name)) if p is not None
        ]
        if parts:
            codecs.append(_media1_codec(name, parts))
    return tuple(codecs)


def parse_media2_options(node: Node) -> tuple[EncoderOptions, ...]:
    """GetVideoEncoderConfigurationOptionsResponse of Media2: one row for each codec, ranges as attributes."""
    options: dict[str, EncoderOptions] = {}
    for row in list(node.children("Options"))[:16]:
        codec = codec_name(row.value("Encoding"))
        if codec is None or codec in options:
            continue
        rates = tuple(n for n in _numbers(row.value("FrameRatesSupported")) if n > 0)
        gops = _numbers(row.value("GovLengthRange"))
        options[codec] = EncoderOptions(
            codec=codec,
            resolutions=_resolutions((row,)),
            frame_rates_hz=rates,
            frame_rate_range_hz=Range(min(rates), max(rates))
            if rates
            else _range(row.child("FrameRateRange"), 1),
            bitrate_range_bps=_bitrates(row.child("BitrateRange")),
            gop_range_frames=Range(min(gops), max(gops)) if gops else _range(row.child("GovLengthRange"), 1),
            codec_profiles=_words(row.value("ProfilesSupported")),
        )
    return tuple(options.values())


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
    rates = next((r for p in parts if (r := _range(p.child("FrameRateRange"), 1))), None)
    supported = chain.from_iterable(p.children(f"{name.title()}ProfilesSupported") for p in parts)
    words = [node.text for node in supported if node.text]
    return EncoderOptions(
        codec=codec_name(name) or name.lower(),
        resolutions=_resolutions(parts),
        frame_rates_hz=(),
        frame_rate_range_hz=rates,
        bitrate_range_bps=next((r for p in parts if (r := _bitrates(p.child("BitrateRange")))), None),
        gop_range_frames=next((r for p in parts if (r := _range(p.child("GovLengthRange"), 1))), None),
        codec_profiles=tuple(dict.fromkeys(word[:64] for word in words))[:16],
    )


def _resolutions(parts: Iterable[Node]) -> tuple[tuple[int, int], ...]:
    sizes: dict[tuple[int, int], None] = {}
    for part in parts:
        for row in list(part.children("ResolutionsAvailable"))[:MAX_RESOLUTIONS]:
            width, height = _side(row.value("Width")), _side(row.value("Height"))
            if width and height:
                sizes.setdefault((width, height))
    return tuple(sizes)


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


def _numbers(text: str | None) -> tuple[float, ...]:
    words = re.split(r"[\s,;]+", (text or "").strip())[:64]
    return tuple(n for word in words if word and (n := to_float(word)) is not None)


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
