"""Numbers of looped packets: no seam for whoever counts."""

from __future__ import annotations

from itertools import chain

import pytest

from camagent.simulator.bursts import BurstMaker, RtpIdentity, packetized


def fields(packet: bytes) -> tuple[int, int, int, bool]:
    """(sequence number, time stamp, SSRC, marker)."""
    return (
        int.from_bytes(packet[2:4], "big"),
        int.from_bytes(packet[4:8], "big"),
        int.from_bytes(packet[8:12], "big"),
        packet[1] > 127,
    )


@pytest.mark.parametrize("name", ["sub_360p_h264", "old_720p_mjpeg", "b_frames_360p_h264"])
def test_sequence_numbers_run_on_over_the_seam_and_the_wrap(name: str) -> None:
    source = packetized(name)
    maker = BurstMaker(source, RtpIdentity(7, 65_500, 4_294_900_000))
    frames = len(source.frames) * 2 + 3
    packets = list(chain.from_iterable(maker.burst(number).packets() for number in range(frames)))
    sequence = [fields(packet)[0] for packet in packets]
    assert sequence == [(65_500 + number) & 0xFFFF for number in range(len(sequence))]
    assert {fields(packet)[2] for packet in packets} == {7}
    assert sum(fields(packet)[3] for packet in packets) == frames


def test_time_stamps_advance_by_one_interval_and_wrap() -> None:
    maker = BurstMaker(packetized("sub_360p_h264"), RtpIdentity(1, 0, 4_294_960_000))
    stamps = [maker.burst(number).timestamp for number in range(200)]
    assert {(later - earlier) & 0xFFFFFFFF for earlier, later in zip(stamps, stamps[1:], strict=False)} == {
        6000
    }


def test_b_frames_are_sent_in_decoding_order_with_display_time_stamps() -> None:
    maker = BurstMaker(packetized("b_frames_360p_h264"), RtpIdentity(1, 0, 0))
    shown = [maker.burst(number).timestamp // 3600 for number in range(150)]
    assert shown != sorted(shown)
    assert sorted(shown) == list(range(150))


def test_another_channel_changes_the_framing_only() -> None:
    burst = BurstMaker(packetized("sub_360p_h264"), RtpIdentity(1, 0, 0)).burst(0)
    moved = burst.on_channel(6)
    assert [moved[start : start + 2] for start in burst.starts] == [b"$\x06"] * len(burst.starts)
    assert len(moved) == len(burst.data)
    assert sum(one != other for one, other in zip(moved, burst.data, strict=True)) == len(burst.starts)


def test_the_parts_of_a_burst_are_its_packets_in_order() -> None:
    burst = BurstMaker(packetized("main_1080p_h264"), RtpIdentity(1, 65_530, 0)).burst(0)
    count = len(burst.starts)
    parts = [burst.part(0, 3), burst.part(3, count - 1), burst.part(count - 1, count)]
    assert list(chain.from_iterable(part.packets() for part in parts)) == burst.packets()
    assert [part.sequence for part in parts] == [fields(part.packets()[0])[0] for part in parts]


def test_only_the_latest_bursts_are_remembered() -> None:
    maker = BurstMaker(packetized("sub_360p_h264"), RtpIdentity(1, 0, 0), remembered=2)
    first = maker.burst(0)
    assert maker.burst(0) is first
    maker.burst(1), maker.burst(2)
    assert maker.burst(0) is not first
    assert maker.burst(0) == first
