"""A network of our own between a camera and us, on loopback: a narrow line for TCP, a careless one for
datagrams.

No queueing discipline of the kernel is needed, nor root. TCP is relayed with back-pressure: what the line
does not carry stays in the sender's buffers. Datagrams are lost, held back and overtaken by a seeded plan.
"""

from __future__ import annotations

import heapq
import random
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

SEGMENT_BYTES = 1448
BUFFER_BYTES = 4096  # of the relay's sockets: the line itself keeps next to nothing


STOP_BYTES = 100_000
QUEUE_S = 0.1  # of a narrow line: a datagram that would wait for longer is dropped
RESEND_S = 0.2  # the shortest time after which Linux sends a segment again (TCP_RTO_MIN)


@dataclass(frozen=True)
class Line:
    """What a line does to what it carries."""

    rate_bps: float | None = None
    """None: as fast as it comes."""
    phases_bps: tuple[tuple[float, float | None], ...] = ()
    """(so long after the connection, from then on at this rate): a line that becomes slow, or recovers."""
    stops_s: float = 0.0
    """It carries nothing for so long, then STOP_BYTES at once, and so on; 0: it carries all the time."""
    delay_s: float = 0.0
    cut_after_s: float | None = None
    """From then on nothing is carried, and nobody is told: a cable that was pulled."""
    lost_ratio: float = 0.0
    """Of datagrams; of TCP, segments that come only after RESEND_S, as when the first copy was lost."""
    jitter_s: float = 0.0
    """Of datagrams: each is held back by up to so much, so that some overtake others."""
    seed: int = 1

    def rate_at(self, elapsed_s: float) -> float | None:
        """Bits a second, so long after the connection."""
        later = (bps for since_s, bps in reversed(self.phases_bps) if elapsed_s >= since_s)
        return next(later, self.rate_bps)


@contextmanager
def tcp_line(
    target: tuple[str, int], line: Line, host: str = "127.0.0.1", datagrams: bool = False
) -> Iterator[tuple[str, int]]:
    """The address behind which `target` is reached over that line.

    `datagrams`: those that an RTSP client asks for are carried too; `host` is then an address of its own,
    which the server takes for the client and the client for the server.
    """
    listener = socket.create_server((host, 0))
    ended = threading.Event()
    ask = re.compile(rb"client_port=(\d+)-") if datagrams else None
    threading.Thread(target=_accept, args=(listener, target, line, ended, ask), daemon=True).start()
    try:
        yield listener.getsockname()[:2]
    finally:
        ended.set()
        listener.close()


def _accept(
    listener: socket.socket,
    target: tuple[str, int],
    line: Line,
    ended: threading.Event,
    ask: re.Pattern[bytes] | None,
) -> None:
    host = listener.getsockname()[0]
    while not ended.is_set():
        try:
            near, _ = listener.accept()
        except OSError:
            return
        far = socket.socket()
        # before connecting: it sets the window
        far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        far.bind((host, 0))
        far.connect(target)
        for one, other in ((far, near), (near, far)):
            way = one, other, line, one is far, ended, ask if one is near else None
            threading.Thread(target=_carry, args=way, daemon=True).start()


def _carry(
    one: socket.socket,
    other: socket.socket,
    line: Line,
    to_us: bool,
    ended: threading.Event,
    ask: re.Pattern[bytes] | None,
) -> None:
    began_s = free_s = time.monotonic()
    rng, carried_bytes = random.Random(line.seed), 0
    with suppress(OSError):
        other.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := one.recv(SEGMENT_BYTES):
            if ask is not None and (asked := ask.search(data)):
                ports = (other.getsockname()[0], int(asked[1])), (one.getpeername()[0], int(asked[1]))
                threading.Thread(target=_carry_datagrams, args=(*ports, line, ended), daemon=True).start()
            now_s = time.monotonic()
            if line.cut_after_s is not None and now_s - began_s > line.cut_after_s:
                ended.wait()
            rate_bps = line.rate_at(now_s - began_s) if to_us else None
            free_s = max(free_s, now_s) + (8 * len(data) / rate_bps if rate_bps else 0.0)
            resent_s = RESEND_S if rng.random() < line.lost_ratio else 0.0
            time.sleep(max(0.0, free_s - now_s + line.delay_s * (rate_bps is None) + resent_s))
            carried_bytes += len(data)
            if to_us and line.stops_s and carried_bytes % STOP_BYTES < len(data):
                time.sleep(line.stops_s)
            other.sendall(data)
    for each in (one, other):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def _carry_datagrams(
    here: tuple[str, int], there: tuple[str, int], line: Line, ended: threading.Event
) -> None:
    """What comes here goes there: lost, held back, overtaken, and dropped where the line's queue is full."""
    rng = random.Random(line.seed)
    queue: list[tuple[float, int, bytes]] = []
    free_s, number = 0.0, 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.bind(here)
        while not ended.is_set():
            now_s = time.monotonic()
            while queue and queue[0][0] <= now_s:
                sock.sendto(heapq.heappop(queue)[2], there)
            sock.settimeout(max(0.0005, min(0.05, queue[0][0] - now_s if queue else 0.05)))
            with suppress(TimeoutError, ConnectionError):
                data, now_s, number = sock.recv(65536), time.monotonic(), number + 1
                if rng.random() < line.lost_ratio or free_s > now_s + QUEUE_S:
                    continue
                free_s = max(free_s, now_s) + (8 * len(data) / line.rate_bps if line.rate_bps else 0.0)
                at_s = free_s + line.delay_s + rng.uniform(0, line.jitter_s)
                heapq.heappush(queue, (at_s, number, data))


def carried(datagrams: list[bytes], line: Line, every_s: float) -> list[tuple[float, bytes]]:
    """(when it comes, datagram) of datagrams sent at equal distances: a plan, without a socket."""
    rng = random.Random(line.seed)
    queue: list[tuple[float, int, bytes]] = []
    free_s = 0.0
    for number, datagram in enumerate(datagrams):
        sent_s = number * every_s
        if rng.random() < line.lost_ratio or (line.cut_after_s is not None and sent_s > line.cut_after_s):
            continue
        free_s = max(free_s, sent_s) + (8 * len(datagram) / line.rate_bps if line.rate_bps else 0.0)
        heapq.heappush(queue, (free_s + line.delay_s + rng.uniform(0, line.jitter_s), number, datagram))
    return [(at_s, datagram) for at_s, _, datagram in (heapq.heappop(queue) for _ in range(len(queue)))]
