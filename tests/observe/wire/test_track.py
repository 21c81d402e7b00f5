"""Packets of odd senders become the right frames."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camagent.observe.codec.codec import PictureSource, never_usual
from camagent.observe.codec.table import codec_of, decodable_picture
from camagent.observe.frame_builder import MAX_FRAMES
from camagent.observe.frames import FrameTable
from camagent.observe.kept_pictures import MAX_PICTURE_BYTES, PictureMemory
from camagent.observe.receiver import SSRC_PATIENCE, TrackPlan, TrackReceiver
from camagent.simulator.bursts import BurstMaker, RtpIdentity, packetized
from camagent.simulator.clips import load_clip
from tests.floor import judged, not_vacuous
from tests.observe.wire.camera import (
    IDR_BODY,
    P_BODY,
    PPS,
    SPS,
    SSRC,
    fragments,
    frame_payloads,
    on_channel,
    rtp,
)

CLOCK = 90_000
FPS = 25


def receiver(codec: str = "h264", pictures: tuple[float, ...] = (), payload_type: int = 96) -> TrackReceiver:
    return TrackReceiver(TrackPlan(codec_of(codec), payload_type, CLOCK, picture_times_s=pictures))


def feed(track: TrackReceiver, packets: Iterable[bytes], now_s: float = 0.0) -> None:
    """All packets in one read, as the connection hands them over."""
    data = bytearray(b"".join(on_channel(p) for p in packets))
    assert track.feed_interleaved(data, 0, len(data), now_s) == len(data)


def frames(count: int, *, first: int = 65_500, gop: int = 10, ticks: int = CLOCK // FPS) -> list[list[bytes]]:
    """Packets of each frame of an ordinary stream."""
    sequence, result = first, []
    for number in range(count):
        payloads = frame_payloads(number, gop)
        result.append(
            [
                rtp(sequence + at, number * ticks, payload, marker=at == len(payloads) - 1)
                for at, payload in enumerate(payloads)
            ]
        )
        sequence += len(payloads)
    return result


def watched(track: TrackReceiver, groups: list[list[bytes]]) -> FrameTable:
    for number, group in enumerate(groups):
        feed(track, group, number / FPS)
    track.finish()
    return track.builder.table(CLOCK)


def test_an_ordinary_stream_over_the_wrap() -> None:
    track = receiver()
    table = watched(track, frames(100))
    assert len(table) == 100 and sum(table.keyframes) == 10 and not any(table.damaged)
    assert [b - a for a, b in zip(table.timestamps, table.timestamps[1:], strict=False)] == [3600] * 99
    assert table.arrivals_s[7] == pytest.approx(7 / FPS)
    assert {nal for _, nal in track.builder.parameter_sets} == {SPS, PPS}


def test_sizes_are_payload_bytes_by_both_ways() -> None:
    groups = frames(30)
    expected = [sum(len(packet) - 12 for packet in group) for group in groups]
    assert list(watched(receiver(), groups).sizes_bytes) == expected
    track = receiver()
    for number, group in enumerate(groups):
        for packet in group:
            track.feed_datagram(bytearray(packet), len(packet), number / FPS)
    track.finish()
    assert list(track.builder.table(CLOCK).sizes_bytes) == expected


@not_vacuous(0.2)
@given(st.lists(st.integers(0, 255), min_size=12, max_size=12), st.integers(1, 200))
@settings(max_examples=50)
def test_how_packets_are_cut_into_reads_does_not_matter(pattern: list[int], size: int) -> None:
    """The fast path and the slow one count the same."""
    groups = frames(20)
    kept = (group for at, group in enumerate(groups) if pattern[at % 12] > 20 or at < 2)
    packets = list(chain.from_iterable(kept))
    judged(len(packets) < sum(map(len, groups)))
    whole = receiver()
    feed(whole, packets)
    cut = receiver()
    for packet in packets:
        feed(cut, [packet])
    for track in (whole, cut):
        track.finish()
    assert whole.builder.table(CLOCK) == cut.builder.table(CLOCK)
    assert whole.sequence is not None and cut.sequence is not None
    assert whole.sequence.counts == cut.sequence.counts and whole.sequence.received == cut.sequence.received


def test_the_marker_bit_is_not_believed() -> None:
    """moonfire-nvr#352: MARK on every SEI; others never set it."""
    for marker in (True, False):
        groups = [
            [packet[:1] + bytes((packet[1] & 0x7F | 0x80 * marker,)) + packet[2:] for packet in group]
            for group in frames(50)
        ]
        table = watched(receiver(), groups)
        assert len(table) == (50 if marker else 49) and sum(table.keyframes) == 5


def test_parameter_sets_with_a_time_stamp_of_their_own_are_no_frame() -> None:
    packets, sequence = [], 0
    for number in range(20):
        for at, payload in enumerate(frame_payloads(number, 10)):
            early = 100 if payload in (SPS, PPS) else 0
            packets.append(
                rtp(sequence, 10_000 + number * 3600 - early, payload, marker=bool(early) or at > 2)
            )
            sequence += 1
    track = receiver()
    table = watched(track, [packets])
    assert len(table) == 19 and sum(table.keyframes) == 2


def test_time_stamps_that_stand_still_still_give_frames() -> None:
    """viseron#7 (absurd rates): the arrivals can then be counted."""
    table = watched(receiver(), frames(60, ticks=0))
    assert len(table) >= 58 and set(table.timestamps) == {0} and sum(table.keyframes) >= 5


def test_two_fields_of_one_time_stamp_are_one_frame() -> None:
    sequence, packets = 0, []
    for number in range(20):
        for body in (b"\x65" + IDR_BODY if number % 10 == 0 else b"\x41" + P_BODY, b"\x41" + P_BODY):
            packets.append(rtp(sequence, number * 3600, body, marker=True))
            sequence += 1
    table = watched(receiver(), [packets])
    assert len(table) == 20 and sum(table.keyframes) == 2


def test_slices_of_one_picture_are_one_frame_though_each_has_the_marker() -> None:
    later_slice = b"\x41\x50" + b"\x21" * 10  # first_mb_in_slice is not 0
    packets = []
    for number in range(20):
        packets += [
            rtp(3 * number, number * 3600, b"\x41" + P_BODY, marker=True),
            rtp(3 * number + 1, number * 3600, later_slice, marker=True),
            rtp(3 * number + 2, number * 3600, later_slice, marker=True),
        ]
    assert len(watched(receiver(), [packets])) == 20


def test_fragment_types_that_change_inside_a_unit_do_no_harm() -> None:
    """Tiandy (moonfire-nvr#344), and empty fragments (retina#115)."""
    pieces = fragments(b"\x65" + IDR_BODY)
    pieces[1] = pieces[1][:1] + bytes((pieces[1][1] & 0xE0 | 1,)) + pieces[1][2:]
    pieces.insert(2, pieces[1][:2])
    payloads = [SPS, PPS, *pieces]
    packets = [rtp(n, 0, payload, marker=n == len(payloads) - 1) for n, payload in enumerate(payloads)]
    track = receiver(pictures=(0.0,))
    table = watched(track, [packets])
    assert len(table) == 1 and table.keyframes == (True,) and len(track.builder.pictures) == 1
    unit = decodable_picture(track.builder.pictures[0].payloads, PictureSource("h264"))
    assert unit is not None and unit.endswith(b"\x65" + IDR_BODY)


def test_annex_b_inside_a_payload_is_seen_through() -> None:
    """V380 (scottlamb/retina#68)."""
    whole = SPS + b"\x00\x00\x00\x01" + PPS + b"\x00\x00\x00\x01" + b"\x65" + IDR_BODY
    track = receiver(pictures=(0.0,))
    table = watched(track, [[rtp(0, 0, whole, marker=True)]])
    assert table.keyframes == (True,) and {nal for _, nal in track.builder.parameter_sets} == {SPS, PPS}


def test_joining_in_the_middle_of_a_keyframe_keeps_no_picture() -> None:
    """Found in a prototype: half an IDR goes to the decoder and comes back grey."""
    first, *rest = frames(21)
    track = receiver(pictures=(0.0,))
    table = watched(track, [first[4:], *rest])
    assert table.damaged[0] and table.keyframes[0]
    assert len(track.builder.pictures) == 1
    unit = decodable_picture(track.builder.pictures[0].payloads, PictureSource("h264"))
    assert unit is not None and unit.count(b"\x00\x00\x00\x01") == 3


def test_a_keyframe_with_a_lost_packet_is_not_kept() -> None:
    groups = frames(25)
    del groups[0][3]
    track = receiver(pictures=(0.0,))
    table = watched(track, groups)
    assert table.damaged[0] and not any(table.damaged[1:])
    assert [kept.arrival_s for kept in track.builder.pictures] == [pytest.approx(10 / FPS)]


@pytest.mark.parametrize(
    ("lost", "damaged"), [((5, -1), {5, 6}), ((5, 0), {5}), ((6, -1), {6, 7}), ((10, 3), {10})]
)
def test_loss_marks_the_frames_that_it_may_have_hit(lost: tuple[int, int], damaged: set[int]) -> None:
    groups = frames(20)
    del groups[lost[0]][lost[1]]
    table = watched(receiver(), groups)
    assert {row for row, bad in enumerate(table.damaged) if bad} == damaged and len(table) == 20


def test_pictures_are_spread_over_the_window() -> None:
    track = receiver(pictures=(0.0, 1.5))
    watched(track, frames(100))
    first, second = track.builder.pictures
    assert first.arrival_s == 0.0 and second.arrival_s == pytest.approx(40 / FPS)


def test_no_picture_is_kept_while_there_is_no_memory_for_it() -> None:
    memory = PictureMemory(200)
    assert memory.take(150)
    track = TrackReceiver(TrackPlan(codec_of("h264"), 96, CLOCK, 0, (0.0,), memory))
    for number, group in enumerate(frames(30)):
        if number == 15:
            memory.give_back(150)
        feed(track, group, number / FPS)
    assert [kept.arrival_s for kept in track.builder.pictures] == [pytest.approx(20 / FPS)]
    assert not memory.take(150)
    assert len(track.builder.hand_over()) == 1 and memory.take(200)


@not_vacuous(0.2)
@given(st.lists(st.integers(0, 9).map(bool), min_size=60, max_size=60))
def test_memory_for_pictures_is_always_given_back(kept: list[bool]) -> None:
    memory = PictureMemory(10_000)
    track = TrackReceiver(TrackPlan(codec_of("h264"), 96, CLOCK, 0, (0.0, 0.2, 0.4), memory))
    packets = list(chain.from_iterable(frames(30, gop=5)))
    for number, packet in enumerate(packets):
        if kept[number % 60]:
            feed(track, [packet], number / 100)
    track.finish()
    judged(bool(track.builder.hand_over()))
    assert memory.take(10_000)


def test_a_keyframe_without_end_is_not_kept() -> None:
    track = receiver(pictures=(0.0,))
    piece = b"\x7c\x05" + b"\x21" * 60_000
    feed(track, [rtp(0, 0, b"\x7c\x85" + IDR_BODY)])
    for sequence in range(1, MAX_PICTURE_BYTES // 60_000 + 3):
        feed(track, [rtp(sequence, 0, piece)])
    assert track.builder.only_counts  # nothing of it is held any more
    feed(track, [rtp(sequence + 1, 3600, b"\x41" + P_BODY)])
    assert track.builder.pictures == [] and track.builder.table(CLOCK).keyframes == (True,)


def test_a_flood_of_frames_is_bounded() -> None:
    track = receiver()
    packets = [rtp(n, n * 10, b"\x41" + P_BODY) for n in range(MAX_FRAMES + 10)]
    feed(track, packets)
    assert track.builder.flooded and len(track.builder.table(CLOCK)) == MAX_FRAMES


def test_an_encoder_that_starts_anew_is_followed_and_a_guest_is_not() -> None:
    guest = [rtp(n, n, b"x" * 20, ssrc=7) for n in range(SSRC_PATIENCE - 2)]
    groups = frames(20)
    track = receiver()
    watched(track, [*groups[:10], guest, *groups[10:]])
    assert track.stray_packets == len(guest) and track.ssrc == SSRC and track.ssrc_changes == 0
    anew = [
        [struct.pack("!BBHII", *struct.unpack("!BBHI", p[:8]), 99) + p[12:] for p in g]
        for g in frames(30, first=9)
    ]
    track = receiver()
    watched(track, [*groups, *anew])
    assert track.ssrc == 99 and track.ssrc_changes == 1
    assert track.sequence is not None and track.sequence.counts.lost == 0


def test_a_guest_among_the_packets_of_one_large_frame_is_not_followed() -> None:
    """An old session's packets between ours (scottlamb/retina#17): never so many in a row that ours had
    stopped."""
    payloads = [SPS, PPS, *fragments(b"\x65" + IDR_BODY * 30)]
    assert len(payloads) > 6 * SSRC_PATIENCE
    packets = []
    for number, payload in enumerate(payloads):
        packets.append(rtp(number, 0, payload))
        packets += [rtp(number, number, b"x" * 20, ssrc=7)] if number % 3 == 0 else []
    track = receiver()
    watched(track, [packets])
    assert track.ssrc == SSRC and track.ssrc_changes == 0
    assert track.stray_packets == len(packets) - len(payloads)
    assert track.sequence is not None and track.sequence.counts.lost == 0


def test_a_size_that_changes_in_mid_stream_is_noted_once_a_change() -> None:
    other = load_clip("main_1080p_h264").parameter_sets[0]
    sets = [SPS, SPS, other, other, SPS]
    payloads = chain.from_iterable((sps, b"\x65" + IDR_BODY) for sps in sets)
    packets = [
        rtp(number, number // 2 * 3600, payload, marker=bool(number % 2))
        for number, payload in enumerate(payloads)
    ]
    track = receiver()
    watched(track, [packets])
    assert track.builder.parameter_sets == [(0, SPS), (2, other), (4, SPS)]


@pytest.mark.parametrize("clip", ["main_1080p_h264", "main_4mp_h265", "old_720p_mjpeg", "b_frames_360p_h264"])
def test_kept_pictures_are_the_encoders_own(clip: str) -> None:
    source = load_clip(clip)
    made = packetized(clip)
    maker = BurstMaker(made, RtpIdentity(SSRC, 65_000, 4_294_900_000))
    track = receiver(source.codec, (0.0, 0.1), made.payload_type)
    for number in range(len(source.frames) + 1):
        data = bytearray(maker.burst(number).data)
        track.feed_interleaved(data, 0, len(data), number / source.frame_rate_hz)
    table = track.builder.table(CLOCK)
    assert len(table) == len(source.frames)
    assert [row for row, key in enumerate(table.keyframes) if key] == list(source.keyframes)
    size = PictureSource(source.codec, (), source.width_px, source.height_px)
    first = decodable_picture(track.builder.pictures[0].payloads, size)
    assert first is not None
    if source.codec == "mjpeg":
        assert first[:2] == b"\xff\xd8" and source.frames[0][-2000:-2] in first
    else:
        assert first.split(b"\x00\x00\x01")[-1] == source.frames[0].split(b"\x00\x00\x01")[-1]


@pytest.mark.parametrize("codec", ["h264", "h265", "mjpeg", "mpeg4"])
@not_vacuous(0.03)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 3), st.booleans(), st.binary(max_size=40)), max_size=60
    )
)
def test_any_payloads_give_a_table_of_equal_columns(
    codec: str, sent: list[tuple[int, int, bool, bytes]]
) -> None:
    track, sequence, stamp = receiver(codec, (0.0, 0.0)), 0, 0
    for step, ticks, marker, payload in sent:
        sequence, stamp = sequence + step, stamp + ticks * 3000
        feed(track, [rtp(sequence, stamp, payload, marker=marker)], sequence / 100)
    track.finish()
    table = track.builder.table(CLOCK)
    judged(len(table) > 0)
    assert (
        len({len(column) for column in (table.arrivals_s, table.sizes_bytes, table.keyframes, table.damaged)})
        == 1
    )
    assert sum(table.sizes_bytes) <= sum(len(payload) for *_, payload in sent)
    for kept in track.builder.pictures:
        decodable_picture(kept.payloads, PictureSource(codec))


@pytest.mark.parametrize("name", ["load_1080p_h264", "main_1080p_h265", "old_720p_mjpeg"])
@pytest.mark.parametrize("lost", [0, 17])
def test_the_usual_frame_is_what_a_closer_look_makes_of_it(name: str, lost: int) -> None:
    source = packetized(name)
    codec = codec_of(source.clip.codec)
    tables = []
    for each in (codec, replace(codec, usual_start=never_usual)):
        track = TrackReceiver(TrackPlan(each, source.payload_type, CLOCK, 0, (0.0, 0.5)))
        maker = BurstMaker(source, RtpIdentity(7, 65_000, 4_294_000_000), 10)
        for number in range(80):
            packets = maker.burst(number).packets()
            kept = [packet for at, packet in enumerate(packets) if not lost or (number + at) % lost]
            feed(track, kept, number / FPS)
        track.finish()
        assert track.sequence is not None
        counts = track.sequence.counts
        builder = track.builder
        tables.append(
            (builder.table(CLOCK), builder.b_slices, counts, builder.parameter_sets, builder.pictures)
        )
    assert tables[0] == tables[1] and len(tables[0][0]) > 60
