"""The JSON text of a result document, cut camera by camera before anything of it is parsed. Pure.

Parsed values take many times the memory of their text: an empty object is two bytes, and half a kilobyte as a
value. So what a text will take is estimated by counting, and a text that would take much is parsed one camera
at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

OBJECT_BYTES, LIST_BYTES, VALUE_BYTES = 520, 300, 64  # of memory, as pydantic-core 2.50 keeps parsed JSON
MAX_DEPTH = 64  # a document has eight levels

# a text without an end is one token: sought anew behind each mark it would take the square of its length
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_BEFORE_LIST = re.compile(rb"\s*:\s*\Z")
_SPACE = b" \t\r\n"
_NO_SIGNS = bytes(set(range(256)) - set(b"{[,"))


@dataclass(frozen=True, slots=True)
class Pieces:
    """A document's text in two parts: all but its cameras, and where each camera begins and ends."""

    text: bytes
    head: bytes
    """A whole document with an empty list of cameras."""
    spans: tuple[tuple[int, int], ...]

    def cameras(self) -> Iterator[bytes]:
        """The text of each camera."""
        for begin, end in self.spans:
            yield self.text[begin:end]


def parsed_bytes(text: bytes) -> int:
    """At most so much memory the text takes once parsed, beside its own strings."""
    signs = text.translate(None, _NO_SIGNS)
    return OBJECT_BYTES * signs.count(b"{") + LIST_BYTES * signs.count(b"[") + VALUE_BYTES * signs.count(b",")


def cut(text: bytes, max_cameras: int) -> Pieces | None:
    """The document in pieces; None where it is no JSON object with one list of at most so many objects as
    `cameras`."""
    layout = _camera_spans(text, max_cameras)
    if layout is None:
        return None
    begin, end, spans = layout
    rests = [text[before[1] : after[0]] for before, after in zip(spans, spans[1:], strict=False)]
    edges = (text[begin : spans[0][0]], text[spans[-1][1] : end]) if spans else (text[begin:end],)
    if any(rest.strip(_SPACE) != b"," for rest in rests) or any(edge.strip(_SPACE) for edge in edges):
        return None
    return Pieces(text, text[:begin] + text[end:], tuple(spans))


def _camera_spans(text: bytes, max_cameras: int) -> tuple[int, int, list[tuple[int, int]]] | None:
    """Where the list of cameras begins and ends (without its brackets), and each camera in it."""
    depth, begin, start, key_end = 0, -1, -1, -1
    end, spans = -1, list[tuple[int, int]]()
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in (b"{", b"["):
            if (
                sign == b"["
                and depth == 1
                and key_end >= 0
                and _BEFORE_LIST.match(text[key_end : token.start()])
            ):
                begin, end, spans = token.end(), -1, []
            depth += 1
            if depth == 3 and begin >= 0 > end:
                start = token.start() if sign == b"{" else -1
        elif sign in (b"}", b"]"):
            depth -= 1
            if depth == 2 and start >= 0:
                spans.append((start, token.end()))
                start = -1
            elif depth == 1 and begin >= 0 > end:
                end = token.start()
        key_end = token.end() if depth == 1 and sign == b'"cameras"' else -1
        if not 0 <= depth <= MAX_DEPTH or len(spans) > max_cameras:
            return None
    return (begin, end, spans) if end >= 0 and depth == 0 else None
