"""What was seen of one stream: *configured* (ONVIF), *declared* (SDP and parameter sets), *measured* (what
arrived)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from camagent.model.fault import Fault
from camagent.model.uri import StreamUri


class StreamRole(StrEnum):
    """The stream that the city would watch, and the lighter ones beside it."""

    MAIN = "main"
    SUB = "sub"


class TransportChoice(StrEnum):
    """What the operator asks for; `auto` is TCP, then UDP where the device answers 461."""

    AUTO = "auto"
    TCP = "tcp"
    UDP = "udp"


@dataclass(frozen=True, slots=True)
class StreamTarget:
    """One stream to watch."""

    uri: StreamUri
    role: StreamRole = StreamRole.MAIN
    token: str | None = None
    """The media profile's token, where ONVIF named the stream."""
    name: str | None = None


@dataclass(frozen=True, slots=True)
class ProfileTarget:
    """A media profile whose stream address could not be had: it is shown with its fault, and nobody takes its
    place."""

    role: StreamRole
    token: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class FileTarget:
    """One media file to check as if it were a stream."""

    path: Path


@dataclass(frozen=True, slots=True)
class ConfiguredStream:
    """What ONVIF says the encoder is set to."""

    codec: str | None
    codec_profile: str | None
    width_px: int | None
    height_px: int | None
    frame_rate_hz: float | None
    bitrate_bps: int | None
    gop_length_frames: int | None
    elsewhere_px: tuple[int, int] | None = None
    """The size that the other media service states for the same profile, where it is another one."""


# This and the next are published as they are, under the same names (`camagent.document.stream_view`): a field
# that older documents do not have needs a default, which they are read as.
@dataclass(frozen=True, slots=True)
class DeclaredStream:
    """What SDP and the first parameter sets say, before anything is measured."""

    codec: str | None
    """One of h264, h265, mjpeg, mpeg4, or the device's own word."""
    codec_profile: str | None
    """As FFmpeg names it: "High", "Main", "Constrained Baseline", "Main 10"."""
    codec_level: str | None
    """As written: "4.0", "5.1" …"""
    width_px: int | None
    """Cropped display size."""
    height_px: int | None
    frame_rate_hz: float | None
    """VUI timing, else a=framerate, or what a file that stamps nothing says of all its frames; a claim."""
    sdp_frame_rate_hz: float | None = None
    sdp_width_px: int | None = None
    """From a=x-dimensions or a=framesize or sprop parameter sets, where in-band ones differ."""
    sdp_height_px: int | None = None
    coded_width_px: int | None = None
    coded_height_px: int | None = None
    chroma: str | None = None
    """One of "4:2:0", "4:0:0" …"""
    bit_depth: int | None = None
    interlaced: bool | None = None
    parameter_sets: str | None = None
    """Where they came from: "sdp", "in-band", "both" or "both-different"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredStream:
    """What arrived in the window. A rate is never made of packets that were lost: loss stands beside it."""

    codec: str
    codec_profile: str | None
    codec_level: str | None
    width_px: int | None
    """Cropped display size from the parameter sets in band (else SDP); None where none was ever seen."""
    height_px: int | None
    frame_rate_hz: float | None
    """Mean over the window by the clock of `frame_rate_basis`.

    None with fewer than two frames, and where stamps and arrivals contradict and neither shows itself right.
    """
    frame_rate_uncertainty_hz: float | None = None
    """Half the width of an interval that holds the truth, also where stamps lie by less than can be seen."""
    frame_rate_min_hz: float | None = None
    """1 / longest frame interval."""
    frame_rate_max_hz: float | None = None
    frame_interval_irregularity_ratio: float | None = None
    """Standard deviation of frame intervals over their mean: above about 0.2 the rate is variable."""
    arrival_frame_rate_hz: float | None = None
    """The mean of arrival times, whatever is believed."""
    frames: int
    window_s: float
    """From the first counted frame to the end of watching."""
    bitrate_bps: float | None
    """RTP payload bits a second over whole GOPs; None where there was none and the keyframe matters."""
    bitrate_peak_bps: float | None = None
    """The highest of whole one-second windows; None in windows under two seconds."""
    gop_length_frames: float | None
    """Mean distance between keyframes; None with fewer than two in the window, or whole frames lost between
    any two."""
    gop_length_s: float | None
    gop_at_least_s: float | None = None
    """Where there is no length: the GOP is at least this long ("GOP ≥ window")."""
    keyframes: int
    recovery_points: int = 0
    """Intra refresh: recovery-point SEI without a keyframe."""
    b_frames: bool | None = None
    keyframes_decoded: int
    decode_errors: int
    transport: str
    """One of "tcp", "udp" or "file"."""
    rtp_packets: int
    rtp_lost_packets: int
    rtp_jitter_s: float | None
    rtp_duplicate_packets: int = 0
    rtp_reordered_packets: int = 0
    stray_packets: int = 0
    """Of another payload type, SSRC or channel."""
    time_to_first_packet_s: float | None
    """From the PLAY request."""
    time_to_first_keyframe_s: float | None
    connect_s: float | None = None
    """From opening the connection to the answer to PLAY."""
    timestamp_jumps: int = 0
    sender_clock_offset_s: float | None = None
    """RTCP sender report's NTP time minus ours; None where no sender report came."""
    parameter_set_changes: int = 0
    """Size or profile changed in mid-stream."""
    limits: tuple[str, ...] = ()
    """What we ourselves could not do ("loop_lag", "socket_full", "decode_queue"), or the line between us and
    the camera ("network_slow"). Not empty: rates are not believed."""
    frame_rate_basis: str | None = None
    """The clock that is believed: "stamps" (the sender's RTP time stamps) or "arrivals" (stamps lie)."""
    stamped_frame_rate_hz: float | None = None
    """The mean of time stamps, whatever is believed."""
    bitrate_uncertainty_bps: float | None = None
    rate_decided_over_udp: bool = False
    """What came inside the connection allowed both clocks; a short second look over UDP told which counts."""
    packets_numbered: bool = True
    """False: the sequence numbers do not count the packets, and nobody can tell whether one is missing."""

    @property
    def lost_ratio(self) -> float | None:
        """Lost over expected RTP packets; None for files, and where nothing was expected or nobody counts."""
        expected = self.rtp_packets + self.rtp_lost_packets
        if self.transport == "file" or expected <= 0 or not self.packets_numbered:
            return None
        return self.rtp_lost_packets / expected


@dataclass(frozen=True, slots=True)
class PictureNumbers:
    """What may be kept of a sound picture to compare later ones with: no face can be drawn from it."""

    luma: bytes
    """28 rows of 64 values, the rows of the text left out."""
    detail: bytes
    """7 rows of 16 tiles, tenths of an 8-bit step."""
    chroma_u: float
    """Median, 8-bit steps off neutral."""
    chroma_v: float
    sharpness: float | None
    infrared: bool
    """There is no colour in it."""


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """Numbers about the decoded keyframes' pictures; no picture is kept."""

    frames: int
    luma_mean: float
    """0–255, full range."""
    luma_std: float
    sharpness: float | None
    """Steepest step over contrast at edges in the sharper direction; 1 = one pixel wide; None: no edge."""
    noise: float
    cast_u: float
    """Mean chroma minus neutral, 8-bit steps."""
    cast_v: float
    flat_blocks_ratio: float
    stripe_ratio: float
    dark_ratio: float
    bright_ratio: float
    change: float | None
    """Largest mean absolute luma difference of two keyframes, text rows left out; None with one."""
    conditions: tuple[str, ...]
    """Names of `camagent.observe.picture.conditions.ORDER`, only where every picture shows it."""
    unsure: tuple[str, ...] = ()
    """Conditions that the numbers could not tell."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """Of each condition that has one; the larger, the worse. What each means stands in
    docs/design/pictures.md."""
    numbers: PictureNumbers | None = None
    """For comparison with the camera's own reference; never published."""
    earlier: tuple[PictureNumbers, ...] = ()
    """The same of the looks before, where a service watches; never published."""


@dataclass(frozen=True, slots=True)
class NightLook:
    """How a camera's picture was when it was last seen by night."""

    at: datetime
    conditions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StreamAccess:
    """How the stream's door behaved."""

    anonymous: bool | None
    """DESCRIBE was answered with a description to a caller without credentials; None: could not be seen."""
    offered: tuple[str, ...]
    """Challenge schemes: "digest-md5", "digest-sha-256", "digest-sha-512-256", "basic"."""
    used: str | None
    """The scheme that let us in; None: none was needed."""
    encrypted: bool
    """RTSPS."""
    server: str | None
    """Server header, cut to 120 printable characters."""
    tls_fingerprint_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """One stream in one run."""

    target: StreamTarget | ProfileTarget | FileTarget
    configured: ConfiguredStream | None
    declared: DeclaredStream | None
    """None where no description was received."""
    measured: MeasuredStream | Fault
    image: ImageFacts | Fault | None
    """None: pictures were not asked for, or there was no keyframe to look at."""
    access: StreamAccess | None
    """None for files, and where the server was never reached."""
    started_at: datetime
    faults: tuple[Fault, ...] = ()
    """Everything that went wrong on the way, also what was made good (461 then UDP)."""
    defect: str | None = None
    """Where our own code failed with it (file and line), if it did: nothing else is known of it then."""

    @property
    def role(self) -> StreamRole:
        """Main, unless the target says otherwise."""
        return StreamRole.MAIN if isinstance(self.target, FileTarget) else self.target.role

    @property
    def fault(self) -> Fault | None:
        """The fault that prevented the measurement, if one did."""
        return self.measured if isinstance(self.measured, Fault) else None


@dataclass(frozen=True, slots=True)
class OtherStream:
    """A stream of a camera's source that was not watched: it is listed, and no verdict rests on it."""

    token: str
    name: str | None
    uri: StreamUri | None
    """None where its address could not be had."""
    configured: ConfiguredStream | None
    not_judged: str
    """Why: "view" (possibly another view or lens), "same_address" (as another profile's), "no_address" (nor
    an encoder), "not_watched" (one lighter stream is enough, or the camera refused before its turn)."""
