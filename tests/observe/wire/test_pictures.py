"""Pictures that come over the wire decode to the same samples as the file they were made from."""

from __future__ import annotations

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from camagent.model.stream import TransportChoice
from camagent.observe.rtsp.client import StepLimits
from camagent.simulator.clips import load_clip
from tests.observe.wire.test_gstreamer import gst_stream
from tests.observe.wire.watching import KeepingJudge, doors, measured, watch_now
from tests.peers.launch import missing_peer

MISSING = missing_peer("gst")
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
CODECS = {"h264": "h264", "h265": "hevc", "mjpeg": "mjpeg"}


def samples(codec: str, picture: bytes) -> tuple[NDArray[np.uint8], ...]:
    """The planes of one picture."""
    context = av.CodecContext.create(CODECS[codec], "r")
    context.thread_count = 1
    frame = [*context.decode(av.Packet(picture)), *context.decode(None)][0]
    return tuple(
        np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width].copy()
        for plane in frame.planes
    )


@pytest.mark.parametrize(
    ("clip", "transport"),
    [
        ("sub_360p_h264", TransportChoice.TCP),
        ("main_1080p_h265", TransportChoice.UDP),
        ("old_720p_mjpeg", TransportChoice.TCP),
    ],
)
def test_pictures_are_bit_identical_to_the_files(clip: str, transport: TransportChoice) -> None:
    source, judge = load_clip(clip), KeepingJudge()
    own_sets = b"".join(b"\x00\x00\x00\x01" + nal for nal in source.parameter_sets)
    originals = [samples(source.codec, own_sets + source.frames[number]) for number in source.keyframes]
    with gst_stream(clip) as uri:
        facts = watch_now(
            uri, window_s=1.0, transport=transport, limits=StepLimits(), door=doors(pictures=judge)
        )
    assert measured(facts).rtp_lost_packets == 0 and judge.pictures
    for codec, picture in judge.pictures:
        pictures = samples(codec, picture)
        assert any(
            all(np.array_equal(a, b) for a, b in zip(pictures, other, strict=True)) for other in originals
        )
