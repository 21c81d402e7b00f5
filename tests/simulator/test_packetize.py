"""The packetizer against a reassembler written from the RFCs, at any payload size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camagent.simulator.clips import load_clip
from camagent.simulator.packetize import (
    MAX_PAYLOAD_BYTES,
    h264_payloads,
    h265_payloads,
    mjpeg_payloads,
    packetize,
    split_annexb,
)

BODY = st.binary(min_size=1, max_size=400)
H264_NALS = st.lists(
    st.builds(lambda kind, body: bytes([0x60 | kind]) + body, st.integers(1, 23), BODY),
    min_size=1,
    max_size=8,
)
H265_NALS = st.lists(
    st.builds(lambda kind, body: bytes([kind << 1, 1]) + body, st.integers(0, 47), BODY),
    min_size=1,
    max_size=8,
)


def joined_h264(payloads: list[bytes]) -> list[bytes]:
    nals: list[bytes] = []
    for payload in payloads:
        kind = payload[0] & 0x1F
        if kind == 24:
            nals += _aggregated(payload[1:])
        elif kind == 28:
            if payload[1] & 0x80:
                nals.append(bytes([payload[0] & 0xE0 | payload[1] & 0x1F]))
            nals[-1] += payload[2:]
        else:
            nals.append(payload)
    return nals


def joined_h265(payloads: list[bytes]) -> list[bytes]:
    nals: list[bytes] = []
    for payload in payloads:
        kind = payload[0] >> 1 & 0x3F
        if kind == 48:
            nals += _aggregated(payload[2:])
        elif kind == 49:
            if payload[2] & 0x80:
                nals.append(bytes([payload[0] & 0x81 | (payload[2] & 0x3F) << 1, payload[1]]))
            nals[-1] += payload[3:]
        else:
            nals.append(payload)
    return nals


def _aggregated(rest: bytes) -> list[bytes]:
    nals = []
    while rest:
        size = int.from_bytes(rest[:2], "big")
        nals.append(rest[2 : 2 + size])
        rest = rest[2 + size :]
    return nals


@given(H264_NALS, st.integers(16, 600))
def test_h264_nal_units_survive_any_payload_size(nals: list[bytes], size: int) -> None:
    payloads = h264_payloads(nals, size)
    assert joined_h264(payloads) == nals
    assert max(map(len, payloads)) <= size


@given(H265_NALS, st.integers(16, 600))
def test_h265_nal_units_survive_any_payload_size(nals: list[bytes], size: int) -> None:
    payloads = h265_payloads(nals, size)
    assert joined_h265(payloads) == nals
    assert max(map(len, payloads)) <= size


def test_fragments_have_one_start_and_one_end() -> None:
    payloads = h264_payloads([bytes([0x65]) + bytes(1000)], 100)
    assert [payload[1] >> 6 for payload in payloads] == [2] + [0] * (len(payloads) - 2) + [1]


def test_small_neighbours_travel_in_one_packet_with_the_highest_importance() -> None:
    payloads = h264_payloads([b"\x67abc", b"\x28de"], 100)
    assert payloads == [b"\x78\x00\x04\x67abc\x00\x03\x28de"]


def test_annexb_is_split_at_both_start_codes_and_zeros_before_them_are_dropped() -> None:
    assert split_annexb(b"\x00\x00\x00\x01\x67a\x00\x00\x01\x68b\x00\x00\x00\x01\x65c") == [
        b"\x67a",
        b"\x68b",
        b"\x65c",
    ]


@pytest.mark.parametrize("size", [200, MAX_PAYLOAD_BYTES])
def test_mjpeg_carries_size_tables_and_the_whole_scan(size: int) -> None:
    clip = load_clip("old_720p_mjpeg")
    picture = clip.frames[0]
    payloads = mjpeg_payloads(picture, size)
    assert all((payload[6] * 8, payload[7] * 8) == (clip.width_px, clip.height_px) for payload in payloads)
    first_tables = int.from_bytes(payloads[0][10:12], "big")
    assert first_tables == 128
    scan = payloads[0][12 + first_tables :] + b"".join(payload[8:] for payload in payloads[1:])
    assert picture.endswith(scan + b"\xff\xd9")
    offsets = [int.from_bytes(payload[1:4], "big") for payload in payloads]
    assert offsets == sorted(set(offsets)) and offsets[0] == 0


def test_a_picture_that_rfc_2435_cannot_carry_is_refused() -> None:
    with pytest.raises(ValueError, match="RFC 2435"):
        mjpeg_payloads(b"\xff\xd8\xff\xd9")


def test_a_payload_size_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="no room"):
        packetize("h264", b"\x00\x00\x01\x65abc", 8)
