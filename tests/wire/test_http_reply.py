"""Every way in which cameras are known to write an HTTP reply, and their siblings, read out of plain
bytes."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camagent.wire.http_reply import (
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    MAX_INTERIM,
    MAX_JUNK_BYTES,
    HttpReply,
    ReplyProgress,
    ReplyReader,
    unpacked,
)
from tests.floor import judged, not_vacuous

SOAP = (
    b'<?xml version="1.0"?>\r\n<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
    b"<GetNTPResponse>\xc3\xa9 = 1</GetNTPResponse></s:Body></s:Envelope>"
)
ASKED = (
    b'<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">'
    b"<s:Body><GetNTP/></s:Body></s:Envelope>"
)
N = len(SOAP)


def lines(*headers: str, status: str = "HTTP/1.1 200 OK", end: str = "\r\n") -> bytes:
    return (end.join((status, *headers, "", ""))).encode()


def chunked(body: bytes, size: int = 50, end: bytes = b"0\r\n\r\n") -> bytes:
    parts = (body[at : at + size] for at in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + end


def read(data: bytes, step: int | None = None) -> ReplyReader:
    reader = ReplyReader(ASKED)
    for at in range(0, len(data), step or len(data) or 1):
        reader.feed(data[at : at + (step or len(data))])
    return reader


SIZED = f"Content-Length: {N}"
ECHO = b"POST /onvif/device_service HTTP/1.1\r\nHost: 192.0.2.1\r\nContent-Type: application/soap+xml\r\n"
SOUND = {
    "by the book": lines("Content-Type: application/soap+xml", SIZED) + SOAP,
    "chunked": lines("Transfer-Encoding: chunked") + chunked(SOAP),
    "chunked with extensions and a trailer": lines("Transfer-Encoding: chunked")
    + chunked(SOAP, end=b"0;last\r\nX-Sum: 1\r\n\r\n").replace(b"32\r\n", b"32 ; a=b\r\n"),
    "space before the colon": lines("Content-Type : text/xml", f"Content-Length : {N}") + SOAP,
    "tab before the colon": lines(f"Content-Length\t:\t{N}") + SOAP,
    "two equal lengths": lines(SIZED, SIZED) + SOAP,
    "equal lengths in one line": lines(f"Content-Length: {N}, {N}") + SOAP,
    "a length beside chunks": lines(SIZED, "Transfer-Encoding: chunked") + chunked(SOAP),
    "a wrong length beside chunks": lines("Content-Length: 5", "Transfer-Encoding: chunked") + chunked(SOAP),
    "said to be chunked, but sized": lines("Transfer-Encoding: chunked", SIZED) + SOAP,
    "a lower-case status line": lines(SIZED, status="http/1.1 200 ok") + SOAP,
    "two spaces": lines(SIZED, status="HTTP/1.1  200 OK") + SOAP,
    "a space first": lines(SIZED, status=" HTTP/1.1 200 OK") + SOAP,
    "no reason": lines(SIZED, status="HTTP/1.1 200") + SOAP,
    "no version": lines(SIZED, status="HTTP 200 OK") + SOAP,
    "a reason without a space": lines(SIZED, status="HTTP/1.1 200OK") + SOAP,
    "a line without a colon": lines("Server gSOAP", SIZED, "nonsense") + SOAP,
    "a line without a name": lines(": x", SIZED) + SOAP,
    "line feeds only": lines(SIZED, end="\n") + SOAP,
    "two carriage returns": lines(SIZED, end="\r\r\n") + SOAP,
    "no empty line before the body": f"HTTP/1.1 200 OK\r\n{SIZED}\r\n".encode() + SOAP,
    "a folded header": lines("X: a", " b", SIZED) + SOAP,
    "empty lines first": b"\r\n\r\n" + lines(SIZED) + SOAP,
    "100-continue first": lines(status="HTTP/1.1 100 Continue") + lines(SIZED) + SOAP,
    "103 twice": lines("Link: x", status="HTTP/1.1 103 Early Hints") * 2 + lines(SIZED) + SOAP,
    "junk lines first": b"[onvif] request 12\r\nok\r\n" + lines(SIZED) + SOAP,
    "our request line first": ECHO + b"\r\n" + lines(SIZED) + SOAP,
    "our whole request first": ECHO + b"\r\n" + ASKED + lines(SIZED) + SOAP,
    "our whole request on a line of its own": ECHO + b"\r\n" + ASKED + b"\r\n" + lines(SIZED) + SOAP,
    "a zero in a header": lines("X: a\0b", SIZED) + SOAP,
    "gzip": lines("Content-Encoding: gzip", f"Content-Length: {len(gzip.compress(SOAP, mtime=0))}")
    + gzip.compress(SOAP, mtime=0),
    "gzip that nobody names": lines(f"Content-Length: {len(gzip.compress(SOAP, mtime=0))}")
    + gzip.compress(SOAP, mtime=0),
    "gzip in chunks": lines("Content-Encoding: x-gzip", "Transfer-Encoding: chunked")
    + chunked(gzip.compress(SOAP, mtime=0)),
    "named gzip, sent plain": lines("Content-Encoding: gzip", SIZED) + SOAP,
    "deflate": lines("Content-Encoding: deflate", f"Content-Length: {len(zlib.compress(SOAP))}")
    + zlib.compress(SOAP),
    "raw deflate": lines("Content-Encoding: deflate", f"Content-Length: {len(zlib.compress(SOAP)[2:-4])}")
    + zlib.compress(SOAP)[2:-4],
    "named deflate, sent plain": lines("Content-Encoding: deflate", SIZED) + SOAP,
}
UNSOUND = {
    "no length": lines() + SOAP,
    "HTTP/1.0 without a length": lines(status="HTTP/1.0 200 OK") + SOAP,
    "two lengths that differ": lines(SIZED, "Content-Length: 3") + SOAP,
    "a length that is none": lines("Content-Length: many") + SOAP,
    "a negative length": lines("Content-Length: -1") + SOAP,
    "a length beyond all bounds": lines("Content-Length: 99999999999") + SOAP,
    "a length 12 too small": lines(f"Content-Length: {N - 12}") + SOAP,
    "a length of 1": lines("Content-Length: 1") + SOAP,
    "an echo in the place of the status line": (
        b"POST /onvif/device_service\0HTTP/1.1\0\0Host\0 127.0.0.1\0\0\r\n\r\n"
    )
    + SOAP,
    "an echoed head in the place of ours": ECHO + b"Content-Length: 4711\r\n\r\n" + SOAP,
    "an echoed request in the place of the head": ECHO + b"\r\n" + ASKED + SOAP,
    "no head at all": SOAP,
    "said to be chunked, and plain": lines("Transfer-Encoding: chunked") + SOAP,
    "line feeds behind the envelope": lines() + SOAP + b"\r\n\r\n",
    "multipart without a length": lines('Content-Type: multipart/related; boundary="b"')
    + b"--b\r\nContent-ID: <x@y>\r\n\r\n"
    + SOAP
    + b"\r\n--b--\r\n",
}
OPEN_ENDED = {
    "chunks without an end": lines("Transfer-Encoding: chunked") + chunked(SOAP, end=b""),
    "a length 9 too large": lines(f"Content-Length: {N + 9}") + SOAP,
    "a length 9 too large, and a line feed": lines(f"Content-Length: {N + 9}") + SOAP + b"\n",
}


def is_read(reply: HttpReply | None) -> bool:
    return reply is not None and reply.status == 200 and SOAP in reply.body


@pytest.mark.parametrize("step", [None, 1, 7], ids=["at once", "byte by byte", "in pieces"])
@pytest.mark.parametrize("name", SOUND)
def test_a_reply_that_shows_its_end_is_whole_and_the_connection_is_kept(name: str, step: int | None) -> None:
    reader = read(SOUND[name], step)
    assert reader.progress is ReplyProgress.WHOLE and reader.keeps_alive
    reply = reader.end()
    assert is_read(reply) and reply is not None and reply.body == SOAP


@pytest.mark.parametrize("name", UNSOUND)
def test_a_reply_without_sound_framing_is_whole_where_its_envelope_ends(name: str) -> None:
    reader = read(UNSOUND[name])
    assert reader.progress is ReplyProgress.WHOLE and not reader.keeps_alive
    assert is_read(reader.end())


@pytest.mark.parametrize("name", UNSOUND | OPEN_ENDED)
def test_every_reply_is_read_when_the_connection_ends_behind_it(name: str) -> None:
    assert is_read(read((UNSOUND | OPEN_ENDED)[name], step=5).end())


@pytest.mark.parametrize("name", OPEN_ENDED)
def test_what_promises_more_behind_the_envelope_is_waited_for_a_moment(name: str) -> None:
    reader = read(OPEN_ENDED[name])
    assert reader.progress is ReplyProgress.PAUSED and is_read(reader.end())


@pytest.mark.parametrize("cut", [1, 12, 100])
def test_a_length_that_cuts_the_envelope_waits_for_the_rest(cut: int) -> None:
    reader = ReplyReader(ASKED)
    reader.feed(lines(f"Content-Length: {N - cut}") + SOAP[: N - cut])
    assert reader.progress is ReplyProgress.CUT
    reader.feed(SOAP[N - cut :])
    assert reader.progress is ReplyProgress.WHOLE and is_read(reader.end()) and not reader.keeps_alive  # type: ignore[comparison-overlap]


def test_a_second_reply_behind_the_first_is_not_part_of_it_and_ends_the_connection() -> None:
    page = lines("Content-Length: 2") + b"no"
    reader = read(page + b"HTTP/1.1 200 OK\r\n\r\n")
    assert reader.progress is ReplyProgress.WHOLE and not reader.keeps_alive


@pytest.mark.parametrize(
    ("head", "kept"),
    [
        (lines(SIZED, "Connection: close"), False),
        (lines(SIZED, "Connection: Keep-Alive", status="HTTP/1.0 200 OK"), True),
        (lines(SIZED, status="HTTP/1.0 200 OK"), False),
    ],
)
def test_a_connection_is_kept_as_the_device_says(head: bytes, kept: bool) -> None:
    assert read(head + SOAP).keeps_alive is kept


@pytest.mark.parametrize("status", [204, 304])
def test_a_reply_that_has_no_body_is_whole_without_one(status: int) -> None:
    reader = read(lines(status=f"HTTP/1.1 {status} X"))
    assert reader.progress is ReplyProgress.WHOLE and reader.end() == HttpReply(status, (), b"")


def test_a_refusal_without_a_length_is_soon_taken_for_whole() -> None:
    reader = read(lines('WWW-Authenticate: Digest realm="a"', status="HTTP/1.1 401 Unauthorized"))
    reply = reader.end()
    assert reader.progress is ReplyProgress.PAUSED and reply is not None and reply.status == 401
    assert reply.header("www-authenticate") == 'Digest realm="a"'


@pytest.mark.parametrize(
    "data",
    [
        lines("Content-Length: 900") + b"<html>",
        lines("Transfer-Encoding: chunked") + b"5\r\n<html",
        lines("Transfer-Encoding: chunked") + b"fffff\r\n<html",
        b"SSH-2.0-dropbear\r\n",
        b"POST /onvif HTTP/1.1\r\n\r\n" + ASKED,
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"",
    ],
)
def test_what_is_cut_off_or_no_reply_is_none(data: bytes) -> None:
    assert read(data or b"", step=3).end() is None


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * MAX_HEAD_BYTES,
        b"junk " * MAX_JUNK_BYTES,
        lines(status="HTTP/1.1 100 Continue") * (MAX_INTERIM + 1) + lines(SIZED) + SOAP,
        lines() + b"<s:Envelope>" + b" " * MAX_BODY_BYTES,
        lines("Transfer-Encoding: chunked") + chunked(b" " * (MAX_BODY_BYTES + 9), 1 << 20),
    ],
    ids=["head", "junk", "interim", "body", "chunks"],
)
def test_nothing_grows_beyond_its_bound(data: bytes) -> None:
    reader = read(data, step=65_536)
    assert reader.progress is ReplyProgress.WRONG and reader.end() is None
    assert len(reader.body) <= MAX_BODY_BYTES + 70_000


@pytest.mark.parametrize(
    "body",
    [gzip.compress(b""), zlib.compress(b""), b"\x1f\x8b" + b"\0" * 40],
    ids=["gzip", "deflate", "broken"],
)
def test_a_refusal_keeps_its_head_whatever_its_packed_body_is(body: bytes) -> None:
    head = ("Content-Encoding: deflate", f"Content-Length: {len(body)}", "WWW-Authenticate: Digest")
    reply = read(lines(*head, status="HTTP/1.1 401 Unauthorized") + body).end()
    assert reply is not None and (reply.status, reply.body) == (401, b"")
    assert reply.header("WWW-Authenticate") == "Digest"


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_packed_bomb_is_no_reply(pack: object) -> None:
    bomb = pack(b"<s:Envelope>" + b" " * (8 * MAX_BODY_BYTES))  # type: ignore[operator]
    assert unpacked(bomb, "deflate") is None
    assert read(lines("Content-Encoding: deflate", f"Content-Length: {len(bomb)}") + bomb).end() is None


@pytest.mark.parametrize(
    "broken", [b"\x1f\x8b" + b"\0" * 40, gzip.compress(SOAP, mtime=0)[:9]], ids=["head", "cut"]
)
def test_a_broken_packet_is_no_reply(broken: bytes) -> None:
    assert unpacked(broken, "gzip") is None


@not_vacuous(0.02)
@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.binary(max_size=80) | st.sampled_from([*SOUND.values(), SOAP, ASKED, b"0\r\n\r\n"]), max_size=5
    )
)
def test_any_bytes_are_read_without_raising_and_alike_however_they_arrive(parts: list[bytes]) -> None:
    data = b"".join(parts)
    whole, pieces = read(data), read(data, step=1)
    # else it depends on what has come when we look
    if judged(whole.progress is ReplyProgress.WHOLE and whole.keeps_alive):
        assert pieces.end() == whole.end()
    pieces.end()


CHALLENGE = 'WWW-Authenticate: Digest realm="IP Camera", nonce="abc", qop="auth"'
REFUSED = "HTTP/1.1 401 Unauthorized"
CHALLENGES = {
    "a length without a body": lines(CHALLENGE, "Content-Length: 9", status=REFUSED),
    "a length larger than the body": lines(CHALLENGE, "Content-Length: 900", status=REFUSED) + b"<html>no",
    "chunks that never come": lines("Transfer-Encoding: chunked", CHALLENGE, status=REFUSED),
    "a chunk that is cut": lines("Transfer-Encoding: chunked", CHALLENGE, status=REFUSED) + b"40\r\n<html>",
    "a head without its empty line": lines(CHALLENGE, status=REFUSED)[:-2],
    "blanks in the version": lines(CHALLENGE, "Content-Length: 0", status="HTTP/ 1.1 401 Unauthorized"),
    "blanks around the slash": lines(CHALLENGE, "Content-Length: 0", status="http / 1.0 401"),
    "two status lines": lines(REFUSED, CHALLENGE, "Content-Length: 0"),
}


@pytest.mark.parametrize("name", CHALLENGES)
def test_a_challenge_is_read_whatever_the_framing_behind_it_says(name: str) -> None:
    reader = read(CHALLENGES[name])
    assert reader.progress is not ReplyProgress.BEGUN or reader.status is None
    reply = reader.end()
    assert reply is not None and (reply.status, reply.header("WWW-Authenticate")) == (401, CHALLENGE[18:])


@pytest.mark.parametrize("status", ["HTTP/1.1 200 OK", "HTTP/1.1 401 Unauthorized", "HTTP/1.1 500 Oops"])
def test_a_head_that_is_cut_in_a_line_or_answers_nothing_is_no_reply(status: str) -> None:
    for data in (
        lines("Server: x", status=status)[:-2],
        lines(CHALLENGE, status=status)[:-6],
        lines("Server: x", "Content-Length: 40", status=status) + b"<html>",
    ):
        assert read(data).end() is None, data
