"""RTP (RFC 3550): headers, sequence numbers, time stamps. Pure: no sockets; arrival times are arguments."""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import NamedTuple

MAX_DROPOUT = 3000  # RFC 3550 A.1: a larger gap is a restart, unless the time stamps say otherwise
MAX_MISORDER = 100  # RFC 3550 A.1
# packets held for a late one: real networks reorder by a few; bounds what a gap can make us keep
MAX_WAITING = 32
REORDER_WAIT_S = 0.2  # a packet that is later than this is lost: cameras are a few switches away
MAX_ABANDONED = 512  # sequence numbers remembered to tell "very late" from "twice"
# how far time stamps and arrivals may disagree for a gap to count as an outage of one sender
OUTAGE_SLACK_S = 2.0
LOSS_RATE_FACTOR = 3  # a sender does not send three times its own packet rate through a silence
MIN_LOSS_BURST = 400  # lost at once without any silence: a heavy keyframe of 4K (560 kB)
STEPS_COMPARED = 6  # time stamps of frames: enough to see how B-frames step to and fro
MIN_RATE_SPAN_S = 0.5  # a packet rate over less is that of one burst
MAX_FRAME_STARTS = 256  # remembered: four seconds at 60 fps, far longer than a packet can be late
_HEADER = struct.Struct("!BBHII")
HEADER_BYTES = _HEADER.size


class RtpHeader(NamedTuple):
    """One packet's header and where its payload lies in the buffer."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    start: int
    end: int
    extension: tuple[int, int] | None
    """Where the header extension's content lies."""


def parse_rtp(buffer: bytes | bytearray | memoryview, start: int, end: int) -> RtpHeader | None:
    """Read the packet in buffer[start:end]; None if it is no RTP packet."""
    if end - start < HEADER_BYTES:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(buffer, start)
    if first >> 6 != 2:
        return None
    at = start + HEADER_BYTES + 4 * (first & 0x0F)
    extension = None
    if first & 0x10:
        if at + 4 > end:
            return None
        words = buffer[at + 2] << 8 | buffer[at + 3]
        extension = (at + 4, at + 4 + 4 * words)
        at = extension[1]
    if first & 0x20 and end > at:
        padding = buffer[end - 1]
        # a padding count that cannot be is not believed
        end = end - padding if 0 < padding <= end - at else end
    if at > end:
        return None
    return RtpHeader(second & 0x7F, bool(second & 0x80), sequence, timestamp, ssrc, at, end, extension)


class Packet(NamedTuple):
    """A packet that had to wait for its turn, copied out of the receive buffer."""

    sequence: int
    timestamp: int
    marker: bool
    payload: bytes
    arrival_s: float


@dataclass(slots=True)
class SequenceCounts:
    """What the sequence numbers tell (RFC 3550 A.3)."""

    lost: int = 0
    duplicates: int = 0
    reordered: int = 0
    restarts: int = 0
    late: int = 0
    """Came after they were given up: neither lost nor part of a frame."""
    unexplained: int = 0
    """Packets with a sequence number from nowhere, followed by none of their kind."""


class SequenceOrder:
    """Puts packets of one sender in order, and counts what is missing, double or late.

    The caller lets packets in sequence pass by itself, raising `next`, while `waiting` is false.
    """

    def __init__(self, first: int, clock_hz: int, began_s: float) -> None:
        self.base = first
        self.next = first
        """Extended: does not wrap."""
        self.counts = SequenceCounts()
        self._clock_hz = clock_hz
        self._began_s = began_s
        self._held: dict[int, Packet] = {}
        self._abandoned: deque[int] = deque(maxlen=MAX_ABANDONED)
        self._others: deque[int] = deque(maxlen=MAX_ABANDONED)
        """Numbers ahead that packets of another payload type took."""
        self._passed_over = 0
        self._starts: deque[tuple[int, int]] = deque(maxlen=MAX_FRAME_STARTS)
        """(number, time stamp) of packets whose time stamp is not that of the one before."""
        self._largest_frame = 0
        """In packets."""
        self._strange: Packet | None = None
        self._strange_after_whole = False

    @property
    def waiting(self) -> bool:
        """Packets are being held back for a missing one."""
        return bool(self._held)

    @property
    def received(self) -> int:
        """Different packets that arrived, also those that came too late to be passed on."""
        return self.next - self.base - self.counts.lost - self._passed_over

    def came_before(self, packet: Packet) -> bool:
        """A packet of this number was taken already, of a frame with this time stamp."""
        number = self._number(packet.sequence)
        return self.base <= number < self.next and self._may_be_late(number, packet.timestamp)

    def begin_frame(self, timestamp: int) -> None:
        """The packet that is next has another time stamp than the one before."""
        if self._starts and self.next - self._starts[-1][0] > self._largest_frame:
            self._largest_frame = self.next - self._starts[-1][0]
        self._starts.append((self.next, timestamp))

    def other(self, sequence: int, now_s: float) -> list[tuple[Packet, bool]]:
        """A packet of the same sender and another payload type: it may have a number of this sequence (RFC
        3550 5.1).

        Only remembered: where the type has numbers of its own, our packet of this number still comes.
        """
        number = self._number(sequence)
        is_ahead = 0 <= number - self.next <= MAX_MISORDER
        if is_ahead and number not in self._others and number not in self._held:
            self._others.append(number)
        return self._release(now_s)

    def push(
        self, packet: Packet, last: tuple[int, float], after_whole: bool = False
    ) -> list[tuple[Packet, bool]]:
        """Take one packet; returns those whose turn it is, each with "a packet before it is lost".

        `last`: time stamp and arrival of the last packet that was passed on. `after_whole`: that one ended a
        frame, and this one begins another.
        """
        if packet.sequence != self.next & 0xFFFF:
            self._pass_over()
        number = self._number(packet.sequence)
        delta = number - self.next
        if delta > MAX_DROPOUT or (delta < 0 and not self._may_be_late(number, packet.timestamp)):
            return self._jump(packet, last, False)
        first, after_whole = self._first_of(packet, after_whole)
        if not self._held and not self._time_for(delta, first, last, after_whole):
            return self._jump(packet, last, after_whole)
        self.counts.unexplained += self._strange is not None
        self._strange = None
        if delta < 0:
            self._late(number)
            return []
        if number in self._held:
            self.counts.duplicates += 1
            return []
        if self._held and number < max(self._held):
            self.counts.reordered += 1
        self._held[number] = packet
        return self._release(packet.arrival_s)

    def flush(self) -> list[tuple[Packet, bool]]:
        """Whatever is still held: what is missing between counts as lost."""
        ready = list[tuple[Packet, bool]]()
        while self._held:
            ready += self._skip()
        return ready

    def close(self) -> list[tuple[Packet, bool]]:
        """What is held when watching ends: where packets overtook each other, the missing may yet come."""
        lost, ready = self.counts.lost, self.flush()
        if self.counts.reordered:
            self._passed_over += self.counts.lost - lost
            self.counts.lost = lost
        return ready

    def begin_anew(self, sequence: int) -> list[tuple[Packet, bool]]:
        """Another sender (SSRC) goes on from here; returns what was held of the old one."""
        ready = self.flush()
        self._strange = None
        self._begin_at(sequence)
        return ready

    def take_back(self) -> list[tuple[Packet, bool]]:
        """The numbers count nothing: what they seemed to tell is forgotten; returns what was held."""
        held = sorted(self._held.values(), key=lambda packet: packet.arrival_s)
        received = self.received + len(held)
        self._held.clear()
        self.counts = SequenceCounts()
        self.base = self.next - self._passed_over - received
        return [(packet, True) for packet in held]

    def follow(self, packet: Packet) -> None:
        """Whatever its number is, this packet is the next one."""
        self._begin_at(packet.sequence)
        self.begin_frame(packet.timestamp)
        self.next += 1

    def _begin_at(self, sequence: int) -> None:
        start = ((self.next >> 16) + 1 << 16) + sequence
        self.base += start - self.next  # so that `received` goes on from where it was
        self.next = start
        self._others.clear()
        self._starts.clear()
        self._abandoned.clear()

    def _number(self, sequence: int) -> int:
        """Extended, nearest to the next one."""
        return self.next + ((sequence - self.next + 0x8000) & 0xFFFF) - 0x8000

    def _pass_over(self) -> None:
        """Numbers that are next and that another payload type took."""
        while self._others and self.next in self._others:
            self._others.remove(self.next)
            self._passed_over += 1
            self.next += 1

    def _may_be_late(self, number: int, timestamp: int) -> bool:
        """A number below the next one: it was missed, or came before with this time stamp; else numbers begin
        anew."""
        if number in self._abandoned:
            return True
        if number < self.next - MAX_MISORDER:
            return False
        start_stamp = next((stamp for start, stamp in reversed(self._starts) if start <= number), None)
        if start_stamp is not None or not self._starts:
            return start_stamp in (None, timestamp)
        # from before our first: not newer than now
        return (self._starts[-1][1] - timestamp) & 0xFFFFFFFF < 0x80000000

    def _first_of(self, packet: Packet, after_whole: bool) -> tuple[Packet, bool]:
        """The strange packet that this one follows, and what it came after; else this one."""
        strange = self._strange
        if strange is None or packet.sequence != (strange.sequence + 1) & 0xFFFF:
            return packet, after_whole
        return strange, self._strange_after_whole

    def _time_for(self, packets: int, next_one: Packet, last: tuple[int, float], after_whole: bool) -> bool:
        """So many may have been sent, and lost, since the last one: by the rate so far, or as one heavy
        frame."""
        if packets <= 2 * self._largest_frame:
            return True
        if after_whole and self._is_neighbour(next_one.timestamp, last[0]):
            return False
        if packets <= MIN_LOSS_BURST:
            return True
        rate_hz = (self.next - self.base) / max(MIN_RATE_SPAN_S, last[1] - self._began_s)
        return packets <= LOSS_RATE_FACTOR * rate_hz * (next_one.arrival_s - last[1])

    def _is_neighbour(self, timestamp: int, last_timestamp: int) -> bool:
        """No frame was sent between two frames: their time stamps are no farther apart than those before."""
        stamps = [stamp for _, stamp in islice(reversed(self._starts), STEPS_COMPARED)]
        longest = max((abs(unwrap(a, b) - a) for a, b in pairwise(stamps)), default=0)
        step = abs(unwrap(last_timestamp, timestamp) - last_timestamp)
        return len(stamps) == STEPS_COMPARED and step <= longest

    def _late(self, number: int) -> None:
        if number in self._abandoned:  # it did arrive, though too late for its frame
            self._abandoned.remove(number)
            self.counts.lost -= 1
            self.counts.late += 1
            self.counts.reordered += 1
        elif number < self.base:  # overtaken by the packet that we began to count with
            self.counts.reordered += 1
        else:
            self.counts.duplicates += 1

    def _release(self, now_s: float) -> list[tuple[Packet, bool]]:
        if self._held:
            self._pass_over()
        ready = self._in_turn(False)
        while self._held and (
            len(self._held) > MAX_WAITING
            or now_s - min(p.arrival_s for p in self._held.values()) > REORDER_WAIT_S
        ):
            ready += self._skip()
        return ready

    def _in_turn(self, gap: bool) -> list[tuple[Packet, bool]]:
        ready: list[tuple[Packet, bool]] = []
        while (packet := self._held.pop(self.next, None)) is not None:
            ready.append((packet, gap))
            if not self._starts or packet.timestamp != self._starts[-1][1]:
                self.begin_frame(packet.timestamp)
            self.next += 1
            gap = False
            if self._held:
                self._pass_over()
        return ready

    def _skip(self) -> list[tuple[Packet, bool]]:
        return self._in_turn(self._lose_until(min(self._held)))

    def _lose_until(self, number: int) -> bool:
        """Give up what is missing before `number`; returns whether anything is."""
        others = {other for other in self._others if self.next <= other < number}
        missing = number - self.next - len(others)
        self._passed_over += len(others)
        self.counts.lost += missing
        first = max(self.next, number - MAX_ABANDONED)
        self._abandoned.extend(n for n in range(first, number) if n not in others)
        self.next = number
        return missing > 0

    def _jump(self, packet: Packet, last: tuple[int, float], after_whole: bool) -> list[tuple[Packet, bool]]:
        """Believe a strange number only when the next one follows it (RFC 3550 A.1)."""
        strange, self._strange = self._strange, packet
        self._strange_after_whole = after_whole
        if strange is None or packet.sequence != (strange.sequence + 1) & 0xFFFF:
            self.counts.unexplained += strange is not None
            return []
        self._strange = None
        ready = self.flush()
        ahead = (strange.sequence - self.next) & 0xFFFF
        in_step = self._in_step(strange, last)
        missing = ahead < 0x8000 and in_step and self._time_for(ahead, strange, last, after_whole)
        if missing:
            self._lose_until(self.next + ahead)
        else:
            self.counts.restarts += 1
            self._begin_at(strange.sequence)
        self._held = {self.next: strange, self.next + 1: packet}
        return ready + self._in_turn(missing or not in_step)

    def _in_step(self, strange: Packet, last: tuple[int, float]) -> bool:
        """The clock of the time stamps ran on: the same sender, be it after an outage or with numbers begun
        anew."""
        ticks = (strange.timestamp - last[0]) & 0xFFFFFFFF
        return abs(ticks / self._clock_hz - (strange.arrival_s - last[1])) <= OUTAGE_SLACK_S


def unwrap(previous: int, timestamp: int) -> int:
    """The 32-bit time stamp continued from an unwrapped one, forwards or backwards, whichever is nearer."""
    return previous + (((timestamp - previous + 0x80000000) & 0xFFFFFFFF) - 0x80000000)
