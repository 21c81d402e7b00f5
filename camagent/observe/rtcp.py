"""RTCP (RFC 3550 §6): sender reports and goodbyes read, receiver reports made. Pure; any bytes give a
value."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from camagent.model.rtp_numbers import NTP_TO_UNIX_S

# 1960-01-01: below it NTP time is a count since power-on (RFC 3550 §6.4.1 allows that)
EARLIEST_CLOCK_S = -315_619_200
MAX_PACKETS = 32  # in one compound; a camera sends two or three
_HEADER = struct.Struct("!BBH")
_SENDER = struct.Struct("!IIIIII")
SENDER_REPORT, RECEIVER_REPORT, DESCRIPTION, GOODBYE = 200, 201, 202, 203


@dataclass(frozen=True, slots=True)
class SenderReport:
    """When the sender says that it is."""

    ntp: int
    """64 bits, as sent."""

    @property
    def unix_s(self) -> float | None:
        """Wall clock of the sender; None where it has none (zero, or a count since power-on)."""
        unix_s = self.ntp / (1 << 32) - NTP_TO_UNIX_S
        return unix_s if unix_s >= EARLIEST_CLOCK_S else None


@dataclass(frozen=True, slots=True)
class RtcpContents:
    """What one compound packet held of interest."""

    sender_reports: tuple[SenderReport, ...] = ()
    goodbye: tuple[int, ...] = ()
    """SSRCs that said goodbye."""
    malformed: bool = False


def parse_rtcp(data: bytes | memoryview) -> RtcpContents:
    """Read a compound packet; what follows a broken length is left out."""
    reports: list[SenderReport] = []
    goodbye: list[int] = []
    at = 0
    for _ in range(MAX_PACKETS):
        if at + 4 > len(data):
            break
        first, kind, words = _HEADER.unpack_from(data, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2 or end > len(data):
            return RtcpContents(tuple(reports), tuple(goodbye), malformed=True)
        if kind == SENDER_REPORT and words >= 6:
            _ssrc, high, low, _rtp_timestamp, _packets, _octets = _SENDER.unpack_from(data, at + 4)
            reports.append(SenderReport(high << 32 | low))
        elif kind == GOODBYE:
            count = min(first & 0x1F, words)
            goodbye += struct.unpack_from(f"!{count}I", data, at + 4)
        at = end
    return RtcpContents(tuple(reports), tuple(goodbye), malformed=at != len(data))


@dataclass(frozen=True, slots=True)
class Reception:
    """What a receiver report tells the sender (RFC 3550 §6.4.2)."""

    ssrc: int
    lost_ratio: float
    """Since the last report."""
    lost_packets: int
    highest_sequence: int
    """Extended."""
    jitter_ticks: int
    last_sr: int
    """Middle 32 bits of the last sender report's NTP time; 0: none yet."""
    since_last_sr_s: float


def render_receiver_report(own_ssrc: int, reception: Reception | None) -> bytes:
    """A compound of receiver report and CNAME, as RFC 3550 §6.1 wants it."""
    blocks = b"" if reception is None else _report_block(reception)
    report = _HEADER.pack(0x80 | (1 if reception else 0), RECEIVER_REPORT, 1 + len(blocks) // 4)
    cname = b"camagent"
    item = bytes((1, len(cname))) + cname + b"\x00"
    item += b"\x00" * (-len(item) % 4)
    description = _HEADER.pack(0x81, DESCRIPTION, 1 + len(item) // 4) + struct.pack("!I", own_ssrc) + item
    return report + struct.pack("!I", own_ssrc) + blocks + description


def _report_block(reception: Reception) -> bytes:
    fraction = min(255, max(0, int(reception.lost_ratio * 256)))
    lost = min(0x7FFFFF, max(0, reception.lost_packets))
    return struct.pack(
        "!IIIIII",
        reception.ssrc,
        fraction << 24 | lost,
        reception.highest_sequence & 0xFFFFFFFF,
        min(reception.jitter_ticks, 0xFFFFFFFF),
        reception.last_sr,
        min(int(reception.since_last_sr_s * 65536), 0xFFFFFFFF),
    )
