"""One RTSP connection: bytes in, responses and media out. I/O, but no conversation: who asks what is
`client.py`.

All connections of a loop share one receive buffer: what a packet says is read at once and nothing of it is
kept but a piece of a message that is not complete yet.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from time import perf_counter, thread_time

from camagent.model.clock import Clock
from camagent.observe.rtsp.buffer import RECEIVE_BYTES, TAIL_BYTES, shared_buffer
from camagent.observe.rtsp.effort import LARGE_READ_BYTES, MIN_READ_BYTES, TIMED_ONE_IN, Effort
from camagent.observe.rtsp.media import Media
from camagent.observe.rtsp.messages import (
    LENGTH_ERROR_BYTES,
    MAX_HEAD_BYTES,
    Head,
    Response,
    head_end,
    is_rest_of_body,
    may_begin_head,
    next_beginning,
    parse_head,
)
from camagent.wire.tls import peer_fingerprint

MAX_UNASKED = 64  # messages that we did not ask for, requests or answers: each costs memory or time
# between two messages that we understand; cameras pad by a few bytes, strangers talk for ever
MAX_JUNK_BYTES = 64 * 1024
FULL_READS = 8  # in a row: two megabytes were waiting, so we were too slow
SHORT_BODY_S = 0.5  # silence after which the last bytes of a body do not come any more
_DOLLAR = 0x24
_WEB = b"HTTP/"


class RtspConnection(asyncio.BufferedProtocol):
    """The protocol object of one connection; a message is taken apart as soon as it is complete."""

    def __init__(self, clock: Clock) -> None:
        loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = loop.create_future()
        """Done when either side has hung up."""
        self.malformed = False
        """We hung up, because it talks something that is not RTSP."""
        self.defect: Exception | None = None
        """A mistake of ours with what it sent: nothing is read any more."""
        self.effort = Effort()
        self.resting = False
        """It took too much of our time, and waits until the others had theirs."""
        self.media: Media | None = None
        self.stray_packets = 0
        """Interleaved packets on a channel that nobody was promised."""
        self.full_bytes = self.full_reads = 0
        """What the latest reads brought that left no room; the longest such run, in whole buffers."""
        self.tls_fingerprint: str | None = None
        self.encrypted = False
        self.descriptor: int | None = None
        """While somebody else reads."""
        self.local_address: str | None = None
        self.peer_address: str | None = None
        self._clock = clock
        self._buffer = shared_buffer(loop)
        self._window = memoryview(self._buffer)[TAIL_BYTES:]
        self._tail = b""
        self._junk_bytes = 0
        self._unasked = 0
        self._transport: asyncio.Transport | None = None
        self._waiting: tuple[int, asyncio.Future[Response]] | None = None
        self._given_up: set[int] = set()
        """Numbers of requests whose answers may still come, too late."""
        self._head: Head | None = None
        self._untimed = 0
        """So many small reads are not timed, one after the other."""

    @property
    def heard_junk(self) -> bool:
        """The last thing it said was not RTSP."""
        return self._junk_bytes > 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._guarded(self._begin, (transport,))

    def _begin(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        connection = transport.get_extra_info("ssl_object")
        self.encrypted = isinstance(connection, ssl.SSLObject)
        self.tls_fingerprint = peer_fingerprint(connection) if isinstance(connection, ssl.SSLObject) else None
        own, peer = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
        self.local_address, self.peer_address = (own[0] if own else None), (peer[0] if peer else None)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._window

    def buffer_updated(self, nbytes: int) -> None:
        try:
            self._timed_read(nbytes)
        except Exception as bug:  # ours, whatever it sent: this camera's figures are lost, and told so
            self.fail(bug)

    def _timed_read(self, nbytes: int) -> None:
        reads = TIMED_ONE_IN if nbytes < LARGE_READ_BYTES else 1
        if reads > 1 and self._untimed:
            self._untimed -= 1  # asking for the time costs as much as a packet
            self._read(nbytes)
            return
        self._untimed = TIMED_ONE_IN - 1
        suspected = self.effort.suspected
        meter = thread_time if suspected else perf_counter
        began_s = meter()
        self._read(nbytes)
        if suspected:
            self._rest_after(meter() - began_s, reads)
        else:
            self.effort.note(meter() - began_s, reads)

    def _read(self, nbytes: int) -> None:
        media = self.media
        if media is None or self._tail or self._head is not None or nbytes == len(self._window):
            self._received(nbytes)
            return
        # Nearly always: packets of the video, all of them whole.
        end, self.full_bytes = TAIL_BYTES + nbytes, 0
        stopped = media.track.feed_interleaved(self._buffer, TAIL_BYTES, end, self._clock.monotonic_s())
        if stopped < end:
            self._take(stopped, end)

    def _received(self, nbytes: int) -> None:
        self.full_bytes = self.full_bytes + nbytes if nbytes == len(self._window) else 0
        self.full_reads = max(self.full_reads, self.full_bytes // RECEIVE_BYTES)
        start, tail = TAIL_BYTES, self._tail
        if tail:
            start -= len(tail)
            self._buffer[start:TAIL_BYTES] = tail
        self._take(start, TAIL_BYTES + nbytes)

    def _take(self, start: int, end: int) -> None:
        stopped = self._consume(start, end)
        self._tail = bytes(memoryview(self._buffer)[stopped:end]) if stopped < end else b""
        if len(self._tail) > TAIL_BYTES or self._junk_bytes > MAX_JUNK_BYTES or self._unasked > MAX_UNASKED:
            self.malformed = True
            self._end()

    def fail(self, bug: Exception) -> None:
        """A mistake of ours: end the watching, but leave the line open for our farewell."""
        self.defect = self.defect or bug
        self.media = None
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
        if not self.ended.done():
            self.ended.set_result(None)

    def _later(self, delay_s: float, step: Callable[..., None], *arguments: object) -> None:
        asyncio.get_running_loop().call_later(delay_s, self._guarded, step, arguments)

    def _guarded(self, step: Callable[..., None], arguments: tuple[object, ...]) -> None:
        try:
            step(*arguments)
        except Exception as bug:
            self.fail(bug)

    def _rest_after(self, spent_s: float, reads: int) -> None:
        rest_s = self.effort.spend(spent_s, asyncio.get_running_loop().time(), reads)
        if self.effort.costly:
            self._window = memoryview(self._buffer)[TAIL_BYTES : TAIL_BYTES + MIN_READ_BYTES]
        if self.effort.too_much:
            self._end()
        elif rest_s and not self.ended.done():
            self.resting = True
            if self.descriptor is None and self._transport is not None:
                self._transport.pause_reading()
            self._later(rest_s, self._wake)

    def _wake(self) -> None:
        self.resting = False
        if self.descriptor is None and self.defect is None:
            self.resume_reading()

    def eof_received(self) -> bool:
        self._end()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        # asyncio hangs up on a mistake of ours; what the network does is an OSError
        if exc is not None and not isinstance(exc, OSError):
            self.defect = self.defect or exc
        self._end()

    async def exchange(self, request: bytes, cseq: int, limit_s: float) -> Response | None:
        """Send a request and wait for its response.

        Returns: None where none came in time; a response that came while our own loop was late counts.
        Raises: ConnectionError where the connection ends first.
        """
        if self.defect is not None and self._transport is not None:
            self.send(request)  # a farewell; its answer could not be read
            return None
        if self.ended.done() or self._transport is None:
            raise ConnectionResetError
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._waiting = (cseq, future)
        try:
            self._transport.write(request)
            await asyncio.wait((future, self.ended), timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
            if future.done():
                return future.result()
            if self.ended.done():
                raise ConnectionResetError
            self._given_up.add(cseq)
            return None
        finally:
            future.cancel()
            self._waiting = None

    def send(self, data: bytes) -> None:
        """Send without waiting for anything: receiver reports, answers to the server's requests."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def pause_reading(self) -> int | None:
        """Let somebody else read for a while; returns the socket's descriptor, None where that cannot be."""
        transport = self._transport
        if transport is None or transport.is_closing() or self.resting or not transport.is_reading():
            return None
        transport.pause_reading()
        descriptor: int = transport.get_extra_info("socket").fileno()
        return descriptor

    def resume_reading(self) -> None:
        """Read again as bytes come."""
        if self._transport is not None and not self._transport.is_closing() and not self.resting:
            self._transport.resume_reading()

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
            self.close()

    def _consume(self, at: int, end: int) -> int:
        """Take complete messages from the buffer; returns where the first incomplete one begins."""
        buffer, now_s = self._buffer, self._clock.monotonic_s()
        while at < end:
            if self._head is not None or buffer[at] != _DOLLAR:
                after = self._text(at, end)
            else:
                after = self._interleaved(at, end, now_s)
            if after == at:
                break
            at = after
        return at

    def _interleaved(self, at: int, end: int, now_s: float) -> int:
        media = self.media
        if media is not None:
            after = media.track.feed_interleaved(self._buffer, at, end, now_s)
            if after != at:
                self._junk_bytes = 0
                return after
        if end - at < 4:
            return at
        channel = self._buffer[at + 1]
        after = at + 4 + int.from_bytes(self._buffer[at + 2 : at + 4], "big")
        if after > end:
            return at
        if media is not None and media.adopts(channel, self._buffer, at + 4, after):
            return self._interleaved(at, end, now_s)
        if media is not None and channel == media.rtcp_channel:
            media.on_rtcp(bytes(self._buffer[at + 4 : after]))
        else:
            self.stray_packets += 1
        return after

    def _text(self, at: int, end: int) -> int:
        buffer = self._buffer
        if self._head is not None:
            return self._body(self._head, at, end)
        stop = head_end(buffer, at, min(end, at + MAX_HEAD_BYTES))
        head = parse_head(bytes(buffer[at:stop])) if stop is not None else None
        if stop is None and end - at < MAX_HEAD_BYTES and self._may_become_head(at, end):
            return at
        if stop is None or head is None:
            return self._skip_junk(at, end)
        self._junk_bytes = 0
        self._head = head
        return self._body(head, stop, end)

    def _body(self, head: Head, at: int, end: int) -> int:
        # a length was stated, and packets follow: there is no body
        is_packet = self.media is not None and self.media.begins(bytes(self._buffer[at : min(end, at + 2)]))
        after = at if is_packet else at + head.content_length
        if self.media is None and (head.has_unstated_body or end < after <= end + LENGTH_ERROR_BYTES):
            self._later(SHORT_BODY_S, self._give_short_body, head, end - at)
            return at
        if after > end:
            return at
        if head.content_length and self.media is None and is_rest_of_body(self._buffer, after, end):
            after = end
        self._head = None
        self._deliver(head, bytes(self._buffer[at:after]))
        return after

    def _give_short_body(self, head: Head, size: int) -> None:
        """A Content-Length that is a little too large, or none: nothing more came."""
        if self._head is head and len(self._tail) == size:
            body, self._tail, self._head = self._tail, b"", None
            self._deliver(head, body)

    def _may_become_head(self, at: int, end: int) -> bool:
        """What is here so far could be the beginning of a message."""
        return may_begin_head(bytes(self._buffer[at : min(end, at + 32)]))

    def _skip_junk(self, at: int, end: int) -> int:
        """Go on at the next thing that looks like a beginning; cameras put odd bytes between messages."""
        if self.media is None and self._buffer[at : at + len(_WEB)] == _WEB:
            self._junk_bytes = MAX_JUNK_BYTES + 1  # a web server: it will not say anything else
            return end
        after = next_beginning(self._buffer, at + 1, end)
        self._junk_bytes += after - at
        return after

    def _deliver(self, head: Head, body: bytes) -> None:
        cseq, future = self._waiting or (0, None)
        its = head.cseq()
        late = its in self._given_up and its != cseq  # other numbers than ours are only odd
        self._given_up.discard(its or 0)
        if head.status is not None and head.status < 200:
            return  # the server is still at it; the answer follows
        if head.status is not None and future is not None and not future.done() and not late:
            future.set_result(Response(head.status, head.reason, head.headers, body))
            return
        self._unasked += 1
        if head.status is None and self._unasked <= MAX_UNASKED:
            self._refuse(head)

    def _refuse(self, head: Head) -> None:
        """The server asks something of us: a checker has nothing to give, and says so."""
        cseq = head.cseq()
        if cseq is not None:
            self.send(f"RTSP/1.0 501 Not Implemented\r\nCSeq: {cseq}\r\n\r\n".encode())
