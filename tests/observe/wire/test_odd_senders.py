"""Senders that bend the rules of RTP: numbers begun anew or shared, stamps of slices and fields, unused
sets."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from itertools import chain, count, product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from camagent.observe.codec.access_unit import split_annex_b
from camagent.observe.codec.table import codec_of
from camagent.observe.frames import FrameTable
from camagent.observe.receiver import TrackPlan, TrackReceiver
from camagent.observe.rtp import MAX_MISORDER, MIN_LOSS_BURST
from tests.observe.media import fields
from tests.observe.wire.camera import PPS, SPS, fragments, on_channel, rtp
from tests.observe.wire.test_track import CLOCK, FPS, frames, receiver, watched

TICKS = CLOCK // FPS


def send(track: TrackReceiver, packets: Iterable[tuple[float, bytes]]) -> FrameTable:
    """Each packet in a read of its own, at its time."""
    for now_s, packet in packets:
        data = bytearray(on_channel(packet))
        assert track.feed_interleaved(data, 0, len(data), now_s) == len(data)
    track.finish()
    return track.builder.table(CLOCK)


def renumbered(groups: Sequence[Sequence[bytes]], at: int, first: int) -> list[list[bytes]]:
    """The numbers of the frames from `at` on begin anew with `first`."""
    number, result = first, [list(group) for group in groups[:at]]
    for group in groups[at:]:
        result.append(
            [p[:2] + ((number + i) & 0xFFFF).to_bytes(2, "big") + p[4:] for i, p in enumerate(group)]
        )
        number += len(group)
    return result


@given(st.integers(0, 65_535), st.integers(MIN_LOSS_BURST + 1, 65_535 - 300), st.integers(1, 49))
@example(40_400, 65_536 - 40_400, 30)  # to 0, ahead: half of all restarts were counted as an outage
@example(200, 1500, 30)  # ahead by less than RFC 3550's MAX_DROPOUT
@settings(deadline=None, max_examples=60)
def test_numbers_that_begin_anew_are_no_loss(first: int, step: int, at: int) -> None:
    groups = frames(50, first=first)
    sent = sum(map(len, groups[:at]))
    track = receiver()
    table = watched(track, renumbered(groups, at, first + sent + step))
    assert track.sequence is not None and track.sequence.counts.lost == 0
    assert track.sequence.counts.restarts == 1 and track.sequence.counts.duplicates == 0
    assert len(table) == 50 and sum(table.keyframes) == 5 and not any(table.damaged)


@given(st.integers(0, 65_535), st.integers(50, MIN_LOSS_BURST), st.integers(20, 49))
@settings(deadline=None, max_examples=60)
def test_numbers_that_leap_between_two_neighbouring_frames_are_no_loss(
    first: int, step: int, at: int
) -> None:
    """The frame before is whole, the next one is stamped an interval later: nothing was sent between."""
    groups = frames(50, first=first)
    sent = sum(map(len, groups[:at]))
    track = receiver()
    table = watched(track, renumbered(groups, at, first + sent + step))
    assert track.sequence is not None and track.sequence.counts.lost == 0
    assert track.sequence.counts.restarts == 1
    assert len(table) == 50 and not any(table.damaged)


@pytest.mark.parametrize("missing_frames", [1, 2, 10])
def test_heavy_frames_that_are_missing_from_the_time_stamps_are_lost(missing_frames: int) -> None:
    groups = frames(50, first=500)
    at, step = 25, 120
    later = renumbered(groups, at, 500 + sum(map(len, groups[:at])) + step)[at + missing_frames :]
    first = int.from_bytes(later[0][0][2:4], "big")
    track = receiver()
    for number, group in enumerate(groups[:at]):
        send_all(track, group, number / FPS)
    for number, group in enumerate(later, at + missing_frames):
        send_all(track, group, number / FPS)
    assert track.sequence is not None and track.sequence.counts.restarts == 0
    assert track.sequence.counts.lost == first - 500 - sum(map(len, groups[:at]))


@pytest.mark.parametrize("back", [5, 40, MAX_MISORDER - 1, MAX_MISORDER + 1])
def test_numbers_that_begin_anew_a_little_back_are_no_duplicates(back: int) -> None:
    groups = frames(50, first=1000)
    track = receiver()
    table = watched(track, renumbered(groups, 30, 1000 + sum(map(len, groups[:30])) - back))
    assert track.sequence is not None and track.sequence.counts.lost == 0
    assert (track.sequence.counts.restarts, track.sequence.counts.duplicates) == (1, 0)
    assert len(table) == 50 and not any(table.damaged)


def test_keyframes_sent_twice_are_duplicates_and_no_restart() -> None:
    groups = [group * 2 if number % 10 == 0 else group for number, group in enumerate(frames(50))]
    track = receiver()
    table = watched(track, groups)
    assert track.sequence is not None and track.sequence.counts.restarts == 0
    assert track.sequence.counts.duplicates == sum(len(g) // 2 for n, g in enumerate(groups) if n % 10 == 0)
    assert len(table) == 50 and track.sequence.counts.lost == 0


@pytest.mark.parametrize("ratio", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("behind", [1, 10, 40])
def test_packets_sent_again_a_little_later_are_duplicates(behind: int, ratio: float) -> None:
    """So many that the numbers seem to run backwards; the next one is in its turn each time."""
    rng, sent, again = random.Random(behind), list[bytes](), 0
    groups = list[list[bytes]]()
    for group in frames(100):
        groups.append([])
        for packet in group:
            sent.append(packet)
            groups[-1].append(packet)
            if len(sent) > behind and rng.random() < ratio:
                groups[-1].append(sent[-1 - behind])
                again += 1
    track = TrackReceiver(TrackPlan(codec_of("h264"), 96, CLOCK, in_order=True))
    table = watched(track, groups)
    assert track.sequence is not None and track.is_numbered
    assert (track.sequence.counts.duplicates, track.sequence.counts.restarts) == (again, 0)
    assert len(table) == 100 and sum(table.keyframes) == 10 and not any(table.damaged)


def test_an_outage_is_a_loss_still() -> None:
    """Five seconds without a packet, at 150 packets a second: 750 are lost, and more than RFC's 3000 too."""
    for missing, silence_s in ((750, 5.0), (5000, 40.0)):
        groups = frames(50, first=0)
        sent = sum(map(len, groups[:25]))
        later = renumbered(groups, 25, sent + missing)[25:]
        track = receiver()
        for number, group in enumerate(groups[:25]):
            send_all(track, group, number / FPS)
        shift = round(silence_s * CLOCK)
        for number, group in enumerate(later, 25):
            moved = [
                p[:4] + (int.from_bytes(p[4:8], "big") + shift & 0xFFFFFFFF).to_bytes(4, "big") + p[8:]
                for p in group
            ]
            send_all(track, moved, number / FPS + silence_s)
        assert track.sequence is not None
        assert (track.sequence.counts.lost, track.sequence.counts.restarts) == (missing, 0)


def send_all(track: TrackReceiver, group: Sequence[bytes], now_s: float) -> None:
    for packet in group:
        data = bytearray(on_channel(packet))
        track.feed_interleaved(data, 0, len(data), now_s)


@pytest.mark.parametrize("each", [1, 3, 25])
@pytest.mark.parametrize("in_front", [True, False])
def test_a_payload_type_that_shares_the_numbers_is_no_loss(each: int, in_front: bool) -> None:
    """RFC 3550 5.1: the numbers are the sender's, not the payload type's."""
    shared = SharedNumbers(each, in_front)
    track = receiver()
    table = watched(track, shared.groups)
    assert track.sequence is not None and track.sequence.counts.lost == 0
    assert track.sequence.received == shared.video and track.stray_packets == shared.others
    assert len(table) == 100 and not any(table.damaged)


def test_what_is_lost_of_shared_numbers_is_counted() -> None:
    shared = SharedNumbers(1, False)
    del shared.groups[55][-2]  # of the video
    track = receiver()
    table = watched(track, shared.groups)
    assert track.sequence is not None and track.sequence.counts.lost == 1
    assert len(table) == 100 and table.damaged[55]


def test_a_payload_type_that_overtakes_costs_nothing() -> None:
    shared = SharedNumbers(1, False)
    for group in shared.groups:
        group[-1], group[-2] = group[-2], group[-1]
    track = receiver()
    table = watched(track, shared.groups)
    assert track.sequence is not None and track.sequence.counts.lost == 0 and len(table) == 100


@pytest.mark.parametrize("own_first", [65_500, 65_499, 65_510, 100])
def test_a_payload_type_with_numbers_of_its_own_costs_nothing(own_first: int) -> None:
    """GeoVision's type 50 repeats numbers; others count for themselves, also where both are near each
    other."""
    groups = frames(100)
    mixed = [
        [*group, rtp(own_first + number, number, b"x" * 20, payload_type=50)]
        for number, group in enumerate(groups)
    ]
    track = receiver()
    table = watched(track, mixed)
    assert track.sequence is not None and track.sequence.counts.lost == 0 and len(table) == 100
    assert track.sequence.received == sum(map(len, groups)) and track.stray_packets == 100


class SharedNumbers:
    """100 frames; after every `each` one, a packet of another type has the next number."""

    def __init__(self, each: int, in_front: bool) -> None:
        self.groups: list[list[bytes]] = []
        self.others = 0
        number = 65_500
        for at, group in enumerate(frames(100)):
            own: list[bytes] = []
            if at % each == 0:
                self.others += 1
            for packet in [
                *([b""] if at % each == 0 and in_front else []),
                *group,
                *([b""] if at % each == 0 and not in_front else []),
            ]:
                stamp = at * TICKS
                own.append(
                    packet[:2] + (number & 0xFFFF).to_bytes(2, "big") + packet[4:]
                    if packet
                    else rtp(number, stamp, b"<x/>" * 40, marker=True, payload_type=107)
                )
                number += 1
            self.groups.append(own)
        self.video = sum(map(len, self.groups)) - self.others


def test_the_packets_of_a_new_sender_are_held_until_it_is_believed() -> None:
    groups = frames(50)
    groups[20:] = [[p[:8] + (99).to_bytes(4, "big") + p[12:] for p in group] for group in groups[20:]]
    track = receiver()
    table = watched(track, groups)
    assert len(table) == 50 and sum(table.keyframes) == 5 and not any(table.damaged)
    assert track.ssrc_changes == 1 and track.stray_packets == 0
    assert track.sequence is not None and track.sequence.received == sum(map(len, groups))


def under(ssrc: int, group: Sequence[bytes]) -> list[bytes]:
    return [packet[:8] + ssrc.to_bytes(4, "big") + packet[12:] for packet in group]


def test_a_sender_that_changes_its_name_with_every_frame_is_one_sender() -> None:
    groups = frames(50)
    track = receiver()
    table = watched(track, [under(1000 + number, group) for number, group in enumerate(groups)])
    assert len(table) == 50 and sum(table.keyframes) == 5 and not any(table.damaged)
    assert track.stray_packets == 0 and track.sequence is not None and track.sequence.counts.lost == 0


def test_a_new_sender_is_believed_amid_packets_of_many_others() -> None:
    groups = frames(50)
    groups[20:] = renumbered([*groups[:20], *(under(99, group) for group in groups[20:])], 20, 700)[20:]
    strangers = count(5000)
    mixed: list[list[bytes]] = [[] for _ in groups]
    for group, crowd in zip(groups, mixed, strict=True):
        for packet in group:
            crowd += packet, rtp(next(strangers) * 77, 1, b"\x41x", ssrc=next(strangers))
    track = receiver()
    table = watched(track, mixed)
    assert len(table) == 50 and track.ssrc == 99 and track.ssrc_changes == 1
    assert track.sequence is not None and track.sequence.counts.lost == 0


@pytest.mark.parametrize("each", [1, 3])
def test_another_sender_that_shares_the_numbers_is_no_loss(each: int) -> None:
    shared = SharedNumbers(each, False)
    mixed = [
        [under(77, [packet])[0] if packet[1] & 0x7F != 96 else packet for packet in group]
        for group in shared.groups
    ]
    track = receiver()
    table = watched(track, mixed)
    assert track.sequence is not None and track.sequence.counts.lost == 0
    assert len(table) == 100 and not any(table.damaged)


SLICES = (
    (b"\x65\x88", b"\x65\x50", b"\x65\x30", b"\x65\x2c"),
    (b"\x41\x9a", b"\x41\x50", b"\x41\x30", b"\x41\x2c"),
)
"""IDR and P: first_mb_in_slice is 0 in the first only."""


def sliced(number: int, sets: bool = True) -> list[bytes]:
    """NAL units of one picture of four slices."""
    heads = SLICES[number % 10 != 0]
    front = [SPS, PPS] if sets and number % 10 == 0 else []
    return front + [head + b"\x21" * 60 for head in heads]


@pytest.mark.parametrize("spread", [90, 720, -90])
@pytest.mark.parametrize("markers", ["last", "each", "none"])
def test_slices_with_stamps_of_their_own_are_one_picture(spread: int, markers: str) -> None:
    """pion/rtp#280: the stamp advances with every NAL unit."""
    packets, sequence = [], 0
    for number in range(60):
        nals = sliced(number)
        for place, nal in enumerate(nals):
            parts = fragments(nal, 30)
            for at, part in enumerate(parts):
                end = at == len(parts) - 1 and (
                    markers == "each" or (place == len(nals) - 1 and markers == "last")
                )
                stamp = 10_000 + number * TICKS + place * spread
                packets.append((number / FPS, rtp(sequence, stamp, part, marker=end)))
                sequence += 1
    table = send(receiver(), packets)
    assert len(table) == 60 - (markers == "none") and sum(table.keyframes) == 6 and not any(table.damaged)
    steps = {b - a for a, b in zip(table.timestamps, table.timestamps[1:], strict=False)}
    assert all(abs(step - TICKS) <= 2 * abs(spread) for step in steps)


@pytest.mark.parametrize("marker", [True, False])
def test_a_last_slice_stamped_ahead_belongs_to_its_picture(marker: bool) -> None:
    packets, sequence = [], 0
    for number in range(60):
        nals = sliced(number)
        for place, nal in enumerate(nals):
            last = place == len(nals) - 1
            packets.append(
                (number / FPS, rtp(sequence, (number + last) * TICKS, nal, marker=last and marker))
            )
            sequence += 1
    table = send(receiver(), packets)
    assert 59 <= len(table) <= 60 and sum(table.keyframes) == 6
    assert {b - a for a, b in zip(table.timestamps, table.timestamps[1:], strict=False)} == {TICKS}


def field_packets(apart: int, paired: bool) -> list[tuple[float, bytes]]:
    packets, sequence = [], 0
    for number in range(40):
        sets = split_annex_b(fields.parameter_sets()) if number % 10 == 0 else []
        slices = split_annex_b(fields.picture(number, fields=paired, idr=number % 10 == 0))
        for place, nal in enumerate([*sets, *slices]):
            late = apart if place == len(sets) + 1 else 0
            parts = fragments(nal, 1000) if len(nal) > 1000 else [nal]
            for at, part in enumerate(parts):
                last = at == len(parts) - 1 and place >= len(sets)
                packets.append((number / FPS, rtp(sequence, number * TICKS + late, part, marker=last)))
                sequence += 1
    return packets


@pytest.mark.parametrize("apart", [0, TICKS // 2])
def test_two_fields_are_one_frame_whatever_their_stamps(apart: int) -> None:
    table = send(receiver(), field_packets(apart, paired=True))
    assert len(table) == 40 and sum(table.keyframes) == 4 and not any(table.damaged)


def test_frames_of_an_interlaced_stream_are_no_fields() -> None:
    # a clock that stands
    packets = [(now_s, p[:4] + bytes(4) + p[8:]) for now_s, p in field_packets(0, paired=False)]
    assert len(send(receiver(), packets)) >= 39


def test_repeated_stamps_are_frames_where_the_sps_knows_no_fields() -> None:
    packets, sequence = [], 0
    for number in range(100):
        nals = sliced(number)
        stamp = (number - (number % 5 == 4)) * TICKS
        for place, nal in enumerate(nals):
            packets.append((number / FPS, rtp(sequence, stamp, nal, marker=place == len(nals) - 1)))
            sequence += 1
    table = send(receiver(), packets)
    assert len(table) == 100 and [row for row, key in enumerate(table.keyframes) if key] == list(
        range(0, 100, 10)
    )


def sps(number: int) -> bytes:
    """A baseline SPS of that number and its PPS, 64 by 64 (1), 128 by 64 (2) …"""
    bits = (
        f"{66:08b}{0:08b}{30:08b}"
        + ue(number)
        + ue(0)
        + ue(2)
        + ue(1)
        + "0"
        + ue(4 * number - 1)
        + ue(3)
        + "1" * 2
        + "0" * 2
    )
    return b"\x67" + packed(bits)


def ue(value: int) -> str:
    code = f"{value + 1:b}"
    return "0" * (len(code) - 1) + code


def packed(bits: str) -> bytes:
    bits += "1"
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def pps(number: int, sps_number: int) -> bytes:
    return b"\x68" + packed(
        ue(number) + ue(sps_number) + "00" + ue(0) + ue(0) + ue(0) + "000" + "111" + "000"
    )


def idr(pps_number: int) -> bytes:
    return b"\x65" + packed(ue(0) + ue(7) + ue(pps_number) + "0000") + b"\x21" * 40


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
@pytest.mark.parametrize("used", [1, 2])
def test_the_sps_is_that_which_the_slices_refer_to(order: tuple[int, int], used: int) -> None:
    sets = [sps(number) for number in order] + [pps(7, used), pps(8, 3 - used)]
    packets = [
        (number / FPS, rtp(5 * number + place, number * TICKS, nal, marker=place == 4))
        for number, (place, nal) in product(range(20), enumerate([*sets, idr(7)]))
    ]
    track = receiver()
    send(track, packets)
    noted = [nal for _, nal in track.builder.parameter_sets if nal[0] == 0x67]
    assert noted == [sps(used)]


def test_the_sps_of_the_description_counts_where_slices_refer_to_it() -> None:
    described = (sps(1), sps(2), pps(0, 1), pps(1, 2))
    packets = [(n / FPS, rtp(n, n * TICKS, idr(1), marker=True)) for n in range(5)]
    track = TrackReceiver(TrackPlan(codec_of("h264"), 96, CLOCK, parameter_sets=described))
    send(track, packets)
    assert track.builder.parameter_sets == [(0, described[1])]


def test_a_change_of_the_sps_between_pictures_is_seen_each_time() -> None:
    sizes = [1, 1, 2, 2, 1]
    nals = chain.from_iterable((sps(number), pps(0, number), idr(0)) for number in sizes)
    packets = [
        (place // 3 / FPS, rtp(place, place // 3 * TICKS, nal, marker=place % 3 == 2))
        for place, nal in enumerate(nals)
    ]
    track = receiver()
    send(track, packets)
    changes = [(row, nal) for row, nal in track.builder.parameter_sets if nal[0] == 0x67]
    assert changes == [(0, sps(1)), (2, sps(2)), (4, sps(1))]


def test_the_codecs_own_slices_are_told_apart_in_h265_too() -> None:
    """first_slice_segment_in_pic_flag is the first bit behind the two bytes of the header."""
    packets, sequence = [], 0
    for number in range(40):
        kind = 19 if number % 10 == 0 else 1
        nals = [bytes((kind << 1, 1, 0x80 if place == 0 else 0x20)) + b"\x21" * 30 for place in range(3)]
        for place, nal in enumerate(nals):
            packets.append((number / FPS, rtp(sequence, number * TICKS + 90 * place, nal, marker=place == 2)))
            sequence += 1
    table = send(receiver("h265"), packets)
    assert len(table) == 40 and sum(table.keyframes) == 4


def test_what_joins_in_the_middle_of_a_picture_is_one_damaged_frame() -> None:
    packets = [(0.0, rtp(n, 90 * n, nal)) for n, nal in enumerate(sliced(1)[1:])]
    more = [(1 / FPS, rtp(3 + n, TICKS + 90 * n, nal, marker=n == 3)) for n, nal in enumerate(sliced(2))]
    table = send(receiver(), [*packets, *more])
    assert len(table) <= 4 and not table.damaged[-1]
