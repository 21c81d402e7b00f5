"""From what was captured to what is said of it: declared and measured, kept apart. Pure."""

from __future__ import annotations

from typing import Any

from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.stream import DeclaredStream, MeasuredStream
from camagent.observe.bit_rate import bit_rate, peak_bps
from camagent.observe.capture import Capture, TrackDescription
from camagent.observe.codec.codec import StreamHeader
from camagent.observe.codec.table import CODECS, first_header, is_sps
from camagent.observe.gop import gop
from camagent.observe.jitter import interarrival_jitter_s
from camagent.observe.picture.opinion import PictureReport
from camagent.observe.second_opinion import is_decided_by_second, rate_of
from camagent.observe.slow_line import few_frames_fill_the_line
from camagent.observe.stamp_order import reordered
from camagent.observe.timing import FrameRate, burst_frames

NETWORK_SLOW = "network_slow"


def declare(description: TrackDescription, in_band: tuple[tuple[int, bytes], ...] = ()) -> DeclaredStream:
    """What the SDP and the first parameter sets claim; in-band ones before those of the SDP."""
    own = first_header(description.codec, tuple(nal for _, nal in in_band))
    of_sdp = first_header(description.codec, description.parameter_sets)
    sps = own or of_sdp
    sdp_width, sdp_height = (
        (of_sdp.width_px, of_sdp.height_px) if of_sdp else (description.width_px, description.height_px)
    )
    declared = DeclaredStream(
        codec=description.codec or None,
        codec_profile=None,
        codec_level=None,
        frame_rate_hz=description.frame_rate_hz,
        sdp_frame_rate_hz=description.frame_rate_hz,
        width_px=sdp_width,
        height_px=sdp_height,
        sdp_width_px=sdp_width,
        sdp_height_px=sdp_height,
    )
    if sps is None:
        return declared
    return DeclaredStream(
        codec=description.codec,
        codec_profile=sps.codec_profile,
        codec_level=sps.codec_level,
        width_px=sps.width_px,
        height_px=sps.height_px,
        frame_rate_hz=_claimed_rate_hz(description, in_band)
        or sps.frame_rate_hz
        or description.frame_rate_hz,
        sdp_frame_rate_hz=description.frame_rate_hz,
        sdp_width_px=sdp_width,
        sdp_height_px=sdp_height,
        coded_width_px=sps.coded_width_px,
        coded_height_px=sps.coded_height_px,
        chroma=sps.chroma,
        bit_depth=sps.bit_depth,
        interlaced=sps.interlaced,
        parameter_sets=_origin(own, of_sdp),
    )


def measure(capture: Capture, report: PictureReport | Fault | None = None) -> MeasuredStream | Fault:
    """What arrived, in numbers.

    Returns: the Fault that ended the window early, or NO_VIDEO where no frame could be made out and none was
    on its way over a line that it fills; a stream that stopped inside the window is never a measurement.
    """
    table = capture.frames
    if capture.fault is not None:
        return capture.fault
    filled = capture.transport == "tcp" and few_frames_fill_the_line(table)
    if not len(table) and not filled:
        return Fault(FaultCode.NO_VIDEO, Stage.OBSERVE, "RTP", capture.ended_s - capture.connected_s)
    pictures = report if isinstance(report, PictureReport) else None
    rate = rate_of(capture)
    groups = gop(table, rate, capture.counts.missing_ratio)
    return MeasuredStream(
        frames=len(table),
        window_s=max(0.0, capture.ended_s - _began_s(capture)),
        gop_length_frames=groups.length_frames,
        gop_length_s=groups.length_s,
        gop_at_least_s=groups.at_least_s,
        keyframes=groups.keyframes,
        recovery_points=groups.recovery_points,
        b_frames=None if len(table) < 2 else capture.b_slices or reordered(table),
        keyframes_decoded=pictures.decoded if pictures else 0,
        decode_errors=pictures.errors if pictures else 0,
        transport=capture.transport,
        sender_clock_offset_s=_clock_offset_s(capture),
        limits=(
            *capture.limits,
            *((NETWORK_SLOW,) if filled or (rate is not None and rate.slow_line) else ()),
        ),
        rate_decided_over_udp=is_decided_by_second(capture),
        **_coding(capture, report),
        **_rates(capture, rate),
        **_packets(capture),
        **_waits(capture),
    )


def _began_s(capture: Capture) -> float:
    """When the first frame began to come, be it whole or not."""
    if len(capture.frames):
        return capture.frames.arrivals_s[0]
    return min((each.arrival_s for each in capture.frames.long_frames), default=capture.ended_s)


def _coding(capture: Capture, report: PictureReport | Fault | None) -> dict[str, Any]:
    codec, sps = capture.description.codec, _last_sps(capture)
    width_px, height_px = _size_px(capture, sps, report)
    return {
        "codec": codec,
        "codec_profile": sps.codec_profile if sps else _profile_without_sets(codec),
        "codec_level": sps.codec_level if sps else None,
        "width_px": width_px,
        "height_px": height_px,
        "parameter_set_changes": max(0, sum(is_sps(codec, nal) for _, nal in capture.parameter_sets) - 1),
    }


def _profile_without_sets(name: str) -> str | None:
    codec = CODECS.get(name)
    return None if codec is None else codec.profile_without_sets


def _rates(capture: Capture, rate: FrameRate | None) -> dict[str, Any]:
    table, counts = capture.frames, capture.counts
    burst = burst_frames(table)
    bits = bit_rate(table, rate, counts.missing_ratio)
    lying = rate is not None and rate.basis != "stamps"
    return {
        "frame_rate_hz": rate.mean_hz if rate else None,
        "frame_rate_basis": rate.basis if rate else None,
        "frame_rate_uncertainty_hz": rate.uncertainty_hz if rate and rate.mean_hz is not None else None,
        "frame_rate_min_hz": rate.min_hz if rate else None,
        "frame_rate_max_hz": rate.max_hz if rate else None,
        "frame_interval_irregularity_ratio": rate.irregularity_ratio if rate else None,
        "arrival_frame_rate_hz": rate.arrival_hz if rate else None,
        "stamped_frame_rate_hz": rate.stamped_hz if rate else None,
        "timestamp_jumps": (rate.jumps if rate else 0) + counts.restarts,
        "bitrate_bps": bits.mean_bps if bits else None,
        "bitrate_uncertainty_bps": bits.uncertainty_bps if bits else None,
        "bitrate_peak_bps": peak_bps(table, burst, capture.ended_s) if len(table) else None,
        "rtp_jitter_s": None
        if lying
        else interarrival_jitter_s(table.timestamps[burst:], table.arrivals_s[burst:], table.clock_hz),
    }


def _packets(capture: Capture) -> dict[str, Any]:
    counts = capture.counts
    return {
        "rtp_packets": counts.received,
        "rtp_lost_packets": counts.lost,
        "rtp_duplicate_packets": counts.duplicates,
        "rtp_reordered_packets": counts.reordered,
        "stray_packets": counts.stray,
        "packets_numbered": counts.numbered,
    }


def _waits(capture: Capture) -> dict[str, Any]:
    table = capture.frames
    first_key = next((a for a, key in zip(table.arrivals_s, table.keyframes, strict=True) if key), None)
    return {
        "time_to_first_packet_s": _since(capture.play_s, capture.first_packet_s),
        "time_to_first_keyframe_s": _since(capture.play_s, first_key),
        "connect_s": capture.playing_s - capture.connected_s,
    }


def _last_sps(capture: Capture) -> StreamHeader | None:
    codec = capture.description.codec
    in_band = tuple(nal for _, nal in reversed(capture.parameter_sets))
    return first_header(codec, in_band) or first_header(codec, capture.description.parameter_sets)


def _claimed_rate_hz(description: TrackDescription, in_band: tuple[tuple[int, bytes], ...]) -> float | None:
    codec = CODECS.get(description.codec)
    units = (*(nal for _, nal in in_band), *description.parameter_sets)
    return None if codec is None else codec.claimed_rate_hz(units)


def _origin(own: StreamHeader | None, of_sdp: StreamHeader | None) -> str | None:
    if own is not None and of_sdp is not None:
        return "both" if _essence(own) == _essence(of_sdp) else "both-different"
    if own is not None:
        return "in-band"
    return "sdp" if of_sdp is not None else None


def _essence(sps: StreamHeader) -> tuple[object, ...]:
    return sps.codec_profile, sps.codec_level, sps.width_px, sps.height_px, sps.bit_depth, sps.chroma


def _size_px(
    capture: Capture, sps: StreamHeader | None, report: PictureReport | Fault | None
) -> tuple[int | None, int | None]:
    if sps is not None:
        return sps.width_px, sps.height_px
    if isinstance(report, PictureReport) and report.width_px is not None:
        return report.width_px, report.height_px
    return capture.jpeg_size or (None, None)


def _since(start_s: float, then_s: float | None) -> float | None:
    return None if then_s is None else max(0.0, then_s - start_s)


def _clock_offset_s(capture: Capture) -> float | None:
    clock = capture.sender_clock
    if clock is None or "loop_lag" in capture.limits:
        return None  # a report that waited for us shows our delay as the camera's
    return clock.sender_unix_s - clock.ours_unix_s
