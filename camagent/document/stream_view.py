"""One stream in the result document: what is configured, declared and measured, its picture and its door.
Pure."""

from __future__ import annotations

from typing import Annotated

from camagent.document.values import Count, Figure, Line, Listed, LongLine, Number, Setting, View, words


class FaultView(View):
    """What the world did to us."""

    code: Line
    stage: Annotated[Line, words("discover", "interrogate", "observe", "assess", "plan", "publish")]
    doing: Line
    elapsed_s: Figure
    status: Count | None = None


class ConfiguredView(View):
    """What ONVIF says the encoder is set to."""

    codec: Line | None
    """One of h264, h265, mjpeg, mpeg4, or the device's own word."""
    codec_profile: Line | None
    width_px: Count | None
    height_px: Count | None
    frame_rate_hz: Number
    bitrate_bps: Setting
    gop_length_frames: Setting


class DeclaredView(View):
    """What SDP and the first parameter sets say."""

    codec: Line | None
    """One of h264, h265, mjpeg, mpeg4, or the device's own word."""
    codec_profile: Line | None
    codec_level: Line | None
    width_px: Count | None
    height_px: Count | None
    frame_rate_hz: Number
    sdp_frame_rate_hz: Number = None
    sdp_width_px: Count | None = None
    sdp_height_px: Count | None = None
    coded_width_px: Count | None = None
    coded_height_px: Count | None = None
    chroma: Line | None = None
    bit_depth: Count | None = None
    interlaced: bool | None = None
    parameter_sets: Line | None = None


class MeasuredView(View):
    """What arrived."""

    codec: Line
    codec_profile: Line | None
    codec_level: Line | None
    width_px: Count | None
    """Cropped display size."""
    height_px: Count | None
    frame_rate_hz: Number
    frame_rate_uncertainty_hz: Number = None
    frame_rate_min_hz: Number = None
    frame_rate_max_hz: Number = None
    frame_interval_irregularity_ratio: Number = None
    arrival_frame_rate_hz: Number = None
    frames: Count
    window_s: Figure
    bitrate_bps: Number
    bitrate_peak_bps: Number = None
    gop_length_frames: Number
    gop_length_s: Number
    gop_at_least_s: Number = None
    keyframes: Count
    recovery_points: Count = 0
    b_frames: bool | None = None
    keyframes_decoded: Count
    decode_errors: Count
    transport: Annotated[Line, words("tcp", "udp", "file")]
    rtp_packets: Count
    rtp_lost_packets: Count
    rtp_jitter_s: Number
    rtp_duplicate_packets: Count = 0
    rtp_reordered_packets: Count = 0
    stray_packets: Count = 0
    time_to_first_packet_s: Number
    time_to_first_keyframe_s: Number
    connect_s: Number = None
    timestamp_jumps: Count = 0
    sender_clock_offset_s: Number = None
    parameter_set_changes: Count = 0
    limits: Listed[Line] = ()
    """What we ourselves or the line could not do; where there is any, rates are not believed."""
    frame_rate_basis: Annotated[Line, words("stamps", "arrivals")] | None = None
    """The clock that is believed: the sender's time stamps, or arrivals where stamps lie."""
    stamped_frame_rate_hz: Number = None
    bitrate_uncertainty_bps: Number = None
    rate_decided_over_udp: bool = False
    """A short second look over UDP told which clock counts, or that the line is too slow."""
    packets_numbered: bool = True
    """False: the sequence numbers count nothing, and loss cannot be told."""

    @property
    def lost_ratio(self) -> float | None:
        """Lost over expected RTP packets; None for files, and where nothing was expected or nobody counts."""
        expected = self.rtp_packets + self.rtp_lost_packets
        if self.transport == "file" or expected <= 0 or not self.packets_numbered:
            return None
        return self.rtp_lost_packets / expected


ColumnView = ConfiguredView | DeclaredView | MeasuredView
"""One of the three provenances of a stream."""


class ImageView(View):
    """What the decoded keyframes' pictures looked like, in numbers and in words."""

    frames: Count = 0
    luma_mean: Figure
    luma_std: Figure
    sharpness: Number
    noise: Figure
    cast_u: Figure = None
    cast_v: Figure = None
    flat_blocks_ratio: Figure = None
    stripe_ratio: Figure = None
    dark_ratio: Figure = None
    bright_ratio: Figure = None
    change: Number = None
    conditions: Listed[Line]
    unsure: Listed[Line] = ()


class AccessView(View):
    """How the stream's door behaved."""

    anonymous: bool | None
    offered: Listed[Line]
    used: Line | None
    encrypted: bool
    server: Line | None
    tls_fingerprint_sha256: Line | None = None


class StreamView(View):
    """One stream."""

    role: Annotated[Line, words("main", "sub")]
    token: Line | None
    name: Line | None = None
    uri: LongLine | None
    """Never with credentials; null where the address could not be had: the fault says why."""
    kind: Annotated[Line, words("rtsp", "file")] = "rtsp"
    configured: ConfiguredView | None
    declared: DeclaredView | None
    measured: MeasuredView | None
    image: ImageView | None
    access: AccessView | None = None
    fault: FaultView | None
    not_judged: Annotated[Line, words("view", "same_address", "no_address", "not_watched")] | None = None
    """Why the stream is listed and was not watched; null where it was."""
