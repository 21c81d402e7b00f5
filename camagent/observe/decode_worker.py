"""The process that decodes: pictures in by pipe, numbers out. Started by `decode_start`; never imported by
the agent.

A decoder fed by strangers may hang, crash, or be taken over: here that costs this process and nothing else.
On Linux it can open no file and no socket, start no process and signal none (`platform.process.enter_cell`);
it has no credentials in its environment, bounded memory, and leaves no core dump (which would hold a
picture). Kept pictures go back by pipe.
"""

from __future__ import annotations

import json
import os
import queue
import struct
import sys
import threading
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, BinaryIO

import av
import numpy as np

from camagent.model.defect import place_of
from camagent.model.json_form import to_json
from camagent.observe.codec.table import DECODED, codec_of
from camagent.observe.decoder_share import MAX_FRAME_BYTES, MAX_PICTURE_PX
from camagent.observe.picture.facts import image_facts
from camagent.observe.picture.opinion import PictureReport
from camagent.observe.picture.picture_numbers import PictureMeasures, measure_picture
from camagent.observe.picture.view import Plane, Planes
from camagent.platform.ending import ignore_presses
from camagent.platform.garbage import look_as_usual
from camagent.platform.process import enter_cell, limit_decoder

CODED_PX = 16  # one macroblock
MEASURED_PX = 256  # as many as the largest part of a picture that any score looks at wants
SMALL_WIDTH_PX = 480  # enough to see what is wrong with a picture; about 30 kB a camera in the report
LENGTH = struct.Struct(">I")
"""Before each JSON header on both pipes; the request's pictures follow their header."""


class Decoder:
    """One decoder a codec, kept open: opening costs more than decoding a small picture. Not shared between
    threads."""

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self.max_frame_bytes = max_frame_bytes
        self._contexts: dict[str, Any] = {}

    def open(self, codec: str) -> Any:
        """FFmpeg's decoder of that codec, made at its first use."""
        if codec not in self._contexts:
            self._contexts[codec] = _open_decoder(codec)
        return self._contexts[codec]

    def decode(self, codec: str, picture: bytes) -> Any | None:
        """The last frame out of one access unit; None where it does not decode without damage."""
        picture = codec_of(codec).decodable(picture)
        if not picture:
            return None
        context = self.open(codec)
        try:
            frames = [*context.decode(av.Packet(picture)), *context.decode(None)]
        except (av.error.FFmpegError, MemoryError):
            frames = []
        finally:
            context.flush_buffers()
        return None if not frames or frames[-1].is_corrupt else frames[-1]


def judge_pictures(
    decoder: Decoder, codec: str, pictures: Sequence[bytes], kept: list[bytes] | None = None
) -> PictureReport:
    """Decode and measure the pictures of one stream; one that would take too much memory is our limit, not an
    error.

    kept: takes each decoded picture as PNG, then the last one as a small JPEG, where that was asked for.
    """
    measured: list[PictureMeasures] = []
    size: tuple[int | None, int | None] = (None, None)
    small = b""
    bearable = [picture for picture in pictures if frame_bytes(codec, picture) <= decoder.max_frame_bytes]
    for picture in bearable:
        frame = decoder.decode(codec, picture)
        if frame is None:
            continue
        measured.append(measure_picture(planes_of(frame)))
        size = frame.width, frame.height
        if kept is not None:
            kept.append(_as_png(frame))
            small = _as_small_jpeg(frame)
        _wipe(frame)
    if kept is not None and small:
        kept.append(small)
    return PictureReport(len(measured), len(bearable) - len(measured), *size, image_facts(measured))


def frame_bytes(codec: str, picture: bytes) -> int:
    """What one decoded frame will take, by the largest of the headers; 0 where they say nothing."""
    form = codec_of(codec).picture_format(picture)
    if form is None:
        return 0
    samples = {"4:0:0": 1.0, "4:2:0": 1.5, "4:1:1": 1.5, "4:2:2": 2.0, "4:4:0": 2.0}.get(
        form.chroma or "", 3.0
    )
    return int(form.width_px * form.height_px * samples * (2 if form.bit_depth > 8 else 1))


def _open_decoder(codec: str) -> Any:
    context = av.CodecContext.create(codec_of(codec).decoder or codec, "r")
    context.thread_count = 1
    context.flags |= av.codec.context.Flags.unaligned  # without it a crop on the left gives a wrong width
    context.options = {"max_pixels": str(MAX_PICTURE_PX)}
    if not codec_of(codec).conceals:
        context.options |= {"err_detect": "explode"}
    return context


def planes_of(frame: Any) -> Planes:
    """Views of the decoder's own buffers; valid as long as the frame."""
    depth = frame.format.components[0].bits
    planes = [_view(plane, 2 if depth > 8 else 1) for plane in frame.planes[:3]]
    full_range = (
        frame.format.name.startswith("yuvj") or frame.color_range == av.video.reformatter.ColorRange.JPEG
    )
    return Planes(planes[0], (planes[1], planes[2]) if len(planes) == 3 else None, depth, full_range)


def _wipe(frame: Any) -> None:
    """Zeros instead of the picture: the decoder uses the memory again.

    Where the next picture is damaged, an H.265 decoder leaves what was there: another camera's picture. Of
    zeros it is known that nobody decoded them (`pattern.undecoded`).
    """
    for plane in frame.planes[:3]:
        np.frombuffer(plane, np.uint8)[:] = 0


def _view(plane: Any, item_bytes: int) -> Plane:
    rows = np.frombuffer(plane, np.uint16 if item_bytes == 2 else np.uint8)
    return rows.reshape(plane.height, plane.line_size // item_bytes)[:, : plane.width]


def _as_png(frame: Any) -> bytes:
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "rgb24"
    encoder.time_base = Fraction(1, 25)  # asked for by every encoder; a single picture has no time
    packets = [*encoder.encode(frame.reformat(format="rgb24")), *encoder.encode(None)]
    return b"".join(bytes(packet) for packet in packets)


def _as_small_jpeg(frame: Any) -> bytes:
    width = min(SMALL_WIDTH_PX, frame.width)
    height = max(2, round(frame.height * width / frame.width))
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuvj420p"
    encoder.time_base = Fraction(1, 25)
    smaller = frame.reformat(width, height, "yuvj420p", dst_color_range="JPEG")
    smaller.pts = None
    return b"".join(bytes(packet) for packet in (*encoder.encode(smaller), *encoder.encode(None)))


def _serve(source: BinaryIO, sink: BinaryIO, threads: int, max_frame_bytes: int) -> None:
    """Answer requests until the pipe closes; the sender keeps no more than `threads` of them under way."""
    jobs: queue.SimpleQueue[tuple[dict[str, Any], list[bytes]]] = queue.SimpleQueue()
    writing = threading.Lock()
    for _ in range(threads):
        threading.Thread(target=_work, args=(jobs, sink, writing, max_frame_bytes), daemon=True).start()
    while len(length := source.read(LENGTH.size)) == LENGTH.size:
        header = json.loads(source.read(LENGTH.unpack(length)[0]))
        jobs.put((header, [source.read(size) for size in header["sizes"]]))


def _work(
    jobs: queue.SimpleQueue[tuple[dict[str, Any], list[bytes]]],
    sink: BinaryIO,
    writing: threading.Lock,
    max_frame_bytes: int,
) -> None:
    decoder = Decoder(max_frame_bytes)
    try:
        while True:
            header, pictures = jobs.get()
            kept: list[bytes] | None = [] if header["keep"] else None
            content: dict[str, Any]
            try:
                report = judge_pictures(decoder, header["codec"], pictures, kept)
            except MemoryError:
                raise
            except Exception as bug:
                # of this picture: the others are judged on, and the camera is not blamed
                decoder = Decoder(max_frame_bytes)
                kept, content = None, {"defect": place_of(bug)}
            else:
                content = {"report": to_json(report), "kept": [len(picture) for picture in kept or ()]}
            answer = json.dumps({"id": header["id"], **content}).encode()
            with writing:
                sink.write(b"".join((LENGTH.pack(len(answer)), answer, *(kept or ()))))
                sink.flush()
    finally:
        # the pool sees the process end at once, instead of a thread that is missing
        os._exit(1)


def _load() -> None:
    """Do the whole work once on pictures of our own: what a library loads at its first use cannot be loaded
    later.

    What codes and decodes is the same code for few pixels as for many; what measures is not.
    """
    decoder = Decoder()
    for codec in DECODED:
        decoder.open(codec)
    to_json(judge_pictures(decoder, "mjpeg", [_as_small_jpeg(_own_frame(CODED_PX))], []))
    measured = measure_picture(planes_of(_own_frame(MEASURED_PX)))
    image_facts([measured, measured])


def _own_frame(size_px: int) -> Any:
    frame = av.VideoFrame(size_px, size_px, "yuvj420p")
    for plane in frame.planes:
        np.frombuffer(plane, np.uint8)[:] = np.arange(plane.buffer_size) % 251  # anything but one grey
    return frame


def main() -> None:
    """Serve on standard input and output; the arguments are threads, bytes of memory, bytes of a picture."""
    threads, memory_bytes, frame_bytes = map(int, sys.argv[1:4])
    ignore_presses()
    limit_decoder(memory_bytes)
    _load()
    look_as_usual()
    enter_cell()  # before the first byte of a stranger, and before the threads that shall be in it too
    _serve(sys.stdin.buffer, sys.stdout.buffer, threads, frame_bytes)
    os._exit(0)  # the pipe is closed, nobody waits for a thread that may hang
