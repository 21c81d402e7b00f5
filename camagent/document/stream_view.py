"""One stream in the result document: what is configured, declared and measured, its picture and its door.
Pure."""

from __future__ import annotations

from typing import Annotated

from camagent.document.values import (
    Count,
    Figure,
    Line,
    Listed,
    LongLine,
    Number,
    Published,
    Setting,
    View,
    one_of_words,
)
from camagent.model.stream import DeclaredStream, MeasuredStream, StreamAccess


class FaultView(View):
    """What the world did to us."""

    code: Line
    stage: Annotated[Line, one_of_words("discover", "interrogate", "observe")]
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


Measured = Annotated[
    MeasuredStream,
    Published(
        transport=Annotated[Line, one_of_words("tcp", "udp", "file")],
        frame_rate_basis=Annotated[Line, one_of_words("stamps", "arrivals")] | None,
    ),
]

ColumnView = ConfiguredView | DeclaredStream | MeasuredStream
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


class StreamView(View):
    """One stream."""

    role: Annotated[Line, one_of_words("main", "sub")]
    token: Line | None
    name: Line | None = None
    uri: LongLine | None
    """Never with credentials; null where the address could not be had: the fault says why."""
    kind: Annotated[Line, one_of_words("rtsp", "file")] = "rtsp"
    configured: ConfiguredView | None
    declared: Annotated[DeclaredStream, Published()] | None
    measured: Measured | None
    image: ImageView | None
    access: Annotated[StreamAccess, Published()] | None = None
    fault: FaultView | None
    not_judged: Annotated[Line, one_of_words("view", "same_address", "no_address", "not_watched")] | None = (
        None
    )
    """Why the stream is listed and was not watched; null where it was."""
