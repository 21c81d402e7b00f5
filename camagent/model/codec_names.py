"""What each codec is called: by us, in reports, in SDP, by FFmpeg and over ONVIF. The one place for these
words."""

from __future__ import annotations

from dataclasses import dataclass

from camagent.model.pairs import pairs_of


@dataclass(frozen=True, slots=True)
class CodecNames:
    """One codec's names."""

    name: str
    """In documents and profiles."""
    shown: str
    sdp: tuple[str, ...]
    """Encoding names of rtpmap, in lower case."""
    ffmpeg: str
    onvif: str | None
    """The word of ONVIF's encoding options; None where ONVIF has none."""
    written: frozenset[str]
    """Over ONVIF in practice: in lower case, without signs."""


H264 = CodecNames(
    "h264",
    "H.264",
    ("h264",),
    "h264",
    "H264",
    frozenset({"h264", "avc", "h264plus", "h264h", "h264b", "h264m"}),
)
H265 = CodecNames("h265", "H.265", ("h265", "hevc"), "hevc", "H265", frozenset({"h265", "hevc", "h265plus"}))
MJPEG = CodecNames(
    "mjpeg", "MJPEG", ("jpeg",), "mjpeg", "JPEG", frozenset({"jpeg", "mjpeg", "mjpg", "motionjpeg"})
)
MPEG4 = CodecNames(
    "mpeg4", "MPEG-4", ("mp4v-es",), "mpeg4", "MPEG4", frozenset({"mpeg4", "mpv4es", "mpeg4es"})
)
AV1 = CodecNames("av1", "AV1", ("av1",), "libdav1d", None, frozenset({"av1"}))
ALL_CODECS = (H264, H265, MJPEG, MPEG4, AV1)

SHOWN_NAMES = {codec.name: codec.shown for codec in ALL_CODECS}
SDP_NAMES = {word: name for name, word in pairs_of({codec.name: codec.sdp for codec in ALL_CODECS})}
FFMPEG_NAMES = {codec.ffmpeg: codec.name for codec in ALL_CODECS}
ONVIF_NAMES = {codec.name: codec.onvif for codec in ALL_CODECS if codec.onvif is not None}
