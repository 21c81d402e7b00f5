"""RTP payloads of H.264 and H.265: put together at any size, with loss, and with what cameras do to the
standard."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camagent.observe.codec import h264, h265
from camagent.observe.codec import h265_headers as h265_bitstream
from camagent.observe.codec.access_unit import annex_b, split_annex_b
from camagent.observe.codec.h264_headers import H264SliceHeader
from camagent.observe.codec.nal_sequence import NalSequence, PictureOrder
from camagent.observe.codec.payload_flags import (
    B_SLICE,
    EXACT,
    INTER,
    INTRA,
    IRAP,
    MALFORMED,
    PARAMETER_SET,
    RECOVERY,
    SECOND_FIELD,
    SLICE,
    START,
    is_keyframe,
)
from camagent.simulator.packetize import h264_payloads, h265_payloads
from tests.floor import judged, not_vacuous
from tests.observe.media import fields
from tests.observe.media.encoded_clips import Recipe, encode

SPS, PPS = b"\x67\x64\x00\x28\xac", b"\x68\xee\x3c\xb0"
IDR = b"\x65\x88" + bytes(range(1, 250)) * 8
P_SLICE = b"\x41\x9a" + bytes(range(1, 250))
SEI_RECOVERY = b"\x06\x06\x01\xc4\x80"  # recovery_frame_cnt 0
SEI_GRADUAL = b"\x06\x06\x01\x2c\x80"  # recovery_frame_cnt 4


def _nals(headers: Sequence[bytes]) -> st.SearchStrategy[list[bytes]]:
    body = st.binary(min_size=1, max_size=400).map(lambda b: b.replace(b"\x00", b"\x01"))
    return st.lists(st.tuples(st.sampled_from(headers), body).map(b"".join), min_size=1, max_size=8)


H264_NALS = _nals([b"\x67", b"\x68", b"\x06", b"\x65", b"\x41", b"\x01", b"\x09"])
H265_NALS = _nals([b"\x40\x01", b"\x42\x01", b"\x44\x01", b"\x4e\x01", b"\x26\x01", b"\x02\x01", b"\x2a\x02"])
FORMATS = ((H264_NALS, h264_payloads, h264.access_unit), (H265_NALS, h265_payloads, h265.access_unit))


@settings(deadline=None)
@given(st.data(), st.integers(16, 1500))
def test_what_was_packetized_comes_back(data: st.DataObject, mtu: int) -> None:
    for strategy, packetize, access_unit in FORMATS:
        nals = data.draw(strategy)
        unit = access_unit(packetize(nals, mtu))
        assert unit.nals == tuple(nals) and unit.complete


@not_vacuous(0.02)
@settings(deadline=None)
@given(st.data(), st.integers(16, 300))
def test_loss_at_either_end_loses_units_and_never_invents_any(data: st.DataObject, mtu: int) -> None:
    """What is lost in between, the sequence numbers show; the payloads cannot."""
    for strategy, packetize, access_unit in FORMATS:
        nals = data.draw(strategy)
        if data.draw(st.booleans()):
            nals = [nals[0] + bytes(range(1, 200)) * 3]  # one unit that needs several payloads
        payloads = packetize(nals, mtu)
        first = data.draw(st.integers(0, len(payloads)))
        kept = payloads[first : data.draw(st.integers(first, len(payloads)))]
        unit = access_unit(kept)
        remaining = iter(nals)
        assert all(nal in remaining for nal in unit.nals)  # a subsequence
        if judged(len(nals) == 1 and 0 < len(kept) < len(payloads)):
            assert not unit.complete and unit.nals == ()


@not_vacuous(0.2)
@settings(deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=10), st.booleans())
def test_any_payloads_give_units_without_raising(payloads: list[bytes], donl: bool) -> None:
    for unit in (h264.access_unit(payloads), h265.access_unit(payloads, donl)):
        judged(bool(unit.nals))
        assert sum(map(len, unit.nals)) <= sum(map(len, payloads)) + len(payloads)
    for payload in payloads:
        assert h264.peek(payload) == h264.peek(memoryview(payload))
        assert h265.peek(payload, donl) == h265.peek(memoryview(payload), donl)


@settings(deadline=None)
@given(st.sampled_from([24, 25, 28, 29, 1, 5, 6, 7, 0]), st.binary(max_size=80), st.booleans())
def test_any_payload_behind_a_known_type_does_not_raise(kind: int, rest: bytes, donl: bool) -> None:
    h264.peek(bytes((kind,)) + rest)
    h264.access_unit([bytes((kind,)) + rest])
    for kind_265 in (48, 49, 39, 33, 19, 0):
        h265.peek(bytes((kind_265 << 1, 1)) + rest, donl)
        h265.access_unit([bytes((kind_265 << 1, 1)) + rest], donl)


def test_a_fragmented_unit_without_its_start_is_damage() -> None:
    payloads = h264_payloads([IDR], 200)
    assert h264.access_unit(payloads[1:]) == h264.access_unit([payloads[2]])
    assert not h264.access_unit(payloads[1:]).complete
    assert h264.access_unit(payloads[1:]).nals == ()
    assert not h264.access_unit(payloads[:-1]).complete


def test_a_unit_cut_short_by_the_next_one_is_damage() -> None:
    unit = h264.access_unit([*h264_payloads([IDR], 200)[:-1], P_SLICE])
    assert unit.nals == (P_SLICE,) and not unit.complete


def test_the_type_may_change_inside_a_fragmented_unit() -> None:
    """Tiandy (moonfire-nvr#344)."""
    payloads = h264_payloads([IDR], 200)
    changed = [payloads[0], *(bytes((p[0], p[1] & 0xC0 | 1)) + p[2:] for p in payloads[1:])]
    assert h264.access_unit(changed).nals == (IDR,)


def test_empty_fragments_are_read_over() -> None:
    """scottlamb/retina#115."""
    payloads = h264_payloads([IDR], 200)
    with_empty = [payloads[0], bytes((0x7C, 0x05)), *payloads[1:]]
    unit = h264.access_unit(with_empty)
    assert unit.nals == (IDR,) and unit.complete


@pytest.mark.parametrize("first", [b"", b"\x00\x00\x01", b"\x00\x00\x00\x01"])
def test_annex_b_inside_a_payload_is_taken_apart(first: bytes) -> None:
    """V380 sends SPS, PPS and IDR as one unit (scottlamb/retina#68)."""
    stream = first + annex_b([SPS, PPS, IDR])[4:]
    assert h264.access_unit([stream]).nals == (SPS, PPS, IDR)
    assert is_keyframe(h264.peek(stream)) and h264.peek(stream) & PARAMETER_SET
    if not first:
        assert h264.access_unit(h264_payloads([stream], 300)).nals == (SPS, PPS, IDR)


def test_annex_b_inside_h265_payloads_too() -> None:
    nals = [n for n in split_annex_b(encode(Recipe("libx265", frames=1))[0].data)]
    for stream in (annex_b(nals), annex_b(nals)[1:], annex_b(nals)[4:]):
        assert h265.access_unit([stream]).nals == tuple(nals)
        assert is_keyframe(h265.peek(stream))


@pytest.mark.parametrize("mtu", [20, 60, 1400])
def test_donl_is_read_over(mtu: int) -> None:
    nals = (b"\x42\x01" + bytes(range(1, 40)), b"\x26\x01\xaf" + bytes(range(1, 200)))
    payloads = []
    for number, nal in enumerate(nals):
        order = number.to_bytes(2, "big")
        for payload in h265_payloads([nal], mtu):
            if payload[0] >> 1 != h265.FU:
                payload = payload[:2] + order + payload[2:]
            elif payload[2] & 0x80:
                payload = payload[:3] + order + payload[3:]
            payloads.append(payload)
    unit = h265.access_unit(payloads, donl=True)
    assert unit.nals == nals and unit.complete
    flags = 0
    for payload in payloads:
        flags |= h265.peek(payload, donl=True)
    assert is_keyframe(flags) and flags & PARAMETER_SET
    sized = [len(nal).to_bytes(2, "big") + nal for nal in nals]
    aggregate = bytes((h265.AP << 1, 1)) + b"\x00\x00" + sized[0] + b"\x00" + sized[1]
    assert h265.access_unit([aggregate], donl=True).nals == nals


def test_interleaved_h264_is_read_over_its_order_numbers() -> None:
    stap_b = b"\x79\x00\x07" + b"".join(len(n).to_bytes(2, "big") + n for n in (SPS, PPS))
    assert h264.access_unit([stap_b]).nals == (SPS, PPS)
    assert h264.access_unit([b"\x7d\xc5\x00\x01" + IDR[1:]]).nals == (IDR,)  # FU-B, start and end in one


def test_an_aggregate_that_overruns_is_damage() -> None:
    stap = b"\x78" + len(SPS).to_bytes(2, "big") + SPS + b"\x00\xff" + PPS
    unit = h264.access_unit([stap])
    assert unit.nals == (SPS,) and not unit.complete
    assert h264.peek(stap) & MALFORMED


def test_peek_tells_what_a_payload_begins_with() -> None:
    assert h264.peek(IDR) == START | SLICE | IRAP | INTRA
    assert h264.peek(P_SLICE) == START | SLICE | INTER
    assert h264.peek(b"\x01\x9e\x42") == START | SLICE | INTER | B_SLICE
    assert h264.peek(SPS) == START | PARAMETER_SET
    assert h264.peek(SEI_RECOVERY) == START | RECOVERY | EXACT
    assert h264.peek(SEI_GRADUAL) == START | RECOVERY
    first, second, *_ = h264_payloads([IDR], 200)
    assert h264.peek(first) == START | SLICE | IRAP | INTRA
    assert h264.peek(second) == SLICE | IRAP
    assert (
        h264.peek(h264_payloads([SPS, PPS, SEI_RECOVERY], 200)[0]) == START | PARAMETER_SET | RECOVERY | EXACT
    )
    assert h264.peek(b"") == h264.peek(b"\xff\xff") == h264.peek(b"\x7f\x00") == MALFORMED


def test_an_open_gop_i_picture_is_a_keyframe_and_gradual_refresh_is_none() -> None:
    intra_slice = b"\x41\x88\x80"
    assert is_keyframe(h264.peek(SEI_RECOVERY) | h264.peek(intra_slice))
    assert not is_keyframe(h264.peek(SEI_RECOVERY) | h264.peek(P_SLICE))
    assert not is_keyframe(h264.peek(SEI_GRADUAL) | h264.peek(intra_slice))
    assert not is_keyframe(h264.peek(intra_slice))


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        (Recipe(frames=50, params="keyint=10:scenecut=0:bframes=0"), [0, 10, 20, 30, 40]),
        (Recipe(frames=50, params="keyint=10:scenecut=0:slices=4"), [0, 10, 20, 30, 40]),
        (
            Recipe("libx265", frames=50, params="keyint=10:min-keyint=10:scenecut=0:open-gop=0"),
            [0, 10, 20, 30, 40],
        ),
        (
            Recipe("libx265", frames=50, params="keyint=10:min-keyint=10:scenecut=0:bframes=0"),
            [0, 10, 20, 30, 40],
        ),
        (Recipe(frames=50, params="intra-refresh=1:keyint=10:bframes=0"), [0]),
    ],
    ids=str,
)
@pytest.mark.parametrize("mtu", [100, 1400])
def test_keyframes_by_peek_are_the_encoders(recipe: Recipe, expected: list[int], mtu: int) -> None:
    packetize, peek = (h264_payloads, h264.peek) if recipe.codec == "h264" else (h265_payloads, h265.peek)
    units, sequence = [], NalSequence(recipe.codec)
    for unit in encode(recipe):
        nals, flags = split_annex_b(unit.data), 0
        for payload in packetize(nals, mtu):
            flags |= peek(payload)
        assert bool(flags & IRAP) == bool(sequence.add(nals) & IRAP)
        if is_keyframe(flags):
            units.append(unit.pts)
    assert units == expected
    assert sequence.b_slices == (recipe.codec == "h264" and "bframes=0" not in recipe.params)


def test_parameter_sets_are_remembered_and_put_in_front() -> None:
    sequence = NalSequence("h264")
    sequence.add([SPS, PPS, IDR])
    sequence.add([P_SLICE])
    assert sequence.picture([IDR]) == annex_b([SPS, PPS, IDR])
    assert sequence.picture([SPS, PPS, IDR]) == annex_b([SPS, PPS, IDR])
    other = SPS + b"\x01"
    sequence.add([other, PPS, IDR])
    assert sequence.changes == [(0, SPS), (0, PPS), (2, other)]
    assert sequence.picture([IDR]) == annex_b([other, PPS, IDR])


def test_a_flood_of_changing_parameter_sets_is_bounded() -> None:
    sequence = NalSequence("h265")
    for number in range(1000):
        sequence.add([bytes((h265_bitstream.NAL_PPS << 1, 1)) + number.to_bytes(4, "big")])
    assert len(sequence.changes) <= 64


def _places(shown: list[int], bits: int, order: PictureOrder) -> list[int | None]:
    """Only the anchors, eight apart, are pictures that others refer to."""
    headers = [H264SliceHeader("P", 0, reference=poc % 8 == 0, poc_lsb=poc % (1 << bits)) for poc in shown]
    return [order.place(header, bits, poc == 0) for header, poc in zip(headers, shown, strict=True)]


def test_places_in_presentation_count_on_over_wraps_and_idr_pictures() -> None:
    order = PictureOrder()
    shown = [0, 8, 4, 2, 6, 16, 12, 10, 14, 24, 20, 18, 22, 32, 28]
    assert _places(shown, 4, order) == shown
    assert _places([0, 4, 2], 4, order) == [33, 37, 35]
    unknown = H264SliceHeader("P", 0, reference=True)
    assert order.place(unknown, 4, idr=False) is None


def test_two_fields_are_one_frame_and_two_first_fields_are_two() -> None:
    sequence = NalSequence("h264")
    sets = split_annex_b(fields.parameter_sets())
    top, bottom = split_annex_b(fields.picture(0, fields=True, idr=True))
    other_top, _ = split_annex_b(fields.picture(1, fields=True, idr=False))
    assert not sequence.add([*sets, top]) & SECOND_FIELD
    assert sequence.add([bottom]) & SECOND_FIELD
    assert not sequence.add([bottom]) & SECOND_FIELD  # a field too many begins a frame of its own
    assert not sequence.add([other_top]) & SECOND_FIELD
    assert not sequence.add([other_top]) & SECOND_FIELD
