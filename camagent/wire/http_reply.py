"""One HTTP reply out of the bytes of a connection, however the device framed it. Pure: no sockets, no clock.

A camera's reply is a SOAP envelope, and an envelope shows its own end: where status line, lengths or chunks
are wrong, missing or contradict one another, it decides. Everything is bounded.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from enum import Enum, auto

from camagent.wire.chunks import ChunkReader
from camagent.wire.headers import Headers, all_values, first_value, read_headers, small_number

MAX_HEAD_BYTES = 32 * 1024  # status line and headers; the longest seen are under 2 kB
MAX_JUNK_BYTES = 64 * 1024  # before the status line: our own request echoed, or another protocol
# 256 media profiles at 9 kB each, the largest recorded, and nearly as much again
MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_INTERIM = 8  # replies of the 1xx kind before the real one
_TAIL_BYTES = 512  # where the end of an envelope is looked for

_STATUS = re.compile(
    rb"(?:\A|[\r\n])[ \t]*HTTP(?:[ \t]?/[ \t]?\d{1,2}(?:\.\d{1,2})?)?[ \t:]+(\d{3})(?!\d)([^\r\n]*)", re.I
)
_ENVELOPE = re.compile(rb"<(?:\?xml|(?:[\w.-]+:)?Envelope)[\s>]", re.I)
_ENVELOPE_END = re.compile(rb"</(?:[\w.-]+:)?Envelope\s*>[\s\0]*(?:--[\x21-\x7e]*[\s\0]*)?\Z", re.I)
_HEAD_END = re.compile(rb"\r*\n(?:\r*\n|(?=<))")  # an empty line, or none where the body begins with markup
_PACKED = b"\x1f\x8b"


class ReplyProgress(Enum):
    """How far a reply has come."""

    BEGUN = auto()
    """More must come."""
    PAUSED = auto()
    """It may be whole: nothing says that more comes, or the envelope has ended and the framing promises
    more."""
    CUT = auto()
    """The stated length is reached in the middle of an envelope: more may come."""
    WHOLE = auto()
    """Everything that was promised has come."""
    WRONG = auto()
    """No HTTP reply, or one beyond the bounds."""


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What came back, whatever it was."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        return first_value(self.headers, name)

    def all_headers(self, name: str) -> tuple[str, ...]:
        """Every header of that name, in order."""
        return all_values(self.headers, name)


class ReplyReader:
    """Reads the reply to one request; `feed` it what arrives and look at `progress`."""

    def __init__(self, request_body: bytes = b"", with_body: bool = True) -> None:
        self.progress = ReplyProgress.BEGUN
        self.has_bytes = False
        """Something arrived."""
        self.status: int | None = None
        """None: no head was read so far."""
        self.headers: Headers = ()
        self.keeps_alive = False
        """The framing was sound, and the device did not say that it hangs up."""
        self.body = bytearray()
        self._request_body = request_body
        self._with_body = with_body
        self._waiting = bytearray()
        self._interim = 0
        self._chunks: ChunkReader | None = None
        self._length: int | None = None
        self._is_http_11 = True

    @property
    def is_junk(self) -> bool:
        """What arrived so far is no reply at all."""
        return self.has_bytes and self.status is None

    def feed(self, data: bytes) -> None:
        """Read on. Never raises, whatever arrives."""
        if self.progress is ReplyProgress.WRONG or not data:
            return
        self.has_bytes = True
        self._waiting += data
        if self.status is None and not self._read_head():
            return
        self._read_body()

    def end(self) -> HttpReply | None:
        """The reply as far as it is one, when nothing more comes; None where part of it is missing.

        A challenge stands in the head: no wrong length or missing chunk behind it takes the way in.
        """
        if self.status is None and self._waiting.endswith(b"\n"):
            self.feed(b"\r\n")  # a head of whole lines without the empty one: a refusal's is all of it
            if self.status is not None and not self._is_challenge:
                return None
        if self.status is None or self.progress is ReplyProgress.WRONG:
            return None
        promised = self._length is not None or self._chunks is not None
        if self.progress is ReplyProgress.BEGUN and promised and not self._is_challenge:
            return None
        body: bytes | None = b""
        if self._with_body:
            body = unpacked(bytes(self.body), first_value(self.headers, "Content-Encoding"))
        if body is None and self.status >= 400:
            body = b""  # its head says enough: a challenge, or that there is nothing
        return None if body is None else HttpReply(self.status, self.headers, body)

    def _read_head(self) -> bool:
        """Take the head off what is waiting; False while it is not complete, or there will be none."""
        while self.status is None:
            status = _STATUS.search(self._waiting, 0, MAX_JUNK_BYTES)
            before = status.start() if status is not None else MAX_JUNK_BYTES
            envelope = _ENVELOPE.search(self._waiting, 0, before) if before else None
            if envelope is not None:
                went_on = self._take_envelope(envelope.start())
            elif status is not None:
                went_on = self._take_head(status)
            else:
                went_on = False
                self._refuse_beyond(MAX_JUNK_BYTES, 0)
            if not went_on:
                return False
        return True

    def _refuse_beyond(self, max_bytes: int, start: int) -> None:
        """What has not ended after so many bytes is not waited for."""
        if len(self._waiting) - start >= max_bytes:
            self.progress = ReplyProgress.WRONG

    def _take_head(self, status: re.Match[bytes]) -> bool:
        """One head; an interim one is dropped, and `status` stays None. False where it is incomplete."""
        end = _HEAD_END.search(self._waiting, status.end(), status.start() + MAX_HEAD_BYTES)
        if end is None:
            self._refuse_beyond(MAX_HEAD_BYTES, status.start())
            return False
        code = int(status[1])
        is_http_10 = b"/1.0" in status[0][:12]
        lines = re.split(rb"\r*\n", bytes(self._waiting[status.end() : end.start()]))
        del self._waiting[: end.end()]
        if 100 <= code < 200:
            self._interim += 1
            if self._interim > MAX_INTERIM:
                self.progress = ReplyProgress.WRONG
            return self._interim <= MAX_INTERIM
        again = _STATUS.match(lines[1]) if len(lines) > 1 else None
        # a second status line behind the first is the program's own, the first its web server's
        code = int(again[1]) if again is not None else code
        self.status, self.headers, self._is_http_11 = code, read_headers(lines), not is_http_10
        self._choose_framing()
        return True

    def _choose_framing(self) -> None:
        """Chunks before a length; of several lengths only one that all agree on is believed."""
        if not self._with_body or self.status in (204, 304):
            self._length = 0
        elif any("chunked" in value.lower() for value in all_values(self.headers, "Transfer-Encoding")):
            self._chunks = ChunkReader(MAX_BODY_BYTES)
            self._length = self._stated_length()  # for a device that says chunked and does not mean it
        else:
            self._length = self._stated_length()
        connection = ", ".join(all_values(self.headers, "Connection")).lower()
        self.keeps_alive = "close" not in connection and (self._is_http_11 or "keep-alive" in connection)

    def _stated_length(self) -> int | None:
        stated = ",".join(all_values(self.headers, "Content-Length")).split(",")
        numbers = {small_number(word) for word in stated if word.strip()}
        length = numbers.pop() if len(numbers) == 1 else None
        return length if length is not None and length <= MAX_BODY_BYTES else None

    def _take_envelope(self, at: int) -> bool:
        """An envelope before any status line: our own request, which is dropped, or a reply with something
        else there.

        False while too little has come to tell.
        """
        own = self._request_body
        come = bytes(self._waiting[at : at + len(own)])
        if own and own.startswith(come):
            if come == own:
                del self._waiting[: at + len(own)]
            return come == own
        self.status = 200
        del self._waiting[:at]
        return True

    def _read_body(self) -> None:
        if self._chunks is None:
            self.body += self._waiting
        elif not self._chunks.feed(self._waiting, self.body):  # not chunked, whatever the header says
            self.body += self._chunks.rest
            self._chunks = None
        self._waiting.clear()
        if len(self.body) > MAX_BODY_BYTES:
            self.progress = ReplyProgress.WRONG
            return
        self.progress = self._judge()
        sound = self._chunks.is_sound if self._chunks is not None else len(self.body) == self._length
        self.keeps_alive = self.keeps_alive and (self.progress is not ReplyProgress.WHOLE or sound)

    def _judge(self) -> ReplyProgress:
        """Whole by its framing, by its content, or not yet."""
        if self._chunks is not None:
            if self._chunks.is_done:
                return ReplyProgress.WHOLE
            enough = self.envelope_ended or self._is_challenge
            return ReplyProgress.PAUSED if enough else ReplyProgress.BEGUN
        if self._length is not None:
            return self._judge_by_length(self._length)
        if self.envelope_ended:
            return ReplyProgress.WHOLE
        begins_envelope = _ENVELOPE.match(self.body.lstrip()[:64]) is not None or self.body[:2] == _PACKED
        quiet = bool(self.body.strip()) or (self.status or 0) >= 300
        return ReplyProgress.PAUSED if quiet and not begins_envelope else ReplyProgress.BEGUN

    def _judge_by_length(self, length: int) -> ReplyProgress:
        if len(self.body) < length:
            enough = self.envelope_ended or self._is_challenge
            return ReplyProgress.PAUSED if enough else ReplyProgress.BEGUN
        if self._is_cut():
            return ReplyProgress.CUT
        return ReplyProgress.WHOLE

    def _is_cut(self) -> bool:
        if self.body[:2] == _PACKED:
            return not _is_whole_packet(bytes(self.body))
        return _ENVELOPE.search(self.body, 0, 1024) is not None and not self.envelope_ended

    @property
    def _is_challenge(self) -> bool:
        return self.status == 401 and bool(all_values(self.headers, "WWW-Authenticate"))

    @property
    def envelope_ended(self) -> bool:
        """What has come of the body ends where an envelope does."""
        return _ENVELOPE_END.search(self.body, max(0, len(self.body) - _TAIL_BYTES)) is not None


def unpacked(body: bytes, encoding: str | None) -> bytes | None:
    """The body as text, where a device packs it unasked; None where it is broken or beyond MAX_BODY_BYTES.

    Judged by the content first: some name an encoding and send plain text, and some the other way round.
    """
    kind = (encoding or "").lower()
    if body[:2] == _PACKED:
        return _inflated(body, zlib.MAX_WBITS | 32)
    if "deflate" not in kind or body.lstrip()[:1] == b"<":
        return body
    text = _inflated(body, zlib.MAX_WBITS)
    return text if text is not None else _inflated(body, -zlib.MAX_WBITS)


def _inflated(body: bytes, window_bits: int) -> bytes | None:
    engine = zlib.decompressobj(window_bits)
    try:
        text = engine.decompress(body, MAX_BODY_BYTES + 1)
    except zlib.error:
        return None
    return text if (text or engine.eof) and len(text) <= MAX_BODY_BYTES else None


def _is_whole_packet(body: bytes) -> bool:
    engine = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        engine.decompress(body, MAX_BODY_BYTES + 1)
    except zlib.error:
        return True  # broken: waiting makes it no better
    return engine.eof or bool(engine.unconsumed_tail)
