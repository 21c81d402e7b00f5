"""Whatever a payload holds, what looks into it gives a value: for every codec, for every question."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from camagent.observe.codec.codec import PictureSource
from camagent.observe.codec.table import codec_of, decodable_picture

FORMATS = [
    ("h264", False),
    ("h265", False),
    ("h265", True),
    ("mjpeg", False),
    ("mpeg4", False),
    ("av1", False),
]
SHORT_UNITS = bytes.fromhex("6001000100")  # an H.265 aggregate that holds a NAL unit of one byte
H264_HEADS, H265_HEADS = [1, 5, 6, 7, 8, 9, 24, 25, 26, 28, 29, 0], [0, 1, 19, 21, 32, 33, 34, 39, 48, 49, 50]


def aggregate() -> st.SearchStrategy[bytes]:
    """Aggregates of units of every length, also none, also cut off."""
    heads = [bytes((kind,)) for kind in H264_HEADS] + [bytes((kind << 1, 1)) for kind in H265_HEADS]
    body = st.binary(max_size=6) | st.sampled_from([b"\0\0\1\x67", b"\0\0\1", b"\0\0\1\x40"])
    unit = st.tuples(st.sampled_from([b"", *heads]), body).map(b"".join)
    units = st.lists(unit.map(lambda u: len(u).to_bytes(2, "big") + u), max_size=6).map(b"".join)
    return st.tuples(st.sampled_from([*heads, b"\x60\x01", b"\x18"]), units, st.binary(max_size=3)).map(
        b"".join
    )


@settings(deadline=None, max_examples=400)
@given(aggregate() | st.binary(max_size=60))
@example(SHORT_UNITS)
@example(bytes.fromhex("60010000"))
@example(bytes.fromhex("6001ffff00"))
@example(b"")
def test_no_question_raises(payload: bytes) -> None:
    for codec, donl in FORMATS:
        form = codec_of(codec, donl)
        form.peek(payload)
        form.begins_picture(payload)
        form.pps_id(payload)
        for nal in (*form.parameter_sets(payload), payload):
            form.set_key(nal)
            form.field_of(payload, nal)
        decodable_picture([payload, payload], PictureSource(codec, donl=donl))


@pytest.mark.parametrize(("codec", "head"), [("h264", b"\x18"), ("h265", b"\x60\x01")])
def test_aggregates_inside_aggregates_are_not_followed(codec: str, head: bytes) -> None:
    """One in another and so on fills a packet of 64 kB twenty thousand deep."""
    payload = head
    while len(payload) < 60_000:
        payload = head + len(payload).to_bytes(2, "big") + payload
        if len(payload) > 3_000:
            payload = head + b"".join([len(payload).to_bytes(2, "big") + payload] * 18)
    form = codec_of(codec)
    began_s = process_time()
    form.peek(payload)
    assert not form.begins_picture(payload)
    form.parameter_sets(payload)
    assert process_time() - began_s < 1.0
