"""Bytes of one connection: wherever reads are cut, the same messages come out, and nothing grows without
bound."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camagent.observe.codec.table import codec_of
from camagent.observe.frames import FrameTable
from camagent.observe.receiver import TrackPlan, TrackReceiver
from camagent.observe.rtsp.buffer import RECEIVE_BYTES, TAIL_BYTES
from camagent.observe.rtsp.connection import (
    FULL_READS,
    MAX_UNASKED,
    RtspConnection,
)
from camagent.observe.rtsp.effort import MIN_READ_BYTES
from camagent.observe.rtsp.media import Media
from camagent.platform.system_clock import SystemClock
from tests.observe.wire.camera import frame_payloads, on_channel, rtp

REPORT = b"\x80\xc8\x00\x06" + bytes(24)


def stream() -> bytes:
    """Frames, reports, an answer, a server's request, a stray channel and padding, as one run of bytes."""
    data, sequence = b"", 0
    for number in range(12):
        for payload in frame_payloads(number, 5):
            data += on_channel(rtp(sequence, number * 3600, payload))
            sequence += 1
        data += on_channel(REPORT, 1) if number % 3 == 0 else b""
        data += b"RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Length: 5\r\n\r\n$abcd" if number == 4 else b""
        data += b"OPTIONS * RTSP/1.0\r\nCSeq: 8\r\n\r\n" if number == 6 else b""
        data += on_channel(b"other", 7) + b"\r\n\x00" if number == 8 else b""
    return data


def taken(reads: list[bytes]) -> tuple[FrameTable, int, int, list[bytes]]:
    async def look() -> tuple[FrameTable, int, int, list[bytes]]:
        connection = RtspConnection(SystemClock())
        track = TrackReceiver(TrackPlan(codec_of("h264"), 96, 90_000))
        reports: list[bytes] = []
        connection.media = Media(track, 1, reports.append)
        for data in reads:
            connection.get_buffer(-1)[: len(data)] = data
            connection.buffer_updated(len(data))
        track.finish()
        assert not connection.ended.done()
        table = track.builder.table(90_000)
        times = (0.0,) * len(table)
        plain = FrameTable(
            table.timestamps, times, table.sizes_bytes, table.keyframes, table.recovery_points, table.damaged
        )
        return plain, connection.stray_packets, track.sequence.counts.lost if track.sequence else -1, reports

    return asyncio.run(look())


@given(st.lists(st.integers(1, len(stream()) - 1), max_size=40))
@settings(max_examples=60)
def test_where_reads_are_cut_does_not_matter(cuts: list[int]) -> None:
    data = stream()
    edges = [0, *sorted(set(cuts)), len(data)]
    reads = [data[a:b] for a, b in zip(edges, edges[1:], strict=False)]
    table, stray, lost, reports = taken(reads)
    assert (len(table), sum(table.keyframes), stray, lost, len(reports)) == (11, 3, 1, 0, 4)
    assert table == taken([data])[0]


def test_every_byte_alone_gives_the_same() -> None:
    data = stream()
    assert taken([data[i : i + 1] for i in range(len(data))]) == taken([data])


@given(st.lists(st.binary(max_size=300), max_size=30))
def test_any_bytes_are_bounded(reads: list[bytes]) -> None:
    async def look() -> None:
        connection = RtspConnection(SystemClock())
        for data in reads:
            connection.get_buffer(-1)[: len(data)] = data
            connection.buffer_updated(len(data))
            assert len(connection._tail) <= TAIL_BYTES

    asyncio.run(look())


def test_reads_that_fill_the_buffer_again_and_again_are_noticed() -> None:
    async def look() -> int:
        connection = RtspConnection(SystemClock())
        packet = on_channel(b"x" * 1020)
        data = packet * (RECEIVE_BYTES // len(packet))
        assert len(data) == RECEIVE_BYTES
        for _ in range(FULL_READS):
            connection.get_buffer(-1)[:] = data
            connection.buffer_updated(len(data))
        connection.buffer_updated(100)
        return connection.full_reads

    assert asyncio.run(look()) == FULL_READS


def test_small_reads_of_a_costly_peer_that_leave_no_room_are_noticed_too() -> None:
    """Whose packets take long is read in small pieces: what waits behind them is not silence."""

    async def look() -> tuple[int, int]:
        connection = RtspConnection(SystemClock())
        connection._window = connection._window[:MIN_READ_BYTES]
        packet = on_channel(b"x" * (MIN_READ_BYTES // 4 - 4), 77)
        for _ in range(2 * RECEIVE_BYTES // MIN_READ_BYTES):
            connection.get_buffer(-1)[:] = packet * 4
            connection.buffer_updated(MIN_READ_BYTES)
        waiting_bytes = connection.full_bytes
        connection.buffer_updated(len(packet))
        return waiting_bytes, connection.full_bytes

    assert asyncio.run(look()) == (2 * RECEIVE_BYTES, 0)


@pytest.mark.parametrize(
    "message", [b"OPTIONS * RTSP/1.0\r\nCSeq: 8\r\n\r\n", b"RTSP/1.0 200 OK\r\nCSeq: 3\r\n\r\n"]
)
def test_a_peer_that_talks_without_being_asked_is_left(message: bytes) -> None:
    """Each request of a server's costs an answer, which waits in our memory while the peer reads nothing."""

    async def ended_after(count: int) -> bool:
        connection = RtspConnection(SystemClock())
        for _ in range(count):
            connection.get_buffer(-1)[: len(message)] = message
            connection.buffer_updated(len(message))
        return connection.ended.done() and connection.malformed

    assert not asyncio.run(ended_after(MAX_UNASKED))
    assert asyncio.run(ended_after(MAX_UNASKED + 1))


def test_connections_of_a_loop_share_one_buffer() -> None:
    async def look() -> bool:
        one, other = RtspConnection(SystemClock()), RtspConnection(SystemClock())
        return one._buffer is other._buffer

    assert asyncio.run(look())
