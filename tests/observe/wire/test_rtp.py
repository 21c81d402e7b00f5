"""Sequence numbers, time stamps, headers: what the network and odd senders do to them."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from camagent.observe.jitter import interarrival_jitter_s
from camagent.observe.rtp import (
    MAX_WAITING,
    Packet,
    SequenceOrder,
    parse_rtp,
    unwrap,
)
from tests.floor import judged, not_vacuous
from tests.observe.wire.camera import SSRC, rtp

CLOCK = 90_000


def packet(number: int, *, arrival_s: float | None = None, timestamp: int | None = None) -> Packet:
    sent_s = number / 100
    stamp = int(sent_s * CLOCK) if timestamp is None else timestamp
    arrival = sent_s if arrival_s is None else arrival_s
    return Packet(number & 0xFFFF, stamp & 0xFFFFFFFF, False, number.to_bytes(8, "big"), arrival)


def receive(numbers: list[int], order: SequenceOrder) -> list[tuple[int, bool]]:
    """Every packet by `push`, as the slow path does; returns the true numbers in the order they were passed
    on."""
    passed: list[tuple[int, bool]] = []
    last = packet(numbers[0])
    for at, number in enumerate(numbers):
        arriving = packet(number, arrival_s=at / 100)
        for ready, gap in order.push(arriving, (last.timestamp, last.arrival_s)):
            passed.append((int.from_bytes(ready.payload, "big"), gap))
            last = ready
    passed += [(int.from_bytes(ready.payload, "big"), gap) for ready, gap in order.flush()]
    return passed


def test_a_header_with_everything_is_read() -> None:
    data = rtp(7, 8, b"")[:1].replace(b"\x80", b"\xb1") + rtp(7, 8, b"", marker=True)[1:]
    data += b"CSRC" + b"\xff\xd8\x00\x01exte" + b"payload" + b"\x00\x00\x03"
    header = parse_rtp(data, 0, len(data))
    assert header is not None
    assert (header.payload_type, header.marker, header.sequence, header.timestamp, header.ssrc) == (
        96,
        True,
        7,
        8,
        SSRC,
    )
    assert data[header.start : header.end] == b"payload"
    assert header.extension is not None and data[slice(*header.extension)] == b"exte"


@not_vacuous(0.05)
@given(
    st.binary(max_size=200)
    | st.binary(min_size=11, max_size=200).map(lambda rest: bytes(4) + b"\x80" + rest),
    st.just(4) | st.integers(0, 20),
)
def test_any_bytes_are_a_header_within_their_bounds_or_none(data: bytes, start: int) -> None:
    header = parse_rtp(data, start, len(data))
    if judged(header is not None) and header is not None:
        assert start + 12 <= header.start <= header.end <= len(data)


@given(st.integers(0, 2**40), st.integers(-(2**31) + 1, 2**31 - 1))
def test_unwrapping_finds_the_nearest(previous: int, step: int) -> None:
    assert unwrap(previous, (previous + step) & 0xFFFFFFFF) == previous + step


@pytest.mark.parametrize("first", [0, 65_500, 65_535])
def test_packets_in_order_pass_over_the_wrap(first: int) -> None:
    numbers = list(range(first, first + 100))
    order = SequenceOrder(first & 0xFFFF, CLOCK, 0.0)
    assert receive(numbers, order) == [(n, False) for n in numbers]
    assert (order.received, order.counts.lost, order.counts.duplicates, order.counts.reordered) == (
        100,
        0,
        0,
        0,
    )


@given(
    st.integers(0, 65_535),
    st.lists(st.booleans(), min_size=MAX_WAITING, max_size=300),
    st.randoms(use_true_random=False),
)
def test_loss_is_counted_exactly_whatever_the_pattern(
    first: int, kept: list[bool], chance: random.Random
) -> None:
    """The first and the last arrive, so that every gap can be seen (RFC 3550 A.3)."""
    kept = [True, *kept, True]
    numbers = [first + at for at, keep in enumerate(kept) if keep]
    order = SequenceOrder(first, CLOCK, 0.0)
    passed = receive(numbers, order)
    assert [number for number, _ in passed] == numbers
    assert order.counts.lost == kept.count(False) and order.received == len(numbers)
    gaps = [number for number, gap in passed if gap]
    assert gaps == [b for a, b in zip(numbers, numbers[1:], strict=False) if b != a + 1]


@not_vacuous(0.3)
@given(st.integers(0, 65_535), st.lists(st.integers(0, 5), min_size=10, max_size=200))
def test_reordering_by_a_few_places_is_undone(first: int, delays: list[int]) -> None:
    delays[0] = 0
    numbers = [
        first + at
        for _, at in sorted((at + delay + 0.5 * (delay > 0), at) for at, delay in enumerate(delays))
    ]
    judged(numbers != sorted(numbers))
    order = SequenceOrder(first, CLOCK, 0.0)
    assert [number for number, _ in receive(numbers, order)] == sorted(numbers)
    assert order.counts.lost == 0 and order.counts.duplicates == 0
    assert (order.counts.reordered > 0) == (numbers != sorted(numbers))


@given(st.lists(st.integers(1, 99), max_size=30))
def test_duplicates_are_counted_and_passed_once(doubles: list[int]) -> None:
    numbers = sorted([*range(100), *doubles])
    order = SequenceOrder(0, CLOCK, 0.0)
    assert [number for number, _ in receive(numbers, order)] == list(range(100))
    assert order.counts.duplicates == len(doubles) and order.counts.lost == 0


def test_a_packet_later_than_our_patience_is_not_lost_twice() -> None:
    numbers = [0, *range(2, 60), 1]
    order = SequenceOrder(0, CLOCK, 0.0)
    passed = receive(numbers, order)
    assert [number for number, _ in passed] == [0, *range(2, 60)]
    assert order.counts.lost == 0 and order.counts.reordered == 1


def test_a_sender_that_begins_anew_is_a_restart_and_not_a_loss() -> None:
    numbers = [*range(50), *range(40_000, 40_050)]
    order = SequenceOrder(0, CLOCK, 0.0)
    assert [number for number, _ in receive(numbers, order)] == numbers
    assert order.counts.restarts == 1 and order.counts.lost == 0 and order.received == 100


def test_an_outage_of_thousands_of_packets_is_a_loss_and_not_a_restart() -> None:
    order = SequenceOrder(0, CLOCK, 0.0)
    before = [packet(n) for n in range(50)]
    after = [packet(n) for n in range(5050, 5100)]  # the sender's clock and ours both ran on for 50 s
    last = before[0]
    for arriving in (*before, *after):
        for ready, _ in order.push(arriving, (last.timestamp, last.arrival_s)):
            last = ready
    assert order.counts.lost == 5000 and order.counts.restarts == 0 and order.received == 100


@pytest.mark.parametrize("on_its_way", [1, 5, 30])
def test_what_may_be_on_its_way_when_watching_ends_is_not_lost(on_its_way: int) -> None:
    """Datagrams overtake each other: the last ones of a window were counted as lost, 1 to 5 of 1,600."""
    order, last, passed = SequenceOrder(0, CLOCK, 0.0), packet(0), 0
    for arriving in map(packet, (1, 0, *range(2, 100), 100 + on_its_way)):
        passed += len(order.push(arriving, (last.timestamp, last.arrival_s)))
    passed += len(order.close())
    assert passed == order.received == 101 and order.counts.lost == 0 and not order.waiting


def test_one_number_from_nowhere_is_ignored() -> None:
    numbers = [*range(50), 30_000, *range(50, 100)]
    order = SequenceOrder(0, CLOCK, 0.0)
    assert [number for number, _ in receive(numbers, order)] == list(range(100))
    assert order.counts.unexplained == 1 and order.counts.lost == 0


@given(st.lists(st.integers(0, 65_535) | st.integers(0, 40), min_size=1, max_size=400))
@example([0, 3, *[0] * 20, 1, 2])
def test_any_numbers_keep_the_counts_sane_and_the_memory_bounded(numbers: list[int]) -> None:
    order = SequenceOrder(numbers[0], CLOCK, 0.0)
    passed = 0
    for at, number in enumerate(numbers):
        passed += len(order.push(packet(number, arrival_s=at / 100), (0, at / 100)))
        assert len(order._held) <= MAX_WAITING + 1
    passed += len(order.flush())
    assert order.received - passed == order.counts.late <= order.counts.reordered
    assert order.counts.lost >= 0 and not order.waiting


def test_jitter_is_that_of_rfc_3550() -> None:
    stamps = [3600 * n for n in range(100)]
    assert interarrival_jitter_s(stamps, [0.04 * n for n in range(100)], CLOCK) == pytest.approx(
        0.0, abs=1e-9
    )
    shaken = [0.04 * n + (0.01 if n % 2 else 0.0) for n in range(1000)]
    steady = interarrival_jitter_s([3600 * n for n in range(1000)], shaken, CLOCK)
    assert steady == pytest.approx(0.01, rel=0.01)  # every transit differs by 10 ms from the one before
    assert interarrival_jitter_s([0], [0.0], CLOCK) is None
