"""What is exported of the main stream: one row for each measured value. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client.core import InfoMetricFamily, Metric

from camagent.document.site_status import AgentSnapshot
from camagent.exporter.families import CACHED, gauge, label
from camagent.model.stream import MeasuredStream

StreamGauge = tuple[str, str, Callable[[MeasuredStream], float | None]]
"""Name without `camagent_stream_`, what it says, and how it is read of what was measured of the main
stream."""
STREAM_GAUGES: tuple[StreamGauge, ...] = (
    ("width_pixels", "Width of the picture as shown", lambda m: m.width_px),
    ("height_pixels", "Height of the picture as shown", lambda m: m.height_px),
    ("frame_rate_hertz", "Measured mean frame rate", lambda m: _believed(m, m.frame_rate_hz)),
    (
        "throughput_bytes_per_second",
        "Measured mean rate of RTP payload",
        lambda m: _believed(m, _bytes_per_s(m)),
    ),
    ("keyframe_interval_seconds", "Measured mean time between keyframes", lambda m: m.gop_length_s),
    ("rtp_lost_ratio", "Lost over expected RTP packets, 0 to 1", lambda m: m.lost_ratio),
    ("rtp_jitter_seconds", "Interarrival jitter after RFC 3550", lambda m: _believed(m, m.rtp_jitter_s)),
    ("first_keyframe_seconds", "From PLAY to the first keyframe", lambda m: m.time_to_first_keyframe_s),
)


def _believed(measured: MeasuredStream, rate: float | None) -> float | None:
    """A rate, unless we ourselves could not keep up."""
    return None if measured.limits else rate


def _bytes_per_s(measured: MeasuredStream) -> float | None:
    return None if measured.bitrate_bps is None else measured.bitrate_bps / 8


def stream_families(snapshot: AgentSnapshot) -> Iterator[Metric]:
    """Everything about the main stream; of the others only whether the first of them plays."""
    labels = ("camera", "stream")
    up = gauge("stream_up", f"1 if video arrived; absent while unknown. {CACHED}", labels)
    info = InfoMetricFamily("camagent_stream", f"How the stream is coded. {CACHED}", labels=labels)
    gauges = [
        (gauge(f"stream_{name}", f"{text}. {CACHED}", labels), read) for name, text, read in STREAM_GAUGES
    ]
    for camera in snapshot.cameras:
        for stream in camera.streams[:2]:
            if stream.up is not None:
                up.add_metric((camera.id, stream.name), float(stream.up))
        for stream in camera.streams[:1]:
            if stream.measured is None:
                continue
            key = (camera.id, stream.name)
            info.add_metric(key, _coding(stream.measured))
            for family, read in gauges:
                value = read(stream.measured)
                if value is not None:
                    family.add_metric(key, value)
    yield from (up, info, *(family for family, _ in gauges))


def _coding(measured: MeasuredStream) -> dict[str, str]:
    return {
        "codec": label(measured.codec),
        "codec_profile": label(measured.codec_profile),
        "codec_level": label(measured.codec_level),
    }
