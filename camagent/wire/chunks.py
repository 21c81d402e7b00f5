"""HTTP's chunked transfer coding (RFC 9112 §7.1), taken apart as it arrives. Pure."""

from __future__ import annotations

import re

MAX_LINE_BYTES = 1024  # of a chunk's size with its extensions; real ones have under ten

_HEX = tuple(b"0123456789abcdefABCDEF"[i : i + 1] for i in range(22)) + (b"",)
_SIZE = re.compile(rb"[ \t]*([0-9a-fA-F]{1,8})[ \t]*(?:;[^\n]*)?\Z")


class ChunkReader:
    """The chunks of one body."""

    def __init__(self, max_bytes: int) -> None:
        self.is_done = False
        """The last chunk and the lines behind it have come, or a size that is none."""
        self.is_sound = False
        """It ended as it should, and nothing stood behind it."""
        self.rest = bytearray()
        """What was not taken apart so far."""
        self._max_bytes = max_bytes
        self._left = 0
        self._is_first = True
        self._in_trailer = False
        self._after_chunk = False
        self._is_broken = False

    def feed(self, data: bytes | bytearray, body: bytearray) -> bool:
        """Append the content of complete and begun chunks to `body`.

        Returns: False where the very first line is no chunk size, so that the body is not chunked at all; a
        size that is wrong later on ends the body there.
        """
        self.rest += data
        if self._is_first and self.rest.lstrip(b" \t\r\n")[:1] not in _HEX:
            return False
        while self.rest and not self.is_done and len(body) <= self._max_bytes:
            if self._left:
                part = self.rest[: self._left]
                body += part
                del self.rest[: len(part)]
                self._left -= len(part)
                continue
            line = self._take_line()
            if line is None:
                return not (self._is_first and len(self.rest) > MAX_LINE_BYTES)
            if not self._read_line(line):
                return False
        self.is_sound = self.is_done and not self.rest and not self._is_broken
        return True

    def _take_line(self) -> bytes | None:
        end = self.rest.find(b"\n", 0, MAX_LINE_BYTES + 1)
        if end < 0:
            if len(self.rest) > MAX_LINE_BYTES and not self._is_first:
                self.is_done = self._is_broken = True
            return None
        if self._is_first and _SIZE.match(bytes(self.rest[:end]).rstrip(b"\r")) is None:
            return b"?"  # left in place: it is the body's own
        line = bytes(self.rest[:end]).rstrip(b"\r")
        del self.rest[: end + 1]
        return line

    def _read_line(self, line: bytes) -> bool:
        if self._in_trailer:
            self.is_done = not line
            return True
        if self._after_chunk and not line:
            self._after_chunk = False
            return True
        size = _SIZE.match(line)
        if size is None:
            self.is_done = self._is_broken = not self._is_first
            return not self._is_first
        self._is_first, self._left = False, int(size[1], 16)
        self._in_trailer, self._after_chunk = self._left == 0, True
        return True
