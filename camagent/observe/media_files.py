"""Media files checked as if they were streams: the same Capture, the same measures. Imports av; blocking.

The demuxer only cuts the file into access units; what they are is read by our own parsers, and nothing but
the asked pictures is decoded. FFmpeg is given the bytes, never the name, so that a playlist cannot make it
open anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO

import av

from camagent.model.clock import Clock
from camagent.model.codec_names import FFMPEG_NAMES
from camagent.model.fault import Fault, FaultCode, Stage
from camagent.model.kept_names import picture_stem
from camagent.model.rtp_numbers import VIDEO_CLOCK_HZ
from camagent.model.stream import DeclaredStream, FileTarget, ImageFacts, MeasuredStream, StreamFacts
from camagent.observe import riff_lists
from camagent.observe.capture import Capture, PacketCounts, TrackDescription
from camagent.observe.codec.access_unit import annex_b, split_annex_b
from camagent.observe.codec.nal_sequence import MAX_CHANGES, NalSequence
from camagent.observe.codec.payload_flags import LEADING, RECOVERY, SECOND_FIELD, is_keyframe
from camagent.observe.codec.table import CODECS
from camagent.observe.decoder_share import MAX_PICTURE_PX
from camagent.observe.file_rows import (
    FileReading,
    let_pass,
    moving_video,
    offer,
    stamp_all,
    ticks,
    without_time,
)
from camagent.observe.frames import FrameTable
from camagent.observe.measure import declare, measure
from camagent.observe.picture.opinion import PictureReport, doubt_frozen
from camagent.platform.process import taking_at_most
from camagent.platform.system_clock import SystemClock

FORMATS = (
    *("mov", "matroska", "mpegts", "avi", "h264", "hevc", "mjpeg", "jpeg_pipe", "mpeg", "flv"),
    *("asf", "dhav"),
)
MAX_MEMORY_BYTES = 128_000_000  # for the index of a file and MAX_CANDIDATES keyframes: 48 MB in 4K
UNTIMED_FORMATS = frozenset(("h264", "hevc", "mjpeg", "jpeg_pipe"))
"""Bare access units: the rate that FFmpeg shows for them is its own invention."""
MAX_FRAMES = 20_000  # as many as a watch of a stream may collect
_OPTIONS = {
    "format_whitelist": ",".join(FORMATS),
    "protocol_whitelist": "none",
    # headers say what a file holds: FFmpeg would decode its first pictures here, outside of the cell
    "skip_frame": "all",
    "max_pixels": str(MAX_PICTURE_PX),
    # measured is what the camera has coded, and not what a cut of the file leaves to be shown
    "ignore_editlist": "1",
}


Look = Callable[[str, Sequence[bytes], Path | None], PictureReport | Fault]
"""Codec, pictures and where to keep them (see `PictureJudge.judge`); blocking, and in a process of its
own."""


@dataclass(frozen=True, slots=True)
class FileOptions:
    """What to look at."""

    window_s: float = 60.0
    """Longer files are watched from their beginning for so long."""
    pictures: int = 2
    """Keyframes to decode, spread over the window; 0 = none."""
    keep_images: Path | None = None
    """Folder for them; only where the operator asked."""


def watch_file(
    target: FileTarget, options: FileOptions, look: Look, clock: Clock | None = None
) -> StreamFacts:
    """Measure one media file: mp4, mkv, ts, avi, or bare H.264, H.265 or MJPEG.

    Bare access units carry no time: their rates are None, not FFmpeg's guess of 25.
    """
    started_at = (clock if clock is not None else SystemClock()).now()
    reading = _read(target.path, options)
    if isinstance(reading, Fault):
        return StreamFacts(target, None, None, reading, None, None, started_at, (reading,))
    capture = _capture(reading)
    report = _report(reading, target, options, look)
    image = report.image if isinstance(report, PictureReport) else report
    if isinstance(image, ImageFacts):
        image = doubt_frozen(image, capture.frames)
    return StreamFacts(
        target=target,
        configured=None,
        declared=_declared(reading, capture),
        measured=_measured(reading, capture, report),
        image=image,
        access=None,
        started_at=started_at,
        faults=tuple(fault for fault in (reading.fault, image) if isinstance(fault, Fault)),
    )


def _read(path: Path, options: FileOptions) -> FileReading | Fault:
    started_s = monotonic()
    try:
        if not path.is_file():  # a folder; or a pipe or device, that would never end
            return _fault(FaultCode.NOT_FOUND, "open", started_s)
        with path.open("rb") as file, taking_at_most(MAX_MEMORY_BYTES):
            return _demux(file, options, started_s)
    except PermissionError:
        return _fault(FaultCode.REFUSED, "open", started_s)
    except MemoryError:
        return _fault(FaultCode.BUDGET_SPENT, "open", started_s)


class _Bytes:
    """A file without its name: by that, FFmpeg would take a JPEG for the first of numbered files."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def _demux(file: BinaryIO, options: FileOptions, started_s: float) -> FileReading | Fault:
    try:
        container, stream = _open(file)
    except (av.error.FFmpegError, OSError):  # OSError: FFmpeg seeks where a short or empty file has nothing
        return _fault(FaultCode.MALFORMED_REPLY, "open", started_s)
    with container:
        if stream is None:
            return _fault(FaultCode.NO_VIDEO, "open", started_s)
        context = stream.codec_context  # None where FFmpeg does not know the codec either
        name = FFMPEG_NAMES.get(context.name) if context is not None else None
        if name is None:
            return _fault(FaultCode.CODEC_UNSUPPORTED, "open", started_s)
        timed = container.format.name not in UNTIMED_FORMATS
        size = context.width, context.height
        codec = CODECS[name]
        sets = codec.file_sets(bytes(context.extradata or b""))
        units = sets if codec.annex_b_filter is not None else ()
        reading = FileReading(codec, timed, size if all(size) else None, NalSequence(name, units))
        if codec.annex_b_filter is None:
            _note_sets(reading, sets)
        reading.claimed_rate_hz = float(stream.average_rate) if timed and stream.average_rate else None
        try:
            whole = _collect(container, stream, reading, options)
            whole = whole or (container.format.name == "avi" and riff_lists.are_whole(file))
        except (av.error.FFmpegError, OSError):
            whole = False
    if not reading.rows:
        return _fault(FaultCode.NO_VIDEO, "demux", started_s)
    stamp_all(reading)
    if not whole:
        reading.fault = _fault(FaultCode.STALLED, "demux", started_s)
    return reading


def _open(file: BinaryIO) -> tuple[Any, Any]:
    """The file and its video; None for the video where it has none.

    Raises: FFmpegError, OSError.
    """

    def opened() -> tuple[Any, list[Any]]:
        file.seek(0)
        # Titles and tags may be in any encoding; nothing here reads them.
        container = av.open(_Bytes(file), options=_OPTIONS, metadata_errors="replace")
        cover = av.stream.Disposition.attached_pic
        return container, [video for video in container.streams.video if not video.disposition & cover]

    container, videos = opened()
    place = 0
    if len(videos) > 1:
        with container:
            place = moving_video(container, videos)
        container, videos = opened()  # from its beginning again
    return container, videos[place] if videos else None


def _collect(container: Any, stream: Any, reading: FileReading, options: FileOptions) -> bool:
    """Fill the reading from the packets; False where the file ends before its own index does."""
    name = reading.codec.annex_b_filter
    converter = av.bitstream.BitStreamFilterContext(name, stream) if name else None
    packets = (packet for packet in container.demux(stream) if packet.size)
    count, last, step = 0, 0, 1
    for packet in islice(packets, MAX_FRAMES):
        count += 1
        if packet.dts is not None:
            last, step = packet.dts, max(step, packet.dts - last) if count > 1 else step
        for unit in converter.filter(packet) if converter else (packet,):
            _add(reading, unit, options.pictures > 0)
        if _fills(reading, options.window_s):
            return True
    indexed: int = stream.frames  # 0 where the container has no index
    # its index counts chunks, and empty ones between pictures and behind them; time stamps too
    if container.format.name == "avi":
        return last + step >= indexed
    return count >= min(indexed, MAX_FRAMES)


def _fills(reading: FileReading, window_s: float) -> bool:
    rows = reading.rows
    if not reading.timed or reading.unstamped or not rows:
        return False
    return rows[-1][0] - rows[0][0] >= window_s * VIDEO_CLOCK_HZ


def _add(reading: FileReading, packet: Any, wanted: bool) -> None:
    """One more access unit: a new frame, or the second field of the last one."""
    content = bytes(packet)
    if reading.codec.annex_b_filter is None:
        key = reading.codec.stands_alone or packet.is_keyframe
        content = _whole_frame(reading, content, key)
        reading.rows.append((ticks(reading, packet), len(content), key, False, packet.is_corrupt))
        offer(reading, content, key and wanted)
        return
    nals = split_annex_b(content)
    flags = reading.sequence.add(nals)
    if flags & SECOND_FIELD and reading.rows:
        stamp, size, *kind = reading.rows[-1]
        reading.rows[-1] = (stamp, size + len(content), kind[0], kind[1], kind[2] or packet.is_corrupt)
        if reading.candidate_open:
            reading.candidates[-1] += annex_b(nals)
        return
    key = is_keyframe(flags)
    stamp = ticks(reading, packet)
    if not reading.timed and reading.sequence.place is not None:
        stamp = reading.sequence.place
    elif not reading.timed and flags & LEADING:
        stamp = let_pass(reading, stamp)
    reading.places.append(reading.sequence.place)
    reading.rows.append((stamp, len(content), key, bool(flags & RECOVERY), packet.is_corrupt))
    offer(reading, reading.sequence.picture(nals) if key and wanted else b"", key and wanted)


def _whole_frame(reading: FileReading, content: bytes, key: bool) -> bytes:
    """A frame as a decoder wants it: a keyframe with the parameter sets that stood when it came, if it brings
    none."""
    content = reading.codec.file_frame(content)
    reading.header = reading.header or reading.codec.frame_header(content)
    own, changes = reading.codec.frame_sets(content), reading.sequence.changes
    _note_sets(reading, own)
    return changes[-1][1] + content if key and not own and changes else content


def _note_sets(reading: FileReading, sets: Sequence[bytes]) -> None:
    """Parameter sets are noted when they change."""
    changes = reading.sequence.changes
    for one in sets:
        if len(changes) < MAX_CHANGES and (not changes or changes[-1][1] != one):
            changes.append((len(reading.rows), one))


def _capture(reading: FileReading) -> Capture:
    stamps, sizes, keyframes, recovery_points, damaged = zip(*reading.rows, strict=True)
    # each frame comes just when one has to be shown
    arrivals_s = tuple(stamp / VIDEO_CLOCK_HZ for stamp in sorted(stamps))
    table = FrameTable(stamps, arrivals_s, sizes, keyframes, recovery_points, damaged, VIDEO_CLOCK_HZ)
    first_s, last_s = arrivals_s[0], arrivals_s[-1]
    interval_s = (last_s - first_s) / (len(table) - 1) if len(table) > 1 else 0.0
    return Capture(
        description=TrackDescription(reading.codec.name, reading.codec.name, VIDEO_CLOCK_HZ),
        transport="file",
        frames=table,
        counts=PacketCounts(0, 0, 0, 0, 0),
        connected_s=first_s,
        play_s=first_s,
        playing_s=first_s,
        first_packet_s=None,
        ended_s=last_s + interval_s,
        parameter_sets=tuple(reading.sequence.changes),
        jpeg_size=None if reading.header is None else (reading.header.width_px, reading.header.height_px),
        b_slices=reading.sequence.b_slices,
        fault=reading.fault,
    )


def _declared(reading: FileReading, capture: Capture) -> DeclaredStream:
    declared = declare(capture.description, capture.parameter_sets)
    if not reading.timed and declared.frame_rate_hz is None:
        declared = replace(declared, frame_rate_hz=reading.claimed_rate_hz)
    header = reading.header
    if header is not None:
        return replace(
            declared,
            codec_profile=header.codec_profile,
            width_px=header.width_px,
            height_px=header.height_px,
            chroma=header.chroma,
            bit_depth=header.bit_depth,
        )
    if reading.codec.decoder is None and reading.size is not None:  # nobody here reads its headers
        return replace(declared, width_px=reading.size[0], height_px=reading.size[1])
    return declared


def _measured(
    reading: FileReading, capture: Capture, report: PictureReport | Fault | None
) -> MeasuredStream | Fault:
    """The measures of the window without those of a network; without those of time where the file has
    none."""
    measured = measure(capture, report)
    if isinstance(measured, Fault):
        return measured
    measured = replace(measured, rtp_jitter_s=None, time_to_first_keyframe_s=None, connect_s=None)
    if reading.codec.annex_b_filter is None:
        declared = _declared(reading, capture)
        measured = replace(
            measured,
            codec_profile=declared.codec_profile,
            width_px=declared.width_px,
            height_px=declared.height_px,
        )
    return measured if reading.timed else without_time(measured, reading)


def _report(
    reading: FileReading, target: FileTarget, options: FileOptions, look: Look
) -> PictureReport | Fault | None:
    if reading.codec.decoder is None:
        return Fault(FaultCode.CODEC_UNSUPPORTED, Stage.OBSERVE, "decode", 0.0)
    count = min(options.pictures, len(reading.candidates))
    if not count:
        return None
    last = len(reading.candidates) - 1
    chosen = sorted({round(i * last / max(1, count - 1)) for i in range(count)})
    keep_as = picture_stem(options.keep_images, target) if options.keep_images is not None else None
    return look(reading.codec.name, [reading.candidates[i] for i in chosen], keep_as)


def _fault(code: FaultCode, doing: str, started_s: float) -> Fault:
    return Fault(code, Stage.OBSERVE, doing, monotonic() - started_s)
