"""How one RTSP session sends: interleaved TCP or UDP, with sender reports, and with what it was ordered to do
wrong."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from camagent.model.rtp_numbers import NTP_TO_UNIX_S
from camagent.simulator.bursts import FRAMING_BYTES, RTP_HEADER_BYTES, Burst
from camagent.simulator.faults import StreamFaults
from camagent.simulator.live_clip import LiveSource

SENDER_REPORT_EVERY_S = 5.0  # RFC 3550 §6.2: the usual minimum
# a peer that does not read loses frames, as with a camera, and costs no more memory
MAX_BACKLOG_BYTES = 4 << 20
STRAY_BYTES = b"\x00\x01strayed into the stream\xff\xfe"
# behind payload, NAL unit and slice headers: decoding fails, parsing does not
_CORRUPTED_FROM = RTP_HEADER_BYTES + 24


class PacketLine(Protocol):
    """Where packets go."""

    def write_burst(self, burst: Burst) -> None: ...

    def write_packets(self, packets: list[bytes]) -> None: ...

    def write_report(self, report: bytes) -> None: ...


@dataclass(slots=True)
class InterleavedLine:
    """RTP in the RTSP connection."""

    transport: asyncio.Transport
    channel: int

    def write_burst(self, burst: Burst) -> None:
        """One frame in one write."""
        if self.transport.get_write_buffer_size() > MAX_BACKLOG_BYTES:
            return
        self.transport.write(burst.on_channel(self.channel))

    def write_packets(self, packets: list[bytes]) -> None:
        """Some packets in one write."""
        framed = (
            b"$" + bytes([self.channel]) + len(packet).to_bytes(2, "big") + packet for packet in packets
        )
        if self.transport.get_write_buffer_size() <= MAX_BACKLOG_BYTES:
            self.transport.write(b"".join(framed))

    def write_report(self, report: bytes) -> None:
        """RTCP on the channel above."""
        self.transport.write(b"$" + bytes([self.channel + 1]) + len(report).to_bytes(2, "big") + report)


@dataclass(slots=True)
class DatagramLine:
    """RTP over UDP from the server's port pair."""

    rtp: socket.socket
    rtcp: socket.socket
    host: str
    rtp_port: int
    rtcp_port: int

    def write_burst(self, burst: Burst) -> None:
        """One datagram a packet."""
        self.write_packets(burst.packets())

    def write_packets(self, packets: list[bytes]) -> None:
        """What the kernel does not take is lost, as on a camera."""
        address = (self.host, self.rtp_port)
        try:
            for packet in packets:
                self.rtp.sendto(packet, address)
        except OSError:
            return  # full buffer, or the client's port is closed: UDP does not tell, neither do we

    def write_report(self, report: bytes) -> None:
        """RTCP to the client's second port."""
        try:
            self.rtcp.sendto(report, (self.host, self.rtcp_port))
        except OSError:
            return


class Sender:
    """One playing session: takes frames from the source and puts them on its line."""

    def __init__(
        self, source: LiveSource, line: PacketLine, faults: StreamFaults, clock_offset_s: float
    ) -> None:
        self._source = source
        self._line = line
        self._faults = faults
        self._clock_offset_s = clock_offset_s
        self._chance = random.Random(source.maker.identity.ssrc)
        self._untouched = not (faults.drop_ratio or faults.corrupt_ratio or faults.frozen_timestamps)
        self._packets = 0
        self._octets = 0
        self._bursts = 0
        self._timers: list[asyncio.TimerHandle] = []
        self._reports: asyncio.TimerHandle | None = None

    def play(self, close: Callable[[], None]) -> tuple[int, int]:
        """Begin; `close` ends the connection where that was ordered.

        Returns: first sequence number and time stamp.
        """
        loop, faults = asyncio.get_running_loop(), self._faults
        first = self._source.join(self)
        if faults.no_rtp:
            self._source.leave(self)
            return first
        if faults.stall_after_s is not None:
            self._timers.append(loop.call_later(faults.stall_after_s, self.stop))
        if faults.close_after_s is not None:
            self._timers.append(loop.call_later(faults.close_after_s, close))
        self._reports = loop.call_later(1 / self._source.maker.source.clip.frame_rate_hz, self._report)
        return first

    def stop(self) -> None:
        """Send nothing more; a close that was ordered still happens unless `dismiss` is called."""
        self._source.leave(self)
        if self._reports is not None:
            self._reports.cancel()

    def dismiss(self) -> None:
        """The session is over."""
        self.stop()
        for timer in self._timers:
            timer.cancel()

    def send(self, burst: Burst) -> None:
        """One frame, or a part of a paced one."""
        self._bursts += 1
        self._packets += len(burst.starts)
        self._octets += len(burst.data) - len(burst.starts) * (FRAMING_BYTES + RTP_HEADER_BYTES)
        if self._untouched:
            self._line.write_burst(burst)
        else:
            self._line.write_packets(self._spoilt(burst.packets()))
        every = self._faults.stray_bytes_every_frames
        if every and self._bursts % every == 0 and isinstance(self._line, InterleavedLine):
            self._line.transport.write(STRAY_BYTES)

    def _spoilt(self, packets: list[bytes]) -> list[bytes]:
        faults, spoilt = self._faults, []
        for packet in packets:
            if self._chance.random() < faults.drop_ratio:
                continue
            if self._chance.random() < faults.corrupt_ratio:
                packet = packet[:_CORRUPTED_FROM] + bytes(byte ^ 0x5A for byte in packet[_CORRUPTED_FROM:])
            if faults.frozen_timestamps:
                packet = (
                    packet[:4] + self._source.maker.identity.first_timestamp.to_bytes(4, "big") + packet[8:]
                )
            spoilt.append(packet)
        return spoilt

    def _report(self) -> None:
        ntp = int((time.time() + self._clock_offset_s + NTP_TO_UNIX_S) * (1 << 32))
        identity = self._source.maker.identity
        stamps = (
            ntp & (1 << 64) - 1,
            self._source.rtp_timestamp_now(),
            self._packets & 0xFFFFFFFF,
            self._octets & 0xFFFFFFFF,
        )
        report = struct.pack("!BBHIQIII", 0x80, 200, 6, identity.ssrc, *stamps)
        name = b"camera"
        item = bytes([1, len(name)]) + name
        chunk = item + bytes(4 - len(item) % 4)  # at least one zero ends the list, RFC 3550 §6.5
        description = struct.pack("!BBHI", 0x81, 202, 1 + len(chunk) // 4, identity.ssrc) + chunk
        self._line.write_report(report + description)
        self._reports = asyncio.get_running_loop().call_later(SENDER_REPORT_EVERY_S, self._report)
